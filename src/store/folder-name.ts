/**
 * Names of folders and of flags: one form for each, whoever gives them (IMAP, the command line, delivery).
 * The hierarchy separator is `/`; INBOX is INBOX however it is written (RFC 9051 §5.1).
 */
import { Failure } from '../base/errors.ts';
import { DIRECTORY_LIMITS } from '../base/limits.ts';

/** What every new account has, with its special use (RFC 6154 §2). */
export const FIRST_FOLDERS: readonly { readonly name: string; readonly specialUse?: string }[] = [
  { name: 'INBOX' },
  { name: 'Sent', specialUse: '\\Sent' },
  { name: 'Drafts', specialUse: '\\Drafts' },
  { name: 'Junk', specialUse: '\\Junk' },
  { name: 'Trash', specialUse: '\\Trash' },
  { name: 'Archive', specialUse: '\\Archive' },
];

/** Throws a permanent Failure `folder-name-refused`. */
export function normalizeFolderName(name: string): string {
  const composed = name.normalize('NFC');
  const levels = composed.split('/');
  if (Buffer.byteLength(composed) > DIRECTORY_LIMITS.folderNameBytesMax) refuse(`is longer than ${DIRECTORY_LIMITS.folderNameBytesMax} bytes`);
  if (/[\p{Cc}\p{Cs}*%]/u.test(composed)) refuse('holds control characters, * or %');
  if (levels.some((level) => level.trim() === '')) refuse('has an empty level');
  if (levels[0]?.toUpperCase() === 'INBOX') levels[0] = 'INBOX';
  return levels.join('/');
}

function refuse(why: string): never {
  throw new Failure('folder-name-refused', `the name of the folder ${why}: choose another`, { temporary: false });
}

const SYSTEM_FLAGS = new Map(['\\Answered', '\\Flagged', '\\Deleted', '\\Seen', '\\Draft'].map((flag) => [flag.toLowerCase(), flag]));

/** A system flag, or a keyword that is an atom (RFC 9051 §9). */
export function isFlag(flag: string): boolean {
  return SYSTEM_FLAGS.has(flag.toLowerCase()) || /^[^\\\s(){%*"\]\p{Cc}\u0080-\uffff]{1,100}$/u.test(flag);
}

/** RFC 9051 §2.3.2: system flags in their usual spelling, keywords as atoms; sorted, without doubles. Throws Failure `flag-refused`. */
export function normalizeFlags(flags: readonly string[]): readonly string[] {
  const found = new Map<string, string>();
  for (const flag of flags) {
    const system = SYSTEM_FLAGS.get(flag.toLowerCase());
    if (!isFlag(flag)) {
      throw new Failure('flag-refused', `${JSON.stringify(flag)} is not a flag: use \\Seen, \\Answered, \\Flagged, \\Deleted, \\Draft or a word`, {
        temporary: false,
      });
    }
    // Keywords are compared without case (RFC 9051 §2.3.2).
    if (!found.has(flag.toLowerCase())) found.set(flag.toLowerCase(), system ?? flag);
  }
  if (found.size > DIRECTORY_LIMITS.flagsMax) {
    throw new Failure('flag-refused', `a message can have at most ${DIRECTORY_LIMITS.flagsMax} flags`, { temporary: false });
  }
  return [...found.values()].sort();
}
