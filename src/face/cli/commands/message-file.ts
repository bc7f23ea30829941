/** Reads a message from a file, or from standard input for `-`, with CRLF line ends as verifiers need. */
import { readGivenFile } from '../given-file.ts';
import type { Session } from '../session.ts';

const MESSAGE_BYTES_MAX = 256 * 1024 * 1024;

export async function readMessageFile(session: Session, file: string): Promise<Buffer> {
  return toCrlf(await readGivenFile(session, file, MESSAGE_BYTES_MAX, 'a message'));
}

/** Files saved on unix have LF; a signature was made over CRLF. */
function toCrlf(bytes: Buffer): Buffer {
  const lf = bytes.indexOf(10);
  if (lf < 0 || bytes[lf - 1] === 13) return bytes;
  return Buffer.from(bytes.toString('latin1').replaceAll(/\r?\n/g, '\r\n'), 'latin1');
}
