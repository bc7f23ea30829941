/** Flags (RFC 9051 §2.3.2): `\Seen` and the like, and keywords, which are atoms. */
import { ImapSyntaxError, type ImapScanner } from './scanner.ts';

/** As written; `\Recent` is read, too: whether it may be set is the command's to say. */
export function readFlag(scanner: ImapScanner): string {
  const system = scanner.accept('\\');
  const name = scanner.atom(system ? 'the name of a flag' : 'a flag');
  return system ? `\\${name}` : name;
}

/** `(\Seen work)`, or as STORE may have them, without parentheses. */
export function readFlagList(scanner: ImapScanner, options: { readonly bare?: boolean } = {}): readonly string[] {
  if (scanner.peek() === '(' || !options.bare) return scanner.list(() => readFlag(scanner));
  const flags = [readFlag(scanner)];
  while (scanner.accept(' ')) {
    if (scanner.atEnd) break;
    scanner.countItem();
    flags.push(readFlag(scanner));
  }
  return flags;
}

/** A keyword of SEARCH KEYWORD: an atom. */
export function readKeyword(scanner: ImapScanner): string {
  if (scanner.peek() === '\\') throw new ImapSyntaxError('KEYWORD takes a keyword, not a system flag');
  return scanner.atom('a keyword');
}
