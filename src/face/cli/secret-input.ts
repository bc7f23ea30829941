/** Secrets for commands: from a file or from standard input, never from the command line, which others can read. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { UsageError, type Session } from './session.ts';

/** The first line. Throws a UsageError when the file cannot be read or begins with nothing. */
export function secretFromFile({ io }: Session, file: string): string {
  let secret: string;
  try {
    secret = readFileSync(resolve(io.cwd, file), 'utf8').replace(/\r?\n[^]*$/, '');
  } catch (error) {
    throw new UsageError(`${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
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
