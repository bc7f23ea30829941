/** Standard input as a whole, bounded. */
import { Failure } from '../../base/errors.ts';

/** Rejects with Failure `message-too-large` beyond `bytesMax`. */
export async function readAll(stream: NodeJS.ReadableStream, bytesMax: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of stream) {
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
    size += bytes.length;
    if (size > bytesMax) throw new Failure('message-too-large', `the input is larger than ${bytesMax} bytes (smtp.max-message-size)`, { temporary: false });
    chunks.push(bytes);
  }
  return Buffer.concat(chunks);
}
