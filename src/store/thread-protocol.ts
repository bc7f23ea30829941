/**
 * What goes between the program and its storage thread. Many requests share one message, and many replies too: a
 * message costs more than what is in it.
 */
import type { MessagePort } from 'node:worker_threads';
import type { FolderNews } from '../contract/mailbox.ts';

export type ThreadRequest = readonly [id: number, operation: string, args: unknown];

export type ThreadReply = readonly [id: number, value: unknown, error?: ThreadError];

export interface ThreadError {
  readonly code: string;
  readonly message: string;
  readonly temporary: boolean;
  /** For the log only. */
  readonly cause?: string;
}

export interface ThreadOptions {
  readonly dataDir: string;
  readonly readOnly: boolean;
  readonly nowMs: number;
  /** Remove body files that no row names; only while nobody can be writing one. */
  readonly sweep: boolean;
  /** Memory of change-counts.ts; only who commits needs it. */
  readonly changeMemory?: SharedArrayBuffer;
  /** For tests of a full disk. */
  readonly maxPages?: number;
}

/** First message of the thread: it serves, or why it cannot. */
export type ThreadStarted = { readonly ready: true } | { readonly ready: false; readonly error: ThreadError };

/** `attach`: another thread that asks through this port; `watch`: send news of folders here; `attach` and `close` come from the owner alone. */
export type ToThread = { readonly requests: readonly ThreadRequest[] } | { readonly attach: MessagePort } | { readonly watch: true } | { readonly close: true };

/** `number`: the count of changed folders (change-counts.ts) up to and with these news. */
export interface NumberedNews {
  readonly news: readonly FolderNews[];
  readonly number: number;
}

/** What comes back: replies, and news of folders to those that asked for them, once at once without any. */
export type FromThread = readonly ThreadReply[] | NumberedNews;
