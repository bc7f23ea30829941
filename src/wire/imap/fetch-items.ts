/**
 * What FETCH asks for (RFC 9051 §6.4.5, §9 fetch-att; RFC 7162, 8474, 8514, 8970): a list of items, the macros spread out.
 */
import { IMAP_LIMITS } from '../../base/access-limits.ts';
import { ImapSyntaxError, type ImapScanner } from './scanner.ts';

/** RFC 9051 §9 section-spec. `part` is empty for the message itself. */
export interface Section {
  /** Part numbers, `[1, 2]` for `1.2`. */
  readonly part: readonly number[];
  /** `all`: the whole part or message; `mime`: the header of the part (only with part numbers). */
  readonly text: 'all' | 'header' | 'fields' | 'fields-not' | 'text' | 'mime';
  /** With `fields` and `fields-not`, as written. */
  readonly fields: readonly string[];
}

/** `<start.count>`; count undefined never occurs in a command. */
export interface Partial {
  readonly start: number;
  readonly count: number;
}

export type FetchItem =
  | { readonly kind: 'envelope' | 'flags' | 'internaldate' | 'savedate' | 'size' | 'uid' | 'modseq' | 'emailid' | 'threadid' | 'bodystructure' | 'body' }
  /** `lazy`: only what is there already (RFC 8970 §3.1). */
  | { readonly kind: 'preview'; readonly lazy: boolean }
  /** RFC822, RFC822.HEADER and RFC822.TEXT answer under their own name. */
  | { readonly kind: 'section'; readonly section: Section; readonly peek: boolean; readonly partial?: Partial; readonly rfc822?: 'RFC822' | 'RFC822.HEADER' | 'RFC822.TEXT' }
  | { readonly kind: 'binary'; readonly part: readonly number[]; readonly peek: boolean; readonly partial?: Partial }
  | { readonly kind: 'binary.size'; readonly part: readonly number[] };

const WHOLE: Section = { part: [], text: 'all', fields: [] };
const FAST: readonly FetchItem[] = [{ kind: 'flags' }, { kind: 'internaldate' }, { kind: 'size' }];
const MACROS: Readonly<Record<string, readonly FetchItem[]>> = {
  FAST,
  ALL: [...FAST, { kind: 'envelope' }],
  FULL: [...FAST, { kind: 'envelope' }, { kind: 'body' }],
};

const PLAIN: Readonly<Record<string, FetchItem>> = {
  ENVELOPE: { kind: 'envelope' },
  FLAGS: { kind: 'flags' },
  INTERNALDATE: { kind: 'internaldate' },
  SAVEDATE: { kind: 'savedate' },
  'RFC822.SIZE': { kind: 'size' },
  UID: { kind: 'uid' },
  MODSEQ: { kind: 'modseq' },
  EMAILID: { kind: 'emailid' },
  THREADID: { kind: 'threadid' },
  BODYSTRUCTURE: { kind: 'bodystructure' },
  RFC822: { kind: 'section', section: WHOLE, peek: false, rfc822: 'RFC822' },
  'RFC822.HEADER': { kind: 'section', section: { ...WHOLE, text: 'header' }, peek: true, rfc822: 'RFC822.HEADER' },
  'RFC822.TEXT': { kind: 'section', section: { ...WHOLE, text: 'text' }, peek: false, rfc822: 'RFC822.TEXT' },
};

/** A macro, one item, or a list of items. */
export function readFetchItems(scanner: ImapScanner): readonly FetchItem[] {
  if (scanner.peek() === '(') {
    const items = scanner.list(() => readItem(scanner));
    if (items.length === 0) throw new ImapSyntaxError('FETCH needs at least one item');
    if (items.length > IMAP_LIMITS.fetchItemsMax) throw new ImapSyntaxError(`FETCH takes ${IMAP_LIMITS.fetchItemsMax} items`);
    return items;
  }
  for (const [name, items] of Object.entries(MACROS)) if (scanner.acceptKeyword(name)) return items;
  return [readItem(scanner)];
}

function readItem(scanner: ImapScanner): FetchItem {
  // An item's name ends where its section begins; "[" may stand in an atom.
  const name = scanner.run(isNameByte).toUpperCase();
  const plain = Object.hasOwn(PLAIN, name) ? PLAIN[name] : undefined;
  if (plain) return plain;
  switch (name) {
    case 'BODY':
    case 'BODY.PEEK':
      if (scanner.peek() === '[') return readBodySection(scanner, name === 'BODY.PEEK');
      if (name === 'BODY') return { kind: 'body' };
      return scanner.fail('expected "[" after BODY.PEEK');
    case 'BINARY':
    case 'BINARY.PEEK': {
      const part = readBinaryPart(scanner);
      return { kind: 'binary', part, peek: name === 'BINARY.PEEK', ...readPartial(scanner) };
    }
    case 'BINARY.SIZE':
      return { kind: 'binary.size', part: readBinaryPart(scanner) };
    case 'PREVIEW':
      // Another parenthesis behind it belongs to FETCH itself (RFC 7162 §3.1.4.1).
      return { kind: 'preview', lazy: scanner.acceptText(' (LAZY)') };
    default:
      if (name === '') scanner.fail('expected a FETCH item');
      throw new ImapSyntaxError(`FETCH knows no item ${name.slice(0, 40)}`);
  }
}

