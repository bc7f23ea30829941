/** `posthorn account …` */
import { createInterface } from 'node:readline';
import type { AccountSecret } from '../../../manage/account.ts';
import { group, leaf, type Registry } from '../command.ts';
import { type CommonOptions, type Session, UsageError } from '../session.ts';

interface AddOptions extends CommonOptions {
  readonly passwordStdin?: boolean;
  readonly createDomain?: boolean;
}

interface AccountRow {
  readonly address: string;
  readonly domain: string;
  readonly disabled: boolean | number;
  readonly createdAt?: number;
}

export function add(registry: Registry): void {
  const account = group(registry, 'account', 'accounts: add, list, password, enable, disable, remove');
  const { session } = registry;
  leaf<AddOptions>(registry, account, 'add', 'add an account; makes a password and prints it once', '<address>', async (options, address) => {
    const password = options.passwordStdin ? await readPassword(session) : undefined;
    const args = { address, ...(password !== undefined && { password }), ...(options.createDomain && { createDomain: true }) };
    showSecret(session, options, await session.call<AccountSecret & { domainCreated: boolean }>(options, 'account.add', args));
  })
    .option('--password-stdin', 'read the password from standard input instead of making one')
    .option('--create-domain', 'host the domain here too when it is not yet');
  leaf<CommonOptions>(registry, account, 'list', 'list the accounts', '[domain]', async (options, domain) => {
    const result = await session.call<{ accounts: readonly AccountRow[] }>(options, 'account.list', domain === undefined ? {} : { domain });
    if (options.json) return session.out.json(result);
    session.out.table([{ title: 'Account' }, { title: 'State' }], result.accounts.map((row) => [row.address, row.disabled ? 'disabled' : 'open']), 'no accounts yet; add one with: posthorn account add ADDRESS');
  });
  leaf<AddOptions>(registry, account, 'password', 'change a password; makes one and prints it once', '<address>', async (options, address) => {
    const password = options.passwordStdin ? await readPassword(session) : undefined;
    showSecret(session, options, await session.call<AccountSecret>(options, 'account.password', { address, ...(password !== undefined && { password }) }));
  }).option('--password-stdin', 'read the password from standard input instead of making one');
  simple(registry, account, 'disable', 'close an account: no log-in, no new mail; what it has stays');
  simple(registry, account, 'enable', 'open a disabled account again');
  simple(registry, account, 'remove', 'remove an account with all of its mail, for good');
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

/** The first line of standard input. */
async function readPassword({ io }: Session): Promise<string> {
  for await (const line of createInterface({ input: io.stdin })) {
    if (line !== '') return line;
    break;
  }
  throw new UsageError('--password-stdin: no password came on standard input');
}
