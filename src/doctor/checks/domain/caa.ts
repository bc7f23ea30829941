/** Who may make certificates, for the host that needs one and for the domain. */
import type { Dns, DnsAnswer, RecordData } from '../../../contract/dns.ts';
import { defineCheck, fail, pass, unanswered, warn, type DoctorContext, type DomainSubject } from '../../check.ts';

type Failed = Extract<DnsAnswer<'CAA'>, { kind: 'failure' }>;

/** How authorities sign their certificates, and what they are called in CAA. */
const AUTHORITIES: readonly (readonly [issuer: RegExp, caa: readonly string[]])[] = [
  [/O=Let's Encrypt/, ['letsencrypt.org']],
  [/O=ZeroSSL/, ['sectigo.com', 'zerossl.com']],
  [/O=Sectigo/, ['sectigo.com', 'comodoca.com', 'usertrust.com', 'trust-provider.com']],
  [/O=Google Trust Services/, ['pki.goog']],
  [/O=DigiCert/, ['digicert.com', 'symantec.com', 'thawte.com', 'rapidssl.com', 'geotrust.com']],
  [/O=Buypass/, ['buypass.com', 'buypass.no']],
  [/O=SSL Corp/, ['ssl.com']],
];

export const caa = defineCheck<DomainSubject>({
  id: 'caa', about: 'domain', title: 'CAA', weight: 0.2,
  why: 'CAA says who may make certificates for the domain, so that nobody else is talked into it; the wrong one keeps ours from being renewed.',
  link: 'https://www.rfc-editor.org/rfc/rfc8659',
  run: async (context, subject) => {
    const { domain, hostname } = subject;
    const own = await climb(context.dns, domain);
    if ('reason' in own) return unanswered(`CAA of ${domain}`, own);
    const forbidden = await forbidsOurs(context, subject);
    if (forbidden) return fail(`${forbidden.at} does not allow ${forbidden.authority}, which made the certificate of ${hostname}: it cannot be renewed.`, 'Add this record.', `${forbidden.at}. CAA 0 issue "${forbidden.authority}"`);
    const issuers = issuersOf(own.records);
    if (issuers.length === 0) return warn(`${domain} does not say who may make certificates for it.`, 'Publish who does, for instance Let’s Encrypt.', `${domain}. CAA 0 issue "letsencrypt.org"`);
    return pass(`Certificates come from ${issuers.join(', ')}.`);
  },
});

/** RFC 8659 §3: the records of the closest name that has any. */
async function climb(dns: Dns, name: string): Promise<{ readonly at: string; readonly records: readonly RecordData['CAA'][] } | Failed> {
  for (let at = name; at !== ''; at = at.includes('.') ? at.slice(at.indexOf('.') + 1) : '') {
    const answer = await dns.query(at, 'CAA');
    if (answer.kind === 'failure') return answer;
    if (answer.kind === 'found') return { at, records: answer.records };
  }
  return { at: name, records: [] };
}

/** Names behind `issue`; parameters are cut off, and "nobody" is ''. */
function issuersOf(records: readonly RecordData['CAA'][]): readonly string[] {
  return records.filter(({ tag }) => tag.toLowerCase() === 'issue').map(({ value }) => (value.split(';')[0] ?? '').trim().toLowerCase());
}

/** Only of the host, whose certificate it is. */
async function forbidsOurs({ dns, network }: DoctorContext, { domain, hostname, server }: DomainSubject): Promise<{ readonly at: string; readonly authority: string } | undefined> {
  const door = server?.listeners.find(({ service }) => service === 'smtp');
  if (!network || !door || (hostname !== domain && !hostname.endsWith(`.${domain}`))) return undefined;
  const found = await climb(dns, hostname);
  const allowed = 'reason' in found ? [] : issuersOf(found.records);
  if ('reason' in found || allowed.length === 0) return undefined;
  const answer = await network.probe({ address: door.address, port: door.port, host: hostname, helo: hostname, oldTls: true });
  const issuer = answer.kind === 'answer' ? answer.tls?.peer.chain[0]?.issuer : undefined;
  const names = AUTHORITIES.find(([pattern]) => issuer !== undefined && pattern.test(issuer))?.[1];
  if (!names?.[0] || names.some((name) => allowed.includes(name))) return undefined;
  return { at: found.at, authority: names[0] };
}
