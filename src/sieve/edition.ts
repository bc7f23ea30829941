/** A changed message as bytes. */
import { BufferSource, concatenate, type ByteSource } from '../base/byte-source.ts';
import type { MessageEdition } from './action.ts';

/** What an action passes on. `content`: the message that the run looked at. The body is not copied when it is unchanged. */
export function editedMessage(content: ByteSource, edition: MessageEdition | undefined): ByteSource {
  if (!edition) return content;
  return concatenate([new BufferSource(edition.header), edition.body ? new BufferSource(edition.body) : new Tail(content, edition.bodyOffset)]);
}

/** What a later script made of what an earlier one had left, as one edition of the message received. */
export function laterEdition(earlier: MessageEdition | undefined, later: MessageEdition | undefined): MessageEdition | undefined {
  if (!earlier || !later) return later ?? earlier;
  return { header: later.header, bodyOffset: earlier.bodyOffset, body: later.body ?? earlier.body, changes: [...earlier.changes, ...later.changes] };
}

/** A source from an offset on. */
class Tail implements ByteSource {
  readonly #whole: ByteSource;
  readonly #offset: number;

  constructor(whole: ByteSource, offset: number) {
    this.#whole = whole;
    this.#offset = offset;
  }

  get size(): number {
    return this.#whole.size - this.#offset;
  }

  get inMemory(): Buffer | undefined {
    return this.#whole.inMemory?.subarray(this.#offset);
  }

  chunks(start = 0, end = this.size): AsyncIterable<Buffer> {
    return this.#whole.chunks(this.#offset + start, this.#offset + end);
  }

  read(start = 0, end = this.size): Promise<Buffer> {
    return this.#whole.read(this.#offset + start, this.#offset + end);
  }
}
