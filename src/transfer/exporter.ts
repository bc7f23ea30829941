/**
 * Writes the mail of an account into a folder that does not exist yet or is empty: as Maildir++ (with keywords, UIDs and
 * subscriptions as Dovecot keeps them) or as mbox files (mboxrd). Each file is whole before it has its name.
 */
import { mkdir, open, readdir, rename, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Failure } from '../base/errors.ts';
import { firstField, parseHeader } from '../mail/header.ts';
import { withCrlf, withLf } from './line-ends.ts';
import { directoryOfFolder, KEYWORD_LETTERS, maildirInfo } from './maildir-names.ts';

export interface ExportedFolder {
  readonly name: string;
  readonly uidValidity: number;
  readonly uidNext: number;
  readonly subscribed: boolean;
}

export interface ExportedMessage {
  readonly uid: number;
  readonly flags: readonly string[];
  /** Milliseconds since 1970. */
  readonly internalDate: number;
  readonly bytes: Buffer;
}

export interface ExportTarget {
  /** Messages come in order of UID. */
  beginFolder(folder: ExportedFolder): Promise<void>;
  add(message: ExportedMessage): Promise<void>;
  /** What this form cannot hold of the folder, a sentence each; the messages are there. */
  endFolder(): Promise<readonly string[]>;
  end(): Promise<void>;
}

/** Throws a permanent Failure `target-not-empty`. */
async function makeEmpty(root: string): Promise<void> {
  await mkdir(root, { recursive: true, mode: 0o700 });
  if ((await readdir(root)).length > 0) throw new Failure('target-not-empty', `${root} is not empty: name a new folder`, { temporary: false });
}

/** With the line ends of files, unless the message would not be the same when it is read back: it has odd ones. */
function fileBytes(bytes: Buffer): Buffer {
  const lines = withLf(bytes);
  return withCrlf(lines).equals(bytes) ? lines : bytes;
}

/** Folders whose names differ only in what a file system or Maildir++ does not tell apart get numbers. */
class FileNames {
  readonly #taken = new Set<string>();

  take(name: string): string {
    let free = name;
    for (let number = 2; this.#taken.has(free.toLowerCase()); number += 1) free = `${name}~${number}`;
    this.#taken.add(free.toLowerCase());
    return free;
  }
}

export async function createMaildirTarget(root: string): Promise<ExportTarget> {
  await makeEmpty(root);
  const target = new MaildirTarget(root);
  await target.make('');
  return target;
}

class MaildirTarget implements ExportTarget {
  readonly #root: string;
  readonly #subscribed: string[] = [];
  readonly #names = new FileNames();
  #directory = '';
  #folder: ExportedFolder | undefined;
  #keywords: string[] = [];
  #uids: string[] = [];

  constructor(root: string) {
    this.#root = root;
  }

