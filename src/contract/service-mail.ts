/**
 * Addresses behind which the server itself reads: the mail-tester (`test-…@`), reports about our mail. What comes for them
 * waits in the queue like any other mail and is delivered to the service, so a crash loses none.
 */
import type { ByteSource } from '../base/byte-source.ts';
import type { QueueMessage } from './queue.ts';

export interface ServiceMail {
  readonly message: QueueMessage;
  readonly recipient: string;
  readonly content: ByteSource;
  /** Somebody gets this mail, and the service reads a copy: what it does not want is no business of the sender. */
  readonly isCopy: boolean;
}

export interface MailService {
  /** Stable: stored with the route. */
  readonly name: string;
  /**
   * Durable when it resolves. A temporary Failure is tried again, a permanent one returns the message. `said`: what became
   * of it in a few words, for its timeline.
   */
  take(mail: ServiceMail, signal: AbortSignal): Promise<void | { readonly said: string }>;
}

export interface ServiceAddress {
  /** MailService.name. */
  readonly service: string;
  /** Where somebody has the address, he gets his mail and the service a copy. Default: then the service does not read it. */
  readonly besideOwner?: true;
}

/**
 * Which service reads an address of a domain of ours; asked after accounts, aliases and lists, before catch-alls.
 * Undefined: none. Asked at every RCPT: answers from memory.
 */
export type ServiceOf = (address: string) => Promise<ServiceAddress | undefined>;

/** Name of the service that reads reports about our mail. */
export const REPORT_SERVICE = 'reports';
