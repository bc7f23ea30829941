/** The MTA-STS policy of a domain of ours: the text that is served, and the id that its record must have. Pure. */
import { createHash } from 'node:crypto';
import type { StsPolicy } from '../../contract/mta-sts.ts';
import { stsPolicyLines } from './policy.ts';

export interface OwnStsPolicy {
  /** As served at https://mta-sts.DOMAIN/.well-known/mta-sts.txt. */
  readonly text: string;
  /** For `v=STSv1; id=…`. */
  readonly id: string;
}

const ID_CHARS = 20;

/**
 * RFC 8461 §3.1: the id changes whenever the policy does. It is made of the policy itself, so that nobody can forget to
 * change it, and every part of this program that knows the policy knows the id.
 */
export function ownStsPolicy(policy: StsPolicy): OwnStsPolicy {
  const text = `${stsPolicyLines(policy).join('\r\n')}\r\n`;
  return { text, id: createHash('sha256').update(text).digest('hex').slice(0, ID_CHARS) };
}
