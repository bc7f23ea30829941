/** FETCH and UID FETCH (RFC 9051 §6.4.5, §6.4.9; RFC 7162 §3.1.4, §3.2.6; RFC 9394). */
import type { ByteSource } from '../../../base/byte-source.ts';
import type { UidRanges } from '../../../contract/mailbox.ts';
import { readFetchItems, type FetchItem } from '../../../wire/imap/fetch-items.ts';
import { bad, no, ok, type Outcome } from '../../../wire/imap/response.ts';
import { ImapSyntaxError, type ImapScanner } from '../../../wire/imap/scanner.ts';
import { formatNumbers, readSequenceSet, resolveRanges, type SequenceSet } from '../../../wire/imap/sequence-set.ts';
import { defineCommand, SELECTED, type Command, type ImapSession } from '../command.ts';
import { partOfResult, readFetchModifiers, type FetchModifiers } from '../fetch/fetch-modifiers.ts';
import { planFetch } from '../fetch/fetch-plan.ts';
import { runFetch, type FetchTarget } from '../fetch/fetch-run.ts';
import { MessageWriter } from '../fetch/message-writer.ts';
import { changeFlags } from '../selected-changes.ts';
import { tellFlagNames } from '../selected-flags.ts';
import { selectedFolder, type SelectedFolder } from '../selected-folder.ts';
import type { Numbering } from '../selected-state.ts';

interface FetchArguments {
  readonly set: SequenceSet;
  readonly items: readonly FetchItem[];
  readonly modifiers: FetchModifiers;
}

export const fetch = fetchCommand('sequence');
export const uidFetch = fetchCommand('uid');

function fetchCommand(numbering: Numbering): Command {
  return defineCommand<FetchArguments>({
    name: numbering === 'uid' ? 'UID FETCH' : 'FETCH',
    states: SELECTED,
    holdsExpunges: numbering === 'sequence',
    parse: (scanner) => parse(scanner, numbering),
    run: (session, argument) => run(session, argument, numbering),
  });
}

function parse(scanner: ImapScanner, numbering: Numbering): FetchArguments {
  scanner.space();
  const set = readSequenceSet(scanner);
  scanner.space();
  const items = readFetchItems(scanner);
  const modifiers = readFetchModifiers(scanner);
  scanner.end();
  if (modifiers.vanished && numbering !== 'uid') throw new ImapSyntaxError('VANISHED is for UID FETCH only');
  if (modifiers.partial && numbering !== 'uid') throw new ImapSyntaxError('PARTIAL is for UID FETCH only');
  return { set, items, modifiers };
}

async function run(session: ImapSession, { set, items, modifiers }: FetchArguments, numbering: Numbering): Promise<Outcome> {
  const selected = selectedFolder(session);
  // RFC 9586 §3.3.
  if (numbering === 'sequence' && session.enabled.uidOnly) return bad('with UIDONLY, use UID FETCH', 'UIDREQUIRED');
  // RFC 7162 §3.2.6: VANISHED belongs to QRESYNC.
  if (modifiers.vanished && !session.enabled.qresync) return bad('VANISHED needs QRESYNC to be enabled');
  // RFC 7162 §3.1: whoever asks for MODSEQ wants to be told from then on.
  if (modifiers.changedSince !== undefined || items.some(({ kind }) => kind === 'modseq')) session.enable('CONDSTORE');
  const targets = chooseTargets(session, selected, { set, modifiers, numbering });
  if (modifiers.vanished) await tellVanished(session, selected, set, modifiers.changedSince as number);
  const plan = planFetch(items, { uid: numbering === 'uid' && !session.enabled.uidOnly, modseq: modifiers.changedSince !== undefined });
  if (plan.items.some(({ kind }) => kind === 'flags')) tellFlagNames(session, selected);
  const writer = new MessageWriter(plan, {
    out: session.out,
    structures: session.ports.structures,
    utf8: session.enabled.utf8,
    uidOnly: session.enabled.uidOnly,
    ...(session.enabled.rev2 ? {} : { recentFrom: (uid: number) => selected.isRecent(uid) }),
    sendLiteral: (content: ByteSource, range) => session.sendLiteral(content, range),
  });
  const { missing } = await runFetch({
    mails: session.ports.mailboxes.mails,
    structures: session.ports.structures,
    utf8: session.enabled.utf8,
    plan,
    writer,
    targets,
    rows: () => selected.live.rows,
    markSeen: seenMarker(session, selected),
    flushWhenFull: () => session.flushWhenFull(),
    progress: (done, total) => session.progress(done, total),
    breakOff: () => session.connection.destroy(),
    signal: session.signal,
  });
  if (missing > 0) return no(`${missing} of the messages ${missing === 1 ? 'is' : 'are'} gone`, 'EXPUNGEISSUED');
  // RFC 3516 §4.3.
  if (writer.unknownEncodings > 0) return no('a part has an encoding that is not known', 'UNKNOWN-CTE');
  return ok('FETCH completed');
}

function chooseTargets(session: ImapSession, selected: SelectedFolder, { set, modifiers, numbering }: { set: SequenceSet; modifiers: FetchModifiers; numbering: Numbering }): readonly FetchTarget[] {
  const { view, live } = selected;
  const { uids, sequences } = selected.targets(set, numbering);
  const { uidOnly } = session.enabled;
  const targets: FetchTarget[] = [];
  const add = (sequence: number): void => {
    const uid = view.uidOf(sequence);
    if (modifiers.changedSince !== undefined) {
      const row = view.rowOf(sequence);
      if (row < 0 || live.rows.modseqAt(row) <= modifiers.changedSince) return;
    }
    targets.push({ number: uidOnly ? uid : sequence, uid });
  };
  if (sequences) for (const [from, to] of sequences) for (let sequence = from; sequence <= to; sequence += 1) add(sequence);
  else for (const sequence of view.sequencesOf(uids)) add(sequence);
  return modifiers.partial ? partOfResult(targets, modifiers.partial) : targets;
}

/** RFC 7162 §3.2.6: of the UIDs that the client named, those that went since then. */
async function tellVanished(session: ImapSession, selected: SelectedFolder, set: SequenceSet, since: number): Promise<void> {
  const named: UidRanges = set.kind === 'saved' ? selected.targets(set, 'uid').uids : resolveRanges(set.ranges, selected.view.lastUid);
  const vanished = await session.ports.mailboxes.messages.vanished(selected.folder, since, named);
  // What this session still counts is told as VANISHED without EARLIER.
  const earlier = [...vanished].filter((uid) => selected.view.sequenceOf(uid) === 0);
  if (earlier.length > 0) session.out.line(`* VANISHED (EARLIER) ${formatNumbers(earlier)}`);
}

/** Undefined when this user may not. */
function seenMarker(session: ImapSession, selected: SelectedFolder): ((uids: readonly number[]) => Promise<void>) | undefined {
  if (selected.readOnly || !selected.rights.includes('s')) return undefined;
  const silent = new Map<number, number>();
  return async (uids) => {
    const { changed } = await changeFlags(session, selected, { uids: rangesOf(uids), mode: 'add', flags: ['\\Seen'] });
    for (const [at, uid] of changed.uids.entries()) silent.set(uid, changed.modseqs[at] as number);
    // The answers themselves tell the flags.
    selected.answerFor({ silent });
  };
}

function rangesOf(uids: readonly number[]): UidRanges {
  const ranges: [number, number][] = [];
  for (const uid of uids) {
    const last = ranges.at(-1);
    if (last && last[1] === uid - 1) last[1] = uid;
    else ranges.push([uid, uid]);
  }
  return ranges;
}
