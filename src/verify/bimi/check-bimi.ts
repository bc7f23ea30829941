/**
 * The logo beside the sender (BIMI, draft-brand-indicators-for-message-identification): record, DMARC, logo, certificate.
 * What the certificate says of the trade mark is looked at by receivers; here its dates, names, purpose, chain and logo are.
 */
import type { X509Certificate } from 'node:crypto';
import type { Dns } from '../../contract/dns.ts';
import type { HttpsAnswer, HttpsFetch } from '../../contract/https-fetch.ts';
import type { DeploymentFinding } from '../deployment-finding.ts';
import { WalkFailure, TreeWalker } from '../dmarc/tree-walk.ts';
import { parseTagList } from '../tag-list.ts';
import { judgeLogotype } from './logotype.ts';
import { certificatesIn, judgeMarkChain } from './mark-chain.ts';
import { LOGO_BYTES_MAX, svgProfileProblems } from './svg-profile.ts';

export interface BimiPorts {
  readonly dns: Dns;
  /** Absent: logo and certificate are not looked at. */
  readonly fetch?: HttpsFetch | undefined;
  /** Milliseconds since 1970. */
  readonly now: number;
  /** Of mark certificates, that are believed. Absent: none are known. */
  readonly roots?: readonly X509Certificate[] | undefined;
  /** Not to say that the root of a chain in order cannot be known without `roots`. */
  readonly decidedOnly?: boolean;
}

const CERTIFICATE_BYTES_MAX = 256 * 1024;
const FETCH_TIMEOUT_MS = 8000;
/** draft-fetch-validation-vmc-wchuang §4: the extended key usage of mark certificates. */
const MARK_PURPOSE = '1.3.6.1.5.5.7.3.31';

/** Never rejects for what the network does. */
export async function checkBimi(ports: BimiPorts, domain: string): Promise<readonly DeploymentFinding[]> {
  const name = `default._bimi.${domain}`;
  const answer = await ports.dns.query(name, 'TXT');
  if (answer.kind === 'failure') return [{ level: 'unknown', text: `${name} could not be looked up now (${answer.reason}).` }];
  const records = (answer.kind === 'found' ? answer.records : []).map((parts) => parts.join('')).filter((text) => /^v=BIMI1\b/i.test(text));
  const example = bimiRecord(domain);
  const [record, another] = records;
  if (record === undefined) return [{ level: 'skip', text: `${domain} has no logo (no record at ${name}).` }];
  if (another !== undefined) return [{ level: 'fail', text: `There are ${records.length} BIMI records at ${name}: none counts.`, remedy: 'Leave one of them.', record: example }];
  const tags = parseTagList(record);
  const logo = tags?.get('l');
  const evidence = tags?.get('a') ?? '';
  if (logo === undefined) return [{ level: 'fail', text: `The record at ${name} names no logo (l=).`, remedy: 'Publish this record in its place.', record: example }];
  if (logo === '') return [{ level: 'skip', text: `${domain} says that it shows no logo.` }];
  const [policy, picture, mark] = await Promise.all([checkPolicy(ports.dns, domain), fetchLogo(ports, logo), fetchEvidence(ports, evidence)]);
  const certificate = 'bytes' in mark ? judgeMark(mark.bytes, { address: evidence, domain, now: ports.now, roots: ports.roots, decidedOnly: ports.decidedOnly ?? false, logo: 'bytes' in picture ? picture.bytes : undefined }) : mark.findings;
  return [...policy, ...('bytes' in picture ? judgeLogo(picture.bytes, logo) : picture.findings), ...certificate];
}

/** To publish; `logo` and `certificate` are https addresses. */
export function bimiRecord(domain: string, logo = `https://${domain}/bimi/logo.svg`, certificate = ''): string {
  return `default._bimi.${domain}. TXT "v=BIMI1; l=${logo}; a=${certificate}"`;
}

async function checkPolicy(dns: Dns, domain: string): Promise<readonly DeploymentFinding[]> {
  try {
    const walk = await new TreeWalker(dns).walk(domain);
    // The closest record counts; below an organisation its sp= for subdomains (RFC 9989 §4.10).
    const own = walk.found.find((each) => each.domain === domain);
    const above = walk.found.find((each) => each.domain === walk.organizationalDomain);
    const policy = own ? own.record.p : (above?.record.sp ?? above?.record.p);
    if (policy === 'quarantine' || policy === 'reject') return [{ level: 'pass', text: `The DMARC policy of ${domain} is enforced (p=${policy}).` }];
    return [{ level: 'fail', text: `No receiver shows a logo while the DMARC policy of ${domain} is ${policy === undefined ? 'missing' : `p=${policy}`}.`, remedy: `Enforce DMARC first: posthorn dmarc check ${domain}` }];
  } catch (error) {
    if (!(error instanceof WalkFailure)) throw error;
    return [{ level: 'unknown', text: `The DMARC policy of ${domain} could not be looked up now.` }];
  }
}

async function get(fetch: HttpsFetch, address: string, accept: string, bytesMax: number): Promise<HttpsAnswer> {
  const url = new URL(address);
  return fetch({ host: url.hostname, port: url.port === '' ? 443 : Number(url.port), path: `${url.pathname}${url.search}`, accept, bytesMax, timeoutMs: FETCH_TIMEOUT_MS });
}

type Fetched = { readonly bytes: Buffer } | { readonly findings: readonly DeploymentFinding[] };

