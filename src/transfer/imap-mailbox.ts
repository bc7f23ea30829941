/**
 * The messages of one mailbox on another IMAP server. Nothing that the server says is taken on trust: answers may be
 * missing, come twice, in any order, for messages nobody asked about, with sizes that lie; the connection may break
 * behind each of them. What was answered is never asked for again.
 */
import { Failure } from '../base/errors.ts';
import { TRANSFER_LIMITS } from '../base/transfer-limits.ts';
import { quoted, type ImapClient } from '../net/imap-client.ts';
import type { ImapValue } from '../wire/imap/response-values.ts';
import { fetchedItems, parseInternalDate } from '../net/imap-answers.ts';
import type { ImapLine } from './imap-line.ts';
import { withCrlf } from './line-ends.ts';
import type { SourceFolder, SourceMessage } from './source.ts';

export interface Mailbox extends SourceFolder {
  /** As the server writes it. */
  readonly wire: string;
}

type Items = ReadonlyMap<string, ImapValue>;

interface Facts {
  readonly flags: readonly string[];
  readonly internalDate: number;
  readonly sizeBytes: number;
}

/** In order of UID. Throws Failure `imap-changed` when the mailbox is made anew meanwhile, `imap-refused` when it cannot be opened. */
export async function* readMailbox(line: ImapLine, box: Mailbox, wanted: (keys: readonly string[]) => Promise<ReadonlySet<string>>): AsyncIterable<SourceMessage> {
  const { validity, uids } = await line.use(async (client) => {
    const opened = await line.examine(client, quoted(box.wire));
    return { validity: opened.validity, uids: opened.exists === 0 ? new Uint32Array(0) : await allUids(client) };
  });
  const reading = new MailboxReading(line, box, validity);
  for (let first = 0; first < uids.length; first += TRANSFER_LIMITS.imapUidsAskedMax) {
    const piece = [...uids.subarray(first, first + TRANSFER_LIMITS.imapUidsAskedMax)];
    const missing = await wanted(piece.map((uid) => reading.keyOf(uid)));
    const needed = piece.filter((uid) => missing.has(reading.keyOf(uid)));
    if (needed.length > 0) yield* reading.messages(needed);
  }
}

/** One short line for each message: a list of all in one line may be longer than any sensible limit. */
async function allUids(client: ImapClient): Promise<Uint32Array> {
  let uids = new Uint32Array(1024);
  let count = 0;
  for await (const values of client.responses('FETCH 1:* (UID)')) {
    const uid = uidOf(fetchedItems(values));
    if (uid === undefined) continue;
    if (count === TRANSFER_LIMITS.imapMessagesMax) throw new Failure('imap-garbage', `the server lists more than ${TRANSFER_LIMITS.imapMessagesMax} messages`, { temporary: false });
    if (count === uids.length) {
      const larger = new Uint32Array(count * 2);
      larger.set(uids);
      uids = larger;
    }
    uids[count] = uid;
    count += 1;
  }
  return uids.subarray(0, count).sort().filter((uid, at, all) => at === 0 || uid !== all[at - 1]);
}

class MailboxReading {
  readonly #line: ImapLine;
  readonly #box: Mailbox;
  readonly #validity: number;

  constructor(line: ImapLine, box: Mailbox, validity: number) {
    this.#line = line;
    this.#box = box;
    this.#validity = validity;
  }

  keyOf(uid: number): string {
    return `${this.#validity}.${uid}`;
  }

