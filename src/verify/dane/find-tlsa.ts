/**
 * Has this mail host TLSA records that bind us? RFC 7672 §2.2.
 *
 * Policy: only names that DNSSEC vouches for all the way (MX, then address, then TLSA) bind; a look-up that fails means
 * that the host must not be used now, because a failing answer is what an attacker would make of a binding one
 * (RFC 7672 §2.1.1). Never `none` for a failure.
 */
import type { Dns, DnsAnswer } from '../../contract/dns.ts';
import { whyUnanswered } from '../unanswered.ts';
import { usableRecords, type Tlsa } from './tlsa.ts';

export interface DaneHost {
  /** As the MX record names it. */
  readonly mx: string;
  /** The name that owns the addresses, after CNAMEs; default mx. */
  readonly canonicalName?: string;
  /** AD of the address records, CNAMEs included. */
  readonly addressSecure: boolean;
  /** AD of the MX records (or of their secure absence, when the domain is its own host). */
  readonly mxSecure: boolean;
  readonly port: number;
}

export type DaneFinding =
  /** DANE says nothing about this host; `why` for people. */
  | { readonly kind: 'none'; readonly why: string }
  /** `base` is the name whose TLSA records these are: RFC 7672 §2.2.3. */
  | { readonly kind: 'records'; readonly base: string; readonly records: readonly Tlsa[]; /** Never empty. */ readonly all: readonly Tlsa[] }
  /** All records are unusable: TLS is a must, and nobody knows who the peer is (RFC 7672 §2.2). */
  | { readonly kind: 'unusable'; readonly base: string; readonly all: readonly Tlsa[] }
  /** Not to be used now. */
  | { readonly kind: 'failure'; readonly detail: string };

/** Rejects only with the signal's reason. */
export async function findTlsa(dns: Dns, host: DaneHost, signal?: AbortSignal): Promise<DaneFinding> {
  if (!host.mxSecure) return { kind: 'none', why: 'its MX records are not secured by DNSSEC' };
  const bases = await baseNames(dns, host, signal);
  if ('kind' in bases) return bases;
  let why = `the addresses of ${host.mx} are not secured by DNSSEC`;
  for (const base of bases) {
    const name = `_${host.port}._tcp.${base}`;
    const answer = await dns.query(name, 'TLSA', { blame: true, ...(signal ? { signal } : {}) });
    const finding = judgeAnswer(answer, name, base);
    if (finding.kind !== 'none') return finding;
    why = finding.why;
  }
  return { kind: 'none', why };
}

/** RFC 7672 §2.2.2: the expanded name first, then the name before its CNAME; only what is secure. */
async function baseNames(dns: Dns, host: DaneHost, signal?: AbortSignal): Promise<readonly string[] | Extract<DaneFinding, { kind: 'failure' }>> {
  const canonical = host.canonicalName ?? host.mx;
  if (host.addressSecure) return canonical === host.mx ? [host.mx] : [canonical, host.mx];
  if (canonical === host.mx) return [];
  // The alias may lead out of the secure zone, while the alias itself is secure.
  const alias = await dns.query(host.mx, 'CNAME', { blame: true, ...(signal ? { signal } : {}) });
  if (alias.kind === 'failure') return { kind: 'failure', detail: `the CNAME of ${host.mx} cannot be looked up now (${whyUnanswered(alias)})` };
  return alias.kind === 'found' && alias.secure ? [host.mx] : [];
}

function judgeAnswer(answer: DnsAnswer<'TLSA'>, name: string, base: string): DaneFinding {
  if (answer.kind === 'failure') return { kind: 'failure', detail: `the TLSA records at ${name} cannot be looked up now (${whyUnanswered(answer)})` };
  if (answer.kind !== 'found') return { kind: 'none', why: `there are no TLSA records at ${name}` };
  if (!answer.secure) return { kind: 'none', why: `the TLSA records at ${name} are not secured by DNSSEC` };
  const records = usableRecords(answer.records);
  return records.length > 0 ? { kind: 'records', base, records, all: answer.records } : { kind: 'unusable', base, all: answer.records };
}
