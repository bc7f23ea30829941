/** Reads a file, or standard input for `-`, byte by byte as it is. */
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { REPORT_IN_LIMITS } from '../../../base/report-in-limits.ts';
import { readAll } from '../../drop-in/streams.ts';
import { type Session, UsageError } from '../session.ts';
import { fileUnreadable } from '../words.ts';

export async function readBinaryFile(session: Session, file: string): Promise<Buffer> {
  const bytes = file === '-' ? await readAll(session.io.stdin, REPORT_IN_LIMITS.messageBytesMax) : await readWhole(session, file);
  if (bytes.length > REPORT_IN_LIMITS.messageBytesMax) throw new UsageError(`${file} is larger than ${REPORT_IN_LIMITS.messageBytesMax / 1024 ** 2} MiB, which no report is`);
  return bytes;
}

async function readWhole(session: Session, file: string): Promise<Buffer> {
  try {
    return await readFile(resolve(session.io.cwd, file));
  } catch (cause) {
    throw fileUnreadable(file, cause);
  }
}
