/**
 * What the names in a Maildir say: the letters behind `:2,` are flags, the part before is the message for good, and
 * folders of Maildir++ are `.Name.Below` in modified UTF-7.
 */
import { decodeModifiedUtf7, encodeModifiedUtf7 } from '../wire/imap/modified-utf7.ts';

const FLAGS: ReadonlyMap<string, string> = new Map([['D', '\\Draft'], ['F', '\\Flagged'], ['P', '$Forwarded'], ['R', '\\Answered'], ['S', '\\Seen'], ['T', '\\Deleted']]);
const LETTERS: ReadonlyMap<string, string> = new Map([...FLAGS].map(([letter, flag]) => [flag.toLowerCase(), letter]));
const LETTER_A = 97;
/** Dovecot's keywords are the letters a to z. */
export const KEYWORD_LETTERS = 26;

export interface MaildirName {
  /** The unique part, without flags and without sizes. */
  readonly key: string;
  readonly flags: readonly string[];
}

/** `keywords[i]` is what the letter `a` + i means in this folder. Some systems write `;2,` or `!2,` because `:` is not allowed there. */
export function readMaildirName(file: string, keywords: readonly string[]): MaildirName {
  const [, base = file, letters = ''] = /^(.*?)[:;!]2,([A-Za-z]*)/s.exec(file) ?? [];
  const flags = [...letters].flatMap((letter) => FLAGS.get(letter) ?? keywords[letter.charCodeAt(0) - LETTER_A] ?? []);
  return { key: base.replace(/,[SWC]=\d+/g, '') || file, flags };
}

/** The part behind the unique name; flags that have no letter take one from `keywords`, which grows. */
export function maildirInfo(flags: readonly string[], keywords: string[]): string {
  const letters = flags.flatMap((flag) => LETTERS.get(flag.toLowerCase()) ?? keywordLetter(flag, keywords));
  return `:2,${[...new Set(letters)].sort().join('')}`;
}

function keywordLetter(flag: string, keywords: string[]): string[] {
  if (flag.startsWith('\\')) return [];
  let at = keywords.findIndex((known) => known.toLowerCase() === flag.toLowerCase());
  if (at < 0) at = keywords.push(flag) - 1;
  return at < KEYWORD_LETTERS ? [String.fromCharCode(LETTER_A + at)] : [];
}

/** `.Lists.Caf&AOk-` → `Lists/Café`; undefined for what is no folder of Maildir++. */
export function folderOfDirectory(directory: string): string | undefined {
  if (!/^\.[^.]/.test(directory) || directory.endsWith('.') || directory.includes('..')) return undefined;
  return directory.slice(1).split('.').map(decodedLevel).join('/');
}

/** The name in UTF-8 is taken as it is: some servers are set up to write that. A level holds no `/`. */
export function decodedLevel(level: string): string {
  return (decodeModifiedUtf7(level) ?? level).replaceAll('/', '_');
}

/** `Lists/Café` → `.Lists.Caf&AOk-`. A dot inside a level would make two of it. */
export function directoryOfFolder(folder: string): string {
  return `.${folder.split('/').map((level) => encodeModifiedUtf7(level.replaceAll('.', '_'))).join('.')}`;
}

/** Courier writes `INBOX.Sent` for what Dovecot calls `Sent`; the separator is a dot with both. */
export function subscribedName(line: string, separator: '.' | '/'): string {
  const levels = line.trim().split(separator);
  if (levels.length > 1 && levels[0]?.toUpperCase() === 'INBOX') levels.shift();
  return levels.map(decodedLevel).join('/');
}
