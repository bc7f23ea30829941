/**
 * The selected mailbox of one session: a view of the live folder, and what is this session's alone: its rights, which messages
 * are \Recent to it, the saved search, and what its own changes have told the client already.
 *
 * Small on purpose: an idle session is this object, its view and its connection.
 */
import type { Rights, UidRanges } from '../../contract/mailbox.ts';
import { rangesContain, resolveRanges, type SequenceSet } from '../../wire/imap/sequence-set.ts';
import { ImapSyntaxError } from '../../wire/imap/scanner.ts';
import { FolderView } from '../mailbox/folder-view.ts';
import type { LiveFolder } from '../mailbox/live-folder.ts';
import type { FolderLease } from '../mailbox/live-folders.ts';

const RECENT = '\\Recent';
const NO_RANGES: UidRanges = [];

/** How the numbers of a command are meant. */
export type Numbering = 'sequence' | 'uid';

/** What the session's next news leave out or add, because its own command answers for it. */
export interface OwnChanges {
  /** UID to MODSEQ of changes that STORE .SILENT made: their flags are known to the client. */
  readonly silent?: ReadonlyMap<number, number>;
  /** Told although nothing changed, because STORE answers for each message (RFC 9051 §6.4.6). */
  readonly echoed?: UidRanges;
  /** The command named UIDs, so its answers do, too (RFC 9051 §6.4.9). */
  readonly withUid?: boolean;
}

export interface SelectedFolderFacts {
  readonly lease: FolderLease;
  readonly name: string;
  readonly rights: Rights;
  /** EXAMINE, not SELECT. */
  readonly examined: boolean;
}

export class SelectedState {
  readonly name: string;
  readonly view: FolderView;
  #rights: Rights;
  #sharingSeen: number;
  /** EXAMINE: read-only whatever the rights are. */
  readonly #examined: boolean;
  readonly #lease: FolderLease;
  /** UIDs that are \Recent here (RFC 3501 §2.3.2), as ranges. */
  #recent: [number, number][] = [];
  #saved: UidRanges = NO_RANGES;
  #keywordsTold: number;
  #own: OwnChanges | undefined;

  constructor({ lease, name, rights, examined }: SelectedFolderFacts) {
    this.#lease = lease;
    this.name = name;
    this.#rights = rights;
    this.#examined = examined;
    this.#sharingSeen = lease.live.sharingVersion;
    this.view = new FolderView(lease.live);
    this.#keywordsTold = lease.live.rows.flagSets.keywords.length;
  }

  get folder(): number {
    return this.live.id;
  }

  get live(): LiveFolder {
    return this.#lease.live;
  }

  get rights(): Rights {
    return this.#rights;
  }

  /** RFC 4314 §5.2: also for whoever may change nothing in it. */
  get readOnly(): boolean {
    return this.#examined || !/[swtei]/.test(this.#rights);
  }

  /** The folder was removed, or may not be read any more. */
  get lost(): boolean {
    return this.live.gone || !this.#rights.includes('r');
  }

  /** Rights that were granted or taken away meanwhile, asked for when there is reason to. True: they are other ones. */
  async reviewRights(ask: () => Promise<Rights>): Promise<boolean> {
    const { sharingVersion } = this.live;
    if (this.#sharingSeen === sharingVersion) return false;
    const before = this.#rights;
    this.#rights = await ask();
    this.#sharingSeen = sharingVersion;
    return this.#rights !== before;
  }

  get toldModseq(): number {
    return this.view.toldModseq;
  }

  settle(): Promise<void> {
    return this.live.settle();
  }

  reach(modseq: number): Promise<void> {
    return this.live.reach(modseq);
  }

  close(): void {
    this.#lease.release();
  }

  /** What a set of a command means. Throws ImapSyntaxError for a sequence number that is not there (RFC 9051 §9 seq-number). UIDs that are not there are passed over. */
  targets(set: SequenceSet, numbering: Numbering): Targets {
    if (set.kind === 'saved') return this.#byUid(this.#saved);
    if (numbering === 'uid') return this.#byUid(resolveRanges(set.ranges, this.view.lastUid));
    const sequences = resolveRanges(set.ranges, this.view.count);
    const beyond = (sequences.at(-1)?.[1] ?? 0) > this.view.count || this.view.count === 0;
    if (beyond) throw new ImapSyntaxError(`there are ${this.view.count} messages, the set names others`);
    return { uids: this.view.uidRanges(sequences), sequences };
  }

  /** What `$` means (RFC 5182); UIDs that went since then mean nothing. */
  saveSearch(uids: UidRanges): void {
    this.#saved = uids;
  }

  /** Flags of a row of `live.rows` as this session sees them. */
  flagsAt(row: number, options: { readonly rev2: boolean }): readonly string[] {
    const { rows } = this.live;
    const flags = rows.flagsAt(row);
    return !options.rev2 && this.isRecent(rows.uidAt(row)) ? [...flags, RECENT] : flags;
  }

  isRecent(uid: number): boolean {
    return this.#recent.length > 0 && rangesContain(this.#recent, uid);
  }

  /** Messages that are \Recent here. */
  get recentCount(): number {
    return this.#recent.length === 0 ? 0 : this.view.sequencesOf(this.#recent).length;
  }

  /** Takes what is \Recent up to now: for this session alone, unless it only looks (RFC 3501 §6.3.2). */
  claimRecent(knownUid: number): void {
    const { live } = this;
    const from = this.readOnly ? Math.max(live.recentFromUid, knownUid + 1) : live.claimRecent();
    const to = this.view.lastUid;
    if (from !== undefined && from <= to) this.#recent.push([from, to]);
  }

  /** Keywords that the client was not told of yet, if there are any: all of them, once. */
  newKeywords(): readonly string[] | undefined {
    const { keywords } = this.live.rows.flagSets;
    if (keywords.length === this.#keywordsTold) return undefined;
    this.#keywordsTold = keywords.length;
    return keywords;
  }

  /** A command of this session answers for these changes; the news behind it take that into account. */
  answerFor(own: OwnChanges): void {
    this.#own = own;
  }

  takeOwnChanges(): OwnChanges | undefined {
    const own = this.#own;
    this.#own = undefined;
    return own;
  }

  #byUid(uids: UidRanges): Targets {
    return { uids: this.view.clip(uids), sequences: undefined };
  }
}

export interface Targets {
  /** Of messages that the client knows; ranges may hold UIDs that are not there. */
  readonly uids: UidRanges;
  /** When the command named sequence numbers. */
  readonly sequences: UidRanges | undefined;
}
