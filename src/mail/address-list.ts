/**
 * Address lists of header fields (RFC 5322 §3.4, with groups, comments and the obsolete syntax of §4.4).
 *
 * Policy: read what can be read, never throw, say what was wrong. One pass over the characters, so that hostile input
 * costs what it is long.
 */
import { decodeWords } from './encoded-word.ts';

export interface HeaderAddress {
  /** Display name with encoded words decoded. */
  readonly name?: string;
  /** `local@domain`; the domain in lower case; without `@` when the header had none. */
  readonly address: string;
  /** Name of the group it stands in. */
  readonly group?: string;
}

/** What the list holds in order, undecoded, for those who must repeat it (IMAP ENVELOPE). */
export type AddressToken =
  | { readonly kind: 'mailbox'; readonly rawName: string; readonly localPart: string; readonly domain: string; /** As written. */ readonly rawDomain: string; /** `@a,@b` of the obsolete syntax, RFC 5322 §4.4. */ readonly route?: string }
  | { readonly kind: 'group-start'; readonly rawName: string }
  | { readonly kind: 'group-end' };

export interface ScannedAddresses {
  readonly tokens: readonly AddressToken[];
  readonly problems: readonly string[];
}

/** Addresses read from one field; a hostile To could name millions. */
const ADDRESSES_MAX = 10_000;
const COMMENT_DEPTH_MAX = 20;

/** All mailboxes of the list; groups are opened. */
export function parseAddressList(text: string): HeaderAddress[] {
  const result: HeaderAddress[] = [];
  let group: string | undefined;
  for (const token of scanAddressList(text).tokens) {
    if (token.kind === 'group-start') group = decodeWords(token.rawName);
    else if (token.kind === 'group-end') group = undefined;
    else {
      const name = decodeWords(token.rawName);
      const address = token.domain === '' ? token.localPart : `${token.localPart}@${token.domain}`;
      result.push({ ...(name !== '' && { name }), address, ...(group !== undefined && { group }) });
    }
  }
  return result;
}

/** The list as tokens, with what was wrong about it. */
export function scanAddressList(text: string): ScannedAddresses {
  return new Scanner(text).list();
}

const BLANKS = 'blanks inside an address';

/**
 * RFC 5322 §4.4 allows blanks around dots and the `@`; others stay, so that the address is seen to be none. `end` is the last
 * character before, '' for none: to look at the end of a string that grows would copy all of it each time.
 */
function blankBetween(end: string, gap: boolean, after: string): '' | ' ' {
  return !gap || '.@,:'.includes(end) || '.@,:'.includes(after[0] ?? '') ? '' : ' ';
}

class Scanner {
  readonly #text: string;
  readonly #tokens: AddressToken[] = [];
  readonly #problems = new Set<string>();
  #position = 0;
  #inGroup = false;
  /** Words gathered since the last separator: a phrase, or a bare address. */
  #words: string[] = [];
  #bare = '';
  #bareEnd = '';
  /** A blank or comment stands behind what #bare holds. */
  #gap = false;
  /** Blanks stand inside #bare: in a name before an angle bracket they may. */
  #broken = false;
  #comment = '';
  #angle: string | undefined;

  constructor(text: string) {
    this.#text = text;
  }

