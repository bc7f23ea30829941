/**
 * COMPRESS=DEFLATE (RFC 4978) over a connection.
 *
 * Policy: what we send is compressed batch by batch, each on its own and ended with a flush. Batches one behind the other
 * are one valid stream, and a session that is silent keeps no 256 KB of compressor state; what is lost is likeness
 * between batches, which small answers have little use for. What the client sends needs its state (32 KB at most).
 */
import { constants, createInflateRaw, deflateRawSync } from 'node:zlib';
import type { InflateRaw } from 'node:zlib';

const LEVEL = 5;
const INFLATED_CHUNK_BYTES = 4096;

export function compress(batch: Uint8Array): Buffer {
  return deflateRawSync(batch, { level: LEVEL, finishFlush: constants.Z_SYNC_FLUSH });
}

/** `failed`: the stream is not valid. */
export function createDecompressor(data: (chunk: Buffer) => void, failed: () => void): InflateRaw {
  const stream = createInflateRaw({ chunkSize: INFLATED_CHUNK_BYTES, finishFlush: constants.Z_SYNC_FLUSH });
  stream.on('data', data);
  stream.on('error', failed);
  return stream;
}
