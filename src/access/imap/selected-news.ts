/**
 * Tells a session what happened in its selected mailbox: EXPUNGE or VANISHED, EXISTS, RECENT, and FETCH with flags, in that order
 * (RFC 9051 §5.2, §7.5). The numbers of each line are right at the moment the client reads it.
 */
import { formatNumbers } from '../../wire/imap/sequence-set.ts';
import { NO_NEWS, type ViewNews } from '../mailbox/folder-view.ts';
import type { ImapSession } from './command.ts';
import { tellFlagNames, writeFlagNames } from './selected-flags.ts';
import type { OwnChanges, SelectedState } from './selected-state.ts';

const NOTHING_OWN: OwnChanges = {};

/** Undefined `exists` in the result: there are no new messages. */
export async function tellNews(session: ImapSession, selected: SelectedState, expunges: boolean): Promise<ViewNews> {
  const otherRights = await selected.reviewRights(() => session.names.rightsOn(selected.live.facts));
  if (selected.lost) return tellLost(session);
  if (otherRights) tellRights(session, selected);
  const known = selected.view.lastUid;
  const news = selected.view.news(expunges);
  const own = selected.takeOwnChanges();
  tellExpunged(session, news);
  if (news.exists !== undefined) {
    session.out.line(`* ${news.exists} EXISTS`);
    if (!session.enabled.rev2) {
      selected.claimRecent(known);
      session.out.line(`* ${selected.recentCount} RECENT`);
    }
  }
  // RFC 5465 §5.3: who asked for events without FlagChange is told of flags only in answer to commands.
  const changed = session.notification?.selected?.flags === false ? news.changed.filter((sequence) => own?.silent?.has(selected.view.uidOf(sequence))) : news.changed;
  await tellFlags(session, selected, changed, own ?? NOTHING_OWN);
  return news;
}

/** RFC 2180 §3.3: the only way out that every client understands. Outside of commands the caller ends the connection (`endWhenLost`). */
function tellLost(session: ImapSession): ViewNews {
  session.out.line('* BYE the selected mailbox was deleted, or may not be read any more');
  session.leave();
  return NO_NEWS;
}

/** For news told while no command runs: nobody would wait for the client to say something. */
export async function endWhenLost(session: ImapSession, selected: SelectedState): Promise<void> {
  if (!selected.lost) return;
  await session.flush();
  session.connection.end();
}

/** RFC 9051 §7.1, READ-ONLY and READ-WRITE: the access may change while it is selected. */
function tellRights(session: ImapSession, selected: SelectedState): void {
  writeFlagNames(session, selected);
  session.out.line(`* OK [${selected.readOnly ? 'READ-ONLY' : 'READ-WRITE'}] your rights are "${selected.rights}" now`);
}

/** RFC 7162 §3.2.10, RFC 9586 §3.3: VANISHED takes the place of EXPUNGE. */
function tellExpunged(session: ImapSession, news: ViewNews): void {
  if (news.vanished.length === 0) return;
  if (session.enabled.qresync || session.enabled.uidOnly) session.out.line(`* VANISHED ${formatNumbers(news.vanished)}`);
  else for (const sequence of news.expunged) session.out.line(`* ${sequence} EXPUNGE`);
}

async function tellFlags(session: ImapSession, selected: SelectedState, changed: readonly number[], own: OwnChanges): Promise<void> {
  const sequences = own.echoed === undefined ? changed : merged(changed, selected.view.sequencesOf(own.echoed));
  if (sequences.length === 0) return;
  tellFlagNames(session, selected);
  for (const sequence of sequences) {
    tellFlagsOf(session, selected, sequence, own);
    await session.flushWhenFull();
  }
}

function tellFlagsOf(session: ImapSession, selected: SelectedState, sequence: number, own: OwnChanges): void {
  const { enabled, out } = session;
  const row = selected.view.rowOf(sequence);
  if (row < 0) return;
  const uid = selected.view.uidOf(sequence);
  const modseq = selected.live.rows.modseqAt(row);
  const silent = own.silent?.get(uid) === modseq;
  // RFC 7162 §3.1.3: whoever keeps MODSEQs is told the new one even when the flags are known.
  if (silent && !enabled.condstore) return;
  const parts: string[] = [];
  if (!enabled.uidOnly && (own.withUid || enabled.condstore)) parts.push(`UID ${uid}`);
  if (enabled.condstore) parts.push(`MODSEQ (${modseq})`);
  if (!silent) parts.push(`FLAGS (${selected.flagsAt(row, enabled).join(' ')})`);
  out.line(`${fetchStart(session, sequence, uid)}(${parts.join(' ')})`);
}

/** `* 3 FETCH `, or `* 1017 UIDFETCH ` when the client keeps no sequence numbers (RFC 9586 §3.4). */
export function fetchStart(session: ImapSession, sequence: number, uid: number): string {
  return session.enabled.uidOnly ? `* ${uid} UIDFETCH ` : `* ${sequence} FETCH `;
}

function merged(a: readonly number[], b: readonly number[]): readonly number[] {
  return a.length === 0 ? b : [...new Set([...a, ...b])].sort((left, right) => left - right);
}

