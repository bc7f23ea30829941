/**
 * Where the Maildir of a recipient is: a pattern with `%d` (domain), `%n` (local part without its `+detail`) and `%u`
 * (`local@domain`), such as `/srv/mail/%d/%n` or `/home/%n/Maildir`.
 *
 * Policy: what a recipient is called comes from strangers. It fills names of folders, never makes a path: a value with a
 * slash or a control character, or one that begins with a dot, fits no pattern. Names are lower case, because folders of
 * one person must not part by how a sender spells them.
 */
import { domainOf, localPartOf } from './address.ts';

const PLACEHOLDER = /%(.?)/gs;
const NAME_BYTES_MAX = 255;

/** Undefined: it is one. */
export function maildirPatternProblem(pattern: string): string | undefined {
  if (!pattern.startsWith('/')) return 'it must be an absolute path';
  if (/[\0\r\n]/.test(pattern)) return 'it has a control character';
  if (pattern.split('/').some((name) => name === '.' || name === '..')) return 'it must not have . or .. in it';
  for (const [whole, letter = ''] of pattern.matchAll(PLACEHOLDER)) {
    if (!'dnu%'.includes(letter) || letter === '') return `${whole} is no placeholder; %d is the domain, %n the local part, %u the address, %% a percent sign`;
  }
  if (!/%[nu]/.test(pattern.replaceAll('%%', ''))) return 'it names one folder for everybody: put %n or %u in it';
  return undefined;
}

export interface MaildirPlace {
  /** The part that the administrator wrote, without placeholders. */
  readonly base: string;
  /** Names of the folders below it, in order; at least one. */
  readonly names: readonly string[];
}

/** Undefined when the recipient's name can be no name of a folder. */
export function maildirPlace(pattern: string, recipient: string): MaildirPlace | undefined {
  const local = localPartOf(recipient).toLowerCase().replace(/\+.*$/s, '');
  const domain = domainOf(recipient).toLowerCase();
  const values: Readonly<Record<string, string>> = { d: domain, n: local, u: `${local}@${domain}`, '%': '%' };
  const parts = pattern.split('/').filter((name) => name !== '');
  const first = parts.findIndex((name) => /%[dnu]/.test(name.replaceAll('%%', '')));
  if (!isName(local) || !isName(domain)) return undefined;
  const names = parts.slice(first).map((part) => part.replace(PLACEHOLDER, (_, letter: string) => values[letter] ?? ''));
  if (names.some((name) => Buffer.byteLength(name) > NAME_BYTES_MAX)) return undefined;
  return { base: `/${parts.slice(0, first).map((part) => part.replaceAll('%%', '%')).join('/')}`, names };
}

function isName(name: string): boolean {
  return name !== '' && !name.startsWith('.') && !/[/\p{Cc}]/u.test(name) && Buffer.byteLength(name) <= NAME_BYTES_MAX;
}
