/** What goes between those who search and the thread that has the text index. */
import type { MessagePort } from 'node:worker_threads';
import type { TextQuery } from '../../contract/mailbox.ts';
import type { ThreadError } from '../thread-protocol.ts';

export type SearchRequest =
  | { readonly kind: 'match'; readonly id: number; readonly mailIds: Float64Array; readonly query: TextQuery }
  | { readonly kind: 'cancel'; readonly id: number };

export type SearchReply = { readonly id: number; readonly mailIds: Float64Array } | { readonly id: number; readonly error: ThreadError };

/** `index`: take up mail from now on; `wake`: there may be new. Only from the owner. */
export type ToSearchThread = SearchRequest | { readonly kind: 'attach'; readonly port: MessagePort } | { readonly kind: 'index' } | { readonly kind: 'wake' } | { readonly kind: 'close' };

export interface SearchThreadOptions {
  readonly dataDir: string;
}

export type FromSearchThread = SearchReply | { readonly kind: 'ready' } | { readonly kind: 'failed'; readonly error: ThreadError } | { readonly kind: 'problem'; readonly problem: string };
