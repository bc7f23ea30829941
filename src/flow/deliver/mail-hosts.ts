/**
 * Where mail for a domain goes: MX records by preference, equal ones in random order (RFC 5321 §5.1), the domain's own
 * addresses when it has no MX, nothing at all for a null MX (RFC 7505). Hosts are looked up one preference at a time,
 * so that a dead name of a backup does not hold up the first choice.
 */
import { isIP } from 'node:net';
import { SMTP_CLIENT_LIMITS } from '../../base/limits.ts';
import type { Config } from '../../config/config.ts';
import type { Dns, RecordData } from '../../contract/dns.ts';
import { createNetworkSet } from '../../net/cidr.ts';
import { whyUnanswered } from '../../verify/unanswered.ts';
import type { OwnHosts } from './own-hosts.ts';
import { failure, type Judgement } from './trouble.ts';

export interface MailHost {
  /** The MX's name, or the address literal. */
  readonly mx: string;
  readonly address: string;
}

/** What the search comes upon, in order: a host to try, or the reason why one (or the whole domain) is none. */
export type MailHostStep =
  /** `secure`: DNSSEC vouches for the MX records, so that the name of the host is the domain's own word. */
  | { readonly kind: 'host'; readonly host: MailHost; readonly secure: boolean; readonly names: HostNames }
  /** `advice` is for the administrator alone. */
  | { readonly kind: 'dead'; readonly mx: string; readonly judgement: Judgement; readonly advice?: string };

/** What DANE must know of the way from the domain to the address. */
export interface HostNames {
  /** The domain, and the host, after their CNAMEs. */
  readonly domain: string;
  readonly host: string;
  /** DNSSEC vouches for the addresses. */
  readonly hostSecure: boolean;
}

export interface MailHostPorts {
  readonly dns: Dns;
  readonly own: OwnHosts;
  readonly protocols: Config['outbound']['protocols'];
  /** In [0, 1); default Math.random. */
  readonly random?: () => number;
  readonly signal?: AbortSignal;
}

type Preference = { readonly hosts: readonly string[] };
type MxPlan = { readonly kind: 'plan'; readonly groups: readonly Preference[]; readonly secure: boolean; readonly implicit: boolean; readonly canonicalName: string };

/** Never ends without at least one step. Rejects only with the signal's reason. */
export async function* mailHosts(ports: MailHostPorts, domain: string): AsyncGenerator<MailHostStep, void> {
  if (domain.startsWith('[')) return yield* literalHost(ports, domain);
  const plan = await mxPlan(ports, domain);
  if (plan.kind === 'dead') return yield plan;
  for (const [rank, group] of plan.groups.entries()) {
    const found = await Promise.all(group.hosts.map((mx) => addressesOf(ports, mx)));
    const loops = group.hosts.some((mx) => ports.own.isOwnName(mx)) || found.some(({ addresses }) => addresses.some(ports.own.isOwnAddress));
    if (loops) {
      // We are a backup: the better hosts have been tried, and what they said holds.
      if (rank > 0) return;
      const text = `mail for ${domain} loops back to this server; its MX names us, but the domain is not hosted here`;
      return yield { kind: 'dead', mx: domain, judgement: failure('host', 554, '5.4.6', text) };
    }
    for (const [index, result] of found.entries()) yield* stepsOf(group.hosts[index] as string, result, plan, domain);
  }
}

/** A relay by name or address; its own addresses, no MX. */
export interface RelayHost {
  readonly host: string;
  readonly port: number;
}

/** A smarthost: its own addresses, no MX. Names that lead nowhere are our configuration's fault and may be mended: temporary. */
export async function* smartHosts(ports: MailHostPorts, { host, port }: RelayHost): AsyncGenerator<MailHostStep, void> {
  // A Unix socket of this machine.
  if (host.startsWith('/')) return yield { kind: 'host', host: { mx: host, address: host }, secure: true, names: namesOf(host) };
  const literal = literalAddress(host) ?? (isIP(host) === 0 ? undefined : host);
  const { addresses, judgement, secure, canonicalName } = literal === undefined ? await relayAddresses(ports, host.toLowerCase()) : literalAddresses(literal);
  if (addresses.some((address) => ports.own.isOwnListener(address, port))) return yield relayLoop(host);
  // An address that was configured, and a name that was, are what the certificate must have.
  for (const address of addresses) yield { kind: 'host', host: { mx: host, address }, secure: true, names: { domain: host, host: canonicalName, hostSecure: secure } };
  if (addresses.length > 0) return;
  yield { kind: 'dead', mx: host, judgement: failure('local', 451, '4.3.5', `the smarthost is not to be found: ${judgement?.reply.text ?? host}`) };
}

