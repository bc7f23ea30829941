/**
 * The query language of `posthorn mail search`: words that must all occur, and `field:value` terms. `from:ann "due
 * date" since:2026-11-01 -is:read`. A minus in front excludes; quotes keep blanks.
 */

const TEXT_FIELDS = ['from', 'to', 'cc', 'bcc', 'subject', 'body'] as const;
export type QueryTextField = (typeof TEXT_FIELDS)[number] | 'text';

const STATES: Readonly<Record<string, readonly [flag: string, set: boolean]>> = {
  read: ['\\Seen', true],
  unread: ['\\Seen', false],
  flagged: ['\\Flagged', true],
  answered: ['\\Answered', true],
  draft: ['\\Draft', true],
  deleted: ['\\Deleted', true],
};

export type QueryTerm = { readonly excluded: boolean } & (
  | { readonly kind: 'text'; readonly field: QueryTextField; readonly value: string }
  | { readonly kind: 'flag'; readonly flag: string; readonly set: boolean }
  /** Day of arrival: milliseconds since 1970 of its start in UTC. */
  | { readonly kind: 'date'; readonly compare: 'before' | 'on' | 'since'; readonly day: number }
  | { readonly kind: 'size'; readonly compare: 'larger' | 'smaller'; readonly bytes: number }
);

export type ParsedQuery = { readonly kind: 'query'; readonly terms: readonly QueryTerm[] } | { readonly kind: 'wrong'; readonly problem: string };

/** Never throws. */
export function parseSearchQuery(text: string): ParsedQuery {
  const terms: QueryTerm[] = [];
  for (const { excluded, field, value } of wordsOf(text)) {
    const term = readTerm(field, value);
    if (typeof term === 'string') return { kind: 'wrong', problem: term };
    terms.push({ excluded, ...term });
  }
  return terms.length === 0 ? { kind: 'wrong', problem: 'say what to search for' } : { kind: 'query', terms };
}

interface QueryWord {
  readonly excluded: boolean;
  readonly field: string | undefined;
  readonly value: string;
}

function wordsOf(text: string): QueryWord[] {
  return Array.from(text.matchAll(/(-?)(?:([A-Za-z]{2,10}):)?(?:"([^"]*)"?|([^\s"]+))/g), ([, minus, field, quoted, bare]) => ({
    excluded: minus === '-',
    field: field?.toLowerCase(),
    value: quoted ?? bare ?? '',
  })).filter(({ value }) => value !== '');
}

type BareTerm = QueryTerm extends infer Term ? (Term extends QueryTerm ? Omit<Term, 'excluded'> : never) : never;

/** What is wrong with it as a text. */
function readTerm(field: string | undefined, value: string): BareTerm | string {
  const textField = TEXT_FIELDS.find((one) => one === field);
  if (textField) return { kind: 'text', field: textField, value };
  switch (field) {
    case undefined:
      return { kind: 'text', field: 'text', value };
    case 'since':
    case 'before':
    case 'on': {
      const day = /^\d{4}-\d\d-\d\d$/.test(value) ? Date.parse(`${value}T00:00:00Z`) : Number.NaN;
      return Number.isNaN(day) ? `${field}: takes a day such as 2026-11-30, not "${value}"` : { kind: 'date', compare: field, day };
    }
    case 'larger':
    case 'smaller': {
      const size = /^(\d{1,12})([km]?)b?$/i.exec(value);
      if (!size) return `${field}: takes a size such as 500k or 2m, not "${value}"`;
      return { kind: 'size', compare: field, bytes: Number(size[1]) * (size[2] === '' ? 1 : size[2]?.toLowerCase() === 'k' ? 1024 : 1024 * 1024) };
    }
    case 'is': {
      const state = Object.hasOwn(STATES, value.toLowerCase()) ? STATES[value.toLowerCase()] : undefined;
      return state ? { kind: 'flag', flag: state[0], set: state[1] } : `is: takes ${Object.keys(STATES).join(', ')}, not "${value}"`;
    }
    case 'keyword':
      return { kind: 'flag', flag: value, set: true };
    default:
      // A colon in an ordinary word, such as an address on the web.
      return { kind: 'text', field: 'text', value: `${field}:${value}` };
  }
}
