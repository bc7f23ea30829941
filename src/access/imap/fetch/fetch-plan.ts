/** What a FETCH needs to know of each message before it can answer, decided once for all messages. */
import type { FetchItem, Partial } from '../../../wire/imap/fetch-items.ts';
import type { MimePart } from '../../../mail/mime-structure.ts';
import { locateBinary } from './binary-part.ts';
import { partOf, sectionRange, type ByteRange } from './section-bytes.ts';
import type { StructureItem } from './structure-texts.ts';

export interface FetchPlan {
  readonly items: readonly FetchItem[];
  /** Those of the items that are told from the structure alone. */
  readonly structureItems: readonly StructureItem[];
  /** Ids, preview, or the structure itself, which sections are looked up in. */
  readonly facts: boolean;
  /** Bytes of the message: none, its header, the piece that the items lie in (`pieceOf`), or all. */
  readonly content: 'none' | 'header' | 'piece' | 'whole';
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
  const content = contentOf(items);
  return {
    items,
    structureItems: items.map(({ kind }) => kind).filter(isStructureItem),
    // Which piece it is, and of how many bytes, the facts say.
    facts: content === 'piece' || items.some((item) => needsFacts(item, content)),
    content,
    setsSeen: items.some((item) => (item.kind === 'section' || item.kind === 'binary') && !item.peek),
  };
}

/** The smallest piece of a message that has all that the items tell of its bytes. */
export function pieceOf({ items }: FetchPlan, structure: () => MimePart, sizeBytes: number): ByteRange {
  let start = sizeBytes;
  let end = 0;
  for (const item of items) {
    const range = rangeOf(item, structure, sizeBytes);
    if (!range || range.end <= range.start) continue;
    start = Math.min(start, range.start);
    end = Math.max(end, range.end);
  }
  return end === 0 ? { start: 0, end: 0 } : { start, end };
}

function rangeOf(item: FetchItem, structure: () => MimePart, sizeBytes: number): ByteRange | undefined {
  if (item.kind === 'section') {
    const range = isWhole(item) ? { start: 0, end: sizeBytes } : sectionRange(structure(), item.section, sizeBytes);
    // Of fields, the client's range is one of what was picked.
    return range && (item.section.text.startsWith('fields') ? range : partOf(range, item.partial));
  }
  if (item.kind !== 'binary' && item.kind !== 'binary.size') return undefined;
  const found = locateBinary(structure(), item.part, sizeBytes);
  if (found.kind === 'encoded') return found.range;
  return found.kind === 'plain' && item.kind === 'binary' ? partOf(found.range, item.partial) : undefined;
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

function isStructureItem(kind: FetchItem['kind']): kind is StructureItem {
  return kind === 'envelope' || kind === 'body' || kind === 'bodystructure';
}

function needsFacts(item: FetchItem, content: FetchPlan['content']): boolean {
  if (item.kind === 'emailid' || item.kind === 'threadid' || item.kind === 'preview') return true;
  if (item.kind === 'section') return !isWhole(item) && content !== 'header';
  return item.kind === 'binary' || item.kind === 'binary.size';
}

function isWhole({ section }: { readonly section: { readonly part: readonly number[]; readonly text: string } }): boolean {
  return section.part.length === 0 && section.text === 'all';
}

function contentOf(items: readonly FetchItem[]): FetchPlan['content'] {
  let content: FetchPlan['content'] = 'none';
  for (const item of items) {
    if (item.kind === 'binary' || item.kind === 'binary.size') content = 'piece';
    if (item.kind !== 'section') continue;
    const partial: Partial | undefined = item.partial;
    if (isWhole(item) && !partial) return 'whole';
    const { part, text } = item.section;
    if (part.length > 0 || text === 'all' || text === 'text' || text === 'mime') content = 'piece';
    else if (content === 'none') content = 'header';
  }
  return content;
}
