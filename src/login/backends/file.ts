/**
 * A file of users, `user:hash` a line, as htpasswd and Dovecot's passwd-file write it; what follows further colons is
 * passed over. A user without a domain fits that local part in every domain that the back end is asked about.
 *
 * Policy: read again when size, time or inode changed, never in the middle of nothing: an unreadable file is a back end
 * that does not answer. An empty hash, or one that begins with `!` or `*`, is a closed account.
 */
import { readFile, stat } from 'node:fs/promises';
import { ACCOUNT_LIMITS } from '../../base/account-limits.ts';
import type { FileBackendConfig } from '../../config/login-config.ts';
import { addressKey } from '../../mail/address.ts';
import type { SchemeVerifier } from '../schemes/scheme-verifier.ts';
import { backendDown, type BackendUser, type LoginBackend } from './backend.ts';

interface Loaded {
  readonly version: string;
  readonly users: ReadonlyMap<string, string>;
}

export function createFileBackend({ name, file }: FileBackendConfig, schemes: Pick<SchemeVerifier, 'fits'>): LoginBackend {
  let loaded: Loaded | undefined;
  const users = async (): Promise<ReadonlyMap<string, string>> => {
    try {
      const { size, mtimeMs, ino } = await stat(file);
      const version = `${size} ${mtimeMs} ${ino}`;
      if (loaded?.version === version) return loaded.users;
      if (size > ACCOUNT_LIMITS.userFileBytesMax) throw new Error(`it is larger than ${ACCOUNT_LIMITS.userFileBytesMax} bytes`);
      loaded = { version, users: parseUserFile(await readFile(file, 'utf8')) };
      return loaded.users;
    } catch (error) {
      throw backendDown(name, `${file} cannot be read`, error);
    }
  };
  const find = async ({ user, local }: BackendUser): Promise<string | undefined> => {
    const all = await users();
    return all.get(user) ?? all.get(local);
  };
  return {
    name,
    check: async (user, password) => {
      const hash = await find(user);
      if (hash === undefined) return { kind: 'unknown' };
      if (isClosed(hash)) return { kind: 'disabled' };
      return { kind: (await schemes.fits(hash, password)) ? 'ok' : 'wrong' };
    },
    exists: async (user) => {
      const hash = await find(user);
      return hash !== undefined && !isClosed(hash);
    },
    close: async () => {},
  };
}

function isClosed(hash: string): boolean {
  return hash === '' || hash.startsWith('!') || hash.startsWith('*');
}

/** Users in the form of addressKey; the first line of a user counts. */
function parseUserFile(text: string): ReadonlyMap<string, string> {
  const users = new Map<string, string>();
  for (const line of text.split('\n')) {
    const [user = '', hash = ''] = line.replace(/\r$/, '').split(':');
    if (user === '' || user.startsWith('#') || !line.includes(':')) continue;
    const key = user.includes('@') ? addressKey(user) : user.toLowerCase();
    if (!users.has(key)) users.set(key, hash);
  }
  return users;
}
