/**
 * The chain of a mark certificate: each certificate of the file issued by the next. Mark certificates have roots of their own,
 * which are in no list that systems come with: whether the last one leads to a root that receivers know is told only to who
 * names those roots, and is unknown else.
 */
import { X509Certificate } from 'node:crypto';
import type { DeploymentFinding } from '../deployment-finding.ts';

const CERTIFICATES_MAX = 10;
const PEM = /-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----/g;

/** In the order of the file; what cannot be read is left out. */
export function certificatesIn(pem: Buffer): readonly X509Certificate[] {
  const blocks = [...pem.toString('latin1').matchAll(PEM)].slice(0, CERTIFICATES_MAX);
  return blocks.flatMap(([block]) => {
    try {
      return [new X509Certificate(block)];
    } catch {
      return [];
    }
  });
}

/** `roots`: those that are believed; undefined: none are known. `now`: milliseconds since 1970. */
export function judgeMarkChain(chain: readonly X509Certificate[], now: number, roots?: readonly X509Certificate[]): DeploymentFinding {
  for (const [at, certificate] of chain.entries()) {
    const issuer = chain[at + 1];
    if (issuer && !isIssued(certificate, issuer)) return { level: 'fail', text: `The chain of the mark certificate is broken: ${nameOf(certificate.subject)} is not issued by ${nameOf(issuer.subject)}, which follows it in the file.`, remedy: 'Put the certificates into the PEM file in this order: the mark certificate, then who issued it, up to the root.' };
    if (at > 0 && (certificate.validToDate.getTime() < now || certificate.validFromDate.getTime() > now)) return { level: 'fail', text: `${nameOf(certificate.subject)}, which issued the mark certificate, is not valid now.`, remedy: 'Get the present chain from the authority.' };
  }
  const last = chain.at(-1);
  if (!last) return { level: 'unknown', text: 'The chain of the mark certificate could not be read.' };
  if (roots?.some((root) => root.fingerprint256 === last.fingerprint256 || isIssued(last, root))) return { level: 'pass', text: 'The chain of the mark certificate leads to a root that is believed.' };
  if (roots) return { level: 'fail', text: `The chain of the mark certificate ends at ${nameOf(last.issuer)}, which is none of the roots that are believed.`, remedy: 'Complete the PEM file with the certificates between the mark certificate and the root.' };
  if (chain.length === 1 && last.subject !== last.issuer) return { level: 'warn', text: `The PEM file holds the mark certificate alone, without that of ${nameOf(last.issuer)}, who issued it.`, remedy: 'Put the certificates of the authority behind it: receivers cannot verify it without them.' };
  return { level: 'unknown', text: `The chain of the mark certificate is in order up to ${nameOf(last.issuer)}; whether receivers believe that root is not known here (posthorn bimi check --roots FILE).` };
}

function isIssued(certificate: X509Certificate, issuer: X509Certificate): boolean {
  return issuer.ca && certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
}

/** The common name, else all of it. */
function nameOf(distinguishedName: string): string {
  return JSON.stringify((/(?:^|\n)CN=(.*)/.exec(distinguishedName)?.[1] ?? distinguishedName.replaceAll('\n', ', ')).slice(0, 100));
}
