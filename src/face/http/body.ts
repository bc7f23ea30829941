/** The body of a request, whole, within a limit of its own and one that all bodies share. */
import type { IncomingMessage, ServerResponse } from 'node:http';

export type ReadBody =
  | { readonly kind: 'body'; readonly bytes: Buffer }
  | { readonly kind: 'too-large' }
  /** Others have taken all the room that there is. */
  | { readonly kind: 'crowded' }
  /** The client went away, or was too slow. */
  | { readonly kind: 'gone' };

/** What all bodies together may hold. */
export class BodyRoom {
  readonly #bytesMax: number;
  #held = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** A share of it, for one request; `release` gives all of it back. */
  share(): { take(bytes: number): boolean; release(): void } {
    let mine = 0;
    return {
      take: (bytes) => {
        if (this.#held + bytes > this.#bytesMax) return false;
        this.#held += bytes;
        mine += bytes;
        return true;
      },
      release: () => {
        this.#held -= mine;
        mine = 0;
      },
    };
  }
}

/** Says "100 Continue" to who waits for it, and stops reading as soon as a limit is passed. */
export async function readBody(request: IncomingMessage, response: ServerResponse, bytesMax: number, take: (bytes: number) => boolean): Promise<ReadBody> {
  const declared = Number(request.headers['content-length'] ?? 0);
  if (declared > bytesMax) return { kind: 'too-large' };
  if (request.headers['expect']?.toLowerCase() === '100-continue') response.writeContinue();
  const pieces: Buffer[] = [];
  let size = 0;
  return new Promise((resolve) => {
    const stop = (kind: 'too-large' | 'crowded'): void => {
      pieces.length = 0;
      request.pause();
      resolve({ kind });
    };
    request.on('data', (piece: Buffer) => {
      size += piece.length;
      if (size > bytesMax) return stop('too-large');
      if (!take(piece.length)) return stop('crowded');
      pieces.push(piece);
    });
    request.once('end', () => resolve({ kind: 'body', bytes: Buffer.concat(pieces) }));
    request.once('error', () => resolve({ kind: 'gone' }));
    request.once('close', () => resolve({ kind: 'gone' }));
  });
}
