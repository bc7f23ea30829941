/** Mail that was thrown away: listed, brought back, expunged when it has been in Trash for long, forgotten. */
import type { Clock } from '../../base/clock.ts';
import { MAILBOX_LIMITS } from '../../base/access-limits.ts';
import type { FolderId } from '../../contract/mailbox.ts';
import { addressKey } from '../../mail/address.ts';
import type { StoreCall } from '../call.ts';
import type { ExpungedListing, ExpungedMail } from '../ops/undelete.ts';
import type { KeptFolder } from '../ops/retention.ts';

export type { ExpungedMail } from '../ops/undelete.ts';
export type { KeptFolder } from '../ops/retention.ts';

/** Which expunged mail is meant. */
export interface ExpungedSelection {
  readonly account: string;
  /** Name of the folder; default all. */
  readonly folder?: string;
  /** Expunged at that time or later, milliseconds since 1970; default always. */
  readonly since?: number;
}

export interface RetentionStore {
  /** Oldest expunge first, after the entry with the id `after`. */
  expunged(selection: ExpungedSelection, limit: number, after?: number): Promise<readonly ExpungedMail[]>;
  /** Puts it back where it was, with flags and dates; returns how many. Rejects with Failure `over-quota` when there is no room for more: those before stay. */
  undelete(selection: ExpungedSelection): Promise<number>;
  /** Folders with mail that may have to go. */
  folders(): AsyncIterable<KeptFolder>;
  /** Folders of an account with a time of their own. */
  kept(account: string): Promise<readonly KeptFolder[]>;
  /** Milliseconds, 0: for ever; null: as the configuration says. */
  keep(folder: FolderId, keepMs: number | null): Promise<void>;
  /** Expunges what came into the folder before `before`; returns how many. */
  expire(folder: FolderId, before: number): Promise<number>;
  /** Frees what was expunged before `before`; returns how many. */
  forget(before: number): Promise<number>;
  /** Forgets expunged UIDs beyond those that are remembered, and threads without mails. */
  tidy(): Promise<void>;
}

export function createRetentionStore(call: StoreCall, clock: Clock): RetentionStore {
  return {
    expunged: (selection, limit, after = 0) => call('undelete.list', listing(selection, limit, after)),
    undelete: async (selection) => {
      let count = 0;
      for (let after: number | null = 0; after !== null; ) {
        const piece: { readonly count: number; readonly next: number | null } = await call('undelete.restore', {
          ...listing(selection, MAILBOX_LIMITS.freedPerOperationMax, after), at: clock.now(),
        });
        count += piece.count;
        after = piece.next;
      }
      return count;
    },
    folders: () => folders(call),
    kept: (account) => call('retention.kept', { account: addressKey(account) }),
    keep: (folder, keepMs) => call('retention.keep', { folder, keepMs }),
    expire: (folder, before) => repeated(() => call('retention.expire', { folder, before, at: clock.now() })),
    forget: (before) => repeated(() => call('undelete.forget', { before })),
    tidy: () => tidy(call),
  };
}

function listing({ account, folder, since }: ExpungedSelection, limit: number, after: number): ExpungedListing {
  return { account: addressKey(account), folder: folder ?? null, since: since ?? 0, after, limit };
}

const FOLDERS_PER_READ = 500;

async function* folders(call: StoreCall): AsyncIterable<KeptFolder> {
  for (let after = 0; ; ) {
    const piece = await call('retention.folders', { after, limit: FOLDERS_PER_READ });
    if (piece.length === 0) return;
    yield* piece;
    after = (piece.at(-1) as KeptFolder).id;
  }
}

/** In pieces, so that mail in transit gets its turn, until one finds nothing more. */
async function repeated(piece: () => Promise<number>): Promise<number> {
  let total = 0;
  for (;;) {
    const count = await piece();
    total += count;
    if (count === 0) return total;
  }
}

async function tidy(call: StoreCall): Promise<void> {
  for (const { folder, count } of await call('retention.longMemories', undefined)) {
    let rest = count - MAILBOX_LIMITS.vanishedRememberedMax;
    while (rest > 0) {
      const forgotten = await call('retention.forgetVanished', { folder, count: rest });
      if (forgotten === 0) break;
      rest -= forgotten;
    }
  }
  for (let after: { readonly account: string; readonly hash: number } | null = { account: '', hash: 0 }; after; ) {
    after = await call('retention.sweepThreadKeys', after);
  }
}