/** A relay whose hosts its own MX records name; without any it is the host itself. */
export async function* relayMailHosts(ports: MailHostPorts, { host, port }: RelayHost): AsyncGenerator<MailHostStep, void> {
  if (isIP(host) !== 0 || host.startsWith('[')) return yield* smartHosts(ports, { host, port });
  for await (const step of mailHosts(ports, host.toLowerCase())) {
    if (step.kind === 'host' && ports.own.isOwnListener(step.host.address, port)) return yield relayLoop(host);
    if (step.kind === 'host' || step.judgement.status === 'deferred') yield step;
    else yield { ...step, judgement: failure('local', 451, '4.3.5', `the relay ${host} cannot be used: ${step.judgement.reply.text}`, 'next-host') };
  }
}

/** RFC 6761 §6.3: this one name means this machine, and DNS is not to be asked for it. */
async function relayAddresses(ports: MailHostPorts, host: string): Promise<HostAddresses> {
  if (host !== 'localhost') return addressesOf(ports, host);
  const addresses = ports.protocols.map((protocol) => (protocol === 'ipv6' ? '::1' : '127.0.0.1'));
  return { addresses, secure: false, canonicalName: host };
}

function relayLoop(host: string): MailHostStep {
  return { kind: 'dead', mx: host, judgement: failure('local', 451, '4.3.5', `the relay ${host} is this server itself: mail would go round in circles`) };
}

function literalAddresses(address: string): HostAddresses {
  return { addresses: [address], secure: false, canonicalName: address };
}

/** RFC 5321 §4.1.3; undefined when it is no bracketed address. */
function literalAddress(domain: string): string | undefined {
  const inner = /^\[(?:ipv6:)?([^\]]+)\]$/i.exec(domain)?.[1];
  if (inner === undefined || isIP(inner) === 0) return undefined;
  if (isIP(inner) === 4) return inner;
  // In its one usual spelling, in which it is compared.
  return URL.canParse(`http://[${inner}]`) ? new URL(`http://[${inner}]`).hostname.slice(1, -1) : undefined;
}

function* literalHost({ own }: MailHostPorts, domain: string): Generator<MailHostStep, void> {
  const address = literalAddress(domain);
  if (address === undefined || !isReachable(address)) {
    yield { kind: 'dead', mx: domain, judgement: failure('recipient', 550, '5.1.2', `${domain} is no address that mail can go to`) };
  } else if (own.isOwnAddress(address)) {
    yield { kind: 'dead', mx: domain, judgement: failure('host', 554, '5.4.6', `mail for ${domain} loops back to this server`) };
  } else yield { kind: 'host', host: { mx: domain, address }, secure: true, names: namesOf(domain) };
}

/** Of an address, for which no name was looked up. */
function namesOf(literal: string): HostNames {
  return { domain: literal, host: literal, hostSecure: false };
}

async function mxPlan({ dns, random, signal }: MailHostPorts, domain: string): Promise<MxPlan | Extract<MailHostStep, { kind: 'dead' }>> {
  const answer = await dns.query(domain, 'MX', { blame: true, ...(signal ? { signal } : {}) });
  const dead = (judgement: Judgement, advice?: string): Extract<MailHostStep, { kind: 'dead' }> => ({ kind: 'dead', mx: domain, judgement, ...(advice === undefined ? {} : { advice }) });
  switch (answer.kind) {
    case 'failure':
      return dead(failure('host', 451, '4.4.3', `the mail servers of ${domain} cannot be looked up now (${whyUnanswered(answer)})`), answer.detail);
    case 'nxdomain':
      return dead(failure('recipient', 550, '5.1.2', `the domain ${domain} does not exist`));
    case 'nodata':
      return { kind: 'plan', groups: [{ hosts: [domain] }], secure: answer.secure, implicit: true, canonicalName: domain };
    case 'found': {
      const real = answer.records.filter(({ exchange }) => exchange !== '');
      if (real.length === 0) return dead(failure('recipient', 556, '5.1.10', `the domain ${domain} takes no mail (null MX)`));
      return { kind: 'plan', groups: byPreference(real, random ?? Math.random), secure: answer.secure, implicit: false, canonicalName: answer.canonicalName };
    }
  }
}

function byPreference(records: readonly RecordData['MX'][], random: () => number): Preference[] {
  const groups = new Map<number, Set<string>>();
  for (const { preference, exchange } of [...records].sort((one, other) => one.preference - other.preference)) {
    groups.set(preference, (groups.get(preference) ?? new Set()).add(exchange));
  }
  let left: number = SMTP_CLIENT_LIMITS.mxHostsMax;
  return [...groups.values()].flatMap((names) => {
    const hosts = shuffle([...names], random).slice(0, left);
    left -= hosts.length;
    return hosts.length > 0 ? [{ hosts }] : [];
  });
}

