/**
 * One mail host of a domain as senders that follow DANE find it: its TLSA records, and whether they fit the certificate that
 * it shows. What the doctor says and what `posthorn tls dane check` says.
 *
 * Policy: nobody has to publish TLSA records; wrong ones keep mail out. What cannot be asked is `unknown`.
 */
import type { KeyObject, X509Certificate } from 'node:crypto';
import type { Dns, DnsAnswer } from '../../contract/dns.ts';
import type { DoctorNetwork } from '../../contract/doctor-network.ts';
import type { DeploymentFinding } from '../deployment-finding.ts';
import { findTlsa } from './find-tlsa.ts';
import { judgeChain } from './judge-chain.ts';
import { judgeOwnTlsa } from './judge-own.ts';

export interface DaneHostQuestion {
  readonly domain: string;
  readonly host: string;
  /** AD of the MX records. */
  readonly mxSecure: boolean;
  /** Milliseconds since 1970. */
  readonly now: number;
  /** The host is this server. */
  readonly own?: OwnDaneHost | undefined;
}

export interface OwnDaneHost {
  /** Of the configuration; empty: what the server shows is looked at. */
  readonly chain: readonly X509Certificate[];
  readonly nextKey?: KeyObject;
}

interface Ports {
  readonly dns: Dns;
  /** Absent: certificates are not looked at. */
  readonly network?: Pick<DoctorNetwork, 'probe' | 'mailPort'> | undefined;
}

type Shown = { readonly chain: readonly X509Certificate[] } | { readonly finding: DeploymentFinding };

const PORT = 25;

/** Never empty. Rejects only with the signal's reason of the DNS. */
export async function checkDaneHost(ports: Ports, question: DaneHostQuestion): Promise<readonly DeploymentFinding[]> {
  const { dns, network } = ports;
  const { host, domain, mxSecure, now, own } = question;
  const port = network?.mailPort ?? PORT;
  if (own) return checkOwn(ports, question, own, port);
  const address = await addressOf(dns, host);
  if (address.kind === 'failure') return [{ level: 'unknown', text: `The address of ${host} could not be looked up now (${address.reason}).` }];
  const found = await findTlsa(dns, { mx: host, addressSecure: address.secure, mxSecure, port, ...(address.kind === 'found' && { canonicalName: address.canonicalName }) });
  if (found.kind === 'failure') return [{ level: 'unknown', text: `${found.detail}.` }];
  if (found.kind === 'none') return [await withoutDane(dns, host, port, found.why)];
  if (found.kind === 'unusable') return [{ level: 'fail', text: `None of the TLSA records at _${port}._tcp.${found.base} can be used for mail.`, remedy: 'Publish one of the form "3 1 1 …" (the key of the mail server, by SHA-256) in their place.' }];
  const shown = await shownBy(ports, host, address.kind === 'found' ? address.records[0] : undefined);
  if ('finding' in shown) return [shown.finding];
  const verdict = judgeChain({ records: found.records, chain: shown.chain, names: [found.base, domain], now });
  if (verdict.kind === 'accepted') return [{ level: 'pass', text: `The TLSA records of ${host} fit its certificate.` }];
  return [{ level: 'fail', text: `The TLSA records of ${host} do not fit its certificate (${verdict.detail}): senders that check DANE do not deliver.`, remedy: 'Publish the record of the key that the server has beside the old one; when keys change, publish the next one first.' }];
}

async function checkOwn(ports: Ports, { host, mxSecure, now }: DaneHostQuestion, own: OwnDaneHost, port: number): Promise<readonly DeploymentFinding[]> {
  const { dns } = ports;
  const answer = await dns.query(`_${port}._tcp.${host}`, 'TLSA');
  // Only records that count are worth a connection.
  const looks = own.chain.length === 0 && answer.kind === 'found' && answer.secure;
  const address = looks ? await addressOf(dns, host) : undefined;
  const shown: Shown = looks ? await shownBy(ports, host, address?.kind === 'found' ? address.records[0] : undefined) : { chain: own.chain };
  if ('finding' in shown) return [shown.finding];
  const findings = judgeOwnTlsa({ host, port, answer, chain: shown.chain, now, ...(own.nextKey && { nextKey: own.nextKey }) });
  if (mxSecure || answer.kind !== 'found' || !answer.secure) return findings;
  // RFC 7672 §2.2.1: who was led to the host by an MX that nobody vouches for does not ask for its TLSA records.
  return [...findings.filter(({ level }) => level !== 'pass'), { level: 'skip', text: `The MX records that lead to ${host} are not secured by DNSSEC: mail that follows them does not heed its TLSA records.` }];
}

async function addressOf(dns: Dns, host: string): Promise<DnsAnswer<'A'> | DnsAnswer<'AAAA'>> {
  const four = await dns.query(host, 'A');
  return four.kind === 'nodata' ? dns.query(host, 'AAAA') : four;
}

async function withoutDane(dns: Dns, host: string, port: number, why: string): Promise<DeploymentFinding> {
  const name = `_${port}._tcp.${host}`;
  const loose = await dns.query(name, 'TLSA');
  if (loose.kind === 'found') return { level: 'warn', text: `There are TLSA records at ${name}, and nobody heeds them: ${why}.`, remedy: 'Sign the zones of the domain and of the mail server with DNSSEC (a switch at most DNS providers), or remove the records.' };
  return { level: 'skip', text: `DANE says nothing about ${host}: ${why}.` };
}

async function shownBy({ network }: Ports, host: string, address: string | undefined): Promise<Shown> {
  if (!network || address === undefined) return { finding: { level: 'unknown', text: `Whether the TLSA records of ${host} fit its certificate was not tried.` } };
  const seen = await network.probe({ address, port: network.mailPort, host, helo: 'doctor.example.com' });
  if (seen.kind === 'failure' && seen.step === 'tls') return { finding: { level: 'fail', text: `${host} has TLSA records, and TLS with it does not work: ${seen.detail}.`, remedy: 'Repair TLS of the mail server first; until then senders that check DANE hand over nothing.' } };
  if (seen.kind === 'failure') return { finding: { level: 'unknown', text: `${host} could not be asked for its certificate: ${seen.detail}.` } };
  if (!seen.tls) return { finding: { level: 'fail', text: `${host} has TLSA records and offers no STARTTLS: senders that check DANE do not deliver.`, remedy: 'Set certificate and key in [tls], or remove the TLSA records.' } };
  return { chain: seen.tls.peer.chain };
}
