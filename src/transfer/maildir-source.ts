/**
 * A Maildir as Dovecot and Courier keep it: Maildir++ (`.Sent` beside `cur` and `new`) or plain folders below each other.
 * Read only; nothing is moved from `new` to `cur`. Files that vanish or are renamed meanwhile (a server still runs on it)
 * are looked for again by their unique name.
 *
 * A Maildir belongs to its user, and often root imports it: symbolic links below its root are not followed and only
 * ordinary files are read, or a user could bring in what is not theirs. What cannot be read is named, never passed over.
 */
import { constants } from 'node:fs';
import { lstat, open, opendir, readdir, stat } from 'node:fs/promises';
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
    messages: (folder, wanted) => messagesOf(root, places.get(folder.name) ?? '', wanted),
    close: async () => {},
  };
}

/** One that must not be looked into counts: then it is named when its messages are asked for. */
async function isMaildir(directory: string): Promise<boolean> {
  try {
    return (await stat(join(directory, 'cur'))).isDirectory();
  } catch (error) {
    return codeOf(error) === 'EACCES';
  }
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code;
}

/** Folder names to directories, INBOX first. */
async function findFolders(root: string): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  if (await isMaildir(root)) found.set('INBOX', root);
  const walk = async (directory: string, above: string, depth: number): Promise<void> => {
    const entries = await readdir(directory, { withFileTypes: true }).catch(() => []);
    for (const entry of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
      if (!(entry.isDirectory() || entry.isSymbolicLink()) || ['cur', 'new', 'tmp'].includes(entry.name)) continue;
      const child = join(directory, entry.name);
      const inPlusPlus = directory === root ? folderOfDirectory(entry.name) : undefined;
      if (entry.name.startsWith('.') && inPlusPlus === undefined) continue;
      const name = inPlusPlus ?? `${above}${decodedLevel(entry.name)}`;
      const here = await isMaildir(child);
      if (here && found.size < TRANSFER_LIMITS.foldersMax) found.set(/^INBOX$/i.test(name) ? 'INBOX' : name, child);
      if (entry.isDirectory() && inPlusPlus === undefined && depth < TRANSFER_LIMITS.folderDepthMax) await walk(child, `${name}/`, depth + 1);
    }
  };
  await walk(root, '', 0);
  return found;
}

interface Found {
  /** `cur` or `new`. */
  readonly sub: string;
  /** Its bytes, one letter each: names need not be UTF-8. */
  readonly file: string;
  readonly key: string;
  readonly flags: readonly string[];
}

async function* messagesOf(root: string, directory: string, wanted: (keys: readonly string[]) => Promise<ReadonlySet<string>>): AsyncIterable<SourceMessage> {
  if (directory !== root) await refuseLink(directory);
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

/** Throws a permanent Failure `folder-unreadable`. */
async function refuseLink(directory: string): Promise<void> {
  const facts = await lstat(directory).catch(() => undefined);
  if (facts?.isSymbolicLink()) throw new Failure('folder-unreadable', `${directory} is a symbolic link, which is not followed: import what it names by itself`, { temporary: false });
}

async function listMessages(directory: string, keywords: readonly string[], courier: ReadonlyMap<string, readonly string[]>): Promise<Found[]> {
  const found = new Map<string, Found>();
  for (const sub of ['new', 'cur']) {
    for await (const file of filesIn(join(directory, sub))) {
      if (file.startsWith('.')) continue;
      const { key, flags } = readMaildirName(readable(file), keywords);
      found.set(key, { sub, file, key, flags: [...flags, ...(courier.get(key) ?? [])] });
    }
  }
  return [...found.values()];
}

/** Throws a permanent Failure `folder-unreadable`; a folder that is not there is empty. */
async function* filesIn(directory: string): AsyncIterable<string> {
  await refuseLink(directory);
  try {
    for await (const { name } of await opendir(directory, { encoding: 'latin1' })) yield name;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return;
    throw new Failure('folder-unreadable', `${directory} cannot be read: ${textOf(error)}`, { temporary: false, cause: error });
  }
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function readable(file: string): string {
  const bytes = Buffer.from(file, 'latin1');
  const text = bytes.toString('utf8');
  return Buffer.from(text).equals(bytes) ? text : file;
}

function pathOf(directory: string, { sub, file }: Pick<Found, 'sub' | 'file'>): Buffer {
  return Buffer.concat([Buffer.from(`${join(directory, sub)}/`), Buffer.from(file, 'latin1')]);
}

async function sourceMessage(directory: string, found: Found, uid: number | undefined): Promise<SourceMessage> {
  const place = await lstat(pathOf(directory, found)).catch(() => undefined);
  return {
    key: found.key,
    flags: found.flags,
    internalDate: place ? Math.floor(place.mtimeMs / 1000) * 1000 : 0,
    sizeBytes: place?.size ?? 0,
    ...(uid === undefined ? {} : { uid }),
    read: () => readMessage(directory, found),
  };
}

async function readMessage(directory: string, found: Found): Promise<Buffer> {
  const name = join(directory, found.sub, readable(found.file));
  const bytes = await readFileOf(pathOf(directory, found), name).catch(async (error: unknown) => {
    if (codeOf(error) !== 'ENOENT') throw error;
    return readFileOf(pathOf(directory, await findAgain(directory, found.key, name)), name);
  });
  if (bytes.length === 0) throw new Failure('message-empty', `${name} is empty`, { temporary: false });
  return withCrlf(bytes);
}

/** NONBLOCK: nobody writes into a pipe that somebody put there. */
async function readFileOf(path: Buffer, name: string): Promise<Buffer> {
  const refuse = (code: string, why: string): never => {
    throw new Failure(code, `${name} ${why}`, { temporary: false });
  };
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch((error: unknown) => {
    if (codeOf(error) === 'ELOOP') return refuse('message-unreadable', 'is a symbolic link, which is not followed');
    throw error;
  });
  try {
    const facts = await file.stat();
    if (!facts.isFile()) refuse('message-unreadable', 'is no ordinary file');
    if (facts.size > TRANSFER_LIMITS.messageBytesMax) refuse('message-too-large', `has ${facts.size} bytes, more than ${TRANSFER_LIMITS.messageBytesMax}`);
    return await file.readFile();
  } finally {
    await file.close();
  }
}

/** Its flags may have changed since it was listed, which renames the file. */
async function findAgain(directory: string, key: string, name: string): Promise<Pick<Found, 'sub' | 'file'>> {
  for (const sub of ['cur', 'new']) {
    for await (const file of filesIn(join(directory, sub))) {
      if (readMaildirName(readable(file), []).key === key) return { sub, file };
    }
  }
  throw new Failure('message-gone', `${name} is not there any more`, { temporary: false });
}
