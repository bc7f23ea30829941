/**
 * What STORE does: within the user's rights (RFC 4314 §4), to messages not changed since (RFC 7162 §3.1.3), and with an answer that tells
 * each client what it does not know yet, and with .SILENT nothing that it does.
 */
import type { FlagResult, UidRanges } from '../../contract/mailbox.ts';
import { Failure } from '../../base/errors.ts';
import { mayChange } from '../../mail/flag-rights.ts';
import { ok, type Outcome } from '../../wire/imap/response.ts';
import { formatNumbers, type SequenceSet } from '../../wire/imap/sequence-set.ts';
import type { ImapSession } from './command.ts';
import { changeFlags, requireRights } from './selected-changes.ts';
import { selectedFolder } from './selected-folder.ts';
import type { Numbering, SelectedState } from './selected-state.ts';

export interface StoreChange {
  readonly mode: 'add' | 'remove' | 'replace';
  /** As the client wrote them, each once. */
  readonly flags: readonly string[];
  readonly silent: boolean;
  readonly unchangedSince: number | undefined;
}

/** The flags that the client will believe a message to have; by UID. */
type Expected = ReadonlyMap<number, string>;

export async function storeFlags(session: ImapSession, set: SequenceSet, numbering: Numbering, change: StoreChange): Promise<Outcome> {
  const selected = selectedFolder(session);
  requireRights(selected);
  const { uids } = selected.targets(set, numbering);
  // RFC 7162 §3.1: using it switches it on.
  if (change.unchangedSince !== undefined) session.enable('CONDSTORE');
  if (uids.length === 0) return ok('STORE completed');
  const expected = change.silent ? expectedFlags(selected, uids, change) : undefined;
  const done: FlagResult[] = [];
  for (const order of withinRights(selected, uids, change)) {
    done.push(await changeFlags(session, selected, { ...order, ...(change.unchangedSince === undefined ? {} : { unchangedSince: change.unchangedSince }) }));
  }
  const modified = modifiedUids(done);
  const withUid = numbering === 'uid';
  if (expected !== undefined) selected.answerFor({ withUid, silent: known(done, expected) });
  else selected.answerFor({ withUid, echoed: without(uids, modified, selected) });
  if (modified.length === 0) return ok('STORE completed');
  const named = withUid ? modified : modified.map((uid) => selected.view.sequenceOf(uid)).filter((sequence) => sequence > 0);
  return ok('some messages were changed meanwhile', `MODIFIED ${formatNumbers(named)}`);
}

interface Step {
  readonly uids: UidRanges;
  readonly mode: StoreChange['mode'];
  readonly flags: readonly string[];
}

/** The orders to the store that change what the user may change and leave the rest. Throws when that is nothing. */
function withinRights(selected: SelectedState, uids: UidRanges, change: StoreChange): readonly Step[] {
  const { rights } = selected;
  if (['s', 't', 'w'].every((right) => rights.includes(right))) return [{ uids, mode: change.mode, flags: change.flags }];
  const flags = change.flags.filter((flag) => mayChange(rights, flag));
  const nothing = change.mode === 'replace' ? !/[stw]/.test(rights) : flags.length === 0;
  if (nothing) throw new Failure('no-permission', `your rights on this mailbox are "${rights}", they do not allow to change these flags`, { temporary: false });
  if (change.mode !== 'replace') return [{ uids, mode: change.mode, flags }];
  return keepingOthers(selected, uids, flags);
}

/** Replaces flags, but keeps those of each message that the user may not change: one order for each such set. */
function keepingOthers(selected: SelectedState, uids: UidRanges, flags: readonly string[]): readonly Step[] {
  const groups = new Map<string, { kept: readonly string[]; uids: [number, number][] }>();
  for (const sequence of selected.view.sequencesOf(uids)) {
    const row = selected.view.rowOf(sequence);
    if (row < 0) continue;
    const kept = selected.live.rows.flagsAt(row).filter((flag) => !mayChange(selected.rights, flag));
    const group = groups.get(kept.join(' ')) ?? { kept, uids: [] };
    groups.set(kept.join(' '), group);
    const uid = selected.view.uidOf(sequence);
    group.uids.push([uid, uid]);
  }
  return [...groups.values()].map((group) => ({ uids: group.uids, mode: 'replace' as const, flags: [...group.kept, ...flags] }));
}

/**
 * What the client that says .SILENT computes for itself, from the flags it was told last. A message that somebody else changed since then is
 * left out, and so told: RFC 9051 §6.4.6.
 */
function expectedFlags(selected: SelectedState, uids: UidRanges, change: StoreChange): Expected {
  const { view, live } = selected;
  const expected = new Map<number, string>();
  for (const sequence of view.sequencesOf(uids)) {
    const row = view.rowOf(sequence);
    if (row >= 0 && live.rows.modseqAt(row) <= view.toldModseq) expected.set(view.uidOf(sequence), outcomeOf(live.rows.flagsAt(row), change));
  }
  return expected;
}

function outcomeOf(before: readonly string[], { mode, flags }: StoreChange): string {
  const named = new Set(flags.map((flag) => flag.toLowerCase()));
  const old = before.map((flag) => flag.toLowerCase());
  if (mode === 'replace') return comparable([...named]);
  return comparable(mode === 'remove' ? old.filter((flag) => !named.has(flag)) : [...new Set([...old, ...named])]);
}

function comparable(flags: readonly string[]): string {
  return flags.map((flag) => flag.toLowerCase()).sort().join(' ');
}

/** UID to MODSEQ of the changes that came out as the client expects. */
function known(done: readonly FlagResult[], expected: Expected): ReadonlyMap<number, number> {
  const silent = new Map<number, number>();
  for (const { changed } of done) {
    const sets = changed.sets.map(comparable);
    changed.uids.forEach((uid, i) => {
      if (expected.get(uid) === sets[changed.flagSets[i] as number]) silent.set(uid, changed.modseqs[i] as number);
    });
  }
  return silent;
}

function modifiedUids(done: readonly FlagResult[]): readonly number[] {
  return [...new Set(done.flatMap(({ modified }) => [...modified]))].sort((a, b) => a - b);
}

function without(uids: UidRanges, modified: readonly number[], selected: SelectedState): UidRanges {
  if (modified.length === 0) return uids;
  const left = new Set(modified);
  return selected.view.sequencesOf(uids).map((sequence) => selected.view.uidOf(sequence)).filter((uid) => !left.has(uid)).map((uid) => [uid, uid] as const);
}
