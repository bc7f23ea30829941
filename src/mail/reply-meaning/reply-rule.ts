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

/** What kind of trouble a reply tells of: the queue, the shaper and suppression act on this, never on the text. */
export type FaultClass =
  /** The address is dead: no such user, account closed. */
  | 'hard-bounce'
  /** The recipient cannot take it now, or took too much: mailbox full, disabled for the moment. */
  | 'soft-bounce'
  | 'greylist'
  /** Too much, too fast: of one named culprit. */
  | 'rate'
  /** The source (address, network, domain) is refused for what it is: reputation, lists, unknown. */
  | 'block'
  /** SPF, DKIM, DMARC, PTR, TLS did not do. */
  | 'authentication'
  | 'content'
  /** The message breaks a rule of form: header, size, encoding. */
  | 'format'
  | 'policy'
  /** The receiver lacks room, time or a working part. */
  | 'capacity'
  | 'network'
  | 'protocol'
  /** Trouble of this server itself. */
  | 'local'
  | 'unknown';

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
  /** Default: by culprit and code. */
  readonly faultClass?: FaultClass;
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
