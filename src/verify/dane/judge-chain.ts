/**
 * Does a peer's certificate chain fit the TLSA records of its host?
 *
 * DANE-EE(3) binds the peer's key alone: names and dates in the certificate do not count (RFC 7672 §3.1.1). DANE-TA(2)
 * names an issuer: every signature up to it, the dates, the right to issue, the purpose and the name are checked
 * (RFC 7672 §3.1.2). The authorities that everybody knows play no part.
 *
 * Name constraints and path lengths inside the chain of a trust anchor are not looked at: the anchor is the domain's own
 * choice.
 */
import { createPublicKey, X509Certificate, type KeyObject } from 'node:crypto';
import type { PeerVerdict, TlsProblem } from '../../contract/tls-policy.ts';
import { holdsAnchor, matches, SELECTOR, USAGE, type Tlsa } from './tlsa.ts';

export interface DaneQuestion {
  /** Usable ones only. */
  readonly records: readonly Tlsa[];
  /** As sent, the peer's own first. */
  readonly chain: readonly X509Certificate[];
  /** Reference identifiers, RFC 7672 §3.2.2: TLSA base domain, recipient domain. */
  readonly names: readonly string[];
  /** Milliseconds since 1970. */
  readonly now: number;
}

const SERVER_AUTH = '1.3.6.1.5.5.7.3.1';
const ANY_PURPOSE = '2.5.29.37.0';

export function judgeChain({ records, chain, names, now }: DaneQuestion): PeerVerdict {
  const [leaf] = chain;
  if (!leaf) return refused('validation-failure', 'the server showed no certificate');
  if (records.some((record) => record.usage === USAGE.endEntity && matches(record, leaf))) return { kind: 'accepted', by: 'dane-ee' };
  const anchors = records.filter(({ usage }) => usage === USAGE.trustAnchor);
  if (anchors.length === 0) return refused('validation-failure', 'its certificate does not match the TLSA records');
  const problem = problemBelowAnchor(anchors, chain, now) ?? problemOfLeaf(leaf, names, now);
  return problem ? { kind: 'refused', ...problem } : { kind: 'accepted', by: 'dane-ta' };
}

/** Walks from the peer's certificate up to an anchor; undefined when it is reached by valid steps. */
function problemBelowAnchor(anchors: readonly Tlsa[], chain: readonly X509Certificate[], now: number): TlsProblem | undefined {
  const left = new Set(chain.slice(1));
  let current = chain[0] as X509Certificate;
  for (;;) {
    if (anchors.some((anchor) => holdsAnchor(anchor) && signedByRecord(anchor, current))) return undefined;
    const issuer: X509Certificate | undefined = [...left].find((candidate) => issued(candidate, current));
    if (!issuer) return { failure: 'validation-failure', detail: 'its certificate chain does not lead to the authority that the TLSA records name' };
    left.delete(issuer);
    const late = problemOfDates(issuer, now);
    if (late) return late;
    if (anchors.some((anchor) => matches(anchor, issuer))) return undefined;
    current = issuer;
  }
}

function issued(issuer: X509Certificate, certificate: X509Certificate): boolean {
  return issuer.ca && certificate.checkIssued(issuer) && verifies(certificate, issuer.publicKey);
}

/** By the certificate, or the bare key, that the record itself holds. */
function signedByRecord({ selector, data }: Tlsa, certificate: X509Certificate): boolean {
  try {
    if (selector === SELECTOR.publicKey) return verifies(certificate, createPublicKey({ key: data, format: 'der', type: 'spki' }));
    return issued(new X509Certificate(data), certificate);
  } catch {
    return false;
  }
}

function verifies(certificate: X509Certificate, key: KeyObject): boolean {
  try {
    return certificate.verify(key);
  } catch {
    return false;
  }
}

function problemOfLeaf(leaf: X509Certificate, names: readonly string[], now: number): TlsProblem | undefined {
  const late = problemOfDates(leaf, now);
  if (late) return late;
  const purposes = leaf.keyUsage as readonly string[] | undefined;
  if (purposes && purposes.length > 0 && !purposes.includes(SERVER_AUTH) && !purposes.includes(ANY_PURPOSE)) {
    return { failure: 'certificate-not-trusted', detail: 'its certificate is not meant for servers' };
  }
  if (names.some((name) => leaf.checkHost(name, { subject: 'default', partialWildcards: false }) !== undefined)) return undefined;
  return { failure: 'certificate-host-mismatch', detail: `its certificate does not name ${names.join(' or ')}` };
}

function problemOfDates(certificate: X509Certificate, now: number): TlsProblem | undefined {
  if (now > certificate.validToDate.getTime()) return { failure: 'certificate-expired', detail: `a certificate expired on ${certificate.validToDate.toISOString().slice(0, 10)}` };
  if (now < certificate.validFromDate.getTime()) return { failure: 'certificate-not-trusted', detail: `a certificate is valid from ${certificate.validFromDate.toISOString().slice(0, 10)} on` };
  return undefined;
}

function refused(failure: TlsProblem['failure'], detail: string): PeerVerdict {
  return { kind: 'refused', failure, detail };
}
