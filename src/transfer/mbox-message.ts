/**
 * One message of an mbox made whole again: quoted `>From ` lines, and what mail programs keep in its header: Status and
 * X-Status (mbox tradition), X-Keywords and X-UID (IMAP servers), X-Mozilla-Status (Thunderbird), X-Gmail-Labels (Takeout).
 */
import { firstField, parseHeader, removeFields, type HeaderField } from '../mail/header.ts';
import { parseDate } from '../mail/date.ts';
import { isFlag } from '../store/folder-name.ts';
import { withCrlf } from './line-ends.ts';
import type { MboxEntry } from './mbox-reader.ts';

/** How `From ` at the start of a line was quoted: `rd` reversibly (one `>` is removed), `none` where it was not. */
export type MboxQuoting = 'rd' | 'none';

export interface MboxMessage {
  readonly bytes: Buffer;
  readonly flags: readonly string[];
  /** Milliseconds since 1970; of the `From ` line, else of the header; undefined when neither has one. */
  readonly date: number | undefined;
  readonly uid: number | undefined;
  readonly uidValidity: number | undefined;
  /** Deleted in a mail program that keeps such messages until it compacts the file. */
  readonly gone: boolean;
  /** Not a message: where IMAP servers keep their notes. */
  readonly pseudo: boolean;
}

/** Fields of the storage, not of the message. */
const STORAGE_FIELDS = new Set(['status', 'x-status', 'x-keywords', 'x-uid', 'x-imap', 'x-imapbase', 'x-mozilla-status', 'x-mozilla-status2', 'x-mozilla-keys', 'content-length']);
const STATUS_FLAGS: ReadonlyMap<string, string> = new Map([['R', '\\Seen'], ['A', '\\Answered'], ['F', '\\Flagged'], ['T', '\\Draft'], ['D', '\\Deleted']]);
const MOZILLA_FLAGS: readonly (readonly [bit: number, flag: string])[] = [[0x1, '\\Seen'], [0x2, '\\Answered'], [0x4, '\\Flagged'], [0x1000, '$Forwarded']];
const MOZILLA_EXPUNGED = 0x8;
const PSEUDO_SUBJECT = "DON'T DELETE THIS MESSAGE -- FOLDER INTERNAL DATA";

/** `quoting` undefined: none where Content-Length was right (mboxcl2), else reversible. */
export function readMboxMessage(entry: MboxEntry & { readonly bytes: Buffer }, quoting?: MboxQuoting): MboxMessage {
  const quoted = (quoting ?? (entry.counted ? 'none' : 'rd')) === 'rd';
  const whole = quoted ? unquoted(entry.bytes) : entry.bytes;
  const { fields } = parseHeader(whole);
  const value = (name: string): string => firstField(fields, name)?.value ?? '';
  const mozilla = Number.parseInt(value('x-mozilla-status'), 16) || 0;
  const uid = /^\d{1,10}$/.test(value('x-uid')) ? Number(value('x-uid')) : undefined;
  const base = value('x-imapbase') || value('x-imap');
  return {
    bytes: withCrlf(withoutStorage(whole, fields)),
    flags: flagsOf(value, mozilla),
    date: fromLineDate(entry.fromLine) ?? parseDate(value('date')),
    uid,
    uidValidity: /^\d{1,10}\b/.test(base) ? Number.parseInt(base, 10) : undefined,
    gone: (mozilla & MOZILLA_EXPUNGED) !== 0,
    pseudo: isPseudo(fields),
  };
}

/** What we wrote ourselves stands first; fields of the same name further down belong to the message. */
function withoutStorage(whole: Buffer, fields: readonly HeaderField[]): Buffer {
  const last = fields[2]?.lower === 'x-keywords' ? 2 : 1;
  const ours = fields[0]?.lower === 'status' && fields[1]?.lower === 'x-status' && !/^x-(?:uid|imap|mozilla)/.test(fields[last + 1]?.lower ?? '');
  const end = fields[last]?.end ?? 0;
  return removeFields(whole, (field) => (ours ? field.end <= end : STORAGE_FIELDS.has(field.lower)));
}

function isPseudo(fields: readonly HeaderField[]): boolean {
  return firstField(fields, 'subject')?.value === PSEUDO_SUBJECT && (firstField(fields, 'x-imap') ?? firstField(fields, 'x-imapbase')) !== undefined;
}

function flagsOf(value: (name: string) => string, mozilla: number): readonly string[] {
  const letters = [...value('status'), ...value('x-status')].flatMap((letter) => STATUS_FLAGS.get(letter) ?? []);
  const bits = MOZILLA_FLAGS.flatMap(([bit, flag]) => ((mozilla & bit) !== 0 ? [flag] : []));
  const keywords = `${value('x-keywords')} ${value('x-mozilla-keys')}`.split(/[\s,]+/).filter((word) => !word.startsWith('\\') && isFlag(word));
  return [...new Set([...letters, ...bits, ...keywords, ...gmailFlags(value('x-gmail-labels'))])];
}

/** Takeout tells what is unread; what is not told so was read. */
function gmailFlags(labels: string): readonly string[] {
  if (labels === '') return [];
  const names = labels.split(',').map((label) => label.trim().toLowerCase());
  return [...(names.includes('unread') ? [] : ['\\Seen']), ...(names.includes('starred') ? ['\\Flagged'] : [])];
}

/** `>From ` and `>>From ` at the start of a line each lose one `>`. */
function unquoted(bytes: Buffer): Buffer {
  const pieces: Buffer[] = [];
  let kept = 0;
  for (let found = bytes.indexOf('>From '); found >= 0; found = bytes.indexOf('>From ', found + 1)) {
    let line = found;
    while (line > 0 && bytes[line - 1] === 0x3e) line -= 1;
    if (line > 0 && bytes[line - 1] !== 0x0a) continue;
    pieces.push(bytes.subarray(kept, line));
    kept = line + 1;
  }
  return pieces.length === 0 ? bytes : Buffer.concat([...pieces, bytes.subarray(kept)]);
}

const FROM_LINE_DATE = /([A-Za-z]{3})\s+(\d{1,2})\s+(\d{1,2}:\d\d(?::\d\d)?)(?:\s+([+-]\d{4}|[A-Z]{1,5}))?\s+(\d{4})(?:\s+([+-]\d{4}))?\s*$/;

/** `… Sat Jan  3 01:05:34 1996` as asctime writes it, in UTC when no zone is told. */
function fromLineDate(line: string): number | undefined {
  const [, month, day, time, zone, year, zoneBehind] = FROM_LINE_DATE.exec(line.slice(-80)) ?? [];
  return month === undefined ? undefined : parseDate(`${day} ${month} ${year} ${time} ${zone ?? zoneBehind ?? '+0000'}`);
}
