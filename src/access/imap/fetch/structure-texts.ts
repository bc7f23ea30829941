/**
 * ENVELOPE, BODY and BODYSTRUCTURE as they were told lately, and structures that sections were looked up in, shared by all
 * sessions of a thread: making them takes ten times as long as sending them. What they are made of never changes.
 */
import { ACCESS_CACHE_LIMITS } from '../../../base/access-limits.ts';
import type { MailFacts } from '../../../contract/mailbox.ts';
import { parseStructure, type MimePart } from '../../../mail/mime-structure.ts';
import { RecentValues } from '../../mailbox/recent-values.ts';
import { bodyStructureText } from './body-structure-text.ts';
import { envelopeText } from './envelope-text.ts';

export type StructureItem = 'envelope' | 'body' | 'bodystructure';

/** Beside its content, a value takes about so much. */
const ENTRY_BYTES = 100;
/** A structure in memory, for each byte of its JSON. */
const BYTES_PER_JSON_BYTE = 8;

/** For clients that did not enable UTF-8, and for those that did. */
type TextsByCharset = readonly [ascii: RecentValues<string>, utf8: RecentValues<string>];

function emptyTexts(): TextsByCharset {
  return [recentTexts(), recentTexts()];
}

function recentTexts(): RecentValues<string> {
  return new RecentValues(ACCESS_CACHE_LIMITS.structureTextsBytesMax, ({ length }) => length + ENTRY_BYTES);
}

interface KnownRoot {
  readonly root: MimePart;
  readonly bytes: number;
}

export class StructureTexts {
  readonly #texts: Readonly<Record<StructureItem, TextsByCharset>> = { envelope: emptyTexts(), body: emptyTexts(), bodystructure: emptyTexts() };
  readonly #roots = new RecentValues<KnownRoot>(ACCESS_CACHE_LIMITS.structuresBytesMax, ({ bytes }) => bytes);

  /** Each of the items of one message; undefined when not all of them are here. */
  known(items: readonly StructureItem[], utf8: boolean, mailId: number): readonly string[] | undefined {
    const texts: string[] = [];
    for (const item of items) {
      const text = this.#texts[item][utf8 ? 1 : 0].get(mailId);
      if (text === undefined) return undefined;
      texts.push(text);
    }
    return texts;
  }

  /** The same, made where they are not here. */
  of(items: readonly StructureItem[], utf8: boolean, facts: MailFacts): readonly string[] {
    return items.map((item) => {
      const texts = this.#texts[item][utf8 ? 1 : 0];
      const known = texts.get(facts.mailId);
      if (known !== undefined) return known;
      const text = flat(make(item, this.root(facts), utf8));
      texts.set(facts.mailId, text);
      return text;
    });
  }

  root(facts: MailFacts): MimePart {
    const known = this.#roots.get(facts.mailId);
    if (known) return known.root;
    const root = parseStructure(facts.structure);
    this.#roots.set(facts.mailId, { root, bytes: facts.structure.length * BYTES_PER_JSON_BYTE });
    return root;
  }
}

/** In one piece of memory: what was put together of many pieces keeps them all, which take several times as much. */
function flat(text: string): string {
  return Buffer.from(text).toString();
}

function make(item: StructureItem, root: MimePart, utf8: boolean): string {
  if (item === 'envelope') return `ENVELOPE ${envelopeText(root.envelope, utf8)}`;
  return item === 'body' ? `BODY ${bodyStructureText(root, false, utf8)}` : `BODYSTRUCTURE ${bodyStructureText(root, true, utf8)}`;
}