function shuffle<T>(items: T[], random: () => number): T[] {
  for (let last = items.length - 1; last > 0; last -= 1) {
    const other = Math.floor(random() * (last + 1));
    [items[last], items[other]] = [items[other] as T, items[last] as T];
  }
  return items;
}

interface HostAddresses {
  readonly addresses: readonly string[];
  /** All that was found; a family without addresses, or one that cannot be looked up, takes nothing away (RFC 7672 §2.2.2). */
  readonly secure: boolean;
  /** The name after its CNAMEs. */
  readonly canonicalName: string;
  /** Why there is none. */
  readonly judgement?: Judgement;
  readonly advice?: string;
}

/** Both families at once, taking turns, the configured first one first (RFC 8305 §4). A CNAME as exchange is tolerated. */
async function addressesOf(ports: MailHostPorts, host: string): Promise<HostAddresses> {
  const { dns, protocols, signal } = ports;
  if (isIP(host) !== 0) {
    const text = `the MX is the address ${host} where a host name must be`;
    return { addresses: [], secure: false, canonicalName: host, judgement: failure('host', 550, '5.4.4', text, 'next-host') };
  }
  const options = signal ? { signal } : {};
  const answers = await Promise.all(protocols.map((protocol) => dns.query(host, protocol === 'ipv6' ? 'AAAA' : 'A', options)));
  const lists = answers.map((answer) => (answer.kind === 'found' ? answer.records.filter(isReachable) : []));
  const longest = Math.max(0, ...lists.map((list) => list.length));
  const addresses = Array.from({ length: longest }, (_, turn) => lists.flatMap((list) => list.slice(turn, turn + 1))).flat();
  const found = answers.filter((answer) => answer.kind === 'found');
  const secure = found.length > 0 && found.every((answer) => answer.secure);
  const canonicalName = found[0]?.canonicalName ?? host;
  if (addresses.length > 0) return { addresses: addresses.slice(0, SMTP_CLIENT_LIMITS.addressesPerHostMax), secure, canonicalName };
  const failed = answers.findIndex((answer) => answer.kind === 'failure');
  const unknown = failed < 0 ? undefined : await blamed(ports, host, protocols[failed] === 'ipv6' ? 'AAAA' : 'A');
  // What failed a moment ago may be known now: the next attempt uses it.
  const judgement = unknown
    ? failure('host', 451, '4.4.3', `the address of ${host} cannot be looked up now (${unknown.why})`, 'next-host')
    : failure('host', 550, '5.4.4', noAddressText(host, answers.flatMap((answer) => (answer.kind === 'found' ? answer.records : [])), protocols), 'next-host');
  return { addresses, secure, canonicalName, judgement, ...(unknown?.detail === undefined ? {} : { advice: unknown.detail }) };
}

/** Only a host without any address waits until it is known who is to blame. */
async function blamed({ dns, signal }: MailHostPorts, host: string, type: 'A' | 'AAAA'): Promise<{ readonly why: string; readonly detail?: string }> {
  const answer = await dns.query(host, type, { blame: true, ...(signal ? { signal } : {}) });
  return answer.kind === 'failure' ? { why: whyUnanswered(answer), detail: answer.detail } : { why: 'it failed a moment ago' };
}

function noAddressText(host: string, unreachable: readonly string[], protocols: MailHostPorts['protocols']): string {
  if (unreachable.length === 0) return `${host} has no ${protocols.join(' or ')} address`;
  return `the only address of ${host} is ${unreachable.slice(0, 3).join(', ')}, to which no mail can go`;
}

function* stepsOf(mx: string, result: HostAddresses, plan: MxPlan, domain: string): Generator<MailHostStep, void> {
  const names: HostNames = { domain: plan.canonicalName, host: result.canonicalName, hostSecure: result.secure };
  for (const address of result.addresses) yield { kind: 'host', host: { mx, address }, secure: plan.secure, names };
  if (!result.judgement) return;
  const hard = plan.implicit && result.judgement.status === 'failed';
  const text = `the domain ${domain} has neither a mail server nor an address`;
  if (hard) return yield { kind: 'dead', mx, judgement: failure('recipient', 550, '5.1.2', text) };
  yield { kind: 'dead', mx, judgement: result.judgement, ...(result.advice === undefined ? {} : { advice: result.advice }) };
}

/** "This host", multicast and broadcast are where a connection would go astray, `0.0.0.0` to ourselves. */
const UNREACHABLE = createNetworkSet(['0.0.0.0/8', '224.0.0.0/3', '::/128', 'ff00::/8']);

/** `::ffff:192.0.2.1` is no address on the Internet (RFC 4291 §2.5.5.2): this machine would connect to the IPv4 address, unrecognised, perhaps its own. */
const MAPPED = /^::ffff:/i;

function isReachable(address: string): boolean {
  return !MAPPED.test(address) && !UNREACHABLE.has(address);
}
