/** `posthorn account app-password …`, `account totp …`, `account logins`. */
import type { Command } from 'commander';
import { leaf, type Registry, subgroup, wholeNumber } from '../command.ts';
import { type CommonOptions, UsageError } from '../session.ts';
import { moment } from '../words.ts';

interface AppPassword {
  readonly name: string;
  readonly scopes: readonly string[];
  readonly createdAt: number;
  readonly lastUse: { readonly at: number; readonly address: string; readonly service: string } | null;
}

export interface LoginRow {
  readonly at: number;
  readonly times: number;
  readonly service: string;
  readonly clientAddress: string;
  readonly mechanism: string | null;
  readonly appPassword: string | null;
  readonly result: 'ok' | 'denied';
  readonly reason: string | null;
}

export function addAccountAccess(registry: Registry, account: Command): void {
  addAppPasswords(registry, subgroup(account, 'app-password', 'passwords for single programs and devices'));
  addTotp(registry, subgroup(account, 'totp', 'one-time codes as a second factor'));
  addLogins(registry, account);
}

function addAppPasswords(registry: Registry, parent: Command): void {
  const { session } = registry;
  const { out } = session;
  leaf<CommonOptions & { scope?: string }>(registry, parent, 'add', 'make an app password and print it once', '<address> <name>', async (options, address, name) => {
    const scopes = options.scope === undefined ? undefined : scopesOf(options.scope);
    const result = await session.call<{ address: string; name: string; scopes: string[]; password: string }>(options, 'account.app-password-add', { address, name, ...(scopes && { scopes }) });
    if (options.json) return out.json(result);
    out.facts([
      ['Account', result.address],
      ['App password', result.name],
      ['Good for', result.scopes.join(', ')],
      ['Password', result.password],
    ]);
    out.note('This is the only time that the password is shown.');
  }).option('--scope <services>', 'what it opens: any of imap, pop3, smtp, sieve, with commas between (default: all)');
  leaf<CommonOptions>(registry, parent, 'list', 'list the app passwords of an account with their last use', '<address>', async (options, address) => {
    const result = await session.call<{ appPasswords: readonly AppPassword[] }>(options, 'account.app-password-list', { address });
    if (options.json) return out.json(result);
    const rows = result.appPasswords.map(({ name, scopes, lastUse }) => [name, scopes.join(' '), lastUse === null ? 'never' : `${moment(lastUse.at, Date.now())}, ${lastUse.service} from ${lastUse.address}`]);
    out.table([{ title: 'Name', max: 40 }, { title: 'Good for' }, { title: 'Last use' }], rows, 'no app passwords; make one with: posthorn account app-password add ADDRESS NAME');
  });
  leaf<CommonOptions>(registry, parent, 'remove', 'remove an app password', '<address> <name>', async (options, address, name) => {
    const result = await session.call<{ address: string; name: string }>(options, 'account.app-password-remove', { address, name });
    if (options.json) out.json(result);
    else out.line(`removed the app password "${result.name}" of ${result.address}`);
  });
}

const SCOPES = ['imap', 'pop3', 'smtp', 'sieve'];

function scopesOf(text: string): string[] {
  const scopes = text.split(',').map((scope) => scope.trim());
  const wrong = scopes.find((scope) => !SCOPES.includes(scope));
  if (wrong !== undefined) throw new UsageError(`--scope ${text}: "${wrong}" is none of ${SCOPES.join(', ')}`);
  return scopes;
}

function addTotp(registry: Registry, parent: Command): void {
  const { session } = registry;
  const { out } = session;
  leaf<CommonOptions>(registry, parent, 'enable', 'make a secret for an authenticator app and print it once', '<address>', async (options, address) => {
    const result = await session.call<{ address: string; secret: string; uri: string }>(options, 'account.totp-enable', { address });
    if (options.json) return out.json(result);
    out.facts([
      ['Account', result.address],
      ['Secret', result.secret],
      ['For the app', result.uri],
    ]);
    out.note(`It is on after the first code: posthorn account totp confirm ${result.address} CODE`);
  });
  leaf<CommonOptions>(registry, parent, 'confirm', 'switch one-time codes on with the first code; prints recovery codes once', '<address> <code>', async (options, address, code) => {
    const result = await session.call<{ address: string; recoveryCodes: string[]; needsAppPasswords: boolean }>(options, 'account.totp-confirm', { address, code });
    if (options.json) return out.json(result);
    out.line(`one-time codes are on for ${result.address}; recovery codes, each good once:`);
    for (const recovery of result.recoveryCodes) out.line(`  ${recovery}`);
    out.note('This is the only time that they are shown.');
    if (result.needsAppPasswords) out.note(`Mail programs need app passwords from now on: posthorn account app-password add ${result.address} NAME`);
  });
  leaf<CommonOptions>(registry, parent, 'disable', 'switch one-time codes off', '<address>', async (options, address) => {
    const result = await session.call<{ address: string }>(options, 'account.totp-disable', { address });
    if (options.json) out.json(result);
    else out.line(`one-time codes are off for ${result.address}`);
  });
  leaf<CommonOptions>(registry, parent, 'status', 'tell whether one-time codes are on', '<address>', async (options, address) => {
    const result = await session.call<{ address: string; state: string; recoveryCodesLeft: number }>(options, 'account.totp-status', { address });
    if (options.json) return out.json(result);
    const state = result.state === 'waiting' ? 'waiting for the first code' : result.state;
    out.line(`one-time codes of ${result.address}: ${state}${result.state === 'on' ? `, ${result.recoveryCodesLeft} recovery codes left` : ''}`);
  });
}

function addLogins(registry: Registry, parent: Command): void {
  const { session } = registry;
  leaf<CommonOptions & { failed?: boolean; limit?: number }>(registry, parent, 'logins', 'list the last log-ins, newest first', '<address>', async (options, address) => {
    const args = { address, ...(options.failed && { failed: true }), ...(options.limit !== undefined && { limit: options.limit }) };
    const result = await session.call<{ logins: readonly LoginRow[] }>(options, 'account.logins', args);
    if (options.json) return session.out.json(result);
    const rows = result.logins.map((row) => [
      new Date(row.at).toISOString().slice(0, 19).replace('T', ' '),
      row.times,
      row.service,
      row.clientAddress,
      row.mechanism ?? '',
      row.appPassword ?? '',
      row.result === 'ok' ? 'ok' : `denied: ${row.reason}`,
    ]);
    const columns = [{ title: 'Last (UTC)' }, { title: 'Times', align: 'right' as const }, { title: 'Service' }, { title: 'From' }, { title: 'Mechanism' }, { title: 'App password', max: 30 }, { title: 'Result' }];
    session.out.table(columns, rows, options.failed ? 'no failed log-ins' : 'no log-ins yet');
  })
    .option('--failed', 'only those that were denied')
    .option('--limit <count>', 'how many (default: 100)', wholeNumber(1, 1000));
}
