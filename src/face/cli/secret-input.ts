/** Secrets for commands: from a file or from standard input, never from the command line, which others can read. */
import { createInterface } from 'node:readline';
import { readGivenFile } from './given-file.ts';
import { UsageError, type Session } from './session.ts';

const SECRET_FILE_BYTES_MAX = 64 * 1024;

/** The first line. Rejects with a Failure when the file cannot be read, with a UsageError when it begins with nothing. */
export async function secretFromFile(session: Session, file: string): Promise<string> {
  const secret = (await readGivenFile(session, file, SECRET_FILE_BYTES_MAX, 'a file with a secret')).toString('utf8').replace(/\r?\n[^]*$/, '');
  if (secret === '') throw new UsageError(`${file} holds no secret in its first line`);
  return secret;
}

/** The first line, so that `echo` and password managers work alike. Rejects with a UsageError when it is empty. */
export async function secretFromStdin({ io }: Session): Promise<string> {
  for await (const line of createInterface({ input: io.stdin })) {
    if (line !== '') return line;
    break;
  }
  throw new UsageError('--password-stdin: no password came on standard input');
}
