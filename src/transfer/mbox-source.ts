/**
 * mbox files: one, which becomes one folder, or a folder of them (Thunderbird's profile with its `.sbd` folders, mutt's
 * Mail folder), which becomes a tree. Other files in it are passed over.
 */
import { createHash } from 'node:crypto';
import { open, readdir, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { Failure } from '../base/errors.ts';
import { TRANSFER_LIMITS } from '../base/transfer-limits.ts';
import { readMboxMessage, type MboxQuoting } from './mbox-message.ts';
import { readMbox, type MboxEntry } from './mbox-reader.ts';
import type { MailSource, SourceFolder, SourceMessage } from './source.ts';

export interface MboxOptions {
  /** Default: found out for each message. */
  readonly quoting?: MboxQuoting;
  /** For a single file; default INBOX when it is called so, else the name of the file. */
  readonly folder?: string;
}

/** Rejects with a permanent Failure `source-unknown` when there is no mbox at `path`. */
export async function openMbox(path: string, options: MboxOptions = {}): Promise<MailSource> {
  const root = resolve(path);
  const facts = await stat(root).catch(() => undefined);
  if (!facts) throw new Failure('source-unknown', `there is nothing at ${root}`, { temporary: false });
  if (facts.isFile() && facts.size > 0 && !(await beginsAsMbox(root))) throw new Failure('source-unknown', `${root} is no mbox: it does not begin with a line "From sender date"`, { temporary: false });
  const files = facts.isDirectory() ? await findFiles(root) : new Map([[options.folder ?? folderNameOf(basename(root)), root]]);
  if (files.size === 0) throw new Failure('source-unknown', `${root} holds no mbox file: each begins with a line "From sender date"`, { temporary: false });
  return {
    id: `mbox:${root}`,
    folders: async () => [...files.keys()].map((name): SourceFolder => ({ name, subscribed: true })),
    messages: (folder, wanted) => messagesOf(files.get(folder.name) ?? '', options, wanted),
    close: async () => {},
  };
}

/** Thunderbird's folders of folders end in `.sbd`. */
async function findFiles(root: string): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  const walk = async (directory: string, above: string, depth: number): Promise<void> => {
    const entries = await readdir(directory, { withFileTypes: true }).catch(() => []);
    for (const entry of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
      const path = join(directory, entry.name);
      if (entry.isDirectory() && depth < TRANSFER_LIMITS.folderDepthMax) await walk(path, `${above}${entry.name.replace(/\.sbd$/, '')}/`, depth + 1);
      else if (entry.isFile() && found.size < TRANSFER_LIMITS.foldersMax && (await beginsAsMbox(path))) found.set(`${above}${folderNameOf(entry.name)}`, path);
    }
  };
  await walk(root, '', 0);
  return found;
}

function folderNameOf(file: string): string {
  const name = file.replace(/\.(?:mbox|mbx)$/i, '').normalize('NFC');
  return /^inbox$/i.test(name) ? 'INBOX' : name;
}

const BEGINNING_BYTES = 100;

/** `.msf` and other neighbours do not. */
async function beginsAsMbox(path: string): Promise<boolean> {
  const file = await open(path, 'r').catch(() => undefined);
  if (!file) return false;
  try {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(BEGINNING_BYTES), 0, BEGINNING_BYTES, 0);
    return /^[\r\n]*From /.test(buffer.toString('latin1', 0, bytesRead));
  } finally {
    await file.close();
  }
}

async function* messagesOf(path: string, options: MboxOptions, wanted: (keys: readonly string[]) => Promise<ReadonlySet<string>>): AsyncIterable<SourceMessage> {
  const seen = new Map<string, number>();
  let batch: SourceMessage[] = [];
  let bytes = 0;
  const flush = async function* (): AsyncIterable<SourceMessage> {
    const missing = await wanted(batch.map(({ key }) => key));
    yield* batch.filter(({ key }) => missing.has(key));
    batch = [];
    bytes = 0;
  };
  for await (const entry of readMbox(path)) {
    const message = sourceMessage(path, entry, options, seen);
    if (!message) continue;
    batch.push(message);
    bytes += message.sizeBytes;
    if (batch.length >= TRANSFER_LIMITS.batchMessagesMax || bytes >= TRANSFER_LIMITS.batchBytesMax) yield* flush();
  }
  yield* flush();
}

/** A message of an mbox has no name: its bytes name it, and a number where the same ones come again. Status fields do not count, they change. */
function sourceMessage(path: string, entry: MboxEntry, { quoting }: MboxOptions, seen: Map<string, number>): SourceMessage | undefined {
  if (!entry.bytes) {
    const tooLarge = new Failure('message-too-large', `${path}: the message at byte ${entry.offset} is larger than ${TRANSFER_LIMITS.messageBytesMax} bytes`, { temporary: false });
    return { key: `offset:${entry.offset}`, flags: [], internalDate: 0, sizeBytes: 0, read: () => Promise.reject(tooLarge) };
  }
  const message = readMboxMessage({ ...entry, bytes: entry.bytes }, quoting);
  if (message.pseudo || message.gone) return undefined;
  const digest = createHash('sha256').update(message.bytes).digest('base64url');
  const times = (seen.get(digest) ?? 0) + 1;
  seen.set(digest, times);
  return {
    key: times === 1 ? digest : `${digest}#${times}`,
    flags: message.flags,
    internalDate: message.date ?? 0,
    sizeBytes: message.bytes.length,
    ...(message.uid === undefined ? {} : { uid: message.uid }),
    read: async () => message.bytes,
  };
}
