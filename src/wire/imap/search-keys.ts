/**
 * What SEARCH, SORT and THREAD look for (RFC 9051 §6.4.4, §9 search-key; RFC 5032 WITHIN, RFC 7162 MODSEQ, RFC 8474, RFC 8514), as a tree.
 * Dates are days: milliseconds since 1970 of the day's start in UTC.
 */
import { IMAP_LIMITS } from '../../base/access-limits.ts';
import { readDate } from './date-time.ts';
import { readKeyword } from './flags.ts';
import { atSequenceSet, readSequenceSet, type SequenceSet } from './sequence-set.ts';
import { ImapSyntaxError, type ImapScanner } from './scanner.ts';

export type DateField = 'internal' | 'sent' | 'saved';

export type SearchKey =
  | { readonly kind: 'all' }
  | { readonly kind: 'and'; readonly keys: readonly SearchKey[] }
  | { readonly kind: 'or'; readonly left: SearchKey; readonly right: SearchKey }
  | { readonly kind: 'not'; readonly key: SearchKey }
  | { readonly kind: 'sequence' | 'uid'; readonly set: SequenceSet }
  /** System flags as `\Seen`, keywords as written. `\Recent` for RECENT. */
  | { readonly kind: 'flag'; readonly flag: string; readonly set: boolean }
  | { readonly kind: 'text'; readonly where: 'subject' | 'from' | 'to' | 'cc' | 'bcc' | 'body' | 'text'; readonly value: string }
  | { readonly kind: 'header'; readonly field: string; readonly value: string }
  | { readonly kind: 'date'; readonly field: DateField; readonly compare: 'before' | 'on' | 'since'; readonly day: number }
  | { readonly kind: 'size'; readonly compare: 'larger' | 'smaller'; readonly bytes: number }
  /** RFC 5032: INTERNALDATE older or younger than so long ago. */
  | { readonly kind: 'within'; readonly compare: 'older' | 'younger'; readonly seconds: number }
  /** RFC 7162 §3.1.5; entry name and type, when given, change nothing here: flags share one MODSEQ. */
  | { readonly kind: 'modseq'; readonly from: number }
  | { readonly kind: 'emailid' | 'threadid'; readonly id: string }
  /** RFC 8514 §4.3 SAVEDATESUPPORTED. */
  | { readonly kind: 'savedate-supported' };

const FLAG_KEYS: Readonly<Record<string, readonly [flag: string, set: boolean]>> = {
  ANSWERED: ['\\Answered', true],
  DELETED: ['\\Deleted', true],
  DRAFT: ['\\Draft', true],
  FLAGGED: ['\\Flagged', true],
  SEEN: ['\\Seen', true],
  RECENT: ['\\Recent', true],
  UNANSWERED: ['\\Answered', false],
  UNDELETED: ['\\Deleted', false],
  UNDRAFT: ['\\Draft', false],
  UNFLAGGED: ['\\Flagged', false],
  UNSEEN: ['\\Seen', false],
  OLD: ['\\Recent', false],
};

const TEXT_KEYS: Readonly<Record<string, 'subject' | 'from' | 'to' | 'cc' | 'bcc' | 'body' | 'text'>> = {
  BCC: 'bcc', BODY: 'body', CC: 'cc', FROM: 'from', SUBJECT: 'subject', TEXT: 'text', TO: 'to',
};

const DATE_KEYS: Readonly<Record<string, readonly [DateField, 'before' | 'on' | 'since']>> = {
  BEFORE: ['internal', 'before'],
  ON: ['internal', 'on'],
  SINCE: ['internal', 'since'],
  SENTBEFORE: ['sent', 'before'],
  SENTON: ['sent', 'on'],
  SENTSINCE: ['sent', 'since'],
  SAVEDBEFORE: ['saved', 'before'],
  SAVEDON: ['saved', 'on'],
  SAVEDSINCE: ['saved', 'since'],
};

export interface SearchProgram {
  /** As given with CHARSET, in capitals; undefined: none given. Strings of the keys were read as UTF-8. */
  readonly charset: string | undefined;
  readonly key: SearchKey;
}

/** `[CHARSET name] key key …` to the end; all keys must hold. SORT and THREAD give the charset by themselves. */
export function readSearchProgram(scanner: ImapScanner, options: { readonly charset?: string } = {}): SearchProgram {
  let { charset } = options;
  if (charset === undefined && scanner.acceptKeyword('CHARSET')) {
    scanner.space();
    charset = scanner.astring('the name of a charset').toUpperCase();
    scanner.space();
  }
  const keys = new KeyReader(scanner, charset);
  const found = [keys.read()];
  while (scanner.accept(' ')) {
    if (scanner.atEnd) break;
    found.push(keys.read());
  }
  return { charset, key: found.length === 1 ? (found[0] as SearchKey) : { kind: 'and', keys: found } };
}

