/**
 * Reads that the reader thread does (store/reader.ts), so that they never wait for a sync. By name, because every thread
 * that has the store asks, and none of them needs what the operations are made of.
 */
import type { reads } from './operations.ts';

type ReadNoun = 'annotations' | 'folderMessages' | 'folders' | 'mailboxes' | 'mailQuotas' | 'mails' | 'retention' | 'sharing' | 'undelete';

/** All reads of these nouns; the compiler sees to it that none is missing. */
const NAMES: { readonly [Noun in ReadNoun]: { readonly [Name in keyof (typeof reads)[Noun]]: true } } = {
  annotations: { list: true },
  folderMessages: { snapshot: true, changes: true, vanished: true },
  folders: { list: true, find: true, get: true, subscriptions: true, standing: true },
  mailboxes: { list: true },
  mailQuotas: { state: true, own: true },
  mails: { exist: true, facts: true, contents: true, headers: true },
  retention: { folders: true, kept: true, longMemories: true },
  sharing: { rights: true, list: true, sharedWith: true },
  undelete: { list: true },
};

export const readApart: ReadonlySet<string> = new Set(Object.entries(NAMES).flatMap(([noun, names]) => Object.keys(names).map((name) => `${noun}.${name}`)));
