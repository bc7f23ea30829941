/**
 * TLS of outgoing mail in words: what is demanded of a session, who demands it, how a peer's certificate was judged, and
 * what of it is counted for reports (RFC 8460).
 */
import type { X509Certificate } from 'node:crypto';

/**
 * `none`: in the clear · `opportunistic`: when it is offered and works · `encrypt`: a must, whoever the peer is ·
 * `verify`: with a certificate of a known authority · `dane`: with a certificate that TLSA records name.
 */
export const TLS_LEVELS = ['none', 'opportunistic', 'encrypt', 'verify', 'dane'] as const;
export type TlsLevel = (typeof TLS_LEVELS)[number];

/** Who or what says how a session must be protected. */
export type TlsPolicyName = TlsLevel | 'mta-sts';

/** Of one attempt at one host, for trace and log. */
export interface TlsPolicyFacts {
  readonly policy: TlsPolicyName;
  /** Where it comes from, to be read after "required by": `the MTA-STS policy of example.net`. */
  readonly source: string;
  /** By what the certificate was accepted; absent when it was not, or when nobody asked. */
  readonly verifiedBy?: CertificateProof;
  /** What is wrong with TLS or certificate, also when it does not matter here. */
  readonly problem?: string;
}

/** `pkix`: a known authority and the right name. */
export type CertificateProof = 'dane-ee' | 'dane-ta' | 'pkix';

/** The result types of RFC 8460 §4.3. */
export const TLS_FAILURES = [
  'starttls-not-supported',
  'certificate-host-mismatch',
  'certificate-expired',
  'certificate-not-trusted',
  'validation-failure',
  'tlsa-invalid',
  'dnssec-invalid',
  'dane-required',
  'sts-policy-fetch-error',
  'sts-policy-invalid',
  'sts-webpki-invalid',
] as const;
export type TlsFailure = (typeof TLS_FAILURES)[number];

export interface TlsProblem {
  readonly failure: TlsFailure;
  readonly detail: string;
}

/** What a peer showed in its handshake. */
export interface PeerIdentity {
  /** As sent, the peer's own first; at most TLS_POLICY_LIMITS.chainMax. */
  readonly chain: readonly X509Certificate[];
  /** Undefined when the chain leads to an authority that we know and is in force. */
  readonly distrust?: TlsProblem;
  /** Does the peer's own certificate name this host. */
  names(host: string): boolean;
}

export type PeerVerdict = { readonly kind: 'accepted'; readonly by: CertificateProof } | ({ readonly kind: 'refused' } & TlsProblem);

/** Judges after the handshake; nothing is sent to a peer that is refused where TLS must be verified. */
export type PeerJudge = (peer: PeerIdentity) => PeerVerdict;

/** The policy that a session is counted under (RFC 8460 §4.2). */
export interface ReportedPolicy {
  readonly type: 'tlsa' | 'sts' | 'no-policy-found';
  /** The policy's lines, or the TLSA records. */
  readonly text: readonly string[];
  /** `mx` patterns of an MTA-STS policy. */
  readonly mxPatterns?: readonly string[];
}

/** One session, or one attempt that the policy ended before there was a session. */
export interface TlsResult {
  /** Milliseconds since 1970. */
  readonly at: number;
  /** The recipients' domain. */
  readonly domain: string;
  readonly policy: ReportedPolicy;
  readonly mx?: string;
  readonly receivingIp?: string;
  readonly sendingIp?: string;
  /** Absent: the session was protected as the policy wants. */
  readonly problem?: TlsProblem;
}

/** Counts; never fails towards the caller. */
export interface TlsResultRecorder {
  record(result: TlsResult): void;
}
