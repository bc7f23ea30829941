/** The body of a request, whole, within a limit. */
import type { IncomingMessage, ServerResponse } from 'node:http';

export type ReadBody =
  | { readonly kind: 'body'; readonly bytes: Buffer }
  | { readonly kind: 'too-large' }
  /** The client went away, or was too slow. */
  | { readonly kind: 'gone' };

/** Says "100 Continue" to who waits for it, and stops reading as soon as the limit is passed. */
export async function readBody(request: IncomingMessage, response: ServerResponse, bytesMax: number): Promise<ReadBody> {
  const declared = Number(request.headers['content-length'] ?? 0);
  if (declared > bytesMax) return { kind: 'too-large' };
  if (request.headers['expect']?.toLowerCase() === '100-continue') response.writeContinue();
  const pieces: Buffer[] = [];
  let size = 0;
  return new Promise((resolve) => {
    request.on('data', (piece: Buffer) => {
      size += piece.length;
      if (size <= bytesMax) return void pieces.push(piece);
      request.pause();
      resolve({ kind: 'too-large' });
    });
    request.once('end', () => resolve({ kind: 'body', bytes: Buffer.concat(pieces) }));
    request.once('error', () => resolve({ kind: 'gone' }));
    request.once('close', () => resolve({ kind: 'gone' }));
  });
}
