/** What the user's filter makes of a message that is to be put into their mailbox. */
import type { ByteSource } from '../base/byte-source.ts';
import type { DeliveryOutcome, MailboxDeposit, QueueMessage, QueueRecipient } from './queue.ts';

export interface FilterRequest {
  readonly message: QueueMessage;
  readonly recipient: QueueRecipient;
  /** The owner of the mailbox. */
  readonly account: string;
  /** Where it goes unless the filter says otherwise: `INBOX` or `Junk`. */
  readonly folder: string;
  readonly content: ByteSource;
  /** Trace fields of this copy, put before the content. */
  readonly prefix: Buffer;
  /** The copy as it came, for a folder. */
  deposit(folder: string, flags: readonly string[]): Promise<MailboxDeposit>;
}

export type FilterVerdict = Pick<DeliveryOutcome, 'status' | 'scope' | 'reply' | 'deposit' | 'effects'>;

export interface LocalFilter {
  /** Undefined: the account has none. Rejects with a temporary trouble when something cannot be looked up. */
  filter(request: FilterRequest): Promise<FilterVerdict | undefined>;
}
