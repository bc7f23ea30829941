/** The CAA records that count for a name: its own, else those of the closest parent that has some (RFC 8659 §3). */
import type { Dns, RecordData } from '../../contract/dns.ts';

export type CaaFinding =
  | { readonly kind: 'found'; readonly at: string; readonly records: readonly RecordData['CAA'][] }
  | { readonly kind: 'none' }
  /** An authority must not issue while it cannot know (RFC 8659 §3). */
  | { readonly kind: 'unknown'; readonly at: string; readonly reason: string };

/** Labels of a hostile name. */
const CLIMB_MAX = 20;

/** The top-level domain is asked as well. Rejects only with the signal's reason. */
export async function findCaa(dns: Dns, name: string, signal?: AbortSignal): Promise<CaaFinding> {
  const labels = name.split('.');
  for (let cut = 0; cut < Math.min(labels.length, CLIMB_MAX); cut += 1) {
    const at = labels.slice(cut).join('.');
    const answer = await dns.query(at, 'CAA', signal ? { signal } : {});
    if (answer.kind === 'failure') return { kind: 'unknown', at, reason: answer.reason };
    if (answer.kind === 'found') return { kind: 'found', at, records: answer.records };
  }
  return { kind: 'none' };
}
