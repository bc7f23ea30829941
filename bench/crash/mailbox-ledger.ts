/**
 * What mail programs were told of an account's mailboxes, over all rounds. Each message has a subject of its own and one user who
 * changes it, so that its place is known: it is where the last acknowledged command put it, or where one that was never
 * answered would have.
 */
import assert from 'node:assert/strict';

/** `gone`: in no folder. */
export type Place = 'INBOX' | 'Work' | 'gone';
export const FOLDERS = ['INBOX', 'Work'] as const;

export interface Known {
  readonly subject: string;
  /** Where it may be; one place when nothing is in doubt. */
  places: ReadonlySet<Place>;
  /** Whether it may be \Flagged. */
  flagged: ReadonlySet<boolean>;
  /** 0: not known. */
  uid: number;
  /** Its way into the mailbox was acknowledged, so that it must be there or can be undeleted. */
  acknowledged: boolean;
  /** It is mail, which may be in the queue for a while. */
  readonly arrives: boolean;
}

/** A message as a mail program finds it. */
export interface Found {
  readonly folder: (typeof FOLDERS)[number];
  readonly uid: number;
  readonly subject: string;
  readonly flagged: boolean;
}

export interface FolderState {
  readonly uidValidity: number;
  readonly uidNext: number;
  readonly highestModseq: number;
}

export class MailboxLedger {
  readonly messages = new Map<string, Known>();
  /** `FOLDER UID` to subject: a UID that names two messages was used again. */
  readonly #uids = new Map<string, string>();
  readonly #states = new Map<string, FolderState>();
  acknowledged = 0;

  /** Before the command is sent. `uid` stays unknown until `happened`. */
  mayAppear(subject: string, place: Place, arrives = false): Known {
    const known: Known = { subject, places: new Set<Place>(['gone', place]), flagged: new Set([false]), uid: 0, acknowledged: false, arrives };
    this.messages.set(subject, known);
    return known;
  }

  mayMove(known: Known, place: Place): void {
    known.places = new Set([...known.places, place]);
  }

  /** Acknowledged. */
  happened(known: Known, place: Place, uid: number): void {
    this.acknowledged += 1;
    known.places = new Set([place]);
    known.uid = uid;
    known.acknowledged = true;
    if (place !== 'gone') this.#seen(place, uid, known.subject);
  }

  #seen(folder: string, uid: number, subject: string): void {
    const key = `${folder} ${uid}`;
    const before = this.#uids.get(key);
    assert.ok(before === undefined || before === subject, `UID ${uid} of ${folder} named "${before}" and now "${subject}"`);
    this.#uids.set(key, subject);
  }

  /** An answer told this MODSEQ, or this UID was given. */
  heard(folder: string, told: Partial<FolderState>): void {
    const { uidValidity = 0, uidNext = 0, highestModseq = 0 } = this.#states.get(folder) ?? {};
    this.#states.set(folder, {
      uidValidity: told.uidValidity ?? uidValidity, uidNext: Math.max(uidNext, told.uidNext ?? 0), highestModseq: Math.max(highestModseq, told.highestModseq ?? 0),
    });
  }

  /** After a restart, before anybody changes anything. */
  checkFolder(folder: string, now: FolderState): void {
    const before = this.#states.get(folder);
    if (before) {
      assert.ok(before.uidValidity === 0 || now.uidValidity === before.uidValidity, `UIDVALIDITY of ${folder} was ${before.uidValidity}, is ${now.uidValidity}`);
      assert.ok(now.uidNext >= before.uidNext, `UIDNEXT of ${folder} was ${before.uidNext}, is ${now.uidNext}`);
      assert.ok(now.highestModseq >= before.highestModseq, `HIGHESTMODSEQ of ${folder} was ${before.highestModseq}, is ${now.highestModseq}`);
    }
    this.heard(folder, now);
  }

  /** Everything that is in the folders. Afterwards nothing is in doubt, but for what may still be in the queue. */
  checkMessages(found: readonly Found[]): void {
    const bySubject = Map.groupBy(found, ({ subject }) => subject);
    for (const { folder, uid, subject } of found) this.#seen(folder, uid, subject);
    assert.deepEqual([...bySubject.keys()].filter((subject) => !this.messages.has(subject)), [], 'messages that nobody wrote');
    assert.deepEqual([...bySubject.values()].filter((same) => same.length > 1), [], 'messages that are there twice');
    for (const known of this.messages.values()) settle(known, bySubject.get(known.subject)?.[0]);
  }
}

function settle(known: Known, found: Found | undefined): void {
  const place = found?.folder ?? 'gone';
  assert.ok(known.places.has(place), `"${known.subject}" must be ${[...known.places].join(' or ')}, is ${place}`);
  if (!found) {
    if (!known.arrives || known.uid > 0) known.places = new Set(['gone']);
    return;
  }
  assert.ok(known.flagged.has(found.flagged), `"${known.subject}" is ${found.flagged ? '' : 'not '}flagged, which nobody asked for`);
  known.acknowledged = true;
  known.places = new Set([place]);
  known.flagged = new Set([found.flagged]);
  known.uid = found.uid;
}
