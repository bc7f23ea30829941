/**
 * Sieve scripts of accounts, and what they remember. Which accounts have an active script is kept in memory, because every
 * delivery asks and most have none; it is read again at the first question after a change by whatever thread.
 */
import { Failure } from '../../base/errors.ts';
import { SIEVE_LIMITS } from '../../base/sieve-limits.ts';
import type { ScriptMemory } from '../../contract/queue.ts';
import { addressKey } from '../../mail/address.ts';
import { exactBytes, type StoreCall } from '../call.ts';
import type { ChangeCount } from '../change-counts.ts';
import type { ScriptRow } from '../ops/scripts.ts';
import { keepCopy } from './kept-copy.ts';

export type { ScriptRow } from '../ops/scripts.ts';

export interface StoredScript {
  readonly name: string;
  readonly content: Buffer;
}

/** Accounts by their address. Every change resolves after the synced commit and rejects with a permanent Failure. */
export interface ScriptStore {
  list(account: string): Promise<readonly ScriptRow[]>;
  /** Undefined: there is none. */
  get(account: string, name: string): Promise<Buffer | undefined>;
  active(account: string): Promise<StoredScript | undefined>;
  /** Failure `script-name-refused`, `script-too-large`, `too-many-scripts`, `account-unknown`. The text is not looked at. */
  put(account: string, name: string, content: Uint8Array, options: { /** Milliseconds since 1970. */ readonly at: number; readonly activate?: boolean }): Promise<void>;
  /** Undefined: none. Failure `script-unknown`. */
  activate(account: string, name: string | undefined): Promise<void>;
  /** Failure `script-unknown`, `script-active`. */
  remove(account: string, name: string): Promise<void>;
  /** Failure `script-unknown`, `script-exists`, `script-name-refused`. */
  rename(account: string, name: string, newName: string): Promise<void>;
  remembers(memory: Omit<ScriptMemory, 'expiresAt'> & { readonly at: number }): Promise<boolean>;
}

/** RFC 5804 §1.6: UTF-8 without control characters and line separators; the bound is ours (the RFC asks for 128 characters). */
export function isScriptName(name: string): boolean {
  return name !== '' && [...name].length <= SIEVE_LIMITS.scriptNameCharsMax && name.isWellFormed() && !/[\p{Cc}\u2028\u2029]/u.test(name);
}

export function createScriptStore(call: StoreCall, changes: ChangeCount): ScriptStore {
  const { current: owners, changing } = keepCopy(changes, async (): Promise<ReadonlySet<string>> => new Set(await call('scripts.owners', undefined)));
  return {
    list: (account) => call('scripts.list', { account: addressKey(account) }),
    get: async (account, name) => bufferOf(await call('scripts.get', { account: addressKey(account), name })),
    active: async (account) => {
      const key = addressKey(account);
      if (!(await owners()).has(key)) return undefined;
      const found = await call('scripts.active', { account: key });
      return found && { name: found.name, content: bufferOf(found.content) as Buffer };
    },
    put: async (account, name, content, options) => {
      checkName(name);
      if (content.length > SIEVE_LIMITS.scriptBytesMax) throw new Failure('script-too-large', `a script may have ${SIEVE_LIMITS.scriptBytesMax} bytes at most`, { temporary: false });
      await changing(call('scripts.put', { account: addressKey(account), name, content: exactBytes(Buffer.from(content)), ...options }));
    },
    activate: (account, name) => changing(call('scripts.activate', { account: addressKey(account), name })),
    remove: (account, name) => changing(call('scripts.remove', { account: addressKey(account), name })),
    rename: async (account, name, newName) => {
      checkName(newName);
      await changing(call('scripts.rename', { account: addressKey(account), name, newName }));
    },
    remembers: (memory) => call('scripts.remembers', memory),
  };
}

function checkName(name: string): void {
  if (!isScriptName(name)) throw new Failure('script-name-refused', `a script needs a name of 1 to ${SIEVE_LIMITS.scriptNameCharsMax} characters without control characters`, { temporary: false });
}

function bufferOf(bytes: Uint8Array | undefined): Buffer | undefined {
  return bytes && Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
