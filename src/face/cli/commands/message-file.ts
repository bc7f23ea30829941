/** Reads a message from a file, or from standard input for `-`, with CRLF line ends as verifiers need. */
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { readAll } from '../../drop-in/streams.ts';
import type { Session } from '../session.ts';
import { fileUnreadable } from '../words.ts';

const MESSAGE_BYTES_MAX = 256 * 1024 * 1024;

export async function readMessageFile(session: Session, file: string): Promise<Buffer> {
  if (file === '-') return toCrlf(await readAll(session.io.stdin, MESSAGE_BYTES_MAX));
  try {
    return toCrlf(await readFile(resolve(session.io.cwd, file)));
  } catch (cause) {
    throw fileUnreadable(file, cause);
  }
}

/** Files saved on unix have LF; a signature was made over CRLF. */
function toCrlf(bytes: Buffer): Buffer {
  const lf = bytes.indexOf(10);
  if (lf < 0 || bytes[lf - 1] === 13) return bytes;
  return Buffer.from(bytes.toString('latin1').replaceAll(/\r?\n/g, '\r\n'), 'latin1');
}
