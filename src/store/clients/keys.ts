/**
 * DKIM keys: private halves in `<data-dir>/keys/<domain>/<selector>.pem` (mode 0600), the rest in rows. The file is
 * written and synced before the row that names it, so that an active row always has its key. What a server that died
 * between the two leaves behind is a file that no row names: it gives way to the next key, or is swept up.
 */
import { createPrivateKey } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { mkdir, open, readFile, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Failure } from '../../base/errors.ts';
import { Semaphore } from '../../base/semaphore.ts';
import type { StoreCall } from '../call.ts';
import type { ChangeCount } from '../change-counts.ts';
import { dkimSelector, generateDkimKey } from '../dkim-key.ts';
import type { DkimAlgorithm } from '../dkim-key.ts';
import type { RotationRow } from '../ops/dkim-rotations.ts';
import type { KeyRow } from '../ops/keys.ts';
import { domainKey } from './directory.ts';

export interface NewKey {
  readonly domain: string;
  readonly algorithm: DkimAlgorithm;
  /** Milliseconds since 1970. */
  readonly at: number;
  /** Default: the date and a letter for the algorithm, `s20261120r`, with a number behind it when that one is taken. */
  readonly selector?: string;
  /** Default `active`. */
  readonly state?: KeyRow['state'];
  /** The change of keys that begins with it, in the same commit. */
  readonly begins?: (selector: string) => RotationRow;
}

export interface KeyStore {
  /** Grows with every change made by this program. */
  readonly version: number;
  /** Of one domain, or of all; RSA first. */
  list(domain?: string): Promise<readonly KeyRow[]>;
  /** Makes a key pair. Rejects with Failure `domain-unknown`, `selector-exists`, `selector-refused`; with `begins` also `rotation-under-way`. */
  create(key: NewKey): Promise<KeyRow>;
  setState(domain: string, selector: string, state: KeyRow['state']): Promise<void>;
  /** Row and private key; nothing happens when there is none. */
  remove(domain: string, selector: string): Promise<void>;
  privateKey(domain: string, selector: string): Promise<KeyObject>;
  /** Gives up a change whose new key does not sign yet, key and all. */
  cancelRotation(row: Pick<RotationRow, 'domain' | 'algorithm' | 'newSelector'>): Promise<void>;
  /** Private keys that no row names, which a sudden end left behind, are deleted when their file is so old. Resolves to their number. */
  sweep(untouchedMs: number): Promise<number>;
  /** After the domain's rows are gone. */
  removeFiles(domain: string): Promise<void>;
}

const SELECTORS_A_DAY_MAX = 100;
const SELECTOR = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?){0,3}$/;

