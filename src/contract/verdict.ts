/** What the judge stage makes of the facts about an inbound message. */
import type { Reply } from './message.ts';

export interface Verdict {
  /** `junk`: accept, and deliver to the Junk folder. `defer` and `reject` carry the reply to DATA. */
  readonly action: 'accept' | 'reject' | 'defer' | 'junk';
  /** Present for reject and defer. */
  readonly reply?: Reply;
  /** Stable, kebab-case, e.g. `dmarc-reject`: for trace, log and tests. */
  readonly rule: string;
  /** One or two sentences in plain words. */
  readonly explanation: string;
}
