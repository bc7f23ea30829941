/**
 * XML as a stream of its elements with text, for documents whose shape is known: what is asked for by path is told when it
 * ends. Namespaces and the case of names are ignored, for reporters get both wrong.
 *
 * Policy: nothing is expanded but the five entities of XML itself and character numbers; declarations of others are skipped
 * and never looked up. Depth, text of an element and the length of anything unfinished are bounded.
 */
import { TextDecoder } from 'node:util';
import { Parser } from 'htmlparser2';
import { REPORT_IN_LIMITS } from '../../base/report-in-limits.ts';
import { UnreadableReport } from './unpack.ts';
import { charsetOf } from './xml-charset.ts';

export interface LeafHandler {
  /** An element has begun. `parent`: of the element around it, '' for the outermost. Names in lower case without prefix. */
  begin(name: string, parent: string): void;
  /** It has ended. `text` without blanks around it, '' when it had elements inside. */
  end(name: string, parent: string, text: string): void;
}

/** Bytes of a tag, comment or section that has not ended. */
const UNFINISHED_CHARS_MAX = 1024 * 1024;

/** Rejects with UnreadableReport. */
export async function readLeaves(chunks: AsyncIterable<Buffer>, handler: LeafHandler): Promise<void> {
  const reader = new LeafReader(handler);
  let decoder: TextDecoder | undefined;
  for await (const chunk of chunks) {
    decoder ??= new TextDecoder(charsetOf(chunk));
    reader.write(decoder.decode(chunk, { stream: true }));
  }
  reader.end();
}

class LeafReader {
  readonly #parser: Parser;
  readonly #handler: LeafHandler;
  readonly #open: string[] = [];
  readonly #names = new Map<string, string>();
  #text = '';
  #written = 0;

  constructor(handler: LeafHandler) {
    this.#handler = handler;
    this.#parser = new Parser(
      { onopentagname: (raw) => this.#begin(this.#plain(raw)), ontext: (text) => this.#add(text), onclosetag: () => this.#close() },
      { xmlMode: true, decodeEntities: true },
    );
  }

  write(text: string): void {
    this.#parser.write(text);
    this.#written += text.length;
    if (this.#written - this.#parser.endIndex > UNFINISHED_CHARS_MAX) throw new UnreadableReport('it is no XML: a tag does not end');
  }

  /** Half a report must not stand for the whole: it may come again. */
  end(): void {
    if (this.#open.length > 0) throw new UnreadableReport(`it ends in the middle: <${this.#open.at(-1)?.slice(0, 40)}> is not closed`);
    this.#parser.end();
  }

  #begin(name: string): void {
    if (this.#open.length >= REPORT_IN_LIMITS.depthMax) throw new UnreadableReport(`its elements are more than ${REPORT_IN_LIMITS.depthMax} deep`);
    this.#handler.begin(name, this.#open.at(-1) ?? '');
    this.#open.push(name);
    this.#text = '';
  }

  #add(text: string): void {
    const room = REPORT_IN_LIMITS.textCharsMax - this.#text.length;
    if (room > 0) this.#text += text.length > room ? text.slice(0, room) : text;
  }

  #close(): void {
    const name = this.#open.pop() ?? '';
    this.#handler.end(name, this.#open.at(-1) ?? '', this.#text.trim());
    this.#text = '';
  }

  #plain(raw: string): string {
    const known = this.#names.get(raw);
    if (known !== undefined) return known;
    const name = raw.slice(raw.indexOf(':') + 1, 100).toLowerCase();
    if (this.#names.size < 1000) this.#names.set(raw.slice(0, 200), name);
    return name;
  }
}
