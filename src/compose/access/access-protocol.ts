/** What goes between the main thread and the access thread; the order of messages is kept. */
import type { MessagePort } from 'node:worker_threads';
import type { Config } from '../../config/config.ts';
import type { FromSessionThread, ToSessionThread } from '../sessions/session-protocol.ts';
import type { AccessAddresses } from './access-addresses.ts';

/** workerData. */
export interface AccessThreadOptions {
  readonly config: Config;
  /** Ports resolved. */
  readonly addresses: AccessAddresses;
  readonly log: Pick<Config['log'], 'format' | 'level'>;
  readonly changeMemory: SharedArrayBuffer;
  readonly storage: MessagePort;
}

export type ToAccessThread =
  | Exclude<ToSessionThread, { readonly kind: 'forget' }>
  /** To the thread that reads mailboxes; again when that was replaced. */
  | { readonly kind: 'reader'; readonly port: MessagePort }
  /** To the thread that searches texts, in the same way. */
  | { readonly kind: 'search'; readonly port: MessagePort };

export type FromAccessThread = FromSessionThread;
