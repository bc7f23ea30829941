/** The DMARC record that applies to a domain, for the checks that judge it. */
import type { Dns } from '../../../contract/dns.ts';
import type { DmarcRecord } from '../../../verify/dmarc/record.ts';
import { TreeWalker, WalkFailure } from '../../../verify/dmarc/tree-walk.ts';
import { skip } from '../../check.ts';

/** The record that applies, its own or an inherited one; undefined when there is none or nobody knows. */
export async function applyingDmarc(dns: Dns, domain: string): Promise<{ readonly record: DmarcRecord; readonly from: string } | undefined> {
  try {
    const [first] = (await new TreeWalker(dns).walk(domain)).found;
    return first && { record: first.record, from: first.domain };
  } catch (error) {
    if (error instanceof WalkFailure) return undefined;
    throw error;
  }
}

export const NO_DMARC = skip('There is no DMARC record that could be read.');
