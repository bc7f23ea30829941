/** Mail that this server writes by itself: notes to the postmaster, reports to others, answers of its services. */
import type { Telling } from './message.ts';

export interface OwnMail {
  /**
   * Queued durably when it resolves, signed for the domain in From. Throws a Failure when our own door refuses it.
   * `content`: a whole message with CRLF line ends; `sender` default '': nobody is told when it cannot be delivered. `tells`
   * is marked as told when it is queued, and never otherwise.
   */
  send(mail: { readonly tells?: Telling; readonly sender?: string; readonly recipients: readonly string[]; readonly content: Buffer }): Promise<{ readonly id: string }>;
  /** A note in words to whoever looks after `domain` (default: this host's mail): setting `queue.notify`, else its postmaster. Throws as send(). */
  tellPostmaster(note: { readonly tells?: Telling; readonly subject: string; readonly text: string; readonly domain?: string }): Promise<{ readonly id: string }>;
}
