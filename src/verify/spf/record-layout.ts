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

/**
 * One record when everything fits, else further ones below it (`_spf1.example.org`, …) that the first includes. Each of
 * those costs one look-up. The last of `terms` is the ending (`~all`), which stays in the first.
 */
export function layOut(domain: string, terms: readonly string[]): readonly LaidOutRecord[] {
  const whole = ['v=spf1', ...terms].join(' ');
  if (Buffer.byteLength(whole) <= RECORD_OCTETS_WISE) return [laidOut(domain, whole)];
  const lists: string[][] = [[]];
  const ending = terms.slice(-1);
  // What is no plain network has a place in the order, and stays in the first record.
  const kept = terms.slice(0, -1).filter((term) => !/^ip[46]:/.test(term));
  for (const term of terms.filter((each) => /^ip[46]:/.test(each))) {
    const list = lists.at(-1) as string[];
    if (Buffer.byteLength(['v=spf1', ...list, term, '-all'].join(' ')) > RECORD_OCTETS_WISE) lists.push([term]);
    else list.push(term);
  }
  const further = lists.map((list, at) => laidOut(`_spf${at + 1}.${domain}`, ['v=spf1', ...list, '-all'].join(' ')));
  const first = ['v=spf1', ...further.map(({ name }) => `include:${name}`), ...kept, ...ending].join(' ');
  return [laidOut(domain, first), ...further];
}

function laidOut(name: string, text: string): LaidOutRecord {
  return { name, text, strings: textStrings(text) };
}
