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
  /**
   * The source (address, network, name, domain) is refused for what it is: reputation, lists, unknown, and for good also
   * a missing PTR or a name it does not like. Every message from it would be refused: what waits is kept.
   */
  | 'block'
  /** SPF, DKIM, DMARC, TLS did not do for this message; a PTR that is missed for the moment. */
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
  /** Default: by culprit and code. `hard-bounce` holds for 5xx only; a temporary reply is a soft one. */
  readonly faultClass?: FaultClass;
  /** Of a 4xx reply, when that is another one. */
  readonly temporaryClass?: FaultClass;
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
  /** Its MX host names, lower case without the final dot. */
  readonly mx?: RegExp;
  /** Marks in the reply's own text (as `pattern` sees it), for receivers behind names that tell nothing. */
  readonly marks?: RegExp;
  /** Domains whose links may be passed on to people: those that the provider itself runs. */
  readonly sites?: readonly string[];
  /** Where the facts are published. */
  readonly source: string;
  /** Year-month in which the facts were gathered. */
  readonly date: string;
  readonly rules: readonly ReplyRule[];
}
