/** `posthorn dkim verify`: the verdict on each signature, and why it is so. */
import { BufferSource } from '../../base/byte-source.ts';
import { AUTHENTICATION_LIMITS } from '../../base/limits.ts';
import { parseHeader } from '../../mail/header.ts';
import { createDeadlineDns } from '../../verify/deadline-dns.ts';
import { explainDkim, type ExplainedSignature } from '../../verify/dkim/diagnosis/diagnose.ts';
import type { VerifyContext } from '../authentication/verify.ts';

export type { ExplainedSignature };

/** `message` with CRLF line ends; one row per signature, top first. */
export async function answerDkimWhy({ dns, clock }: VerifyContext, message: Buffer): Promise<readonly ExplainedSignature[]> {
  const bounded = createDeadlineDns(dns, clock, AUTHENTICATION_LIMITS.timeoutMs);
  try {
    return await explainDkim(bounded, new BufferSource(message), parseHeader(message), { now: clock.now() });
  } finally {
    bounded.close();
  }
}
