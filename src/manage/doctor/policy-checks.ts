/**
 * What a domain publishes about TLS, its logo and its settings for mail programs, looked at as others see it; for domains of
 * ours compared with what this server has. Each answers findings; none rejects for what the network does.
 */
import { createPublicKey, X509Certificate, type KeyObject } from 'node:crypto';
import { Failure } from '../../base/errors.ts';
import { checkClientSetup } from '../../verify/autoconfig/check-setup.ts';
import { checkBimi } from '../../verify/bimi/check-bimi.ts';
import { certificatesIn } from '../../verify/bimi/mark-chain.ts';
import { caaNameOf, judgeCaa } from '../../verify/caa/judge-caa.ts';
import { findCaa } from '../../verify/caa/find-caa.ts';
import { checkDaneHost } from '../../verify/dane/check-host.ts';
import type { DeploymentFinding } from '../../verify/deployment-finding.ts';
import { isWellFormedDomain, toAsciiDomain } from '../../verify/domain-name.ts';
import { checkStsDeployment, type StsDeployment } from '../../verify/mta-sts/check-deployment.ts';
import { judgeTlsRpt, type TlsRptCheck } from '../../verify/tls-rpt/judge-record.ts';
import type { PolicyFacts } from './policy-facts.ts';
import type { VerifyContext } from '../authentication/verify.ts';

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
  return checkStsDeployment({ dns, fetch: network?.fetch, port: network?.policyPort ?? 443, server: publication && facts.hostname, own: publication && { id: publication.id, mode: publication.policy.mode, until: publication.until } }, domain);
}

export async function checkTlsRpt({ dns }: VerifyContext, domain: string): Promise<TlsRptCheck> {
  return judgeTlsRpt(domain, await dns.query(`_smtp._tls.${domain}`, 'TXT'));
}

export async function checkCaa({ dns }: VerifyContext, domain: string, facts: PolicyFacts | undefined): Promise<PolicyCheck> {
  const ours = facts !== undefined && (facts.hosted || domain === facts.hostname);
  const certificate = ours && facts.certificates !== '' ? new X509Certificate(facts.certificates) : undefined;
  return { domain, findings: [judgeCaa(await findCaa(dns, domain), { name: domain, issuer: certificate && caaNameOf(certificate.issuer) })] };
}

/** `roots`: PEM, of mark certificates; undefined: none are known. */
export async function checkBimiOf({ dns, clock, network }: VerifyContext, domain: string, roots?: Buffer): Promise<PolicyCheck> {
  const believed = roots && certificatesIn(roots);
  if (believed?.length === 0) throw new Failure('roots-unreadable', 'the file of --roots holds no certificate: give the roots of mark certificates as PEM', { temporary: false });
  return { domain, findings: await checkBimi({ dns, fetch: network?.fetch, now: clock.now(), roots: believed }, domain) };
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
  const { dns, clock, network } = context;
  const own = facts && facts.certificates !== '' ? { chain: chainOf(facts.certificates), ...(nextKey && { nextKey: publicKeyOf(nextKey) }) } : undefined;
  const findings = await Promise.all(hosts.slice(0, HOSTS_MAX).map((host) => checkDaneHost({ dns, network }, { domain, host, mxSecure: answer.secure, now: clock.now(), own: host === facts?.hostname ? own : undefined })));
  return { domain, findings: findings.flat() };
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
