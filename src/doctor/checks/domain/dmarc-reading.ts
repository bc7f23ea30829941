/** The DMARC record that applies to a domain, for the checks that judge it. */
import type { Dns } from '../../../contract/dns.ts';
import { discoverPolicy } from '../../../verify/dmarc/discover-policy.ts';
import type { DmarcPolicy, DmarcRecord } from '../../../verify/dmarc/record.ts';
import { TreeWalker, WalkFailure } from '../../../verify/dmarc/tree-walk.ts';
import { skip } from '../../check.ts';

/** The record that applies, its own or an inherited one; undefined when there is none or nobody knows. */
export async function applyingDmarc(dns: Dns, domain: string): Promise<{ readonly record: DmarcRecord; readonly from: string; readonly policy: DmarcPolicy } | undefined> {
  try {
    const found = await discoverPolicy(dns, new TreeWalker(dns), domain);
    return found && { record: found.record, from: found.domain, policy: found.policy };
  } catch (error) {
    if (error instanceof WalkFailure) return undefined;
    throw error;
  }
}

export const NO_DMARC = skip('There is no DMARC record that could be read.');

/** The record that applies with other values for some of its tags, without others and with more behind, as a zone file writes it. */
export function changedDmarc({ record, from }: { readonly record: Pick<DmarcRecord, 'text'>; readonly from: string }, { values = {}, without = [], add = [] }: { readonly values?: Readonly<Record<string, string>>; readonly without?: readonly string[]; readonly add?: readonly string[] }): string {
  const tags = record.text.split(';').map((tag) => tag.trim()).filter((tag) => tag !== '' && !without.includes(nameOf(tag)));
  const changed = tags.map((tag) => (values[nameOf(tag)] === undefined ? tag : `${nameOf(tag)}=${values[nameOf(tag)]}`));
  return `_dmarc.${from}. TXT "${[...changed, ...add].join('; ').replaceAll(/[\\"]/g, '\\$&')}"`;
}

function nameOf(tag: string): string {
  return tag.split('=')[0]?.trim().toLowerCase() ?? '';
}
