/** Does port 25 lead out, from each address that mail leaves from? */
import type { DoctorNetwork } from '../../../contract/doctor-network.ts';
import { defineCheck, fail, NO_NETWORK, pass, skip, unknown, warn, type DoctorContext, type HostSubject, type SendingAddress } from '../../check.ts';

/** Domains whose mail servers never rest. */
const TRIED = ['gmail.com', 'outlook.com', 'yahoo.com'] as const;
const ADDRESSES_MAX = 16;
const REMEDY = 'Ask the hosting provider to open outgoing port 25 (TCP), which many keep closed until a customer asks, or send through a smarthost: [relay] in posthorn.toml.';

interface Try {
  /** '': the system chose it. */
  readonly from: string;
  readonly to: string;
  readonly result: 'reached' | 'blocked' | 'unknown';
}

export const port25Out = defineCheck<HostSubject>({
  id: 'port-25-out', about: 'host', title: 'Outgoing port 25', weight: 10, cap: 0,
  why: 'Mail servers talk over port 25; where it is blocked, no mail leaves.',
  link: 'https://www.rfc-editor.org/rfc/rfc5321#section-4.5.4.2',
  run: async (context, subject) => {
    const { network } = context;
    if (!network) return NO_NETWORK;
    if (subject.server?.relay !== undefined) return skip(`Mail leaves through the smarthost ${subject.server.relay}.`);
    const tries = await tryAll(context, network, subject);
    const blocked = tries.filter(({ result }) => result === 'blocked');
    const reached = tries.filter(({ result }) => result === 'reached');
    if (blocked.length === 0) return reached.length > 0 ? pass(`The mail servers of ${names(reached)} can be reached${fromWhere(reached)}.`) : unknown('The mail servers of large providers could not be looked up or dialled now.');
    if (reached.length === 0) return fail(`None of the mail servers of ${names(blocked)} can be reached${fromWhere(blocked)}: outgoing port ${network.mailPort} is blocked.`, REMEDY);
    const dead = [...new Set(blocked.map(({ from }) => from))].filter((from) => !reached.some((each) => each.from === from));
    if (dead.length > 0) return warn(`No mail server can be reached from ${dead.join(', ')}${fromWhere(reached).replace(' from', '; they can be from')}.`, `Ask the hosting provider to open outgoing port 25 (TCP) for ${dead.join(', ')}, or take the address out of [[outbound.ip]] in posthorn.toml.`);
    return warn(`The mail servers of ${names(blocked)} cannot be reached${fromWhere(blocked)}, those of ${names(reached)} can.`, 'If this stays so for hours, ask the hosting provider whether it filters port 25 by destination.');
  },
});

/** From each address to one of each family that fits it. */
async function tryAll({ dns }: DoctorContext, network: DoctorNetwork, { hostname, addresses }: HostSubject): Promise<readonly Try[]> {
  const sources: readonly SendingAddress[] = addresses.length > 0 ? addresses.slice(0, ADDRESSES_MAX) : [{ address: '', helo: hostname }];
  const targets = await Promise.all(TRIED.map(async (to) => ({ to, host: await mailServerOf({ dns }, to) })));
  return Promise.all(sources.flatMap((source) => targets.map(async ({ to, host }): Promise<Try> => {
    const target = host === undefined ? undefined : await dns.query(host, source.address.includes(':') ? 'AAAA' : 'A');
    if (host === undefined || target?.kind !== 'found') return { from: source.address, to, result: 'unknown' };
    return { from: source.address, to, result: await dial(network, { address: target.records[0] ?? '', host }, source) };
  })));
}

async function mailServerOf({ dns }: Pick<DoctorContext, 'dns'>, domain: string): Promise<string | undefined> {
  const mx = await dns.query(domain, 'MX');
  return mx.kind === 'found' ? mx.records.toSorted((a, b) => a.preference - b.preference)[0]?.exchange : undefined;
}

/** Who takes the connection is reached, however long the greeting takes. Behind NAT the public address is not one of this machine: the system's choice then. */
async function dial(network: DoctorNetwork, target: { readonly address: string; readonly host: string }, { address, helo }: SendingAddress): Promise<Try['result']> {
  const request = { ...target, port: network.mailPort, helo, connectionOnly: true } as const;
  const bound = address === '' ? undefined : await network.probe({ ...request, localAddress: address });
  const isOurs = bound !== undefined && !(bound.kind === 'failure' && bound.reason === 'local');
  // Without an IPv6 route an IPv6 address cannot be tried otherwise.
  const answer = isOurs || address.includes(':') ? bound : await network.probe(request);
  if (answer === undefined || (answer.kind === 'failure' && answer.reason === 'local')) return 'unknown';
  return answer.kind === 'answer' ? 'reached' : 'blocked';
}

function names(tries: readonly Try[]): string {
  return [...new Set(tries.map(({ to }) => to))].join(', ');
}

function fromWhere(tries: readonly Try[]): string {
  const sources = [...new Set(tries.map(({ from }) => from))].filter((from) => from !== '');
  return sources.length > 0 ? ` from ${sources.join(', ')}` : '';
}