  /** Sizes are asked first, so that what is fetched together fits into memory. */
  async *messages(uids: readonly number[]): AsyncIterable<SourceMessage> {
    const facts = new Map<number, Facts>();
    await this.#fetch(uids, 'FLAGS INTERNALDATE RFC822.SIZE', (uid, items) => {
      const known = factsOf(items);
      if (known) facts.set(uid, known);
      return known !== undefined;
    });
    let group: number[] = [];
    let bytes = 0;
    for (const uid of uids) {
      const sizeBytes = facts.get(uid)?.sizeBytes ?? 0;
      if (group.length > 0 && (bytes + sizeBytes > TRANSFER_LIMITS.batchBytesMax || group.length === TRANSFER_LIMITS.batchMessagesMax)) {
        yield* this.#read(group, facts);
        group = [];
        bytes = 0;
      }
      group.push(uid);
      bytes += sizeBytes;
    }
    yield* this.#read(group, facts);
  }

  /** Those too large for us are named one by one and not fetched. When sizes were lies, the group comes in several steps. */
  async *#read(group: readonly number[], facts: ReadonlyMap<number, Facts>): AsyncIterable<SourceMessage> {
    let left = group;
    while (left.length > 0) {
      const bodies = new Map<number, Buffer>();
      const later = new Set<number>();
      let bytes = 0;
      const fitting = left.filter((uid) => (facts.get(uid)?.sizeBytes ?? Infinity) <= TRANSFER_LIMITS.messageBytesMax);
      await this.#fetch(fitting, 'BODY.PEEK[]', (uid, items) => {
        const body = bodyOf(items);
        if (body === undefined) return items.has('BODY[]');
        bytes += body.length;
        if (bodies.size > 0 && bytes > 2 * TRANSFER_LIMITS.batchBytesMax) later.add(uid);
        else bodies.set(uid, body);
        return true;
      });
      for (const uid of left) if (!later.has(uid)) yield this.#message(uid, facts.get(uid), bodies.get(uid));
      left = left.filter((uid) => later.has(uid));
    }
  }

  #message(uid: number, facts: Facts | undefined, body: Buffer | undefined): SourceMessage {
    const { flags = [], internalDate = 0, sizeBytes = 0 } = facts ?? {};
    return {
      key: this.keyOf(uid), uid, flags, internalDate, sizeBytes,
      read: async () => {
        if (body !== undefined) return withCrlf(body);
        throw sizeBytes > TRANSFER_LIMITS.messageBytesMax
          ? new Failure('message-too-large', `UID ${uid} has ${sizeBytes} bytes, more than ${TRANSFER_LIMITS.messageBytesMax}`, { temporary: false })
          : new Failure('message-gone', `the server does not give UID ${uid}`, { temporary: false });
      },
    };
  }

  /**
   * Calls `take` with each answer about one of the UIDs until it says that this was the one; a connection that breaks goes on
   * with the others. Those the server has no answer for are left out.
   */
  async #fetch(uids: readonly number[], items: string, take: (uid: number, items: Items) => boolean): Promise<void> {
    const left = new Set(uids);
    const ask = (some: () => readonly number[]): Promise<void> => this.#line.use((client) => this.#ask(client, some(), items, left, take), { progress: () => left.size });
    if (left.size === 0) return;
    try {
      await ask(() => [...left]);
    } catch (error) {
      if (!isRefusal(error)) throw error;
      await this.#askSingly(left, ask);
    }
  }

  /** One message that the server cannot read, or that is gone (RFC 5530 EXPUNGEISSUED), must not keep the others out. */
  async #askSingly(left: ReadonlySet<number>, ask: (some: () => readonly number[]) => Promise<void>): Promise<void> {
    let refusals = 0;
    for (const uid of left) {
      try {
        await ask(() => [uid]);
        refusals = 0;
      } catch (error) {
        refusals += 1;
        if (!isRefusal(error) || refusals === TRANSFER_LIMITS.imapRefusalsMax) throw error;
      }
    }
  }

  async #ask(client: ImapClient, uids: readonly number[], items: string, left: Set<number>, take: (uid: number, items: Items) => boolean): Promise<void> {
    await this.#reopen(client);
    let unasked = 0;
    for await (const values of client.responses(`UID FETCH ${setOf(uids)} (UID ${items})`)) {
      const found = fetchedItems(values);
      const uid = uidOf(found);
      if (found && uid !== undefined && left.has(uid) && take(uid, found)) left.delete(uid);
      else unasked += 1;
      if (unasked > TRANSFER_LIMITS.imapUnaskedMax) throw new Failure('imap-garbage', 'the server sends answers to questions that nobody asked, without end', { temporary: false });
    }
  }

  async #reopen(client: ImapClient): Promise<void> {
    const name = quoted(this.#box.wire);
    if (this.#line.isOpen(name)) return;
    const { validity } = await this.#line.examine(client, name);
    if (validity !== this.#validity) throw new Failure('imap-changed', 'the mailbox was made anew on the server meanwhile: run the import again', { temporary: false });
  }
}

function isRefusal(error: unknown): boolean {
  return error instanceof Failure && error.code === 'imap-refused';
}

/** `1:3,7`. */
function setOf(uids: readonly number[]): string {
  const ranges: [number, number][] = [];
  for (const uid of uids) {
    const last = ranges.at(-1);
    if (last && last[1] === uid - 1) last[1] = uid;
    else ranges.push([uid, uid]);
  }
  return ranges.map(([from, to]) => (from === to ? String(from) : `${from}:${to}`)).join(',');
}

const UID_MAX = 0xffff_fffe;

function uidOf(items: Items | undefined): number | undefined {
  const uid = Number(items?.get('UID'));
  return Number.isInteger(uid) && uid > 0 && uid <= UID_MAX ? uid : undefined;
}

/** Undefined when a server tells of a change of flags in between: that lacks the rest. */
function factsOf(items: Items): Facts | undefined {
  if (!items.has('RFC822.SIZE')) return undefined;
  const flags = items.get('FLAGS');
  return {
    flags: (Array.isArray(flags) ? flags : []).map(String).filter((flag) => flag.toLowerCase() !== '\\recent'),
    internalDate: parseInternalDate(String(items.get('INTERNALDATE') ?? '')) ?? 0,
    sizeBytes: Number(items.get('RFC822.SIZE')) || 0,
  };
}

function bodyOf(items: Items): Buffer | undefined {
  const body = items.get('BODY[]');
  if (Buffer.isBuffer(body)) return body;
  return typeof body === 'string' ? Buffer.from(body, 'utf8') : undefined;
}
