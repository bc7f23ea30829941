/**
 * Changes that commands make in the selected mailbox: asked of the store, and in the live folder when these functions resolve, so that the
 * session itself and all others see them before the command is answered.
 */
import { Failure } from '../../base/errors.ts';
import { IMAP_LIMITS, MAILBOX_LIMITS } from '../../base/access-limits.ts';
import type { FlagOrder, FlagResult, UidRanges } from '../../contract/mailbox.ts';
import type { ImapSession } from './command.ts';
import type { SelectedState } from './selected-state.ts';

export async function changeFlags(session: ImapSession, selected: SelectedState, order: Omit<FlagOrder, 'folder'>): Promise<FlagResult> {
  const result = await withProgress(session, session.ports.mailboxes.messages.setFlags({ folder: selected.folder, ...order }));
  if (result.changed.uids.length > 0 && !selected.live.takeOwn(result.highestModseq, { changed: result.changed })) await selected.live.reach(result.highestModseq);
  return result;
}

/** Expunges those of `uids` (default all) that are flagged \Deleted. */
export async function expunge(session: ImapSession, selected: SelectedState, uids?: UidRanges): Promise<{ readonly uids: Uint32Array; readonly highestModseq: number }> {
  const result = await withProgress(session, session.ports.mailboxes.messages.expunge(selected.folder, uids));
  if (result.uids.length === 0) return result;
  // More than that were several commits, and others may have come between them.
  const oneCommit = result.uids.length < MAILBOX_LIMITS.freedPerOperationMax;
  if (!oneCommit || !selected.live.takeOwn(result.highestModseq, { expunged: result.uids })) await selected.live.reach(result.highestModseq);
  return result;
}

/** Throws Failure `no-permission` when the mailbox is read-only here, or a right is missing. */
export function requireRights(selected: SelectedState, ...needed: readonly ('s' | 't' | 'e' | 'w' | 'i')[]): void {
  if (selected.readOnly) throw new Failure('mailbox-read-only', 'the mailbox is selected read-only', { temporary: false });
  const missing = needed.filter((right) => !selected.rights.includes(right));
  if (missing.length > 0) throw new Failure('no-permission', `your rights on this mailbox are "${selected.rights}", this needs "${missing.join('')}" as well`, { temporary: false });
}

/** Waits for the store; tells signs of life when that takes long (RFC 9585). */
export async function withProgress<T>(session: ImapSession, work: Promise<T>): Promise<T> {
  const { clock } = session.ports;
  let over = false;
  const tick = (): void => {
    if (over || session.signal.aborted) return;
    session.progress();
    session.flush().catch(() => undefined);
    timer = clock.timer(IMAP_LIMITS.progressEveryMs, tick);
  };
  let timer = clock.timer(IMAP_LIMITS.progressEveryMs, tick);
  try {
    return await work;
  } finally {
    over = true;
    timer.cancel();
  }
}
