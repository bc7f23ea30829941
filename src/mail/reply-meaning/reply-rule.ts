/** What the tables of this folder consist of. Each table names where its facts are from and when they were gathered. */

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
  /** A catch-all: asked only when no rule without this mark knows the reply. */
  readonly general?: true;
  /** True when the row is general knowledge that nobody has found in the table's source yet; explanations then say so. */
  readonly uncompared?: true;
  /** Where this row was found, when that is not the table's source. */
  readonly source?: string;
}

export interface RuleTable {
  /** `Gmail`; absent where the rules hold for everybody. */
  readonly provider?: string;
  /** Where the facts are published. */
  readonly source: string;
  /** Year-month in which the facts were gathered. */
  readonly date: string;
  readonly rules: readonly ReplyRule[];
}
