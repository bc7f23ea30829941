/**
 * A live account on another IMAP server. Mailboxes are opened read-only and messages are read with PEEK, so nothing there
 * changes. A message is known by UIDVALIDITY and UID: a second import fetches only what came since. A connection that
 * breaks is made again, after waits that grow, and the reading goes on behind the last message.
 */
import { setTimeout as wait } from 'node:timers/promises';
import { Failure } from '../base/errors.ts';
import { TRANSFER_LIMITS } from '../base/transfer-limits.ts';
import { ImapClient, quoted, type ImapClientOptions, type ImapTarget } from '../net/imap-client.ts';
import type { ClientTls } from '../net/tls.ts';
import { parseImapDateTime } from './imap-date.ts';
import { decodeModifiedUtf7 } from '../wire/imap/modified-utf7.ts';
import type { ImapValue } from '../wire/imap/response-values.ts';
import type { SaslCredentials } from '../wire/sasl/client.ts';
import { withCrlf } from './line-ends.ts';
import type { MailSource, SourceFolder, SourceMessage } from './source.ts';

export interface ImapSourceOptions {
  readonly target: ImapTarget;
  readonly credentials: SaslCredentials;
  readonly tls: ClientTls;
  /** Told before each wait; for the progress that people see. */
  readonly onTrouble?: (text: string) => void;
}

interface Mailbox extends SourceFolder {
  /** As the server writes it. */
  readonly wireName: string;
}

/** Rejects with the Failures of ImapClient.open. */
export async function openImapSource(options: ImapSourceOptions): Promise<MailSource> {
  const { target, credentials } = options;
  const line = new Line(options);
  // A wrong host or password is told at once; only what worked before is tried again.
  const boxes = await line.use((client) => listMailboxes(client), 0);
  return {
    id: `imap:${credentials.username}@${target.host}:${target.port}`,
    folders: async () => boxes,
    messages: (folder, wanted) => messagesOf(line, boxes.find(({ name }) => name === folder.name) as Mailbox, wanted),
    close: () => line.close(),
  };
}

/** The connection, made anew when it broke. */
class Line {
  readonly #options: ImapSourceOptions;
  #client: ImapClient | undefined;
  /** Mailbox that is open on it, by the server's name. */
  #open: string | undefined;

  constructor(options: ImapSourceOptions) {
    this.#options = options;
  }