  async make(name: string): Promise<string> {
    const directory = join(this.#root, name);
    for (const sub of ['cur', 'new', 'tmp']) await mkdir(join(directory, sub), { recursive: true, mode: 0o700 });
    if (name !== '') await writeFile(join(directory, 'maildirfolder'), '', { mode: 0o600 });
    return directory;
  }

  async beginFolder(folder: ExportedFolder): Promise<void> {
    const name = folder.name === 'INBOX' ? '' : this.#names.take(directoryOfFolder(folder.name));
    this.#directory = await this.make(name);
    this.#folder = folder;
    this.#keywords = [];
    this.#uids = [];
    if (folder.subscribed) this.#subscribed.push(name === '' ? 'INBOX' : name.slice(1));
  }

  async add({ uid, flags, internalDate, bytes }: ExportedMessage): Promise<void> {
    const content = fileBytes(bytes);
    // Unique by the folder's numbering; the size spares readers a look into the file.
    const base = `${Math.floor(internalDate / 1000)}.V${this.#folder?.uidValidity ?? 0}U${uid}.posthorn,S=${content.length}`;
    const path = join(this.#directory, 'tmp', base);
    await writeFile(path, content, { mode: 0o600 });
    const date = new Date(internalDate);
    await utimes(path, date, date);
    await rename(path, join(this.#directory, 'cur', `${base}${maildirInfo(flags, this.#keywords)}`));
    this.#uids.push(`${uid} :${base}`);
  }

  async endFolder(): Promise<readonly string[]> {
    const { uidValidity = 1, uidNext = 1 } = this.#folder ?? {};
    await writeFile(join(this.#directory, 'dovecot-uidlist'), `3 V${uidValidity} N${uidNext}\n${this.#uids.map((line) => `${line}\n`).join('')}`, { mode: 0o600 });
    const written = this.#keywords.slice(0, KEYWORD_LETTERS);
    if (written.length > 0) await writeFile(join(this.#directory, 'dovecot-keywords'), written.map((word, at) => `${at} ${word}\n`).join(''), { mode: 0o600 });
    const lost = this.#keywords.slice(KEYWORD_LETTERS);
    return lost.length === 0 ? [] : [`${this.#folder?.name}: a Maildir folder holds ${KEYWORD_LETTERS} keywords; left out: ${lost.join(', ')}`];
  }

  async end(): Promise<void> {
    await writeFile(join(this.#root, 'subscriptions'), this.#subscribed.map((name) => `${name}\n`).join(''), { mode: 0o600 });
  }
}

export async function createMboxTarget(root: string): Promise<ExportTarget> {
  await makeEmpty(root);
  return new MboxTarget(root);
}

class MboxTarget implements ExportTarget {
  readonly #root: string;
  readonly #names = new FileNames();
  #file: Awaited<ReturnType<typeof open>> | undefined;
  #path = '';

  constructor(root: string) {
    this.#root = root;
  }

  async beginFolder({ name }: ExportedFolder): Promise<void> {
    // A folder may have both messages and folders below it, which a file cannot.
    const levels = name.split('/').map((level) => level.replace(/^\.+/, '_'));
    this.#path = `${join(this.#root, this.#names.take(join(...levels.slice(0, -1).map((level) => `${level}.sbd`), levels.at(-1) as string)))}.mbox`;
    await mkdir(dirname(this.#path), { recursive: true, mode: 0o700 });
    this.#file = await open(`${this.#path}.part`, 'wx', 0o600);
  }

  async add(message: ExportedMessage): Promise<void> {
    await this.#file?.appendFile(mboxEntry(message));
  }

  async endFolder(): Promise<readonly string[]> {
    await this.#file?.close();
    this.#file = undefined;
    await rename(`${this.#path}.part`, this.#path);
    return [];
  }

  async end(): Promise<void> {}
}

const STATUS: readonly (readonly [flag: string, letter: string])[] = [['\\Answered', 'A'], ['\\Flagged', 'F'], ['\\Draft', 'T'], ['\\Deleted', 'D']];

/** mboxrd: `From ` at the start of a line, behind any number of `>`, gets one `>` more, which a reader takes away again. */
function mboxEntry({ flags, internalDate, bytes }: ExportedMessage): Buffer {
  const sender = /<([^<>\s]{1,300})>/.exec(firstField(parseHeader(bytes).fields, 'return-path')?.value ?? '')?.[1] ?? 'MAILER-DAEMON';
  const keywords = flags.filter((flag) => !flag.startsWith('\\'));
  const fields = [
    `Status: ${flags.includes('\\Seen') ? 'RO' : 'O'}`,
    `X-Status: ${STATUS.flatMap(([flag, letter]) => (flags.includes(flag) ? [letter] : [])).join('')}`,
    ...(keywords.length > 0 ? [`X-Keywords: ${keywords.join(' ')}`] : []),
  ];
  const content = quoted(fileBytes(bytes));
  return Buffer.concat([Buffer.from(`From ${sender} ${asctime(internalDate)}\n${fields.join('\n')}\n`), content, Buffer.from(content.at(-1) === 0x0a ? '\n' : '\n\n')]);
}

function quoted(bytes: Buffer): Buffer {
  const pieces: Buffer[] = [];
  let kept = 0;
  for (let found = bytes.indexOf('From '); found >= 0; found = bytes.indexOf('From ', found + 1)) {
    let line = found;
    while (line > 0 && bytes[line - 1] === 0x3e) line -= 1;
    if (line > 0 && bytes[line - 1] !== 0x0a) continue;
    pieces.push(bytes.subarray(kept, line), Buffer.from('>'));
    kept = line;
  }
  return pieces.length === 0 ? bytes : Buffer.concat([...pieces, bytes.subarray(kept)]);
}

/** `Sat Jan  3 01:05:34 1996`, in UTC. */
function asctime(ms: number): string {
  const text = new Date(ms).toUTCString();
  return `${text.slice(0, 3)} ${text.slice(8, 11)} ${String(new Date(ms).getUTCDate()).padStart(2)} ${text.slice(17, 25)} ${text.slice(12, 16)}`;
}
