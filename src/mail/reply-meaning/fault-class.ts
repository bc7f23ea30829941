/** The class of trouble where a rule does not name it. Pure. */
import type { Culprit, FaultClass } from './reply-rule.ts';

const CLASS_OF: Readonly<Record<Culprit, FaultClass>> = {
  recipient: 'soft-bounce',
  message: 'format',
  content: 'content',
  'dkim-domain': 'authentication',
  'spf-domain': 'authentication',
  'source-ip': 'block',
  'our-dns': 'authentication',
  policy: 'policy',
  capacity: 'capacity',
  theirs: 'unknown',
  ours: 'local',
};

/** Never `hard-bounce`: only a rule that knows the words may say so. */
export function classOf(code: number, culprit: Culprit): FaultClass {
  const general = CLASS_OF[culprit];
  // A temporary refusal of the source is about how much it sends.
  return general === 'block' && code < 500 ? 'rate' : general;
}
