/**
 * Secrets that must be kept readable (those of one-time codes), sealed with AES-256-GCM under a key in a file beside the
 * database, `<data-dir>/second-factors.key`, mode 0600: a copy of the database alone tells nothing. What a secret belongs
 * to is sealed in, so that nobody moves it to another account.
 */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { link, open, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Failure } from '../base/errors.ts';

const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

export async function seal(dataDir: string, owner: string, secret: Buffer): Promise<Buffer> {
  const key = (await readKey(dataDir)) ?? (await makeKey(dataDir));
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(owner));
  return Buffer.concat([nonce, cipher.update(secret), cipher.final(), cipher.getAuthTag()]);
}

/** Rejects with Failure `second-factor-key-lost` when the key is not the one it was sealed with. */
export async function unseal(dataDir: string, owner: string, sealed: Uint8Array): Promise<Buffer> {
  const key = await readKey(dataDir);
  const bytes = Buffer.from(sealed);
  try {
    if (!key) throw new Error('there is no key file');
    const opener = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, NONCE_BYTES)).setAAD(Buffer.from(owner)).setAuthTag(bytes.subarray(-TAG_BYTES));
    return Buffer.concat([opener.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES)), opener.final()]);
  } catch (cause) {
    throw new Failure('second-factor-key-lost', `${keyPath(dataDir)} does not fit the stored secret: restore that file, or set what it seals anew (switch one-time codes off and on, add the seed account again)`, { cause });
  }
}

function keyPath(dataDir: string): string {
  return join(dataDir, 'second-factors.key');
}

async function readKey(dataDir: string): Promise<Buffer | undefined> {
  try {
    const key = await readFile(keyPath(dataDir));
    if (key.length !== KEY_BYTES) throw new Failure('second-factor-key-lost', `${keyPath(dataDir)} is damaged: restore it`);
    return key;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Whole or not at all; when somebody else was quicker, theirs is it. */
async function makeKey(dataDir: string): Promise<Buffer> {
  const fresh = join(dataDir, `second-factors.key.${randomBytes(6).toString('hex')}`);
  const handle = await open(fresh, 'wx', 0o600);
  try {
    await handle.writeFile(randomBytes(KEY_BYTES));
    await handle.sync();
  } finally {
    await handle.close();
  }
  try {
    await link(fresh, keyPath(dataDir));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    await rm(fresh, { force: true });
  }
  const key = await readKey(dataDir);
  if (!key) throw new Failure('second-factor-key-lost', `${keyPath(dataDir)} cannot be read`);
  return key;
}
