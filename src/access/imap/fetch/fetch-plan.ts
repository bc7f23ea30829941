/** What a FETCH needs to know of each message before it can answer, decided once for all messages. */
import type { FetchItem } from '../../../wire/imap/fetch-items.ts';

export interface FetchPlan {
  readonly items: readonly FetchItem[];
  /** The stored structure and ids. */
  readonly facts: boolean;
  /** Bytes of the message: none, the header of the message itself, or any. */
  readonly content: 'none' | 'header' | 'any';
  /** RFC 9051 §6.4.5: sections that are not peeked at set \Seen. */
  readonly setsSeen: boolean;
}

export interface PlanOptions {
  /** UID FETCH answers with the UID in any case (RFC 9051 §6.4.9). */
  readonly uid: boolean;
  /** CHANGEDSINCE answers with MODSEQ in any case (RFC 7162 §3.1.4.1). */
  readonly modseq: boolean;
}

export function planFetch(given: readonly FetchItem[], options: PlanOptions): FetchPlan {
  const items = unique([
    ...(options.uid ? [{ kind: 'uid' } as const] : []),
    ...given,
    ...(options.modseq ? [{ kind: 'modseq' } as const] : []),
  ]);
  const contents = items.map(contentOf);
  return {
    items,
    facts: items.some(needsFacts),
    content: contents.includes('any') ? 'any' : contents.includes('header') ? 'header' : 'none',
    setsSeen: items.some((item) => (item.kind === 'section' || item.kind === 'binary') && !item.peek),
  };
}

/** The same item twice is answered once. */
function unique(items: readonly FetchItem[]): FetchItem[] {
  const seen = new Map<string, FetchItem>();
  for (const item of items) {
    const key = JSON.stringify(item);
    if (!seen.has(key)) seen.set(key, item);
  }
  return [...seen.values()];
}

function needsFacts({ kind }: FetchItem): boolean {
  return kind !== 'flags' && kind !== 'uid' && kind !== 'internaldate' && kind !== 'savedate' && kind !== 'size' && kind !== 'modseq';
}

function contentOf(item: FetchItem): FetchPlan['content'] {
  if (item.kind === 'binary' || item.kind === 'binary.size') return 'any';
  if (item.kind !== 'section') return 'none';
  const { part, text } = item.section;
  return part.length === 0 && (text === 'header' || text === 'fields' || text === 'fields-not') ? 'header' : 'any';
}