  /** Again after a temporary failure, at most `reconnects` times in a row. `work` must be able to begin anew. */
  async use<T>(work: (client: ImapClient) => Promise<T>, reconnects: number = TRANSFER_LIMITS.imapReconnectsMax): Promise<T> {
    for (let tries = 1; ; tries += 1) {
      try {
        this.#client ??= await ImapClient.open(this.#clientOptions());
        return await work(this.#client);
      } catch (error) {
        this.drop();
        if (!(error instanceof Failure) || !error.temporary || tries > reconnects) throw error;
        const waitMs = TRANSFER_LIMITS.imapReconnectWaitMs * 2 ** (tries - 1);
        this.#options.onTrouble?.(`${error.message}; trying again in ${waitMs / 1000} s`);
        await wait(waitMs);
      }
    }
  }

  /** Opened read-only; gives UIDVALIDITY. */
  async examine(client: ImapClient, wireName: string): Promise<number> {
    const { untagged } = await client.command(`EXAMINE ${wireName}`);
    this.#open = wireName;
    for (const values of untagged) {
      const [, validity] = /\[UIDVALIDITY (\d{1,10})\]/i.exec(values.filter((value) => typeof value === 'string').join(' ')) ?? [];
      if (validity !== undefined) return Number(validity);
    }
    return 0;
  }

  isOpen(wireName: string): boolean {
    return this.#client !== undefined && this.#open === wireName;
  }

  drop(): void {
    this.#client?.close();
    this.#client = undefined;
    this.#open = undefined;
  }

  async close(): Promise<void> {
    await this.#client?.logOut();
    this.drop();
  }

  #clientOptions(): ImapClientOptions {
    const limits = {
      connectMs: TRANSFER_LIMITS.imapConnectMs,
      replyMs: TRANSFER_LIMITS.imapReplyMs,
      lineBytesMax: TRANSFER_LIMITS.imapLineBytesMax,
      literalBytesMax: TRANSFER_LIMITS.messageBytesMax + TRANSFER_LIMITS.imapLineBytesMax,
    };
    return { target: this.#options.target, credentials: this.#options.credentials, tls: this.#options.tls, limits };
  }
}

async function listMailboxes(client: ImapClient): Promise<readonly Mailbox[]> {
  const { untagged } = await client.command('LIST "" "*"');
  const subscribed = new Set((await client.command('LSUB "" "*"').catch(() => ({ untagged: [] as readonly ImapValue[][] }))).untagged.flatMap((values) => (values[0] === 'LSUB' ? [nameOf(values[3])] : [])));
  const boxes: Mailbox[] = [];
  for (const values of untagged) {
    if (values[0] !== 'LIST') continue;
    const flags = (Array.isArray(values[1]) ? values[1] : []).map((flag) => String(flag).toLowerCase());
    if (flags.includes('\\noselect') || flags.includes('\\nonexistent')) continue;
    // Gmail's "all mail" holds every message a second time.
    if (flags.includes('\\all')) continue;
    const separator = typeof values[2] === 'string' ? values[2] : undefined;
    const wire = nameOf(values[3]);
    const wireName = quoted(wire);
    boxes.push({ name: folderName(wire, separator), wireName, subscribed: subscribed.size === 0 || subscribed.has(wire), ...(await statusOf(client, wireName)) });
  }
  return boxes;
}

/** A mailbox that refuses STATUS may still be read. */
async function statusOf(client: ImapClient, wireName: string): Promise<Pick<SourceFolder, 'uidValidity' | 'messages'>> {
  try {
    const { untagged } = await client.command(`STATUS ${wireName} (MESSAGES UIDVALIDITY)`);
    const list = untagged.find(([name]) => name === 'STATUS')?.[2];
    const items = new Map<string, number>();
    if (Array.isArray(list)) for (let at = 0; at + 1 < list.length; at += 2) items.set(String(list[at]).toUpperCase(), Number(list[at + 1]));
    const [messages, uidValidity] = [items.get('MESSAGES'), items.get('UIDVALIDITY')];
    return { ...(messages === undefined ? {} : { messages }), ...(uidValidity === undefined ? {} : { uidValidity }) };
  } catch (error) {
    if (error instanceof Failure && !error.temporary) return {};
    throw error;
  }
}

function nameOf(value: ImapValue): string {
  return Buffer.isBuffer(value) ? value.toString('utf8') : typeof value === 'string' ? value : 'NIL';
}

/** `INBOX.Lists.x` and `Lists/x` both become `Lists/x`. */
function folderName(wire: string, separator: string | undefined): string {
  const decoded = decodeModifiedUtf7(wire) ?? wire;
  const levels = separator === undefined ? [decoded] : decoded.split(separator).map((level) => level.replaceAll('/', '_'));
  if (levels.length > 1 && levels[0]?.toUpperCase() === 'INBOX' && separator === '.') levels.shift();
  if (levels.length === 1 && levels[0]?.toUpperCase() === 'INBOX') return 'INBOX';
  return levels.join('/');
}

interface Listed {
  readonly uid: number;
  readonly flags: readonly string[];
  readonly internalDate: number;
  readonly sizeBytes: number;
}

async function* messagesOf(line: Line, box: Mailbox, wanted: (keys: readonly string[]) => Promise<ReadonlySet<string>>): AsyncIterable<SourceMessage> {
  const [validity, uids] = await line.use(async (client) => [await line.examine(client, box.wireName), await searchAll(client)] as const);
  const keyOf = (uid: number): string => `${validity}.${uid}`;
  for (let first = 0; first < uids.length; first += TRANSFER_LIMITS.keysAskedMax) {
    const piece = uids.slice(first, first + TRANSFER_LIMITS.keysAskedMax);
    const missing = await wanted([...piece].map(keyOf));
    const needed = [...piece].filter((uid) => missing.has(keyOf(uid)));
    for (const group of await groupsOf(line, box, validity, needed)) yield* readGroup(line, box, validity, group, keyOf);
  }
}

async function searchAll(client: ImapClient): Promise<Uint32Array> {
  const { untagged } = await client.command('UID SEARCH ALL');
  const found = untagged.filter(([name]) => name === 'SEARCH').flatMap((values) => values.slice(1).map(Number));
  return Uint32Array.from(found.filter((uid) => uid > 0)).sort();
}

/** Sizes are asked first, so that what is fetched together fits into memory. */
async function groupsOf(line: Line, box: Mailbox, validity: number, uids: readonly number[]): Promise<Listed[][]> {
  if (uids.length === 0) return [];
  const listed = await line.use(async (client) => {
    await reopen(line, client, box, validity);
    const found: Listed[] = [];
    for await (const values of client.responses(`UID FETCH ${setOf(uids)} (UID FLAGS INTERNALDATE RFC822.SIZE)`)) {
      const items = fetchItems(values);
      const entry = items && listedOf(items);
      if (entry) found.push(entry);
    }
    return found;
  });
  const groups: Listed[][] = [];
  let bytes = Infinity;
  const asked = new Set(uids);
  for (const entry of listed.toSorted((a, b) => a.uid - b.uid)) {
    if (!asked.delete(entry.uid)) continue;
    const last = groups.at(-1);
    if (last && bytes + entry.sizeBytes <= TRANSFER_LIMITS.batchBytesMax && last.length < TRANSFER_LIMITS.batchMessagesMax) last.push(entry);
    else {
      groups.push([entry]);
      bytes = 0;
    }
    bytes += entry.sizeBytes;
  }
  return groups;
}

async function reopen(line: Line, client: ImapClient, box: Mailbox, validity: number): Promise<void> {
  if (line.isOpen(box.wireName)) return;
  if ((await line.examine(client, box.wireName)) !== validity) throw new Failure('imap-changed', `${box.name} was made anew on the server meanwhile: run the import again`, { temporary: false });
}

/** Messages too large for us are named one by one and not fetched. */
async function* readGroup(line: Line, box: Mailbox, validity: number, group: readonly Listed[], keyOf: (uid: number) => string): AsyncIterable<SourceMessage> {
  const fitting = group.filter(({ sizeBytes }) => sizeBytes <= TRANSFER_LIMITS.messageBytesMax);
  const bodies = fitting.length === 0 ? new Map<number, Buffer>() : await line.use(async (client) => {
    await reopen(line, client, box, validity);
    const found = new Map<number, Buffer>();
    for await (const values of client.responses(`UID FETCH ${setOf(fitting.map(({ uid }) => uid))} (UID BODY.PEEK[])`)) {
      const items = fetchItems(values);
      const body = items?.get('BODY[]');
      const uid = Number(items?.get('UID'));
      if (Buffer.isBuffer(body)) found.set(uid, body);
      else if (typeof body === 'string') found.set(uid, Buffer.from(body, 'utf8'));
    }
    return found;
  });
  for (const entry of group) {
    yield {
      key: keyOf(entry.uid), uid: entry.uid, flags: entry.flags, internalDate: entry.internalDate, sizeBytes: entry.sizeBytes,
      read: async () => {
        const body = bodies.get(entry.uid);
        if (body !== undefined) return withCrlf(body);
        const tooLarge = entry.sizeBytes > TRANSFER_LIMITS.messageBytesMax;
        throw tooLarge
          ? new Failure('message-too-large', `UID ${entry.uid} in ${box.name} has ${entry.sizeBytes} bytes, more than ${TRANSFER_LIMITS.messageBytesMax}`, { temporary: false })
          : new Failure('message-gone', `the server does not give UID ${entry.uid} in ${box.name}`, { temporary: false });
      },
    };
  }
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

/** `['12', 'FETCH', [name, value, …]]` as a map; undefined for other responses. */
function fetchItems(values: readonly ImapValue[]): ReadonlyMap<string, ImapValue> | undefined {
  const list = values[2];
  if (values[1] !== 'FETCH' || !Array.isArray(list)) return undefined;
  const items = new Map<string, ImapValue>();
  for (let at = 0; at + 1 < list.length; at += 2) items.set(String(list[at]).toUpperCase(), list[at + 1]);
  return items;
}

function listedOf(items: ReadonlyMap<string, ImapValue>): Listed | undefined {
  const uid = Number(items.get('UID'));
  if (!Number.isInteger(uid) || uid <= 0) return undefined;
  const flags = items.get('FLAGS');
  return {
    uid,
    flags: (Array.isArray(flags) ? flags : []).map(String).filter((flag) => flag.toLowerCase() !== '\\recent'),
    internalDate: parseImapDateTime(String(items.get('INTERNALDATE') ?? '')) ?? 0,
    sizeBytes: Number(items.get('RFC822.SIZE')) || 0,
  };
}