export function createKeyStore(call: StoreCall, dataDir: string, changes: ChangeCount): KeyStore {
  const list = (domain = ''): Promise<readonly KeyRow[]> => call('keys.list', { domain: domain === '' ? '' : domainKey(domain) });
  /** A file may be looked for in the rows only while nobody is between the two. */
  const naming = new Semaphore(1);
  return {
    get version() {
      return changes.value;
    },
    list,
    create: async (key) => {
      const domain = domainKey(key.domain);
      const pair = await generateDkimKey(key.algorithm);
      return naming.run(async () => {
        const taken = new Set((await list(domain)).map((row) => row.selector));
        const selector = key.selector === undefined ? freeSelector(dkimSelector(key.algorithm, key.at), taken) : checkedSelector(key.selector, taken);
        const path = keyPath(dataDir, domain, selector);
        await writeKeyFile(path, pair.privatePem);
        const row: KeyRow = { domain, selector, algorithm: key.algorithm, publicKey: pair.publicKey, state: key.state ?? 'active', createdAt: key.at };
        try {
          await (key.begins ? call('dkimRotations.startWithKey', { key: row, row: key.begins(selector) }) : call('keys.add', row));
        } catch (error) {
          await rm(path, { force: true });
          throw error;
        } finally {
          changes.increase();
        }
        return row;
      });
    },
    setState: async (domain, selector, state) => {
      await call('keys.setState', { domain: domainKey(domain), selector, state });
      changes.increase();
    },
    remove: async (domain, selector) => {
      const key = domainKey(domain);
      // The row first: an active row always has its key.
      await call('keys.remove', { domain: key, selector });
      changes.increase();
      if (SELECTOR.test(selector)) await rm(keyPath(dataDir, key, selector), { force: true });
    },
    privateKey: (domain, selector) => readKeyFile(keyPath(dataDir, domainKey(domain), selector)),
    cancelRotation: async ({ domain, algorithm, newSelector }) => {
      await call('dkimRotations.cancel', { domain, algorithm, newSelector });
      changes.increase();
      await rm(keyPath(dataDir, domain, newSelector), { force: true });
    },
    sweep: (untouchedMs) => naming.run(async () => {
      // The files first: what gets its row meanwhile is no remainder.
      const files = await keyFiles(dataDir);
      const named = new Set((await list()).map(({ domain, selector }) => keyPath(dataDir, domain, selector)));
      let removed = 0;
      for (const path of files) {
        // The file's own time: a database that was put back to an older state must not cost the keys made since.
        if (named.has(path) || Date.now() - (await stat(path)).mtimeMs < untouchedMs) continue;
        await rm(path, { force: true });
        removed += 1;
      }
      return removed;
    }),
    removeFiles: async (domain) => {
      await rm(join(dataDir, 'keys', domainKey(domain)), { recursive: true, force: true });
      changes.increase();
    },
  };
}

function keyPath(dataDir: string, domain: string, selector: string): string {
  return join(dataDir, 'keys', domain, `${selector}.pem`);
}

/** Of all domains; none when there is no folder yet. */
async function keyFiles(dataDir: string): Promise<readonly string[]> {
  const entries = await readdir(join(dataDir, 'keys'), { recursive: true, withFileTypes: true }).catch((error: NodeJS.ErrnoException) => (error.code === 'ENOENT' ? [] : Promise.reject(error)));
  return entries.filter((entry) => entry.isFile() && entry.name.endsWith('.pem')).map(({ parentPath, name }) => join(parentPath, name));
}

/** One DNS label or several, RFC 6376 §3.1; also keeps the name of the file harmless. */
function checkedSelector(selector: string, taken: ReadonlySet<string>): string {
  if (!SELECTOR.test(selector)) {
    throw new Failure('selector-refused', `${JSON.stringify(selector)} is no selector: use lower case letters, digits and hyphens`, { temporary: false });
  }
  if (taken.has(selector)) throw new Failure('selector-exists', `there is a key with the selector ${selector} already: choose another`, { temporary: false });
  return selector;
}

function freeSelector(wanted: string, taken: ReadonlySet<string>): string {
  for (let attempt = 1; attempt <= SELECTORS_A_DAY_MAX; attempt += 1) {
    const selector = attempt === 1 ? wanted : `${wanted}${attempt}`;
    if (!taken.has(selector)) return selector;
  }
  throw new Failure('too-many-keys', `there are ${SELECTORS_A_DAY_MAX} keys of today already`, { temporary: false });
}

/** Of a selector that no row has: a file there is what a sudden end left behind. */
async function writeKeyFile(path: string, pem: string): Promise<void> {
  await mkdir(join(path, '..'), { recursive: true, mode: 0o700 });
  await rm(path, { force: true });
  let handle;
  try {
    handle = await open(path, 'wx', 0o600);
  } catch (cause) {
    throw new Failure('key-file-refused', `${path} cannot be written (${(cause as NodeJS.ErrnoException).code}): move what is in its way`, { temporary: false, cause });
  }
  try {
    await handle.writeFile(pem);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function readKeyFile(path: string): Promise<KeyObject> {
  try {
    return createPrivateKey(await readFile(path));
  } catch (cause) {
    throw new Failure('key-file-unreadable', `the key in ${path} cannot be read: restore it, or make a new one`, { cause });
  }
}