  list(): ScannedAddresses {
    while (this.#position < this.#text.length && this.#tokens.length < ADDRESSES_MAX) this.#step();
    if (this.#position < this.#text.length) this.#problems.add('too many addresses');
    this.#flush();
    if (this.#inGroup) this.#tokens.push({ kind: 'group-end' });
    return { tokens: this.#tokens, problems: [...this.#problems] };
  }

  #step(): void {
    const character = this.#text[this.#position] as string;
    if (character === '(') {
      this.#comment = this.#readComment();
      this.#gap = true;
    } else if (character === '"') this.#word(this.#readQuoted());
    else if (character === '<') this.#readAngle();
    else if (character === ',') this.#separator();
    else if (character === ':' && !this.#inGroup && this.#angle === undefined && this.#bare.indexOf('@') < 0) this.#startGroup();
    else if (character === ';') this.#endGroup();
    else if (character === '[') this.#append(this.#readLiteral());
    else if (character === ' ' || character === '\t' || character === '\r' || character === '\n') {
      this.#position += 1;
      this.#words.push('');
      this.#gap = true;
    } else this.#append(this.#readRun());
  }

  /** Joins to the text before when no blank stood between. */
  #append(run: string): void {
    if (this.#angle !== undefined && run.includes('@')) this.#endUnseparated();
    const last = this.#words.pop() ?? '';
    this.#words.push(last + run);
    this.#extend(run);
  }

  #word(quoted: { readonly value: string; readonly raw: string }): void {
    const last = this.#words.pop() ?? '';
    this.#words.push(last + quoted.value);
    this.#extend(quoted.raw);
  }

  #extend(raw: string): void {
    const blank = blankBetween(this.#bareEnd, this.#gap, raw);
    this.#broken ||= blank !== '';
    this.#bare += blank + raw;
    this.#bareEnd = raw.at(-1) ?? this.#bareEnd;
    this.#gap = false;
  }

  #readRun(): string {
    const start = this.#position;
    while (this.#position < this.#text.length && !'()"<>,:;[ \t\r\n'.includes(this.#text[this.#position] as string)) this.#position += 1;
    if (this.#position === start) {
      this.#position += 1;
      // A colon or `>` out of place.
      this.#problems.add('stray character');
      return '';
    }
    return this.#text.slice(start, this.#position);
  }

  #readComment(): string {
    let depth = 0;
    let value = '';
    for (; this.#position < this.#text.length; this.#position += 1) {
      const character = this.#text[this.#position] as string;
      if (character === '\\') value += this.#text[++this.#position] ?? '';
      else if (character === '(') {
        if (++depth > COMMENT_DEPTH_MAX) this.#problems.add('comments nested too deep');
        if (depth > 1) value += character;
      } else if (character === ')') {
        depth -= 1;
        if (depth === 0) {
          this.#position += 1;
          return value.trim();
        }
        value += character;
      } else value += character;
    }
    this.#problems.add('a comment is not closed');
    return value.trim();
  }

  #readQuoted(): { value: string; raw: string } {
    const start = this.#position;
    let value = '';
    for (this.#position += 1; this.#position < this.#text.length; this.#position += 1) {
      const character = this.#text[this.#position] as string;
      if (character === '"') {
        this.#position += 1;
        return { value, raw: this.#text.slice(start, this.#position) };
      }
      value += character === '\\' ? (this.#text[++this.#position] ?? '') : character;
    }
    this.#problems.add('a quoted string is not closed');
    return { value, raw: `${this.#text.slice(start)}"` };
  }

  #readLiteral(): string {
    const close = this.#text.indexOf(']', this.#position);
    const end = close < 0 ? this.#text.length : close + 1;
    if (close < 0) this.#problems.add('an address literal is not closed');
    const literal = this.#text.slice(this.#position, end);
    this.#position = end;
    return literal;
  }

  #readAngle(): void {
    this.#position += 1;
    if (this.#angle !== undefined) this.#endUnseparated();
    let address = '';
    let end = '';
    let gap = false;
    const extend = (raw: string): void => {
      const blank = blankBetween(end, gap, raw);
      if (blank !== '') this.#problems.add(BLANKS);
      address += blank + raw;
      end = raw.at(-1) ?? end;
      gap = false;
    };
    while (this.#position < this.#text.length) {
      const character = this.#text[this.#position] as string;
      if (character === '"') extend(this.#readQuoted().raw);
      else if (character === '(') {
        this.#readComment();
        gap = true;
      } else if (character === '>') {
        this.#position += 1;
        this.#angle = address;
        return;
      } else {
        if (' \t\r\n'.includes(character)) gap = true;
        else extend(character);
        this.#position += 1;
      }
    }
    this.#problems.add('an angle bracket is not closed');
    this.#angle = address;
  }

  /** Some readers take the first of two addresses without a comma between, some the last: both count. */
  #endUnseparated(): void {
    this.#problems.add('two addresses without a comma');
    this.#flush();
  }

  #separator(): void {
    this.#position += 1;
    this.#flush();
  }

  #startGroup(): void {
    this.#position += 1;
    this.#tokens.push({ kind: 'group-start', rawName: this.#phrase() });
    this.#inGroup = true;
    this.#reset();
  }

  #endGroup(): void {
    this.#position += 1;
    this.#flush();
    if (this.#inGroup) this.#tokens.push({ kind: 'group-end' });
    this.#inGroup = false;
  }

  #phrase(): string {
    return this.#words.filter((word) => word !== '').join(' ').replace(/\p{Cc}+/gu, ' ').trim();
  }

  #flush(): void {
    const route = this.#angle === undefined ? null : /^(@[^:]*):/.exec(this.#angle);
    if (this.#angle !== undefined) this.#push(this.#phrase(), this.#angle.slice(route?.[0].length ?? 0), route?.[1]);
    else if (this.#bare !== '') {
      if (this.#broken) this.#problems.add(BLANKS);
      this.#push(this.#comment, this.#bare);
    }
    this.#reset();
  }

  #push(rawName: string, address: string, route?: string): void {
    const at = address.lastIndexOf('@');
    const localPart = at < 0 ? address : address.slice(0, at);
    const rawDomain = at < 0 ? '' : address.slice(at + 1);
    const domain = rawDomain.toLowerCase();
    if (domain === '' || localPart === '') this.#problems.add('an address without local part or domain');
    if (localPart === '' && domain === '') return;
    this.#tokens.push({ kind: 'mailbox', rawName, localPart, domain, rawDomain, ...(route !== undefined && { route }) });
  }

  #reset(): void {
    this.#words = [];
    this.#broken = false;
    this.#bare = '';
    this.#bareEnd = '';
    this.#gap = false;
    this.#comment = '';
    this.#angle = undefined;
  }
}
