/** Which kind of place a folder is, by its special use (RFC 6154) or, where the provider tells none, by its name. */
import type { Place } from '../contract/placement.ts';

export interface SeedFolder {
  /** As on the wire. */
  readonly wire: string;
  /** For people. */
  readonly name: string;
  /** Attributes of LIST in lower case: `\junk`, `\trash`. */
  readonly attributes: ReadonlySet<string>;
}

/** Names that providers give to it in the languages of their users; the last level of the name, lower case. */
const SPAM_NAMES = /^(?:junk(?: e-?mail)?|spam|bulk(?: mail)?|spamverdacht|junk-e-mail|unerwünscht|werbung|courrier indésirable|indésirables|pourriel|correo no deseado|spam\/junk|posta indesiderata|lixo eletrônico|ongewenste e-?mail|skräppost|søppelpost|uønsket e-?post|спам|нежелательная почта|迷惑メール|垃圾邮件|垃圾郵件|스팸)$/;
/** Shown to the user, but aside: where GMX and WEB.DE put senders that are new to the user, and where others sort by kind. */
const ASIDE_NAMES = /^(?:unbekannt|promotions?|clutter|other|updates|newsletters?|bestellungen|soziale netze)$/;

export function placeOf({ wire, name, attributes }: SeedFolder): Exclude<Place, 'waiting' | 'missing'> {
  if (wire.toUpperCase() === 'INBOX') return 'inbox';
  if (attributes.has('\\junk')) return 'spam';
  const last = (name.split(/[/.]/).at(-1) ?? '').trim().toLowerCase();
  if (SPAM_NAMES.test(last)) return 'spam';
  return ASIDE_NAMES.test(last) ? 'tab' : 'other';
}

/** The places that tell most first; what holds every message a second time, and what is ours, is not looked into. */
export function foldersInOrder(folders: readonly SeedFolder[], max: number): readonly SeedFolder[] {
  const rank = { inbox: 0, spam: 1, tab: 2, other: 3 } as const;
  const skipped = ['\\all', '\\sent', '\\drafts', '\\noselect', '\\nonexistent', '\\flagged', '\\important'];
  return folders
    .filter(({ attributes }) => !skipped.some((attribute) => attributes.has(attribute)))
    .map((folder) => ({ folder, rank: rank[placeOf(folder)] }))
    .toSorted((a, b) => a.rank - b.rank)
    .slice(0, max)
    .map(({ folder }) => folder);
}
