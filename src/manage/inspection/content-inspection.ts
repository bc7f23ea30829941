/** What an outgoing message says, judged within a deadline of its own: DNS lists that are silent hold nobody up. */
import { PREFLIGHT_LIMITS } from '../../base/limits.ts';
import { contentFindings } from '../../verify/preflight/content.ts';
import { createDeadlineDns } from '../../verify/deadline-dns.ts';
import type { Finding } from '../../verify/preflight/finding.ts';
import type { VerifyContext } from '../authentication/verify.ts';

/** Never rejects for what the DNS did. */
export async function judgeContent({ dns, clock, domainLists }: VerifyContext, message: Buffer): Promise<readonly Finding[]> {
  const bounded = createDeadlineDns(dns, clock, PREFLIGHT_LIMITS.lookupTimeoutMs);
  try {
    return await contentFindings(bounded, message, domainLists);
  } finally {
    bounded.close();
  }
}