class KeyReader {
  readonly #scanner: ImapScanner;
  readonly #decoder: InstanceType<typeof TextDecoder> | undefined;
  #count = 0;

  constructor(scanner: ImapScanner, charset: string | undefined) {
    this.#scanner = scanner;
    this.#decoder = decoderOf(charset);
  }

  /** What is looked for, in the charset of the command. */
  #text(): string {
    const scanner = this.#scanner;
    return this.#decoder && scanner.atString ? this.#decoder.decode(scanner.stringBytes()) : scanner.astring();
  }

  read(): SearchKey {
    if (++this.#count > IMAP_LIMITS.searchKeysMax) throw new ImapSyntaxError(`SEARCH takes ${IMAP_LIMITS.searchKeysMax} keys`);
    const scanner = this.#scanner;
    if (scanner.peek() === '(') {
      const keys = scanner.list(() => this.read());
      if (keys.length === 0) throw new ImapSyntaxError('SEARCH: nothing stands between the parentheses');
      return keys.length === 1 ? (keys[0] as SearchKey) : { kind: 'and', keys };
    }
    if (atSequenceSet(scanner)) return { kind: 'sequence', set: readSequenceSet(scanner) };
    return scanner.nested(() => this.#named(scanner.keyword('a SEARCH key')));
  }

  #named(name: string): SearchKey {
    const scanner = this.#scanner;
    const flag = lookUp(FLAG_KEYS, name);
    if (flag) return { kind: 'flag', flag: flag[0], set: flag[1] };
    const where = lookUp(TEXT_KEYS, name);
    if (where) return { kind: 'text', where, value: this.#argument(() => this.#text()) };
    const date = lookUp(DATE_KEYS, name);
    if (date) return { kind: 'date', field: date[0], compare: date[1], day: this.#argument(() => readDate(scanner)) };
    return this.#other(name);
  }

  #argument<T>(read: () => T): T {
    this.#scanner.space();
    return read();
  }

  #other(name: string): SearchKey {
    const scanner = this.#scanner;
    switch (name) {
      case 'ALL':
        return { kind: 'all' };
      case 'NEW':
        return { kind: 'and', keys: [{ kind: 'flag', flag: '\\Recent', set: true }, { kind: 'flag', flag: '\\Seen', set: false }] };
      case 'NOT':
        return { kind: 'not', key: this.#argument(() => this.read()) };
      case 'OR':
        return { kind: 'or', left: this.#argument(() => this.read()), right: this.#argument(() => this.read()) };
      case 'UID':
        return { kind: 'uid', set: this.#argument(() => readSequenceSet(scanner)) };
      case 'KEYWORD':
      case 'UNKEYWORD':
        return { kind: 'flag', flag: this.#argument(() => readKeyword(scanner)), set: name === 'KEYWORD' };
      case 'HEADER':
        return { kind: 'header', field: this.#argument(() => scanner.astring('the name of a header field')), value: this.#argument(() => this.#text()) };
      case 'LARGER':
      case 'SMALLER':
        return { kind: 'size', compare: name === 'LARGER' ? 'larger' : 'smaller', bytes: this.#argument(() => scanner.number64('a size in bytes')) };
      case 'OLDER':
      case 'YOUNGER':
        return { kind: 'within', compare: name === 'OLDER' ? 'older' : 'younger', seconds: this.#argument(() => scanner.nonZero('seconds')) };
      case 'MODSEQ':
        return { kind: 'modseq', from: this.#argument(() => this.#modseq()) };
      case 'EMAILID':
      case 'THREADID':
        return { kind: name === 'EMAILID' ? 'emailid' : 'threadid', id: this.#argument(() => scanner.astring('an id')) };
      case 'SAVEDATESUPPORTED':
        return { kind: 'savedate-supported' };
      default:
        throw new ImapSyntaxError(`SEARCH knows no key ${name.slice(0, 40)}`);
    }
  }

  /** `["/flags/\\Draft" all] 620162338` */
  #modseq(): number {
    const scanner = this.#scanner;
    if (scanner.peek() === '"') {
      scanner.string('an entry name');
      scanner.space();
      if (!['ALL', 'PRIV', 'SHARED'].includes(scanner.keyword('all, priv or shared'))) throw new ImapSyntaxError('MODSEQ: the entry type is all, priv or shared');
      scanner.space();
    }
    return scanner.number64('a mod-sequence value');
  }
}

/** Undefined: strings are UTF-8, which is what the scanner reads; or the charset is not known, which the command says. */
function decoderOf(charset: string | undefined): InstanceType<typeof TextDecoder> | undefined {
  if (charset === undefined || charset === 'UTF-8' || charset === 'US-ASCII') return undefined;
  try {
    return new TextDecoder(charset);
  } catch {
    return undefined;
  }
}

function lookUp<T>(table: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined;
}
