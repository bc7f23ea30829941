/** Changes from one DKIM key to the next: where each of them is. */
import type { StoreCall } from '../call.ts';
import type { ChangeCount } from '../change-counts.ts';
import type { RotationPhase, RotationRow } from '../ops/dkim-rotations.ts';
import { domainKey } from './directory.ts';

export type { RotationPhase, RotationRow };

export interface RotationStore {
  /** Of one domain, or of all. */
  list(domain?: string): Promise<readonly RotationRow[]>;
  /** Does nothing when the row is not in phase `from` any more. */
  update(from: RotationPhase, row: RotationRow): Promise<void>;
  /** The new key signs, the old one rests; `row` is what the rotation is then. */
  switchKeys(row: RotationRow): Promise<void>;
  remove(row: Pick<RotationRow, 'domain' | 'algorithm'>): Promise<void>;
}

export function createRotationStore(call: StoreCall, keyChanges: ChangeCount): RotationStore {
  return {
    list: (domain = '') => call('dkimRotations.list', { domain: domain === '' ? '' : domainKey(domain) }),
    update: (from, row) => call('dkimRotations.update', { from, row }),
    switchKeys: async (row) => {
      await call('dkimRotations.switchKeys', { row });
      keyChanges.increase();
    },
    remove: ({ domain, algorithm }) => call('dkimRotations.remove', { domain, algorithm }),
  };
}
