/** What a spam rule is: one thing that filters hold against mail, as data. */
import type { MessageReading } from '../message-reading.ts';

export interface SpamRule {
  /** Stable, in capitals. */
  readonly id: string;
  readonly score: number;
  /** What was seen, in a few words. */
  readonly what: string;
  /** Why filters mind, and what to do instead; one sentence each. */
  readonly why: string;
  readonly hits: (reading: MessageReading) => boolean;
}
