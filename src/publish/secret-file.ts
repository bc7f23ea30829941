/** Keys and tokens come from files that only their owner can read, never from the configuration or the environment. */
import { open } from 'node:fs/promises';
import { Failure } from '../base/errors.ts';

const SECRET_BYTES_MAX = 16_384;
const READABLE_BY_OTHERS = 0o077;

/** Without the line end. `who` is the provider's label. Rejects with Failure `dns-provider-refused`. */
export async function readSecretFile(who: string, setting: string, path: string | undefined): Promise<string> {
  const refuse = (text: string, cause?: unknown): Failure => new Failure('dns-provider-refused', `${who}: ${text}`, { temporary: false, cause });
  if (path === undefined) throw refuse(`${setting} is not set`);
  const file = await open(path, 'r').catch((cause: unknown) => {
    throw refuse(`cannot read ${path} (${setting}): ${(cause as NodeJS.ErrnoException).code ?? String(cause)}`, cause);
  });
  try {
    const { mode, size } = await file.stat();
    if ((mode & READABLE_BY_OTHERS) !== 0) throw refuse(`${path} can be read by others than its owner; run chmod 600 ${path}`);
    if (size > SECRET_BYTES_MAX) throw refuse(`${path} is larger than ${SECRET_BYTES_MAX} bytes, which is no key or token`);
    const text = (await file.readFile('utf8')).trim();
    if (text === '') throw refuse(`${path} is empty`);
    return text;
  } finally {
    await file.close();
  }
}
