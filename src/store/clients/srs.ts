/** What rewriting senders needs to keep: keys, in memory after the first question, and senders known by a token. */
import { randomBytes } from 'node:crypto';
import { SRS_LIMITS } from '../../base/limits.ts';
import { usableKeys, type SrsKey } from '../../mail/srs.ts';
import { asBuffer } from '../call.ts';
import type { StoreCall } from '../call.ts';
import type { ChangeCount } from '../change-counts.ts';
import type { NewSrsKey } from '../ops/srs.ts';

/** Newest first; the first one signs. */
export type SrsKeys = readonly [SrsKey, ...SrsKey[]];

export interface SrsStore {
  /** Those that count at `nowMs`; makes the first one when there is none. Rejects with a temporary Failure. */
  keys(nowMs: number): Promise<SrsKeys>;
  /** A new key that signs from now on; what no longer counts is forgotten. */
  rotate(nowMs: number): Promise<SrsKeys>;
  remember(token: string, sender: string, atMs: number): Promise<void>;
  recall(token: string): Promise<string | undefined>;
}

export function createSrsStore(call: StoreCall, changes: ChangeCount): SrsStore {
  let loaded: { readonly version: number; readonly keys: readonly SrsKey[] } | undefined;
  const current = async (nowMs: number): Promise<readonly SrsKey[]> => {
    if (loaded && loaded.version === changes.value) return loaded.keys;
    const version = changes.value;
    let keys = await read(call);
    if (keys.length === 0) {
      await call('srs.ensureKey', newKey(nowMs));
      keys = await read(call);
    }
    loaded = { version, keys };
    return keys;
  };
  const keysAt = async (nowMs: number): Promise<SrsKeys> => usableKeys(await current(nowMs), nowMs) as SrsKeys;
  return {
    keys: keysAt,
    rotate: async (nowMs) => {
      await call('srs.rotate', newKey(nowMs));
      changes.increase();
      return keysAt(nowMs);
    },
    remember: (token, sender, atMs) => call('srs.remember', { token, sender, atMs }),
    recall: (token) => call('srs.recall', token),
  };
}

async function read(call: StoreCall): Promise<readonly SrsKey[]> {
  const rows = await call('srs.keys', undefined);
  return rows.map((row) => ({ ...row, secret: asBuffer(row.secret) }));
}

function newKey(atMs: number): NewSrsKey {
  return { secret: Uint8Array.from(randomBytes(SRS_LIMITS.keyBytes)), atMs };
}
