/** What NOTIFY's MessageNew tells of messages that just came (RFC 5465 §5.2): a FETCH answer of each, without setting \Seen. */
import type { FetchItem } from '../../../wire/imap/fetch-items.ts';
import type { ImapSession } from '../command.ts';
import { planFetch } from '../fetch/fetch-plan.ts';
import { runFetch, type FetchTarget } from '../fetch/fetch-run.ts';
import { MessageWriter } from '../fetch/message-writer.ts';
import { tellFlagNames } from '../selected-flags.ts';
import type { SelectedState } from '../selected-state.ts';

export async function tellNewMessages(session: ImapSession, selected: SelectedState, asked: { readonly fetch: readonly FetchItem[]; readonly knownUid: number }): Promise<void> {
  const { enabled } = session;
  const plan = planFetch(asked.fetch, { uid: false, modseq: false });
  if (plan.items.some(({ kind }) => kind === 'flags')) tellFlagNames(session, selected);
  const writer = new MessageWriter(plan, {
    out: session.out,
    structures: session.ports.structures,
    utf8: enabled.utf8,
    uidOnly: enabled.uidOnly,
    ...(enabled.rev2 ? {} : { recentFrom: (uid: number) => selected.isRecent(uid) }),
    sendLiteral: (content, range) => session.sendLiteral(content, range),
  });
  await runFetch({
    mails: session.ports.mailboxes.mails,
    structures: session.ports.structures,
    utf8: session.enabled.utf8,
    plan,
    writer,
    targets: targetsAfter(selected, asked.knownUid, enabled.uidOnly),
    rows: () => selected.live.rows,
    markSeen: undefined,
    flushWhenFull: () => session.flushWhenFull(),
    progress: () => undefined,
    breakOff: () => session.connection.destroy(),
    signal: session.signal,
  });
}

function targetsAfter({ view }: SelectedState, knownUid: number, uidOnly: boolean): FetchTarget[] {
  const targets: FetchTarget[] = [];
  for (let sequence = view.count; sequence > 0 && view.uidOf(sequence) > knownUid; sequence--) {
    const uid = view.uidOf(sequence);
    targets.unshift({ number: uidOnly ? uid : sequence, uid });
  }
  return targets;
}
