/** Do all name servers of the domain hold the zone, and the same one? */
import type { DoctorNetwork } from '../../../contract/doctor-network.ts';
import { defineCheck, fail, NO_NETWORK, pass, skip, unknown, warn, type DoctorContext, type DomainSubject } from '../../check.ts';
import { zoneApex } from './zone-apex.ts';

const SERVERS_MAX = 13;

type Asked =
  | { readonly kind: 'serial'; readonly server: string; readonly serial: number }
  | { readonly kind: 'lame' | 'silent' | 'nowhere' | 'unknown'; readonly server: string };

export const nameServers = defineCheck<DomainSubject>({
  id: 'name-servers', about: 'domain', title: 'Name servers agree', weight: 0.5,
  why: 'Each look-up goes to one of them: what one lacks, some receivers do not see, now and then.',
  link: 'https://www.rfc-editor.org/rfc/rfc1912#section-2.8',
  run: async (context, { domain }) => {
    if (!context.network) return NO_NETWORK;
    const apex = await zoneApex(context.dns, domain);
    if (apex === 'none') return skip(`${domain} is in no zone with name servers.`);
    if (apex === 'unknown') return unknown(`The name servers of ${domain} could not be looked up.`);
    const asked = await Promise.all(apex.nameServers.slice(0, SERVERS_MAX).map((server) => ask(context, context.network as DoctorNetwork, apex.zone, server)));
    const named = (kind: Asked['kind']): string => asked.filter((each) => each.kind === kind).map(({ server }) => server).join(', ');
    if (asked.some(({ kind }) => kind === 'nowhere')) return fail(`The name server ${named('nowhere')} of ${apex.zone} has no address.`, `Take it out of the NS records of ${apex.zone}, at the registrar too, or publish its address.`);
    if (asked.some(({ kind }) => kind === 'lame')) return fail(`${named('lame')} is a name server of ${apex.zone}, but does not hold the zone (lame).`, `Have it serve ${apex.zone}, or take it out of the NS records, at the registrar too.`);
    const serials = asked.flatMap((each) => (each.kind === 'serial' ? [each] : []));
    if (serials.length === 0) return unknown(`None of the name servers of ${apex.zone} answered us directly.`);
    if (asked.some(({ kind }) => kind === 'silent')) return warn(`${named('silent')}, a name server of ${apex.zone}, does not answer us.`, 'If it stays silent: have it repaired, or take it out of the NS records.');
    if (new Set(serials.map(({ serial }) => serial)).size > 1) return warn(`The name servers of ${apex.zone} have different versions: ${serials.map(({ server, serial }) => `${server} ${serial}`).join(', ')}.`, 'Wait an hour after a change; if it stays so, the transfer of the zone to the older ones does not work.');
    return pass(`The ${serials.length} name servers of ${apex.zone} agree.`);
  },
});

async function ask({ dns }: DoctorContext, { askServer }: DoctorNetwork, zone: string, server: string): Promise<Asked> {
  const [v4, v6] = await Promise.all([dns.query(server, 'A'), dns.query(server, 'AAAA')]);
  // IPv4 first: this machine may have no IPv6.
  const address = v4.kind === 'found' ? v4.records[0] : undefined;
  if (address === undefined) return { kind: v4.kind === 'failure' || v6.kind === 'failure' || v6.kind === 'found' ? 'unknown' : 'nowhere', server };
  const answer = await askServer({ server: address, name: zone, type: 'SOA' });
  if (answer.kind === 'failure') return { kind: 'silent', server };
  const [soa] = answer.records;
  return answer.rcode === 0 && answer.authoritative && soa ? { kind: 'serial', server, serial: soa.serial } : { kind: 'lame', server };
}
