/** Sort criteria (RFC 5256 §3, RFC 5957) and the order that they make. */
import type { MailFacts } from '../../../contract/mailbox.ts';
import { baseSubject } from '../../../mail/base-subject.ts';
import { compareFolded, foldCase } from '../../../mail/case-fold.ts';
import { decodeWords } from '../../../mail/encoded-word.ts';
import { parseStructure, type EnvelopeAddress, type MimeEnvelope } from '../../../mail/mime-structure.ts';
import { ImapSyntaxError, type ImapScanner } from '../../../wire/imap/scanner.ts';
import { envelopeSubject } from './sent-day.ts';
import type { Positions, SearchScope } from './search-scope.ts';

const KEYS = ['ARRIVAL', 'CC', 'DATE', 'DISPLAYFROM', 'DISPLAYTO', 'FROM', 'SIZE', 'SUBJECT', 'TO'] as const;
export type SortKey = (typeof KEYS)[number];

export interface SortCriterion {
  readonly key: SortKey;
  readonly reverse: boolean;
}

/** `(REVERSE DATE SUBJECT)`. */
export function readSortCriteria(scanner: ImapScanner): readonly SortCriterion[] {
  let reverse = false;
  const criteria: SortCriterion[] = [];
  scanner.list(() => {
    const word = scanner.keyword('a sort criterion');
    if (word === 'REVERSE' && !reverse) {
      reverse = true;
      return;
    }
    const key = KEYS.find((one) => one === word);
    if (!key) throw new ImapSyntaxError(`SORT knows no criterion ${word.slice(0, 40)}`);
    criteria.push({ key, reverse });
    reverse = false;
  });
  if (reverse || criteria.length === 0) throw new ImapSyntaxError('SORT needs a criterion');
  return criteria;
}

/** What the criteria compare of one message, besides the columns. */
export type SortTexts = Partial<Record<SortKey, string | number>>;

export function needsFacts(criteria: readonly SortCriterion[]): boolean {
  return criteria.some(({ key }) => key !== 'ARRIVAL' && key !== 'SIZE');
}

/** Reads from the stored facts what the criteria compare. */
export function sortTexts(facts: MailFacts, criteria: readonly SortCriterion[]): SortTexts {
  const texts: SortTexts = {};
  let envelope: MimeEnvelope | undefined;
  for (const { key } of criteria) {
    if (key === 'ARRIVAL' || key === 'SIZE') continue;
    if (key === 'DATE') texts.DATE = facts.sentAt ?? Number.NaN;
    else if (key === 'SUBJECT') texts.SUBJECT = foldCase(baseSubject(envelopeSubject(facts) ?? '').text);
    else texts[key] = textOf(key, (envelope ??= parseStructure(facts.structure).envelope));
  }
  return texts;
}

function textOf(key: Exclude<SortKey, 'ARRIVAL' | 'DATE' | 'SIZE' | 'SUBJECT'>, envelope: MimeEnvelope | undefined): string {
  switch (key) {
    case 'FROM':
    case 'TO':
    case 'CC':
      // RFC 5256 §3: addr-mailbox of the first address.
      return foldCase(first(envelope?.[key === 'FROM' ? 'from' : key === 'TO' ? 'to' : 'cc'])?.mailbox ?? '');
    case 'DISPLAYFROM':
      return display(first(envelope?.from));
    case 'DISPLAYTO':
      return display(first(envelope?.to));
  }
}

/** The name of a group counts as its address. */
function first(list: readonly EnvelopeAddress[] | undefined): EnvelopeAddress | undefined {
  return list?.[0];
}

/** RFC 5957 §3: the decoded name, else the address. */
function display(address: EnvelopeAddress | undefined): string {
  if (!address) return '';
  const name = decodeWords(address.name ?? '').trim();
  if (name !== '') return foldCase(name);
  return foldCase(address.host ? `${address.mailbox ?? ''}@${address.host}` : (address.mailbox ?? ''));
}

/** Positions in order; equal ones stay in order of sequence number (RFC 5256 §3). `texts` beside `positions`. */
export function sortPositions(scope: SearchScope, positions: Positions, texts: readonly (SortTexts | undefined)[], criteria: readonly SortCriterion[]): Positions {
  const order = Array.from(positions, (position, at) => ({ row: scope.rowOf(position), position, texts: texts[at] }));
  type Entry = (typeof order)[number];
  const { internalDates, sizes } = scope.rows;
  const compare = ({ key }: SortCriterion, a: Entry, b: Entry): number => {
    if (key === 'ARRIVAL') return (internalDates[a.row] as number) - (internalDates[b.row] as number);
    if (key === 'SIZE') return (sizes[a.row] as number) - (sizes[b.row] as number);
    if (key === 'DATE') return sent(a) - sent(b);
    return compareFolded(String(a.texts?.[key] ?? ''), String(b.texts?.[key] ?? ''));
  };
  // RFC 5256 §2.2: without a date that can be read, INTERNALDATE counts.
  const sent = ({ texts: own, row }: Entry): number => {
    const date = own?.DATE as number | undefined;
    return date === undefined || Number.isNaN(date) ? (internalDates[row] as number) : date;
  };
  order.sort((a, b) => {
    for (const criterion of criteria) {
      const difference = compare(criterion, a, b);
      if (difference !== 0) return criterion.reverse ? -difference : difference;
    }
    return a.position - b.position;
  });
  return Uint32Array.from(order, ({ position }) => position);
}
