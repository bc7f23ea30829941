/**
 * `posthorn quickstart ADDRESS`: writes a commented configuration, hosts the domain with its DKIM keys, makes the first
 * account with a generated password, looks at what the host and the DNS still lack, and prints the records to publish.
 *
 * Policy: an existing configuration is never overwritten; running it again with the same file goes on with what is missing.
 */
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { Failure } from '../../../base/errors.ts';
import { parseHostname } from '../../../config/values.ts';
import { renderConfigTemplate } from '../../../config/template.ts';
import { parseMailbox } from '../../../mail/address.ts';
import type { AccountSecret } from '../../../manage/account.ts';
import type { DomainRecords } from '../../../manage/dns.ts';
import { renderTable } from '../../../manage/dns-rendering.ts';
import { leaf, type Registry } from '../command.ts';
import { type CommonOptions, type Session, UsageError } from '../session.ts';
import { checkHost, type HostFinding } from './host-check.ts';

interface QuickstartOptions extends CommonOptions {
  readonly hostname?: string;
  readonly dataDir?: string;
  readonly ip: readonly string[];
  readonly check: boolean;
}

const gather = (value: string, before: readonly string[]): readonly string[] => [...before, value];

export function add(registry: Registry): void {
  const { session } = registry;
  leaf<QuickstartOptions>(registry, registry.program, 'quickstart', 'set a real server up', '<address>', (options, address = '') => quickstart(session, options, address))
    .option('--hostname <name>', 'name of this server (default: mail. and the domain)')
    .option('--data-dir <folder>', 'where mail, keys and accounts are kept (default: posthorn-data beside the configuration)')
    .option('--ip <address>', 'public address of this server, when it is behind NAT; may be repeated', gather, [])
    .option('--no-check', 'do not look at the host and the DNS');
}

interface Result {
  readonly config: string;
  readonly hostname: string;
  readonly account: AccountSecret;
  readonly records: DomainRecords;
  readonly findings: readonly HostFinding[];
}

async function quickstart(session: Session, options: QuickstartOptions, address: string): Promise<number> {
  const mailbox = parseMailbox(address);
  if (!mailbox || !parseHostname(mailbox.domain)?.includes('.')) throw new UsageError(`${address} is not an address; write: posthorn quickstart you@your-domain`);
  const file = resolve(session.io.cwd, options.config ?? 'posthorn.toml');
  const hostname = parseHostname(options.hostname ?? `mail.${mailbox.domain}`);
  if (!hostname?.includes('.')) throw new UsageError(`--hostname ${options.hostname ?? ''}: give a full name such as mail.${mailbox.domain}`);
  const written = await writeConfiguration(file, hostname, mailbox.domain, options);
  const named = { ...options, config: file };
  const account = await ensureAccount(session, named, address);
  const config = session.config(named);
  const records = await session.call<DomainRecords>(named, 'dns.records', { domain: mailbox.domain });
  const findings = options.check ? await checkHost(session, config) : [];
  const result: Result = { config: file, hostname: config.hostname, account, records, findings };
  if (options.json) session.out.json(result);
  else show(session, result, written, mailbox.domain);
  return 0;
}

/** False when the file was there already; it is then left as it is. */
async function writeConfiguration(file: string, hostname: string, domain: string, options: QuickstartOptions): Promise<boolean> {
  if (existsSync(file)) return false;
  const dataDir = resolve(dirname(file), options.dataDir ?? 'posthorn-data');
  const text = renderConfigTemplate({
    hostname,
    origin: domain,
    'data-dir': dataDir,
    'listen.smtp': ['0.0.0.0:25', '[::]:25'],
    'listen.submission': ['0.0.0.0:587', '[::]:587'],
    'listen.submissions': ['0.0.0.0:465', '[::]:465'],
  });
  const sources = options.ip.map((address) => `\n[[outbound.ip]]\naddress = ${JSON.stringify(address)}\n`).join('');
  try {
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, text + sources, { flag: 'wx', mode: 0o644 });
  } catch (cause) {
    throw new Failure('not-written', `cannot write ${file}: ${(cause as NodeJS.ErrnoException).code ?? String(cause)}`, { temporary: false, cause });
  }
  return true;
}

async function ensureAccount(session: Session, options: CommonOptions, address: string): Promise<AccountSecret> {
  const { accounts } = await session.call<{ accounts: readonly { address: string }[] }>(options, 'account.list', {});
  const known = accounts.find((row) => row.address === address.toLowerCase());
  if (known) return { address: known.address };
  return session.call<AccountSecret>(options, 'account.add', { address, createDomain: true });
}

function show({ out }: Session, result: Result, written: boolean, domain: string): void {
  const { account, records, findings } = result;
  out.facts([
    ['Configuration', `${result.config}${written ? '' : ' (was there, left as it is)'}`],
    ['Server', result.hostname],
    ['Account', account.address],
    ['Password', account.password ?? '(as before)'],
  ]);
  if (account.password !== undefined) out.line('This is the only time that the password is shown.');
  out.line();
  out.line(out.style('bold', `Publish these records (again: posthorn dns records ${domain}):`));
  out.raw(renderTable(records.records));
  for (const advice of records.advice) out.line(`- ${advice}`);
  if (findings.length > 0) {
    out.line();
    out.line(out.style('bold', 'This host:'));
    for (const { ok, text } of findings) out.line(`${ok ? out.style('green', 'ok     ') : out.style('yellow', 'missing')} ${text}`);
  }
  out.line();
  out.line('Start it with: posthorn serve');
}
