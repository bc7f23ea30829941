/**
 * DKIM keys: private halves in `<data-dir>/keys/<domain>/<selector>.pem` (mode 0600), the rest in rows. The file is
 * written and synced before the row that names it, so that an active row always has its key.
 */
import { createPrivateKey } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { mkdir, open, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Failure } from '../../base/errors.ts';
import type { StoreCall } from '../call.ts';
import type { ChangeCount } from '../change-counts.ts';
import { dkimSelector, generateDkimKey } from '../dkim-key.ts';
import type { DkimAlgorithm } from '../dkim-key.ts';
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
}

export interface KeyStore {
  /** Grows with every change made by this program. */
  readonly version: number;
  /** Of one domain, or of all; RSA first. */
  list(domain?: string): Promise<readonly KeyRow[]>;
  /** Makes a key pair. Rejects with Failure `domain-unknown`, `selector-exists`, `selector-refused`. */
  create(key: NewKey): Promise<KeyRow>;
  setState(domain: string, selector: string, state: KeyRow['state']): Promise<void>;
  /** Row and private key; nothing happens when there is none. */
  remove(domain: string, selector: string): Promise<void>;
  privateKey(domain: string, selector: string): Promise<KeyObject>;
  /** After the domain's rows are gone. */
  removeFiles(domain: string): Promise<void>;
}

const SELECTORS_A_DAY_MAX = 100;
const SELECTOR = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?){0,3}$/;

export function createKeyStore(call: StoreCall, dataDir: string, changes: ChangeCount): KeyStore {
  const list = (domain = ''): Promise<readonly KeyRow[]> => call('keys.list', { domain: domain === '' ? '' : domainKey(domain) });
  return {
    get version() {
      return changes.value;
    },
    list,
    create: async (key) => {
      const domain = domainKey(key.domain);
      const taken = new Set((await list(domain)).map((row) => row.selector));
      const selector = key.selector === undefined ? freeSelector(dkimSelector(key.algorithm, key.at), taken) : checkedSelector(key.selector, taken);
      const pair = await generateDkimKey(key.algorithm);
      const path = keyPath(dataDir, domain, selector);
      await writeKeyFile(path, pair.privatePem);
      const row: KeyRow = { domain, selector, algorithm: key.algorithm, publicKey: pair.publicKey, state: key.state ?? 'active', createdAt: key.at };
      try {
        await call('keys.add', row);
      } catch (error) {
        await rm(path, { force: true });
        throw error;
      } finally {
        changes.increase();
      }
      return row;
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
    removeFiles: async (domain) => {
      await rm(join(dataDir, 'keys', domainKey(domain)), { recursive: true, force: true });
      changes.increase();
    },
  };
}

function keyPath(dataDir: string, domain: string, selector: string): string {
  return join(dataDir, 'keys', domain, `${selector}.pem`);
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

/** Refuses to write over a key that is there. */
async function writeKeyFile(path: string, pem: string): Promise<void> {
  await mkdir(join(path, '..'), { recursive: true, mode: 0o700 });
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
