/** What the tables of this folder consist of. Each row carries where the fact is from and when it was looked at. */

/**
 * Who has to change something. Only `recipient` may ever lead to an address being suppressed: a block of our address
 * or domain that arrives as 550 is no fault of the recipient.
 */
export type Culprit =
  | 'recipient'
  | 'message'
  | 'content'
  | 'dkim-domain'
  | 'spf-domain'
  | 'source-ip'
  | 'our-dns'
  | 'policy'
  | 'capacity'
  | 'theirs'
  | 'ours';

export interface Meaning {
  readonly culprit: Culprit;
  /** One sentence: what happened. */
  readonly meaning: string;
  /** One sentence: what to do. */
  readonly nextStep: string;
}

export interface ReplyRule extends Meaning {
  /** Stable, e.g. `google.rate-ip`. */
  readonly id: string;
  /** Tried on `code enhanced text` in lower case, on one line, at most 2,000 characters. */
  readonly pattern: RegExp;
}

export interface RuleTable {
  /** `Gmail`; absent where the rules hold for everybody. */
  readonly provider?: string;
  readonly source: string;
  /** Year-month in which the source was last compared. */
  readonly date: string;
  readonly rules: readonly ReplyRule[];
}
