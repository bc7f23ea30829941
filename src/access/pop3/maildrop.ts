/**
 * The inbox as a POP3 session has it: the messages that were there at log-in under numbers that do not change, and what
 * the session has ordered.
 *
 * Policy: deletions are carried out at QUIT and at no other end (RFC 1939 §6). What was read whole becomes \Seen at the
 * end, whatever that is, for all messages at once, because a commit for each would make a download slow.
 */
import type { ByteSource } from '../../base/byte-source.ts';
import type { FolderId, MailboxPorts, UidRanges } from '../../contract/mailbox.ts';

type Ports = Pick<MailboxPorts, 'folders' | 'messages' | 'mails'>;

export interface DropMessage {
  /** From 1. */
  readonly number: number;
  readonly uid: number;
  /** Octets, as RETR sends them without stuffing and the last line. */
  readonly sizeBytes: number;
  readonly mailId: number;
}

export class Maildrop {
  readonly #ports: Ports;
  readonly #folder: FolderId;
  readonly #uidValidity: number;
  readonly #uids: Uint32Array;
  readonly #sizes: Float64Array;
  readonly #mailIds: Float64Array;
  readonly #deleted = new Set<number>();
  readonly #read = new Set<number>();

  /** Undefined: the account has no inbox. Rejects when the store does not answer. */
  static async open(ports: Ports, account: string): Promise<Maildrop | undefined> {
    const inbox = await ports.folders.find(account, 'INBOX');
    const snapshot = inbox && (await ports.messages.snapshot(inbox.id));
    if (!snapshot) return undefined;
    const { uids, sizes, mailIds } = snapshot.messages;
    return new Maildrop(ports, snapshot.folder.id, snapshot.folder.uidValidity, uids, sizes, mailIds);
  }

  private constructor(ports: Ports, folder: FolderId, uidValidity: number, uids: Uint32Array, sizes: Float64Array, mailIds: Float64Array) {
    this.#ports = ports;
    this.#folder = folder;
    this.#uidValidity = uidValidity;
    this.#uids = uids;
    this.#sizes = sizes;
    this.#mailIds = mailIds;
  }

  /** Of those that are not deleted. */
  totals(): { readonly count: number; readonly sizeBytes: number } {
    let sizeBytes = 0;
    for (const { sizeBytes: size } of this.messages()) sizeBytes += size;
    return { count: this.#uids.length - this.#deleted.size, sizeBytes };
  }

  /** Those that are not deleted. */
  *messages(): Generator<DropMessage> {
    for (let number = 1; number <= this.#uids.length; number += 1) {
      const message = this.message(number);
      if (message) yield message;
    }
  }

  /** Undefined when there is none, or it is deleted. */
  message(number: number): DropMessage | undefined {
    const at = number - 1;
    const uid = this.#uids[at];
    if (uid === undefined || this.#deleted.has(number)) return undefined;
    return { number, uid, sizeBytes: this.#sizes[at] as number, mailId: this.#mailIds[at] as number };
  }

  /** The same in every session, and never that of another message (RFC 1939 §7). */
  uniqueId({ uid }: DropMessage): string {
    return `${this.#uidValidity}.${uid}`;
  }

  /** Undefined when somebody has expunged it meanwhile. */
  content({ mailId }: DropMessage): Promise<ByteSource | undefined> {
    return this.#ports.mails.content(mailId);
  }

  delete({ number }: DropMessage): void {
    this.#deleted.add(number);
  }

  undeleteAll(): void {
    this.#deleted.clear();
  }

  /** The client has all of it. */
  wasRead({ number }: DropMessage): void {
    this.#read.add(number);
  }

  /** Rejects when the store does not; deletions are tried first, and again by the next call. */
  async update(): Promise<void> {
    if (this.#deleted.size > 0) await this.#ports.messages.remove(this.#folder, this.#ranges(this.#deleted));
    for (const number of this.#deleted) this.#read.delete(number);
    this.#deleted.clear();
    await this.markRead();
  }

  async markRead(): Promise<void> {
    if (this.#read.size === 0) return;
    const uids = this.#ranges(this.#read);
    this.#read.clear();
    await this.#ports.messages.setFlags({ folder: this.#folder, uids, mode: 'add', flags: ['\\Seen'] });
  }

  #ranges(numbers: ReadonlySet<number>): UidRanges {
    const ranges: [number, number][] = [];
    for (const number of [...numbers].sort((a, b) => a - b)) {
      const uid = this.#uids[number - 1] as number;
      const last = ranges.at(-1);
      // Messages that came meanwhile have higher UIDs than all of these.
      if (last && uid === last[1] + 1) last[1] = uid;
      else ranges.push([uid, uid]);
    }
    return ranges;
  }
}
