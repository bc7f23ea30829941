/** `posthorn ip check`: an address as receivers see it, now, or what was seen of it over time. */
import { isIP } from 'node:net';
import type { Command } from 'commander';
import { DOCTOR_LIMITS } from '../../../base/doctor-limits.ts';
import { Failure } from '../../../base/errors.ts';
import { printable } from '../../../base/table.ts';
import { checkIp, type FindingLevel, type IpCheck } from '../../../manage/addresses/ip-check.ts';
import { seenLists, type IpHistory } from '../../../manage/addresses/ip-listings.ts';
import { leaf, type Registry } from '../command.ts';
import type { Output } from '../output.ts';
import { type CommonOptions, type Session, UsageError } from '../session.ts';
import { withVerifyContext } from './verify-context.ts';

interface CheckOptions extends CommonOptions {
  readonly all?: boolean;
  readonly history?: boolean;
}

export function addCheck(registry: Registry, ip: Command): void {
  const { session } = registry;
  leaf<CheckOptions>(registry, ip, 'check', 'what receivers find out about addresses: their names, whether they lead back, and DNS lists', '[address...]', async (options, ...given) => {
    const addresses = (given as unknown as (string | readonly string[])[]).flat();
    if (options.history) return showHistories(session, options, addresses);
    const own = await ownAddresses(session, options);
    const wanted = options.all ? [...new Set([...(own?.addresses ?? []), ...addresses])] : addresses;
    if (options.all && own === undefined) throw new UsageError('--all needs a configured server: name the addresses instead');
    checkAddresses(wanted);
    const checks = await withVerifyContext(session, options, (context) => Promise.all(wanted.map((address) => checkIp(context, address, own?.addresses.includes(address) ? own.hostname : undefined))));
    if (own) await remember(session, options, checks);
    if (options.json) session.out.json(checks.length === 1 && !options.all ? checks[0] : checks);
    else for (const check of checks) showCheck(session.out, check, checks.length > 1);
    return checks.some(({ findings }) => findings.some(({ level }) => level === 'bad')) ? 1 : 0;
  })
    .option('--all', 'every address that this server sends from')
    .option('--history', 'do not look now: tell which lists had the address, from when to when');
}

function checkAddresses(addresses: readonly string[]): void {
  const wrong = addresses.find((address) => isIP(address) === 0);
  if (wrong !== undefined) throw new UsageError(`${printable(wrong.slice(0, 100))} is no IP address`);
  if (addresses.length === 0) throw new UsageError('name an address, or use --all for those of this server');
  if (addresses.length > DOCTOR_LIMITS.addressesMax) throw new UsageError(`name at most ${DOCTOR_LIMITS.addressesMax} addresses`);
}

/** Undefined where no server is configured, or its store cannot be asked: the check itself needs neither. */
async function ownAddresses(session: Session, options: CheckOptions): Promise<{ readonly addresses: readonly string[]; readonly hostname: string } | undefined> {
  if (session.configIfAny(options) === undefined) return undefined;
  return session.call<{ addresses: readonly string[]; hostname: string }>(options, 'ip.own', {}).catch((error: unknown) => tolerated(error, options));
}

function tolerated(error: unknown, { all }: CheckOptions): undefined {
  if (error instanceof Failure && !all) return undefined;
  throw error;
}

async function remember(session: Session, options: CheckOptions, checks: readonly IpCheck[]): Promise<void> {
  try {
    for (const check of checks) await session.call(options, 'ip.remember', { address: check.address, lists: seenLists(check) });
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    session.out.note(`This look is not kept: ${error.message}`);
  }
}

const LEVELS: Readonly<Record<FindingLevel, readonly [style: 'green' | 'yellow' | 'red' | 'dim', word: string]>> = {
  good: ['green', 'good'],
  warning: ['yellow', 'warning'],
  bad: ['red', 'bad'],
  unknown: ['dim', 'unknown'],
};

function showCheck(out: Output, { address, findings, lists }: IpCheck, several: boolean): void {
  if (several) out.line(out.style('bold', address));
  for (const { level, text, remedy, link } of findings) {
    const [style, word] = LEVELS[level];
    out.line(`${out.style(style, word.padEnd(8))} ${printable(text)}`);
    if (remedy !== undefined) out.line(`${' '.repeat(9)}do: ${printable(remedy)}${link === undefined ? '' : ` (${link})`}`);
  }
  const blocking = lists.filter(({ kind }) => kind === 'block');
  const count = (verdict: string): number => blocking.filter((list) => list.verdict === verdict).length;
  out.line(`${blocking.length} DNS lists: ${count('listed')} list it, ${count('clean')} do not, ${count('unknown')} gave no answer that can be believed`);
  const unknown = lists.filter(({ verdict }) => verdict === 'unknown');
  if (unknown.length > 0) out.table([{ title: 'No answer from' }, { title: 'Because' }], unknown.map(({ zone, detail }) => [zone, detail]), '');
  if (several) out.line();
}

async function showHistories(session: Session, options: CheckOptions, given: readonly string[]): Promise<number> {
  const addresses = options.all ? (await session.call<{ addresses: readonly string[] }>(options, 'ip.own', {})).addresses : given;
  checkAddresses(addresses);
  const histories: IpHistory[] = [];
  for (const address of addresses) histories.push(await session.call<IpHistory>(options, 'ip.history', { address }));
  if (options.json) session.out.json(histories.length === 1 && !options.all ? histories[0] : histories);
  else for (const history of histories) showHistory(session.out, history);
  return histories.some(({ listings }) => listings.some(({ clearedAt }) => clearedAt === undefined)) ? 1 : 0;
}

function showHistory(out: Output, { address, firstCheckedAt, lastCheckedAt, listings }: IpHistory): void {
  if (firstCheckedAt === undefined || lastCheckedAt === undefined) {
    out.line(`${address} was never looked at; posthorn ip check ${address} does it now.`);
    return;
  }
  out.line(`${address}: looked at since ${clockTime(firstCheckedAt)}, last ${clockTime(lastCheckedAt)}`);
  out.table(
    [{ title: 'List' }, { title: 'First seen' }, { title: 'Cleared' }, { title: 'Because' }],
    listings.map(({ title, firstSeenAt, clearedAt, meanings }) => [title, clockTime(firstSeenAt), clearedAt === undefined ? 'still listed' : clockTime(clearedAt), meanings]),
    'on no list in all that time',
  );
}

function clockTime(at: number): string {
  return `${new Date(at).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}
