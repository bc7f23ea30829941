/** `posthorn account …` */
import type { AccountSecret } from '../../../manage/directory/account.ts';
import { group, leaf, type Registry } from '../command.ts';
import { secretFromStdin } from '../secret-input.ts';
import type { CommonOptions, Session } from '../session.ts';
import { moment } from '../words.ts';
import { addAccountAccess } from './account-access.ts';
import { addAccountMailbox } from './account-mailbox.ts';

interface AddOptions extends CommonOptions {
  readonly passwordStdin?: boolean;
  readonly createDomain?: boolean;
  readonly shared?: boolean;
}

interface AccountRow {
  readonly address: string;
  readonly domain: string;
  readonly disabled: boolean | number;
  readonly shared?: boolean;
  readonly origin?: string;
  readonly createdAt?: number;
}

export function add(registry: Registry): void {
  const account = group(registry, 'account', 'accounts: add, list, show, password, app passwords, one-time codes, log-ins, quota, share, shares, enable, disable, remove');
  const { session } = registry;
  leaf<AddOptions>(registry, account, 'add', 'add an account; makes a password and prints it once', '<address>', async (options, address) => {
    const password = options.passwordStdin ? await secretFromStdin(session) : undefined;
    const args = { address, ...(password !== undefined && { password }), ...(options.createDomain && { createDomain: true }), ...(options.shared && { shared: true }) };
    showSecret(session, options, await session.call<AccountSecret & { domainCreated: boolean }>(options, 'account.add', args));
  })
    .option('--password-stdin', 'read the password from standard input instead of making one')
    .option('--create-domain', 'host the domain here too when it is not yet')
    .option('--shared', 'a mailbox that several people read and nobody logs in to');
  leaf<CommonOptions>(registry, account, 'list', 'list the accounts', '[domain]', async (options, domain) => {
    const result = await session.call<{ accounts: readonly AccountRow[] }>(options, 'account.list', domain === undefined ? {} : { domain });
    if (options.json) return session.out.json(result);
    session.out.table([{ title: 'Account' }, { title: 'State' }], result.accounts.map((row) => [row.address, stateOf(row)]), 'no accounts yet; add one with: posthorn account add ADDRESS');
  });
  leaf<AddOptions>(registry, account, 'password', 'change a password; makes one and prints it once', '<address>', async (options, address) => {
    const password = options.passwordStdin ? await secretFromStdin(session) : undefined;
    showSecret(session, options, await session.call<AccountSecret>(options, 'account.password', { address, ...(password !== undefined && { password }) }));
  }).option('--password-stdin', 'read the password from standard input instead of making one');
  addShow(registry, account);
  addAccountAccess(registry, account);
  addAccountMailbox(registry, account);
  simple(registry, account, 'disable', 'close an account: no log-in, no new mail; what it has stays');
  simple(registry, account, 'enable', 'open a disabled account again');
  simple(registry, account, 'remove', 'remove an account with all of its mail, for good');
}

interface AccountFacts extends AccountRow {
  readonly passwordChangedAt: number;
  readonly aliases: readonly string[];
  readonly appPasswords: number;
  readonly totp: string;
  readonly lastLogin: { readonly at: number; readonly service: string; readonly clientAddress: string; readonly result: string } | null;
}

function addShow(registry: Registry, account: Parameters<typeof leaf>[1]): void {
  const { session } = registry;
  leaf<CommonOptions>(registry, account, 'show', 'tell what there is about an account', '<address>', async (options, address) => {
    const row = await session.call<AccountFacts>(options, 'account.show', { address });
    if (options.json) return session.out.json(row);
    const { lastLogin: last } = row;
    session.out.facts([
      ['Account', row.address],
      ['State', stateOf(row)],
      ['Made', moment(row.createdAt ?? 0, Date.now())],
      ['Password', row.shared ? undefined : row.origin === 'store' ? `changed ${moment(row.passwordChangedAt, Date.now())}` : `known to the back end ${row.origin}`],
      ['App passwords', row.shared ? undefined : row.appPasswords],
      ['One-time codes', row.shared ? undefined : row.totp],
      ['Aliases', row.aliases.length === 0 ? undefined : row.aliases.join(', ')],
      ['Last log-in', last === null ? undefined : `${moment(last.at, Date.now())}, ${last.service} from ${last.clientAddress}, ${last.result}`],
    ]);
  });
}

function stateOf({ disabled, shared }: AccountRow): string {
  return `${disabled ? 'disabled' : 'open'}${shared ? ', shared' : ''}`;
}

function simple(registry: Registry, parent: Parameters<typeof leaf>[1], name: 'disable' | 'enable' | 'remove', summary: string): void {
  const { session } = registry;
  leaf<CommonOptions>(registry, parent, name, summary, '<address>', async (options, address) => {
    const result = await session.call<{ address: string }>(options, `account.${name}`, { address });
    if (options.json) session.out.json(result);
    else session.out.line(`${result.address} ${name}d`);
  });
}

function showSecret({ out }: Session, options: CommonOptions, secret: AccountSecret & { domainCreated?: boolean }): void {
  if (options.json) return out.json(secret);
  if (secret.domainCreated) out.note('the domain is now hosted here; publish its records: posthorn dns records DOMAIN');
  out.facts([
    ['Account', secret.address],
    ['Password', secret.password],
  ]);
  if (secret.password !== undefined) out.note('This is the only time that the password is shown.');
}
