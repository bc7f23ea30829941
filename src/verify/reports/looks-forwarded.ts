/**
 * A forwarder or a mailing list, by its figures: what passes there passes by our signature alone, never by SPF, and what
 * does not comes with somebody else's return path or signature.
 */
import type { DmarcSourceSummary } from '../../contract/reports.ts';

/** Not to be asked about our own addresses, and of a known service it means that part of its mail is not signed. */
export function looksForwarded({ count, passed, dkimAligned, spfAligned, authenticatedElsewhere, forwarded }: DmarcSourceSummary): boolean {
  const failed = count - passed;
  return spfAligned === 0 && dkimAligned > 0 && Math.max(authenticatedElsewhere, forwarded) >= failed / 2;
}
