/**
 * A Maildir as Dovecot and Courier keep it: Maildir++ (`.Sent` beside `cur` and `new`) or plain folders below each other.
 * Read only; nothing is moved from `new` to `cur`. Files that vanish or are renamed meanwhile (a server still runs on it)
 * are looked for again by their unique name.
 */
import { opendir, readdir, readFile, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { Failure } from '../base/errors.ts';
import { TRANSFER_LIMITS } from '../base/transfer-limits.ts';
import { withCrlf } from './line-ends.ts';
import { readCourierKeywords, readDovecotKeywords, readSubscriptions, readUids } from './maildir-index.ts';
import { decodedLevel, folderOfDirectory, readMaildirName } from './maildir-names.ts';
import type { MailSource, SourceFolder, SourceMessage } from './source.ts';

/** Rejects with a permanent Failure `source-unknown` when there is no Maildir at `path`. */
export async function openMaildir(path: string): Promise<MailSource> {
  const root = resolve(path);
  const places = await findFolders(root);
  if (places.size === 0) throw new Failure('source-unknown', `${root} is no Maildir: it has no folder "cur", nor do the folders in it`, { temporary: false });
  const separator = [...places.values()].some((directory) => /\/\.[^/]+$/.test(directory)) ? '.' : '/';
  const subscribed = await readSubscriptions(root, separator);
  return {
    id: `maildir:${root}`,
    folders: async () => {
      const folders: SourceFolder[] = [];
      for (const [name, directory] of places) {
        const uids = await readUids(directory);
        folders.push({ name, subscribed: subscribed?.has(name) ?? true, ...(uids ? { uidValidity: uids.uidValidity } : {}) });
      }
      return folders;
    },
    messages: (folder, wanted) => messagesOf(places.get(folder.name) ?? '', wanted),
    close: async () => {},
  };
}

async function isMaildir(directory: string): Promise<boolean> {
  try {
    return (await stat(join(directory, 'cur'))).isDirectory();
  } catch {
    return false;
  }
}

/** Folder names to directories, INBOX first. */
async function findFolders(root: string): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  if (await isMaildir(root)) found.set('INBOX', root);
  const walk = async (directory: string, above: string, depth: number): Promise<void> => {
    const entries = await readdir(directory, { withFileTypes: true }).catch(() => []);
    for (const entry of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
      if (!entry.isDirectory() || ['cur', 'new', 'tmp'].includes(entry.name)) continue;
      const child = join(directory, entry.name);
      const inPlusPlus = directory === root ? folderOfDirectory(entry.name) : undefined;
      if (entry.name.startsWith('.') && inPlusPlus === undefined) continue;
      const name = inPlusPlus ?? `${above}${decodedLevel(entry.name)}`;
      const here = await isMaildir(child);
      if (here && found.size < TRANSFER_LIMITS.foldersMax) found.set(/^INBOX$/i.test(name) ? 'INBOX' : name, child);
      if (inPlusPlus === undefined && depth < TRANSFER_LIMITS.folderDepthMax) await walk(child, `${name}/`, depth + 1);
    }
  };
  await walk(root, '', 0);
  return found;
}

interface Found {
  readonly file: string;
  readonly key: string;
  readonly flags: readonly string[];
}

async function* messagesOf(directory: string, wanted: (keys: readonly string[]) => Promise<ReadonlySet<string>>): AsyncIterable<SourceMessage> {
  const [keywords, courier, uids] = await Promise.all([readDovecotKeywords(directory), readCourierKeywords(directory), readUids(directory)]);
  const found = await listMessages(directory, keywords, courier);
  const rank = (key: string): number => uids?.uids.get(key) ?? Number.MAX_SAFE_INTEGER;
  // The order of UIDs where there are some, else that of delivery: names begin with the time.
  found.sort((a, b) => rank(a.key) - rank(b.key) || (a.key < b.key ? -1 : 1));
  for (let first = 0; first < found.length; first += TRANSFER_LIMITS.keysAskedMax) {
    const piece = found.slice(first, first + TRANSFER_LIMITS.keysAskedMax);
    const missing = await wanted(piece.map(({ key }) => key));
    for (const message of piece) {
      if (missing.has(message.key)) yield await sourceMessage(directory, message, uids?.uids.get(message.key));
    }
  }
}

async function listMessages(directory: string, keywords: readonly string[], courier: ReadonlyMap<string, readonly string[]>): Promise<Found[]> {
  const found = new Map<string, Found>();
  for (const sub of ['new', 'cur']) {
    const entries = await opendir(join(directory, sub)).catch(() => undefined);
    if (!entries) continue;
    for await (const { name } of entries) {
      if (name.startsWith('.')) continue;
      const { key, flags } = readMaildirName(name, keywords);
      found.set(key, { file: join(sub, name), key, flags: [...flags, ...(courier.get(key) ?? [])] });
    }
  }
  return [...found.values()];
}

async function sourceMessage(directory: string, { file, key, flags }: Found, uid: number | undefined): Promise<SourceMessage> {
  const place = await stat(join(directory, file)).catch(() => undefined);
  return {
    key,
    flags,
    internalDate: place ? Math.floor(place.mtimeMs / 1000) * 1000 : 0,
    sizeBytes: place?.size ?? 0,
    ...(uid === undefined ? {} : { uid }),
    read: () => readMessage(directory, file, key),
  };
}

async function readMessage(directory: string, file: string, key: string): Promise<Buffer> {
  const path = join(directory, file);
  const bytes = await readFile(path).catch(async () => readFile(await findAgain(directory, key, path)));
  if (bytes.length === 0) throw new Failure('message-empty', `${path} is empty`, { temporary: false });
  return withCrlf(bytes);
}

/** Its flags may have changed since it was listed, which renames the file. */
async function findAgain(directory: string, key: string, path: string): Promise<string> {
  for (const sub of ['cur', 'new']) {
    for (const name of await readdir(join(directory, sub)).catch(() => [])) {
      if (readMaildirName(name, []).key === key) return join(directory, sub, name);
    }
  }
  throw new Failure('message-gone', `${path} is not there any more`, { temporary: false });
}
