/**
 * What goes between the main thread and a session thread. The order of messages is kept: the log lines of a message come
 * before the news that it is queued, and what a thread said last is heard before its end is.
 */
import type { MessagePort } from 'node:worker_threads';
import type { Config } from '../../config/config.ts';
import type { PublicAddresses } from '../front.ts';
import type { ThreadError } from '../../store/thread-protocol.ts';

/** workerData. */
export interface SessionThreadOptions {
  readonly config: Config;
  /** From 0. */
  readonly index: number;
  /** Ours already; ports resolved. */
  readonly addresses: PublicAddresses;
  readonly log: Pick<Config['log'], 'format' | 'level'>;
  readonly changeMemory: SharedArrayBuffer;
  readonly tallyMemory: SharedArrayBuffer;
  readonly tallySecret: Uint8Array;
  readonly storage: MessagePort;
}

export type ToSessionThread =
  /** The storage thread was replaced. */
  | { readonly kind: 'storage'; readonly port: MessagePort }
  | { readonly kind: 'reload'; readonly config: Config }
  /** Drop cached DNS answers. */
  | { readonly kind: 'forget' }
  | { readonly kind: 'stop'; readonly drainMs: number }
  | { readonly kind: 'answer'; readonly id: number; readonly value?: unknown; readonly error?: ThreadError };

export type FromSessionThread =
  | { readonly kind: 'ready' }
  /** Could not start; the thread ends. */
  | { readonly kind: 'failed'; readonly error: string }
  | News
  | { readonly kind: 'reloaded'; readonly error?: string }
  /** A question that only the main thread can answer (session-questions.ts). */
  | { readonly kind: 'ask'; readonly id: number; readonly question: string; readonly args: readonly unknown[] }
  | { readonly kind: 'stopped' };

/** Log lines and committed messages, of a few milliseconds. */
export interface News {
  readonly kind: 'news';
  /** Whole lines, or ''. */
  readonly log: string;
  /** A JSON array of QueueItem. */
  readonly items?: string;
  /** The contents of the items one behind the other, and the length of each; -1: too large to be kept at hand. */
  readonly contents?: Uint8Array;
  readonly lengths?: readonly number[];
  /** For metrics: a JSON array of Count, what was counted since the last news. */
  readonly counts?: string;
}