function isNameByte(code: number): boolean {
  return (code >= 0x41 && code <= 0x5a) || (code >= 0x61 && code <= 0x7a) || (code >= 0x30 && code <= 0x39) || code === 0x2e;
}

function readBodySection(scanner: ImapScanner, peek: boolean): FetchItem {
  scanner.expect('[');
  const section = readSection(scanner);
  scanner.expect(']');
  return { kind: 'section', section, peek, ...readPartial(scanner) };
}

/** What stands between the brackets of BODY[…]. */
export function readSection(scanner: ImapScanner): Section {
  const { part, dangling } = readPart(scanner);
  if (part.length > 0 && !dangling) return { part, text: 'all', fields: [] };
  if (scanner.peek() === ']' && !dangling) return WHOLE;
  const name = scanner.run(isSectionByte).toUpperCase();
  switch (name) {
    case 'HEADER':
    case 'TEXT':
      return { part, text: name === 'TEXT' ? 'text' : 'header', fields: [] };
    case 'MIME':
      if (part.length === 0) throw new ImapSyntaxError('MIME needs a part number before it, as in BODY[1.MIME]');
      return { part, text: 'mime', fields: [] };
    case 'HEADER.FIELDS':
    case 'HEADER.FIELDS.NOT': {
      scanner.space();
      const fields = scanner.list(() => scanner.astring('the name of a header field'));
      if (fields.length === 0) throw new ImapSyntaxError('HEADER.FIELDS needs at least one name');
      return { part, text: name === 'HEADER.FIELDS' ? 'fields' : 'fields-not', fields };
    }
    default:
      return scanner.fail('expected HEADER, HEADER.FIELDS, HEADER.FIELDS.NOT, MIME or TEXT');
  }
}

function isSectionByte(code: number): boolean {
  return (code >= 0x41 && code <= 0x5a) || (code >= 0x61 && code <= 0x7a) || code === 0x2e;
}

/** `1.2`; `dangling` when a dot follows, behind which a word must come. */
function readPart(scanner: ImapScanner): { readonly part: readonly number[]; readonly dangling: boolean } {
  const part: number[] = [];
  while (/^[0-9]/.test(scanner.peek())) {
    if (part.length >= IMAP_LIMITS.nestingMax) throw new ImapSyntaxError(`a part number has at most ${IMAP_LIMITS.nestingMax} levels`);
    part.push(scanner.nonZero('a part number'));
    if (!scanner.accept('.')) return { part, dangling: false };
  }
  return { part, dangling: part.length > 0 };
}

function readBinaryPart(scanner: ImapScanner): readonly number[] {
  scanner.expect('[');
  const { part, dangling } = readPart(scanner);
  if (dangling) scanner.fail('expected a part number');
  scanner.expect(']');
  return part;
}

function readPartial(scanner: ImapScanner): { readonly partial?: Partial } {
  if (!scanner.accept('<')) return {};
  const start = scanner.number64('the first byte');
  scanner.expect('.');
  const count = scanner.number64('a count of bytes');
  if (count === 0) throw new ImapSyntaxError('a partial FETCH asks for one byte at least');
  scanner.expect('>');
  return { partial: { start, count } };
}

/** `BODY[1.HEADER.FIELDS (SUBJECT)]<0>`, as the answer names it; the fields in capitals as written by us, quoted where needed. */
export function formatSection(section: Section): string {
  const words: Readonly<Record<Section['text'], string>> = { all: '', header: 'HEADER', text: 'TEXT', mime: 'MIME', fields: 'HEADER.FIELDS', 'fields-not': 'HEADER.FIELDS.NOT' };
  const word = words[section.text];
  const name = [...section.part.map(String), ...(word ? [word] : [])].join('.');
  return section.fields.length > 0 ? `${name} (${section.fields.map(fieldName).join(' ')})` : name;
}

function fieldName(name: string): string {
  return /^[A-Za-z0-9!#$&'+./:;<=>?@^_`|~-]+$/.test(name) ? name : `"${name.replace(/[^\x20-\x7e]/g, '?').replace(/["\\]/g, '\\$&')}"`;
}
