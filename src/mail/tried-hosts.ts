/**
 * The hosts of one attempt beside the one whose word decided, for people: which host, what became of it there, and why it
 * is the other's word that counts. Pure.
 */

/** As in the facts of an attempt. */
export interface Tried {
  readonly mx: string;
  readonly address?: string;
  readonly error: string;
  readonly own?: true;
}

export interface TriedFacts {
  readonly tried?: readonly Tried[];
  readonly ownReply?: boolean;
  readonly cutShort?: true;
}

/** Of what one host said. */
const ERROR_CHARS_MAX = 160;

/** `mx.example.net [192.0.2.1] answered 451 4.3.2 busy`, or what went wrong in a clause that names the host. */
export function triedHost({ mx, address, error, own }: Tried, charsMax = ERROR_CHARS_MAX): string {
  const line = error.replace(/\s+/g, ' ').trim();
  const said = line.length > charsMax ? `${line.slice(0, charsMax)}…` : line;
  return own ? said : `${mx}${address === undefined || address === mx ? '' : ` [${address}]`} answered ${said}`;
}

/** One sentence or more; undefined when no other host was tried. `most`: so many are named. */
export function triedText(facts: TriedFacts, most: number): string | undefined {
  const { tried = [], ownReply, cutShort } = facts;
  const [first] = tried;
  if (!first) return cutShort ? CUT_SHORT : undefined;
  const named = tried.slice(0, most).map((one) => triedHost(one));
  const more = tried.length > most ? [`${tried.length - most} more`] : [];
  const others = [...named, ...more].join('; ');
  return `${tried.length + 1} hosts were tried; ${whyItCounts(tried, ownReply)}. The others: ${others}.${cutShort ? ` ${CUT_SHORT}` : ''}`;
}

const CUT_SHORT = 'One attempt asks no more hosts than that; if there are others, they were not asked.';

function whyItCounts(tried: readonly Tried[], ownReply = false): string {
  if (ownReply) return 'none of them gave an answer that counts, and this one says most';
  return tried.some(({ own }) => !own) ? 'this is the last answer that one of them gave' : 'this is the only one that gave an answer';
}
