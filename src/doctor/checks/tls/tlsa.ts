/** DANE: do the TLSA records fit the certificates that the mail servers show? */
import type { DoctorNetwork } from '../../../contract/doctor-network.ts';
import { findTlsa } from '../../../verify/dane/find-tlsa.ts';
import { judgeChain } from '../../../verify/dane/judge-chain.ts';
import { usableRecords } from '../../../verify/dane/tlsa.ts';
import { defineCheck, fail, pass, skip, unanswered, unknown, warn, type DoctorContext, type DomainSubject, type Finding } from '../../check.ts';

const HOSTS_MAX = 10;

export const tlsa = defineCheck<DomainSubject>({
  id: 'tlsa', about: 'domain', title: 'DANE (TLSA)', weight: 2,
  why: 'Senders that follow DANE hand over mail only to a server with the key that the TLSA record names: a wrong one keeps their mail out.',
  link: 'https://www.rfc-editor.org/rfc/rfc7672',
  run: async (context, { domain }) => {
    const mx = await context.dns.query(domain, 'MX');
    if (mx.kind === 'failure') return unanswered(`The MX of ${domain}`, mx);
    const hosts = mx.kind === 'found' ? mx.records.map(({ exchange }) => exchange).filter((host) => host !== '' && host !== '.') : [];
    const findings = await Promise.all(hosts.slice(0, HOSTS_MAX).map((host) => ofHost(context, domain, host, mx.kind === 'found' && mx.secure)));
    const worst = (['fail', 'warn', 'unknown', 'pass'] as const).map((level) => findings.find((finding) => finding.level === level)).find((finding) => finding !== undefined);
    return worst ?? skip(`The mail servers of ${domain} have no TLSA records.`);
  },
});

async function ofHost({ dns, network, now }: DoctorContext, domain: string, host: string, mxSecure: boolean): Promise<Finding> {
  const port = network?.mailPort ?? 25;
  const address = await dns.query(host, 'A');
  if (address.kind === 'failure') return unanswered(host, address);
  const found = await findTlsa(dns, { mx: host, addressSecure: address.kind === 'found' && address.secure, mxSecure, port, ...(address.kind === 'found' ? { canonicalName: address.canonicalName } : {}) });
  if (found.kind === 'failure') return unknown(`${found.detail}.`);
  const name = `_${port}._tcp.${host}`;
  if (found.kind === 'none') {
    const loose = await dns.query(name, 'TLSA');
    return loose.kind === 'found' ? warn(`${host} has TLSA records that count for nothing: ${found.why}.`, 'Sign the zones of the domain and of the mail server with DNSSEC, or remove the records.') : skip(`${host} has no TLSA records.`);
  }
  if (found.kind === 'unusable') return fail(`None of the TLSA records at ${name} can be used for mail.`, 'Publish one of the form "3 1 1 …": posthorn dns records shows it.');
  if (!network || address.kind !== 'found') return unknown(`Whether the TLSA records at ${name} fit was not tried.`);
  return judgeHost(network, { host, name, domain, address: address.records[0] ?? '', records: usableRecords(found.records), now });
}

interface HostToJudge {
  readonly host: string;
  readonly name: string;
  readonly domain: string;
  readonly address: string;
  readonly records: Parameters<typeof judgeChain>[0]['records'];
  readonly now: number;
}

async function judgeHost(network: DoctorNetwork, { host, name, domain, address, records, now }: HostToJudge): Promise<Finding> {
  const answer = await network.probe({ address, port: network.mailPort, host, helo: 'doctor.example.com' });
  if (answer.kind === 'failure' && answer.step === 'tls') return fail(`${host} has TLSA records, and TLS with it does not work: ${answer.detail}.`, 'Repair TLS of the mail server first; until then senders that follow DANE hand over nothing.');
  if (answer.kind === 'failure') return unknown(`${host} could not be asked for its certificate: ${answer.detail}.`);
  if (!answer.tls) return fail(`${host} has TLSA records, but does not offer STARTTLS.`, 'Set certificate and key in [tls], or remove the TLSA records.');
  const verdict = judgeChain({ records, chain: answer.tls.peer.chain, names: [host, domain], now });
  if (verdict.kind === 'accepted') return pass(`The TLSA records of ${host} fit its certificate.`);
  return fail(`The TLSA records at ${name} do not fit the certificate of ${host}.`, 'Publish the record of the key in use beside the old one, and when you change keys publish the next one first: posthorn dns records shows it.');
}