function told(finding: DeploymentFinding): Fetched {
  return { findings: [finding] };
}

/** The document, or what is said instead. */
function fetched(answer: HttpsAnswer, address: string): Fetched {
  if (answer.kind === 'response') return answer.status === 200 ? { bytes: answer.body } : told({ level: 'fail', text: `${address} answers with status ${answer.status}.`, remedy: 'Put the file there, without a redirect.' });
  if (answer.reason === 'too-large') return told({ level: 'fail', text: `${address} is too large.`, remedy: `A logo may have ${LOGO_BYTES_MAX} bytes, the file of a mark certificate ${CERTIFICATE_BYTES_MAX}.` });
  if (answer.reason === 'certificate') return told({ level: 'fail', text: `${address} could not be fetched: ${answer.detail}.`, remedy: 'Give that web server a certificate of a known authority for its name.' });
  return told({ level: 'unknown', text: `${address} could not be fetched: ${answer.detail}.` });
}

const isHttps = (address: string): boolean => URL.canParse(address) && new URL(address).protocol === 'https:';

async function fetchLogo({ fetch }: BimiPorts, logo: string): Promise<Fetched> {
  if (!isHttps(logo)) return { findings: bad(`The logo must be an address that begins with https://; it is ${JSON.stringify(logo.slice(0, 100))}.`, 'Put the file on a web server with TLS.') };
  if (!fetch) return { findings: [{ level: 'unknown', text: `${logo} cannot be fetched from here.` }] };
  return fetched(await get(fetch, logo, 'image/svg+xml', LOGO_BYTES_MAX), logo);
}

/** Pure. */
export function judgeLogo(bytes: Buffer, logo: string): readonly DeploymentFinding[] {
  const problems = svgProfileProblems(bytes);
  if (problems.length === 0) return [{ level: 'pass', text: `${logo} is in the profile SVG Tiny P/S.` }];
  return problems.map((text) => ({ level: 'fail', text: `${logo}: ${text}`, remedy: 'Convert the logo to SVG Tiny P/S (the BIMI Group has tools for that), or mend the file by hand.' }));
}

async function fetchEvidence({ fetch }: BimiPorts, address: string): Promise<Fetched> {
  if (address === '' || address === 'self') return { findings: [{ level: 'warn', text: 'The logo has no mark certificate (a=): Gmail and Apple do not show it.', remedy: 'Get a VMC or CMC from an authority that makes them, and name its PEM file as a= in the record.' }] };
  if (!isHttps(address)) return { findings: bad(`The certificate must be an address that begins with https://; it is ${JSON.stringify(address.slice(0, 100))}.`, 'Put the PEM file on a web server with TLS.') };
  if (!fetch) return { findings: [{ level: 'unknown', text: `${address} cannot be fetched from here.` }] };
  return fetched(await get(fetch, address, 'application/x-pem-file', CERTIFICATE_BYTES_MAX), address);
}

function bad(text: string, remedy: string): readonly DeploymentFinding[] {
  return [{ level: 'fail', text, remedy }];
}

export interface MarkQuestion {
  readonly address: string;
  readonly domain: string;
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly roots?: readonly X509Certificate[] | undefined;
  readonly decidedOnly?: boolean;
  /** As published. Undefined: it could not be fetched. */
  readonly logo?: Buffer | undefined;
}

/** Pure. */
export function judgeMark(pem: Buffer, { address, domain, now, roots, decidedOnly = false, logo }: MarkQuestion): readonly DeploymentFinding[] {
  const chain = certificatesIn(pem);
  const [certificate] = chain;
  if (!certificate) return bad(`${address} holds no certificate.`, 'Put the PEM file of the mark certificate there, with its chain.');
  const validity = judgeValidity(certificate, { address, domain, now });
  if (validity.some(({ level }) => level === 'fail')) return validity;
  const path = judgeMarkChain(chain, now, roots);
  return [...validity, ...(decidedOnly && path.level === 'unknown' ? [] : [path]), judgeLogotype(certificate, logo)];
}

function judgeValidity(certificate: X509Certificate, { address, domain, now }: MarkQuestion): readonly DeploymentFinding[] {
  const until = certificate.validToDate;
  if (until.getTime() < now) return bad(`The mark certificate expired on ${until.toISOString().slice(0, 10)}.`, 'Renew it at its authority.');
  if (certificate.validFromDate.getTime() > now) return bad('The mark certificate is not valid yet.', 'Wait for its first day.');
  if (!(certificate.keyUsage ?? []).includes(MARK_PURPOSE)) return bad(`The certificate at ${address} is not a mark certificate.`, 'A web server’s certificate does not do: get a VMC or CMC.');
  const names = (certificate.subjectAltName ?? '').split(', ').map((name) => name.replace(/^DNS:/, '').toLowerCase());
  if (!names.some((name) => name === domain || name === `default._bimi.${domain}` || domain.endsWith(`.${name}`))) return bad(`The mark certificate is for ${names.join(', ').slice(0, 200)}, not for ${domain}.`, 'Get one that names the domain.');
  const days = Math.floor((until.getTime() - now) / 86_400_000);
  if (days < 30) return [{ level: 'warn', text: `The mark certificate expires in ${days} days.`, remedy: 'Renew it at its authority.' }];
  return [{ level: 'pass', text: `The mark certificate is valid until ${until.toISOString().slice(0, 10)}.` }];
}
