/** Where mail for the domain goes. */
import { parseIp } from '../../../verify/ip-address.ts';
import { defineCheck, fail, pass, skip, unanswered, warn, type DomainSubject } from '../../check.ts';

export const mx = defineCheck<DomainSubject>({
  id: 'mx', about: 'domain', title: 'Mail servers (MX)', weight: 1,
  why: 'Without one, replies and bounces do not come; receivers look whether a sender could get an answer.',
  link: 'https://www.rfc-editor.org/rfc/rfc5321#section-5.1',
  run: async ({ dns }, { domain, hostname, addresses, use }) => {
    const answer = await dns.query(domain, 'MX');
    if (answer.kind === 'failure') return unanswered(`The MX of ${domain}`, answer);
    const record = `${domain}. MX 10 ${hostname || 'mail.your-domain'}.`;
    if (answer.kind !== 'found' && use === 'send-only') return skip(`${domain} only sends from here, and has no MX record.`);
    if (answer.kind !== 'found') return fail(`${domain} has no MX record.`, 'Publish this record, so that mail for the domain comes here.', record);
    const hosts = answer.records.map(({ exchange }) => exchange.toLowerCase());
    if (hosts.every((host) => host === '' || host === '.')) return skip(`${domain} takes no mail (null MX).`);
    for (const host of hosts) {
      // RFC 1035 §3.3.9.
      if (parseIp(host)) return fail(`An MX record of ${domain} holds the address ${host}; only the name of a host may stand there, and nobody delivers to this one.`, 'Publish this record in its place.', record);
      const [alias, v4, v6] = await Promise.all([dns.query(host, 'CNAME'), dns.query(host, 'A'), dns.query(host, 'AAAA')]);
      // RFC 5321 §5.1, RFC 2181 §10.3.
      if (alias.kind === 'found') return fail(`${host}, an MX of ${domain}, is an alias (CNAME).`, 'Publish this record in its place: it names the host that the alias stands for.', `${domain}. MX 10 ${alias.records[0]}.`);
      if (v4.kind === 'failure' || v6.kind === 'failure') return unanswered(host, v4.kind === 'failure' ? v4 : (v6 as { reason: string }));
      if (v4.kind !== 'found' && v6.kind !== 'found') return fail(`${host}, an MX of ${domain}, has no address.`, host === hostname.toLowerCase() ? 'Publish its address where the DNS of the domain is managed.' : 'Publish its address (a record of type A, or AAAA for IPv6) in the panel of your DNS provider, or remove it from the MX records there.', host === hostname.toLowerCase() && addresses.length > 0 ? addresses.map(({ address }) => `${host}. ${address.includes(':') ? 'AAAA' : 'A'} ${address}`).join('\n') : undefined);
    }
    if (hostname !== '' && !hosts.includes(hostname.toLowerCase()) && use !== 'send-only') return warn(`Mail for ${domain} goes to ${hosts.join(', ')}, not to this server.`, `If it should come here, publish this record and remove the other MX records. If the domain only sends from here, say so: posthorn dns policy ${domain} --use send-only`, record);
    return pass(`Mail for ${domain} goes to ${hosts.join(', ')}.`);
  },
});
