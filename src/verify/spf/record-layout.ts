/**
 * How an SPF record fits into the DNS: character-strings of at most 255 octets (RFC 7208 §3.3), an answer that fits into a
 * plain UDP packet (§3.4), and long lists in records of their own that the first includes.
 */

/** RFC 1035 §3.3: one octet tells the length. */
export const STRING_OCTETS_MAX = 255;
/** RFC 7208 §3.4: so that name, record and the others at the name fit into 512 octets together. */
export const RECORD_OCTETS_WISE = 450;

/** Cut for a TXT record; joined they are the text. */
export function textStrings(text: string): readonly string[] {
  return text.match(new RegExp(`[^]{1,${STRING_OCTETS_MAX}}`, 'g')) ?? [''];
}

export interface LaidOutRecord {
  readonly name: string;
  readonly text: string;
  readonly strings: readonly string[];
}

/** Records beyond the first are allowed to be longer when there would be too many of them: above this, UDP answers are cut off. */
const LONGER_RECORD_OCTETS = [RECORD_OCTETS_WISE, 1_200, 4_000] as const;

/**
 * One record when everything fits, else lists of networks in further ones below it (`_spf1.example.org`, …), each included
 * where the networks stood: the order of terms decides (RFC 7208 §4.6.2). Each of those costs one of the `includesMax`
 * look-ups that are left; when they are too few, the further records are made longer. The last of `terms` is the ending
 * (`~all`).
 */
export function layOut(domain: string, terms: readonly string[], includesMax = Number.POSITIVE_INFINITY): readonly LaidOutRecord[] {
  const whole = ['v=spf1', ...terms].join(' ');
  if (Buffer.byteLength(whole) <= RECORD_OCTETS_WISE) return [laidOut(domain, whole)];
  let records: readonly LaidOutRecord[] = [];
  for (const octets of LONGER_RECORD_OCTETS) {
    records = inSeveral(domain, terms, octets);
    if (records.length - 1 <= includesMax) break;
  }
  return records;
}

/** A list as short as this costs less where it stands than in a record of its own. */
const RUN_OCTETS_INLINE = 60;

function inSeveral(domain: string, terms: readonly string[], octets: number): readonly LaidOutRecord[] {
  const further: LaidOutRecord[] = [];
  const first: string[] = [];
  for (const run of runsOf(terms)) {
    if (!isNetwork(run[0] ?? '') || Buffer.byteLength(run.join(' ')) <= RUN_OCTETS_INLINE) {
      first.push(...run);
      continue;
    }
    for (const list of cut(run, octets)) {
      const name = `_spf${further.length + 1}.${domain}`;
      further.push(laidOut(name, ['v=spf1', ...list, '-all'].join(' ')));
      first.push(`include:${name}`);
    }
  }
  return [laidOut(domain, ['v=spf1', ...first].join(' ')), ...further];
}

/** Neighbours that are plain networks together, and all others, in their order. */
function runsOf(terms: readonly string[]): readonly (readonly string[])[] {
  const runs: string[][] = [];
  for (const term of terms) {
    const last = runs.at(-1);
    if (last && isNetwork(last[0] ?? '') === isNetwork(term)) last.push(term);
    else runs.push([term]);
  }
  return runs;
}

function isNetwork(term: string): boolean {
  return /^ip[46]:/.test(term);
}

function cut(run: readonly string[], octets: number): readonly (readonly string[])[] {
  const lists: string[][] = [];
  let size = Number.POSITIVE_INFINITY;
  for (const term of run) {
    if (size + term.length + 1 > octets) {
      lists.push([]);
      size = 'v=spf1 -all'.length;
    }
    lists.at(-1)?.push(term);
    size += term.length + 1;
  }
  return lists;
}

function laidOut(name: string, text: string): LaidOutRecord {
  return { name, text, strings: textStrings(text) };
}
