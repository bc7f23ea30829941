/** Can this machine reach other mail servers at all? Many hosting and access providers block port 25. */
import type { DoctorNetwork } from '../../../contract/doctor-network.ts';
import { defineCheck, fail, NO_NETWORK, pass, skip, unknown, warn, type DoctorContext, type HostSubject } from '../../check.ts';

/** Domains whose mail servers never rest. */
const TRIED = ['gmail.com', 'outlook.com', 'yahoo.com'] as const;
const REMEDY = 'Ask the hosting provider to open outgoing port 25, or send through a smarthost: [relay] in posthorn.toml.';

type Reached = 'reached' | 'blocked' | 'unknown';

export const port25Out = defineCheck<HostSubject>({
  id: 'port-25-out', about: 'host', title: 'Outgoing port 25', weight: 10, cap: 0,
  why: 'Mail servers talk over port 25; where it is blocked, no mail leaves.',
  link: 'https://www.rfc-editor.org/rfc/rfc5321#section-4.5.4.2',
  run: async (context, subject) => {
    const { network } = context;
    if (!network) return NO_NETWORK;
    if (subject.server?.relay !== undefined) return skip(`Mail leaves through the smarthost ${subject.server.relay}.`);
    const tries = await Promise.all(TRIED.map((domain) => reach(context, network, domain, subject)));
    const named = (which: Reached): string => TRIED.filter((_, at) => tries[at] === which).join(', ');
    const blocked = tries.filter((each) => each === 'blocked').length;
    if (tries.every((each) => each === 'unknown')) return unknown('The mail servers of large providers could not be looked up or dialled now.');
    if (blocked === 0) return pass(`The mail servers of ${named('reached')} can be reached.`);
    if (tries.includes('reached')) return warn(`The mail servers of ${named('blocked')} cannot be reached, those of ${named('reached')} can.`, 'If this stays so for hours, ask the hosting provider whether it filters port 25 by destination.');
    return fail(`None of the mail servers of ${named('blocked')} can be reached: outgoing port ${network.mailPort} is blocked.`, REMEDY);
  },
});

async function reach({ dns }: DoctorContext, network: DoctorNetwork, domain: string, { hostname }: HostSubject): Promise<Reached> {
  const mx = await dns.query(domain, 'MX');
  if (mx.kind !== 'found') return 'unknown';
  const [best] = mx.records.toSorted((a, b) => a.preference - b.preference);
  const host = best?.exchange ?? '';
  const address = await dns.query(host, 'A');
  if (address.kind !== 'found') return 'unknown';
  const answer = await network.probe({ address: address.records[0] ?? '', port: network.mailPort, host, helo: hostname, greetingOnly: true });
  if (answer.kind === 'answer' || answer.step !== 'connect') return 'reached';
  return answer.reason === 'local' ? 'unknown' : 'blocked';
}
