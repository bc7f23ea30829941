/**
 * Reads a file that a person names, or standard input for `-`, byte by byte as it is. Devices and files that are larger
 * than what they could hold are refused before they fill the memory; a named pipe (`<(command)`) is read like a file.
 */
import { createReadStream } from 'node:fs';
import { resolve } from 'node:path';
import { Failure } from '../../base/errors.ts';
import type { CliIo } from './ports.ts';
import { fileUnreadable } from './words.ts';

/** `holds`: what is expected in it, for the refusal, such as "no report". Rejects with Failure `file-unreadable` or `file-too-large`. */
export async function readGivenFile({ io }: { readonly io: CliIo }, file: string, bytesMax: number, holds = 'what is read here'): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let size = 0;
  try {
    for await (const piece of file === '-' ? io.stdin : createReadStream(resolve(io.cwd, file))) {
      pieces.push(Buffer.from(piece));
      size += piece.length;
      if (size > bytesMax) throw new Failure('file-too-large', `${file === '-' ? 'the input' : file} is larger than ${sizeInWords(bytesMax)}, which ${holds} never is`, { temporary: false });
    }
  } catch (cause) {
    throw cause instanceof Failure ? cause : fileUnreadable(file, cause);
  }
  return Buffer.concat(pieces, size);
}

function sizeInWords(bytes: number): string {
  return bytes >= 1024 ** 2 ? `${Math.round(bytes / 1024 ** 2)} MiB` : `${Math.round(bytes / 1024)} KiB`;
}
