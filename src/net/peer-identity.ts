/**
 * What a peer showed in a TLS handshake, and the ordinary judgement of it: a known authority and the name asked for.
 * Reading is separate from judging, because DANE judges the same chain in another way.
 */
import { isIP } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { TLS_POLICY_LIMITS } from '../base/limits.ts';
import type { PeerIdentity, PeerJudge, TlsFailure, TlsProblem } from '../contract/tls-policy.ts';
import type { X509Certificate } from 'node:crypto';

/** Of an established client connection whose `checkServerIdentity` is the one of net/tls.ts. */
export function peerIdentity(socket: TLSSocket): PeerIdentity {
  const chain = chainOf(socket);
  const distrust = distrustOf(socket);
  return {
    chain,
    ...(distrust ? { distrust } : {}),
    names: (host) => namesHost(chain[0], host),
  };
}

/** RFC 8461 §4.2, RFC 6125: a trusted chain, and one of the names. */
export function pkixJudge(names: readonly string[]): PeerJudge {
  return (peer) => {
    if (peer.distrust) return { kind: 'refused', ...peer.distrust };
    if (names.some((name) => peer.names(name))) return { kind: 'accepted', by: 'pkix' };
    return { kind: 'refused', failure: 'certificate-host-mismatch', detail: `its certificate does not name ${names.join(' or ')}` };
  };
}

/** A leading dot stands for any name below, as in Postfix's match lists. */
function namesHost(leaf: X509Certificate | undefined, wanted: string): boolean {
  if (!leaf) return false;
  if (wanted.startsWith('.')) return dnsNames(leaf).some((name) => name.endsWith(wanted) && name.length > wanted.length);
  if (isIP(wanted) !== 0) return leaf.checkIP(wanted) !== undefined;
  // RFC 8461 §4.2, RFC 9525 §2: names stand in subjectAltName; the common name is for people.
  return leaf.checkHost(wanted, { partialWildcards: false, subject: 'never' }) !== undefined;
}

/** None when the certificate holds anything that would need unquoting: nobody honest has such names. */
function dnsNames(leaf: X509Certificate): readonly string[] {
  const text = leaf.subjectAltName ?? '';
  if (text.includes('"')) return [];
  return text.split(', ').flatMap((entry) => (/^DNS:[a-z0-9*._-]+$/i.test(entry) ? [entry.slice(4).toLowerCase().replace(/^\*\./, '')] : []));
}

function chainOf(socket: TLSSocket): X509Certificate[] {
  const chain: X509Certificate[] = [];
  let next = socket.getPeerX509Certificate();
  while (next && chain.length < TLS_POLICY_LIMITS.chainMax && !chain.some(({ raw }) => raw.equals((next as X509Certificate).raw))) {
    chain.push(next);
    next = next.issuerCertificate;
  }
  return chain;
}

function distrustOf(socket: TLSSocket): TlsProblem | undefined {
  if (socket.authorized) return undefined;
  const code = String(socket.authorizationError ?? '');
  // The name is judged apart; the chain is fine then.
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID' || code.startsWith('Hostname/IP does not match')) return undefined;
  return { failure: failureOf(code), detail: distrustInWords(code) };
}

function failureOf(code: string): TlsFailure {
  return code === 'CERT_HAS_EXPIRED' ? 'certificate-expired' : 'certificate-not-trusted';
}

/** Of a code of OpenSSL's verification. */
export function distrustInWords(code: string): string {
  const words: Readonly<Record<string, string>> = {
    CERT_HAS_EXPIRED: 'its certificate has expired',
    CERT_NOT_YET_VALID: 'its certificate is not valid yet',
    DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is self-signed',
    SELF_SIGNED_CERT_IN_CHAIN: 'its certificate comes from an authority that is not known here',
    UNABLE_TO_GET_ISSUER_CERT: 'its certificate comes from an authority that is not known here',
    UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'its certificate comes from an authority that is not known here',
    UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'its certificate comes without the chain to a known authority',
  };
  return words[code] ?? `its certificate is not trusted (${code || 'none was shown'})`;
}
