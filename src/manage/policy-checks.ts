/**
 * What a domain publishes about TLS, its logo and its settings for mail programs, looked at as others see it; for domains of
 * ours compared with what this server has. Each answers findings; none rejects for what the network does.
 */
import { createPublicKey, X509Certificate, type KeyObject } from 'node:crypto';
import { Failure } from '../base/errors.ts';
import { checkClientSetup } from '../verify/autoconfig/check-setup.ts';
import { checkBimi } from '../verify/bimi/check-bimi.ts';
import { caaNameOf, judgeCaa } from '../verify/caa/judge-caa.ts';
import { findCaa } from '../verify/caa/find-caa.ts';
import { findTlsa } from '../verify/dane/find-tlsa.ts';
import { judgeChain } from '../verify/dane/judge-chain.ts';
import { judgeOwnTlsa } from '../verify/dane/judge-own.ts';
import type { DeploymentFinding } from '../verify/deployment-finding.ts';
import { isWellFormedDomain, toAsciiDomain } from '../verify/domain-name.ts';
import { checkStsDeployment, type StsDeployment } from '../verify/mta-sts/check-deployment.ts';
import { judgeTlsRpt, type TlsRptCheck } from '../verify/tls-rpt/judge-record.ts';
import type { PolicyFacts } from './policy-facts.ts';
import type { VerifyContext } from './verify.ts';

export interface PolicyCheck {
  readonly domain: string;
  readonly findings: readonly DeploymentFinding[];
}

/** Failure `domain-wrong`. */
export function checkedDomain(text: string): string {
  const domain = toAsciiDomain(text);
  if (isWellFormedDomain(domain) && domain.includes('.')) return domain;
  throw new Failure('domain-wrong', `${JSON.stringify(text.slice(0, 80))} is no domain: write one such as example.org`, { temporary: false });
}

export function checkMtaSts({ dns, network }: VerifyContext, domain: string, facts: PolicyFacts | undefined): Promise<StsDeployment> {
  const publication = facts?.publication;
  return checkStsDeployment({ dns, fetch: network?.fetch, port: network?.policyPort ?? 443, own: publication && { id: publication.id, mode: publication.policy.mode, until: publication.until } }, domain);
}

export async function checkTlsRpt({ dns }: VerifyContext, domain: string): Promise<TlsRptCheck> {
  return judgeTlsRpt(domain, await dns.query(`_smtp._tls.${domain}`, 'TXT'));
}

export async function checkCaa({ dns }: VerifyContext, domain: string, facts: PolicyFacts | undefined): Promise<PolicyCheck> {
  const ours = facts !== undefined && (facts.hosted || domain === facts.hostname);
  const certificate = ours && facts.certificates !== '' ? new X509Certificate(facts.certificates) : undefined;
  return { domain, findings: [judgeCaa(await findCaa(dns, domain), { name: domain, issuer: certificate && caaNameOf(certificate.issuer) })] };
}

export async function checkBimiOf({ dns, clock, network }: VerifyContext, domain: string): Promise<PolicyCheck> {
  return { domain, findings: await checkBimi({ dns, fetch: network?.fetch, now: clock.now() }, domain) };
}

export async function checkAutoconfig({ dns, network }: VerifyContext, domain: string, facts: PolicyFacts): Promise<PolicyCheck> {
  const { hostname, services, policyPort } = facts;
  return { domain, findings: await checkClientSetup({ dns, fetch: network?.fetch }, { domain, hostname, services, httpsPort: policyPort }) };
}

const HOSTS_MAX = 10;

/** Each mail server of the domain: its TLSA records against the certificate that it shows. `nextKey`: PEM of a key to come. */
export async function checkDane(context: VerifyContext, domain: string, facts: PolicyFacts | undefined, nextKey?: Buffer): Promise<PolicyCheck> {
  const answer = await context.dns.query(domain, 'MX');
  if (answer.kind === 'failure') return { domain, findings: [{ level: 'unknown', text: `The MX records of ${domain} could not be looked up now (${answer.reason}).` }] };
  if (answer.kind === 'nxdomain') return { domain, findings: [{ level: 'fail', text: `${domain} does not exist.` }] };
  const hosts = answer.kind === 'found' ? answer.records.map(({ exchange }) => exchange).filter((host) => host !== '') : [domain];
  if (hosts.length === 0) return { domain, findings: [{ level: 'skip', text: `${domain} takes no mail (null MX).` }] };
  const findings = await Promise.all(hosts.slice(0, HOSTS_MAX).map((host) => (facts && host === facts.hostname && facts.certificates !== '' ? ownHost(context, host, facts, nextKey) : otherHost(context, { host, domain, mxSecure: answer.secure }))));
  return { domain, findings: findings.flat() };
}

async function ownHost({ dns, clock }: VerifyContext, host: string, { certificates }: PolicyFacts, nextKey: Buffer | undefined): Promise<readonly DeploymentFinding[]> {
  const port = 25;
  const answer = await dns.query(`_${port}._tcp.${host}`, 'TLSA');
  const next = nextKey && { nextKey: publicKeyOf(nextKey) };
  return judgeOwnTlsa({ host, port, answer, chain: chainOf(certificates), now: clock.now(), ...next });
}

/** Failure `no-key`. */
function publicKeyOf(pem: Buffer): KeyObject {
  try {
    return createPublicKey(pem);
  } catch (cause) {
    throw new Failure('no-key', 'the file of the next key holds neither a private key nor a certificate in PEM', { temporary: false, cause });
  }
}

function chainOf(pem: string): readonly X509Certificate[] {
  return (pem.match(/-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g) ?? []).map((part) => new X509Certificate(part));
}

async function otherHost({ dns, clock, network }: VerifyContext, { host, domain, mxSecure }: { readonly host: string; readonly domain: string; readonly mxSecure: boolean }): Promise<readonly DeploymentFinding[]> {
  const addresses = await dns.query(host, 'A');
  const found = await findTlsa(dns, { mx: host, addressSecure: addresses.kind === 'found' && addresses.secure, mxSecure, port: 25, ...(addresses.kind === 'found' && { canonicalName: addresses.canonicalName }) });
  if (found.kind === 'none') return [{ level: 'skip', text: `DANE says nothing about ${host}: ${found.why}.` }];
  if (found.kind === 'failure') return [{ level: 'unknown', text: `${found.detail}.` }];
  if (found.kind === 'unusable') return [{ level: 'fail', text: `None of the TLSA records of ${host} can be used for mail.`, remedy: 'Publish one of the form 3 1 1 (its key, by SHA-256).' }];
  const [address] = addresses.kind === 'found' ? addresses.records : [];
  if (!network || address === undefined) return [{ level: 'unknown', text: `${host} has usable TLSA records; its certificate was not looked at.` }];
  const seen = await network.probe({ address, port: network.mailPort, host, helo: 'localhost' });
  if (seen.kind === 'failure') return [{ level: 'unknown', text: `${host} could not be reached to see its certificate: ${seen.detail}.` }];
  if (!seen.tls) return [{ level: 'fail', text: `${host} has TLSA records and offers no TLS: senders that check DANE do not deliver.`, remedy: 'Switch STARTTLS on.' }];
  const verdict = judgeChain({ records: found.records, chain: seen.tls.peer.chain, names: [found.base, domain], now: clock.now() });
  if (verdict.kind === 'accepted') return [{ level: 'pass', text: `The TLSA records of ${host} fit its certificate.` }];
  return [{ level: 'fail', text: `The TLSA records of ${host} do not fit: ${verdict.detail}. Senders that check DANE do not deliver.`, remedy: 'Publish the record of the key that the server has.' }];
}
