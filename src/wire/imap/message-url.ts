/**
 * IMAP URLs of a message or a section of one, as CATENATE takes them (RFC 5092, RFC 4469 §3): those of this server and this user, which
 * begin with `/`, such as `/Drafts;UIDVALIDITY=3/;UID=20/;SECTION=1.2/;PARTIAL=0.1024`. Pure.
 */
import { readSection, type Partial, type Section } from './fetch-items.ts';
import { ImapScanner, ImapSyntaxError } from './scanner.ts';

export interface MessageUrl {
  /** As UTF-8 text. */
  readonly mailbox: string;
  readonly uidValidity: number | undefined;
  readonly uid: number;
  readonly section: Section;
  readonly partial: Partial | undefined;
}

const WHOLE: Section = { part: [], text: 'all', fields: [] };
const UID_MAX = 0xffff_ffff;

/** Undefined: it is none of these. */
export function parseMessageUrl(text: string): MessageUrl | undefined {
  const [path, ...parameters] = text.split(/\/;/);
  const place = /^\/([^/;][^;]*)(?:;UIDVALIDITY=(\d{1,10}))?$/i.exec(path ?? '');
  const mailbox = decoded(place?.[1]);
  const values = new Map<string, string>();
  for (const parameter of parameters) {
    const found = /^(UID|SECTION|PARTIAL)=(.+)$/i.exec(parameter);
    const value = decoded(found?.[2]);
    if (!found || value === undefined) return undefined;
    values.set((found[1] as string).toUpperCase(), value);
  }
  const uid = numberOf(values.get('UID'));
  const section = sectionOf(values.get('SECTION'));
  const partial = partialOf(values.get('PARTIAL'));
  if (mailbox === undefined || !uid || section === undefined || partial === 'none') return undefined;
  return { mailbox: /^inbox$/i.test(mailbox) ? 'INBOX' : mailbox, uidValidity: place?.[2] === undefined ? undefined : Number(place[2]), uid, section, partial };
}

function decoded(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

function numberOf(text: string | undefined): number | undefined {
  const value = text !== undefined && /^\d{1,10}$/.test(text) ? Number(text) : undefined;
  return value !== undefined && value <= UID_MAX ? value : undefined;
}

function sectionOf(text: string | undefined): Section | undefined {
  if (text === undefined) return WHOLE;
  try {
    const scanner = new ImapScanner({ text, literals: [] }, { utf8: true });
    const section = readSection(scanner);
    scanner.end();
    return section;
  } catch (error) {
    if (error instanceof ImapSyntaxError) return undefined;
    throw error;
  }
}

/** `start` or `start.count` (RFC 5092 §5). */
function partialOf(text: string | undefined): Partial | undefined | 'none' {
  if (text === undefined) return undefined;
  const [start, count, ...more] = text.split('.').map(numberOf);
  if (start === undefined || more.length > 0 || (text.includes('.') && count === undefined)) return 'none';
  return { start, count: count ?? Number.MAX_SAFE_INTEGER };
}
