/** Annotations (contract/mailbox.ts, Annotations). */
import type { Annotations } from '../../contract/mailbox.ts';
import { addressKey } from '../../mail/address.ts';
import { exactBytes } from '../call.ts';
import type { StoreCall } from '../call.ts';

export function createAnnotations(call: StoreCall): Annotations {
  return {
    list: (viewer, folder) => call('annotations.list', { viewer: addressKey(viewer), folder: folder ?? null }),
    set: (viewer, folder, entries) =>
      call('annotations.set', {
        viewer: addressKey(viewer), folder: folder ?? null,
        entries: entries.map(({ entry, value }) => ({ entry: entry.toLowerCase(), value: value === undefined ? null : exactBytes(value) })),
      }),
  };
}
