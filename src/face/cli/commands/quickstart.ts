/** `posthorn quickstart ADDRESS`: sets a real server up (manage/quickstart/quickstart.ts) and shows what was made and what is missing. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { renderTable } from '../../../manage/dns/dns-rendering.ts';
import { quickstart, type QuickstartResult } from '../../../manage/quickstart/quickstart.ts';
import { callVerb } from '../../control/client.ts';
import { leaf, type Registry } from '../command.ts';
import type { CommonOptions, Session } from '../session.ts';

interface Options extends CommonOptions {
  readonly hostname?: string;
  readonly dataDir?: string;
  readonly ip: readonly string[];
  readonly check: boolean;
}

const gather = (value: string, before: readonly string[]): readonly string[] => [...before, value];

export function add(registry: Registry): void {
  const { session } = registry;
  leaf<Options>(registry, registry.program, 'quickstart', 'set a real server up', '<address>', (options, address = '') => run(session, options, address))
    .option('--hostname <name>', 'name of this server (default: mail. and the domain)')
    .option('--data-dir <folder>', 'where mail, keys and accounts are kept (default: posthorn-data beside the configuration)')
    .option('--ip <address>', 'public address of this server to send from; may be repeated', gather, [])
    .option('--no-check', 'do not look at the host and the DNS');
}

async function run(session: Session, options: Options, address: string): Promise<number> {
  const { ports, io, out } = session;
  const configFile = resolve(io.cwd, options.config ?? 'posthorn.toml');
  // A configuration that is still to be written has no name servers.
  const dns = await ports.createDns(session.nameServers(existsSync(configFile) ? options : { ...(options.dns !== undefined && { dns: options.dns }) }));
  try {
    const { hostname, ip, check } = options;
    const dataDir = options.dataDir === undefined ? undefined : resolve(io.cwd, options.dataDir);
    const result = await quickstart(
      { address, configFile, addresses: ip, check, ...(hostname !== undefined && { hostname }), ...(dataDir !== undefined && { dataDir }) },
      { ...(await ports.loadHost()), dns, call: (config, verb, args) => callVerb(config, verb, args, ports) },
    );
    if (options.json) out.json(result);
    else show(session, result);
    return 0;
  } finally {
    dns.close();
  }
}

function show({ out }: Session, { config, configWritten, hostname, account, records, checks, next }: QuickstartResult): void {
  out.facts([
    ['Configuration', `${config}${configWritten ? '' : ' (was there, left as it is)'}`],
    ['Server', hostname],
    ['Account', account.address],
    ['Password', account.password ?? '(as before)'],
  ]);
  if (account.password !== undefined) out.line('This is the only time that the password is shown.');
  out.line();
  out.line(out.style('bold', `Publish these records (again: posthorn dns records ${records.domain}):`));
  out.raw(renderTable(records.records));
  for (const advice of records.advice) out.line(`- ${advice}`);
  if (checks.length > 0) {
    out.line();
    out.line(out.style('bold', 'This host:'));
    for (const { subject, result, finding } of checks) out.line(`${out.style(result === 'good' ? 'green' : 'yellow', result.padEnd(7))} ${subject}: ${finding}`);
  }
  out.line();
  out.line(out.style('bold', 'Next:'));
  for (const [index, step] of next.entries()) out.line(`${index + 1}. ${step}`);
}
