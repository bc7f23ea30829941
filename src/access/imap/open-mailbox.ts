/**
 * What SELECT and EXAMINE do (RFC 9051 §6.3.2): the mailbox before is closed, the new one is opened with the rights the user has, and
 * its state is told, with CONDSTORE and QRESYNC (RFC 7162 §3.1.8, §3.2.5) what happened since the client last looked.
 */
import type { FolderFacts, UidRanges } from '../../contract/mailbox.ts';
import { Failure } from '../../base/errors.ts';
import { ok, type Outcome } from '../../wire/imap/response.ts';
import { formatNumbers, rangesContain } from '../../wire/imap/sequence-set.ts';
import type { ImapSession } from './command.ts';
import { writeFlagNames } from './selected-flags.ts';
import { SelectedFolder } from './selected-folder.ts';
import { fetchStart } from './selected-news.ts';

/** What the client knows of the mailbox from an earlier session (RFC 7162 §3.2.5). */
export interface ResyncOrder {
  readonly uidValidity: number;
  readonly modseq: number;
  readonly known: UidRanges | undefined;
  /** Pairs of sequence number and UID, ascending. */
  readonly matches: readonly (readonly [sequence: number, uid: number])[];
}

export interface OpenOrder {
  readonly mailbox: string;
  readonly condstore: boolean;
  readonly resync: ResyncOrder | undefined;
}

export async function openMailbox(session: ImapSession, order: OpenOrder, access: 'select' | 'examine'): Promise<Outcome> {
  if (session.selected !== undefined) {
    session.select(undefined);
    session.out.line('* OK [CLOSED] the mailbox before is closed');
  }
  if (order.condstore) session.enable('CONDSTORE');
  const named = await session.names.require(order.mailbox, 'r');
  const lease = await session.ports.liveFolders.open(named.facts.id);
  if (lease === undefined) throw new Failure('folder-unknown', 'the mailbox was just deleted', { temporary: false });
  const selected = new SelectedFolder({ lease, name: named.name, rights: named.rights, examined: access === 'examine' });
  session.select(selected);
  writeState(session, selected, lease.live.facts);
  if (order.resync !== undefined) await writeMissed(session, selected, order.resync);
  return ok(`${access === 'examine' ? 'EXAMINE' : 'SELECT'} completed`, selected.readOnly ? 'READ-ONLY' : 'READ-WRITE');
}

function writeState(session: ImapSession, selected: SelectedFolder, facts: FolderFacts): void {
  const { out, enabled } = session;
  writeFlagNames(session, selected);
  out.line(`* ${selected.view.count} EXISTS`);
  if (!enabled.rev2) {
    selected.claimRecent(0);
    out.line(`* ${selected.recentCount} RECENT`);
    const unseen = enabled.uidOnly ? 0 : firstUnseen(selected);
    if (unseen > 0) out.line(`* OK [UNSEEN ${unseen}] the first message that was not read`);
  }
  out.line(`* OK [UIDVALIDITY ${facts.uidValidity}] UIDs are valid`);
  out.line(`* OK [UIDNEXT ${selected.live.uidNext}] the next UID`);
  out.line(`* OK [HIGHESTMODSEQ ${selected.view.toldModseq}] the last change`);
  out.line(`* OK [MAILBOXID (${facts.objectId})] the mailbox`);
  // RFC 9051 §6.3.2: IMAP4rev2 tells the name as the server has it.
  if (enabled.rev2) out.text('* LIST () "/" ').mailbox(selected.name).line('');
}

/** RFC 3501 §7.1; 0: all are seen. */
function firstUnseen(selected: SelectedFolder): number {
  const { rows } = selected.live;
  const seen = rows.flagSets.sets.map((flags) => flags.includes('\\Seen'));
  const { setNumbers } = rows;
  for (let row = 0; row < selected.view.count; row++) if (!seen[setNumbers[row] as number]) return row + 1;
  return 0;
}

/** VANISHED (EARLIER) and flags that changed. Nothing when the UIDs are other ones: the client has to begin anew. */
async function writeMissed(session: ImapSession, selected: SelectedFolder, order: ResyncOrder): Promise<void> {
  const { live, view } = selected;
  if (order.uidValidity !== live.facts.uidValidity) return;
  const agreed = agreedUid(selected, order);
  const known = order.known ?? (live.uidNext > 1 ? [[1, live.uidNext - 1] as const] : []);
  if (known.length > 0 && order.modseq < view.toldModseq) {
    const vanished = await session.ports.mailboxes.messages.vanished(live.id, order.modseq, known);
    // What goes while we ask is in the view still and told as any other expunge.
    const told = [...vanished].filter((uid) => uid > agreed && rangesContain(known, uid) && view.sequenceOf(uid) === 0);
    if (told.length > 0) session.out.line(`* VANISHED (EARLIER) ${formatNumbers(told)}`);
  }
  await writeChanged(session, selected, order);
}

/** Up to this UID the client's numbers are ours, so nothing below it has gone (RFC 7162 §3.2.5.2). */
function agreedUid(selected: SelectedFolder, order: ResyncOrder): number {
  let agreed = 0;
  for (const [sequence, uid] of order.matches) {
    if (selected.view.sequenceOf(uid) !== sequence) break;
    agreed = uid;
  }
  return agreed;
}

async function writeChanged(session: ImapSession, selected: SelectedFolder, order: ResyncOrder): Promise<void> {
  const { live, view } = selected;
  for (let sequence = 1; sequence <= view.count; sequence++) {
    const row = view.rowOf(sequence);
    if (row < 0) continue;
    const uid = view.uidOf(sequence);
    const modseq = live.rows.modseqAt(row);
    if (modseq <= order.modseq || (order.known !== undefined && !rangesContain(order.known, uid))) continue;
    const named = session.enabled.uidOnly ? '' : `UID ${uid} `;
    session.out.line(`${fetchStart(session, sequence, uid)}(${named}FLAGS (${selected.flagsAt(row, session.enabled).join(' ')}) MODSEQ (${modseq}))`);
    await session.flushWhenFull();
  }
}
