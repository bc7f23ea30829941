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

/** What a rule says of the class of its replies. */
export interface ClassRule {
  readonly culprit: Culprit;
  readonly faultClass?: FaultClass;
  readonly temporaryClass?: FaultClass;
}

/** The class of a reply that the rule answers. `hard-bounce` only where a rule says so, and never for 4xx. */
export function classOf(code: number, rule: ClassRule): FaultClass {
  const temporary = code < 500;
  if (temporary && rule.temporaryClass) return rule.temporaryClass;
  if (temporary && rule.faultClass === 'hard-bounce') return 'soft-bounce';
  if (rule.faultClass) return rule.faultClass;
  const general = CLASS_OF[rule.culprit];
  // A temporary refusal of the source is about how much it sends.
  return general === 'block' && temporary ? 'rate' : general;
}
