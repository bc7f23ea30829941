/**
 * What may have happened to a signed header on its way, as guesses that undo it: mailing lists tag subjects, put themselves
 * into From and add Reply-To; gateways re-encode and write addresses anew; filters add fields. Pure.
 */
import { DKIM_DIAGNOSIS_LIMITS } from '../../../base/dkim-limits.ts';
import type { HeaderField } from '../../../mail/header.ts';

export interface HeaderGuess {
  /** Name of the field as written. */
  readonly field: string;
  /** What happened, as the end of a sentence: "Subject: a tag was put in front ([list])". */
  readonly what: string;
  /** The fields as they would have been. */
  readonly undo: (fields: readonly HeaderField[]) => HeaderField[];
}

/** What mail programs write when the field is there at all. */
const USUAL_VALUES: Readonly<Record<string, readonly string[]>> = {
  'mime-version': ['1.0'],
  'content-transfer-encoding': ['7bit', '8bit', 'quoted-printable', 'base64', '7Bit', '8Bit', '7BIT', '8BIT'],
  'content-type': ['text/plain', 'text/plain; charset=utf-8', 'text/plain; charset=UTF-8', 'text/plain; charset="utf-8"', 'text/plain; charset="UTF-8"', 'text/plain; charset=us-ascii'],
};

/** For fields named in `signedNames`; the likeliest first. */
export function headerGuesses(fields: readonly HeaderField[], signedNames: readonly string[]): readonly HeaderGuess[] {
  const signed = new Set(signedNames);
  const present = fields.filter((field) => signed.has(field.lower) && field.lower !== 'dkim-signature');
  return [
    ...present.flatMap(alterations(fields)),
    ...present.map(addition),
    ...present.filter((field) => field.lower in USUAL_VALUES).flatMap((field) => valueGuesses(field, USUAL_VALUES[field.lower] ?? [], 'another value stood here')),
    ...[...signed].filter((name) => !fields.some(({ lower }) => lower === name)).flatMap(removal),
    ...[...signed].filter((name) => fields.filter(({ lower }) => lower === name).length > 1).map(reordering),
  ];
}

function addition(field: HeaderField): HeaderGuess {
  return { field: field.name, what: 'the field was added after signing', undo: (fields) => fields.filter((each) => each !== field) };
}

function removal(name: string): HeaderGuess[] {
  return (USUAL_VALUES[name] ?? []).map((value) => ({ field: name, what: `the field was removed (it was "${value}")`, undo: (fields) => [...fields, fieldOf(name, value)] }));
}

function reordering(name: string): HeaderGuess {
  return {
    field: name,
    what: 'fields of this name changed their order',
    undo: (fields) => {
      const reversed = fields.filter(({ lower }) => lower === name).toReversed();
      return fields.map((each) => (each.lower === name ? (reversed.shift() ?? each) : each));
    },
  };
}

function alterations(fields: readonly HeaderField[]): (field: HeaderField) => HeaderGuess[] {
  return (field) => {
    const value = valueText(field);
    if (field.lower === 'subject') return valueGuesses(field, untagged(value), 'a tag was put into it');
    if (field.lower === 'from') return valueGuesses(field, originalAuthors(fields), 'it was rewritten; its old value stands in another field');
    if (['to', 'cc', 'reply-to', 'sender'].includes(field.lower)) return valueGuesses(field, respaced(value), 'the addresses were written anew');
    if (field.lower === 'content-type') return valueGuesses(field, retyped(value), 'its parameters were written anew');
    if (field.lower === 'message-id' || field.lower === 'references' || field.lower === 'in-reply-to') return valueGuesses(field, [value.replace(/[<>]/g, ''), `<${value}>`], 'its angle brackets were changed');
    return [];
  };
}

function valueGuesses(field: HeaderField, values: readonly string[], what: string): HeaderGuess[] {
  const now = valueText(field);
  const others = [...new Set(values)].filter((value) => value !== now).slice(0, DKIM_DIAGNOSIS_LIMITS.guessesPerFieldMax);
  return others.map((value) => ({ field: field.name, what: `${what} (it was "${value.slice(0, 120)}")`, undo: (fields) => fields.map((each) => (each === field ? { ...each, raw: Buffer.from(`${each.name}: ${value}\r\n`, 'latin1') } : each)) }));
}

/** Without one tag, without all, and with the tag behind an answer's "Re:". */
function untagged(subject: string): readonly string[] {
  const tag = /^(?:\[[^\]]{1,80}\]|\*{2,5}[A-Z _-]{2,40}\*{2,5}|\([A-Z]{3,20}\)|(?:EXTERNAL|EXTERN|SPAM|CAUTION)\s*:)\s*/i;
  const guesses: string[] = [];
  let rest = subject;
  for (let count = 0; count < 3; count += 1) {
    const shorter = rest.replace(tag, '');
    if (shorter === rest) break;
    guesses.push(shorter);
    rest = shorter;
  }
  const answered = /^((?:re|aw|fwd?|wg|sv)\s*:\s*)(.*)$/i.exec(subject);
  if (answered) guesses.push(`${answered[1]}${(answered[2] ?? '').replace(tag, '')}`, `${(answered[2] ?? '').replace(tag, '')}`);
  const behind = subject.replace(/\s*(?:\[[^\]]{1,80}\]|\*{2,5}[A-Z ]{2,40}\*{2,5})$/i, '');
  return [...guesses, behind];
}

/** Where lists that rewrite From leave what stood there. */
function originalAuthors(fields: readonly HeaderField[]): readonly string[] {
  return fields.filter(({ lower }) => ['x-original-from', 'original-from', 'reply-to', 'x-original-sender', 'x-google-original-from', 'x-mailfrom'].includes(lower)).map(valueText);
}

function respaced(value: string): readonly string[] {
  const bare = /^[^<>",\s]+@[^<>",\s]+$/.test(value);
  return [value.replace(/\s*,\s*/g, ', '), value.replace(/\s*,\s*/g, ','), value.replace(/"([^"\\]{1,100})" </g, '$1 <'), value.replace(/(^|, ?)([^",<]{1,100}?) </g, '$1"$2" <'), bare ? `<${value}>` : value.replace(/^<([^<>]+)>$/, '$1')];
}

function retyped(value: string): readonly string[] {
  return [
    value.replace(/\s*;\s*/g, '; '),
    value.replace(/\s*;\s*/g, ';'),
    value.replace(/="([^";\s]{1,200})"/g, '=$1'),
    value.replace(/=([^";\s]{1,200})/g, '="$1"'),
    value.replace(/;\s*charset="?[\w-]{1,40}"?/i, ''),
    value.replace(/;\s*format="?flowed"?/i, ''),
    value.replace(/charset="?[\w-]{1,40}"?/i, 'charset=utf-8'),
    value.replace(/charset="?[\w-]{1,40}"?/i, 'charset="utf-8"'),
    value.replace(/charset="?[\w-]{1,40}"?/i, 'charset=us-ascii'),
  ];
}

/** Unfolded, byte by byte. */
function valueText({ raw }: HeaderField): string {
  const text = raw.toString('latin1');
  return text.slice(text.indexOf(':') + 1).replace(/\r?\n/g, '').replace(/[ \t]+/g, ' ').trim();
}

function fieldOf(name: string, value: string): HeaderField {
  return { name, lower: name, raw: Buffer.from(`${name}: ${value}\r\n`, 'latin1'), value, start: 0, end: 0 };
}
