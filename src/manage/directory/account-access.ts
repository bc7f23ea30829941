/**
 * What opens an account besides its password: app passwords and one-time codes; and who has tried (the audit of log-ins).
 *
 * An app password, a secret and recovery codes are told once, in the result; none is ever logged.
 */
import { z } from 'zod';
import { ACCOUNT_LIMITS } from '../../base/account-limits.ts';
import { Failure } from '../../base/errors.ts';
import { APP_PASSWORD_SCOPES, APP_PASSWORD_SECRET, appPasswordDigest } from '../../login/app-password.ts';
import { createSecondFactors, type SecondFactors } from '../../login/second-factor.ts';
import { mailboxKey } from '../../store/clients/directory.ts';
import { makePassword } from '../../store/password.ts';
import { addressArgument as address } from '../arguments.ts';
import { defineVerb } from '../verb.ts';
import type { ManageContext } from '../verb.ts';

const name = z.string().trim().min(1).max(ACCOUNT_LIMITS.appPasswordNameCharsMax).regex(/^[^\p{C}]+$/u, { error: 'must not hold control characters' });

const addAppPassword = defineVerb({
  name: 'account.app-password-add',
  summary: 'Makes an app password for one program or device, and tells it once.',
  args: z.strictObject({ address, name, scopes: z.array(z.enum(APP_PASSWORD_SCOPES)).min(1).optional() }),
  run: async ({ store, clock, log }, args) => {
    const account = mailboxKey(args.address);
    const scopes = APP_PASSWORD_SCOPES.filter((scope) => args.scopes === undefined || args.scopes.includes(scope));
    const password = makePassword();
    const digest = appPasswordDigest(await store.directory.secret(APP_PASSWORD_SECRET), account, password);
    await store.logins.appPasswords.add({ account, name: args.name, digest, scopes, at: clock.now() });
    log.info('account.app-password-added', { account, name: args.name, scopes });
    return { address: account, name: args.name, scopes, password };
  },
});

const listAppPasswords = defineVerb({
  name: 'account.app-password-list',
  summary: 'Lists the app passwords of an account with their last use.',
  args: z.strictObject({ address }),
  run: async ({ store, logins }, args) => {
    await logins?.flush();
    const rows = await store.logins.appPasswords.list(mailboxKey(args.address));
    return {
      appPasswords: rows.map(({ name: called, scopes, createdAt, usedAt, usedFrom, usedService }) => ({
        name: called,
        scopes: scopes.split(' '),
        createdAt,
        lastUse: usedAt === null ? null : { at: usedAt, address: usedFrom, service: usedService },
      })),
    };
  },
});

const removeAppPassword = defineVerb({
  name: 'account.app-password-remove',
  summary: 'Removes an app password; it opens nothing from then on.',
  args: z.strictObject({ address, name }),
  run: async ({ store, log }, args) => {
    const account = mailboxKey(args.address);
    await store.logins.appPasswords.remove(account, args.name);
    log.info('account.app-password-removed', { account, name: args.name });
    return { address: account, name: args.name };
  },
});

function secondFactors({ store, clock, log, config }: ManageContext): SecondFactors {
  return createSecondFactors({ store, clock, log, issuer: config.hostname });
}

const enableTotp = defineVerb({
  name: 'account.totp-enable',
  summary: 'Makes a secret for one-time codes, told once; it is on after the first code.',
  args: z.strictObject({ address }),
  run: async (context, args) => {
    const account = mailboxKey(args.address);
    return { address: account, ...(await secondFactors(context).enable(account)) };
  },
});

const confirmTotp = defineVerb({
  name: 'account.totp-confirm',
  summary: 'Switches one-time codes on with a first code; tells the recovery codes once.',
  args: z.strictObject({ address, code: z.string().max(20) }),
  run: async (context, args) => {
    const account = mailboxKey(args.address);
    const { recoveryCodes } = await secondFactors(context).confirm(account, args.code);
    context.log.info('account.totp-on', { account });
    return { address: account, recoveryCodes, needsAppPasswords: context.config.login?.totpNeedsAppPasswords ?? true };
  },
});

const disableTotp = defineVerb({
  name: 'account.totp-disable',
  summary: 'Switches one-time codes off, and forgets secret and recovery codes.',
  args: z.strictObject({ address }),
  run: async (context, args) => {
    const account = mailboxKey(args.address);
    if (!(await secondFactors(context).disable(account))) throw new Failure('totp-off', `${account} has one-time codes off already`, { temporary: false });
    context.log.info('account.totp-off', { account });
    return { address: account };
  },
});

const totpStatus = defineVerb({
  name: 'account.totp-status',
  summary: 'Tells whether one-time codes are on, and how many recovery codes are left.',
  args: z.strictObject({ address }),
  run: async (context, args) => {
    const account = mailboxKey(args.address);
    if (!(await context.store.directory.credentials(account))) throw new Failure('account-unknown', `there is no account ${account}: posthorn account list shows those there are`, { temporary: false });
    return { address: account, ...(await secondFactors(context).status(account)) };
  },
});

const logins = defineVerb({
  name: 'account.logins',
  summary: 'Lists the last log-ins of an account, newest first.',
  args: z.strictObject({ address, failed: z.boolean().optional(), limit: z.number().int().min(1).max(ACCOUNT_LIMITS.auditRowsMax).optional() }),
  run: async ({ store, logins: waiting }, args) => {
    const account = mailboxKey(args.address);
    if (!(await store.directory.credentials(account))) throw new Failure('account-unknown', `there is no account ${account}: posthorn account list shows those there are`, { temporary: false });
    await waiting?.flush();
    const rows = await store.logins.list(account, { failed: args.failed ?? false, limit: args.limit ?? LOGINS_LISTED });
    return {
      address: account,
      logins: rows.map(({ firstAt, lastAt, times, service, clientAddress, mechanism, appPassword, outcome }) => ({
        at: lastAt,
        since: firstAt,
        times,
        service,
        clientAddress,
        mechanism: mechanism === '' ? null : mechanism,
        appPassword: appPassword === '' ? null : appPassword,
        result: outcome === 'ok' ? ('ok' as const) : ('denied' as const),
        reason: outcome === 'ok' ? null : outcome,
      })),
    };
  },
});

const LOGINS_LISTED = 100;

export const accountAccessVerbs = [addAppPassword, listAppPasswords, removeAppPassword, enableTotp, confirmTotp, disableTotp, totpStatus, logins] as const;
