/**
 * Brings mail of a source into an account: folder by folder, in batches of one commit each. What was brought in before is
 * known by its key, which is stored in the same commit as the message: an import that was stopped, or is run again later,
 * goes on where it is, and a message is never there twice.
 *
 * A message or folder that cannot be read or is refused is named and passed over; a full disk or account ends the import.
 */
import { Failure } from '../base/errors.ts';
import { DIRECTORY_LIMITS } from '../base/limits.ts';
import { TRANSFER_LIMITS } from '../base/transfer-limits.ts';
import { parseDate } from '../mail/date.ts';
import { firstField, parseHeader } from '../mail/header.ts';
import { isFlag } from '../store/folder-name.ts';
import { FolderNames } from './folder-names.ts';
import type { MailSource, SourceFolder, SourceMessage } from './source.ts';

export interface ImportedMessage {
  readonly key: string;
  readonly bytes: Buffer;
  readonly flags: readonly string[];
  /** Milliseconds since 1970. */
  readonly internalDate: number;
  readonly uid?: number;
}

/** Where messages go: the store, or a server that has it open. */
export interface ImportSink {
  /** Makes the folder when it is missing. `uidValidity`: keep the source's numbering, which only a new or empty folder can. Gives the name it has here. */
  openFolder(folder: { readonly name: string; readonly subscribed: boolean; readonly uidValidity?: number }): Promise<{ readonly name: string }>;
  /** Those of the keys that are not here yet. */
  missing(folder: string, keys: readonly string[]): Promise<ReadonlySet<string>>;
  /** Durable when it resolves. `refused` are those that can never be stored, with why. */
  put(folder: string, messages: readonly ImportedMessage[]): Promise<{ readonly stored: number; readonly refused: readonly { readonly key: string; readonly why: string }[] }>;
}

export interface ImportOptions {
  /** Name here of a folder there; undefined leaves it out. */
  readonly folderName: (name: string) => string | undefined;
  /** Default false. */
  readonly keepUids?: boolean;
  readonly onProgress?: (progress: ImportProgress) => void;
  /** Milliseconds since 1970: the date of messages that have none, neither in their source nor in their header. */
  readonly now: number;
  readonly signal?: AbortSignal;
}

export interface ImportProgress {
  readonly folder: string;
  readonly folderIndex: number;
  readonly folders: number;
  /** Of all folders so far. */
  readonly stored: number;
  readonly storedBytes: number;
  readonly known: number;
}

export interface ImportResult {
  readonly folders: readonly { readonly name: string; readonly stored: number; readonly known: number; readonly failed: number }[];
  readonly stored: number;
  /** Were here from an earlier run. */
  readonly known: number;
  readonly failed: number;
  /** At most TRANSFER_LIMITS.problemsNamedMax. */
  readonly problems: readonly string[];
  /** Stopped by the signal: what came so far is here. */
  readonly stopped: boolean;
}

/** Rejects with what ends it (Failure `over-quota`, `store-full`, `imap-…`); what was stored before stays. */
export async function runImport(source: MailSource, sink: ImportSink, options: ImportOptions): Promise<ImportResult> {
  const run = new ImportRun(sink, options);
  const names = new FolderNames();
  const folders = (await source.folders()).flatMap((folder) => {
    const name = options.folderName(folder.name);
    return name === undefined ? [] : [{ folder, name: names.take(name) }];
  });
  for (const [index, { folder, name }] of folders.entries()) {
    if (options.signal?.aborted) break;
    await run.folder(source, folder, name, { index, of: folders.length });
  }
  return run.result();
}

/** What is wrong with one folder must not keep the others out. */
const OF_ONE_FOLDER = new Set(['folder-name-refused', 'too-many-folders', 'folder-unreadable', 'source-unknown', 'imap-refused', 'imap-changed', 'imap-garbage']);

interface Counts {
  name: string;
  stored: number;
  known: number;
  failed: number;
}

class ImportRun {
  readonly #sink: ImportSink;
  readonly #options: ImportOptions;
  readonly #folders: Counts[] = [];
  readonly #problems: string[] = [];
  #storedBytes = 0;

  constructor(sink: ImportSink, options: ImportOptions) {
    this.#sink = sink;
    this.#options = options;
  }

  async folder(source: MailSource, folder: SourceFolder, name: string, place: { index: number; of: number }): Promise<void> {
    const counts: Counts = { name, stored: 0, known: 0, failed: 0 };
    this.#folders.push(counts);
    try {
      const numbering = this.#options.keepUids && isUid(folder.uidValidity) ? { uidValidity: folder.uidValidity } : {};
      counts.name = (await this.#sink.openFolder({ name, subscribed: folder.subscribed, ...numbering })).name;
      await this.#messages(source, folder, counts, place);
    } catch (error) {
      if (!(error instanceof Failure) || !OF_ONE_FOLDER.has(error.code)) throw error;
      this.#failed(counts, error.message);
    }
  }

  async #messages(source: MailSource, folder: SourceFolder, counts: Counts, place: { index: number; of: number }): Promise<void> {
    const { keepUids = false, signal } = this.#options;
    let batch: ImportedMessage[] = [];
    let bytes = 0;
    const flush = async (): Promise<void> => {
      if (batch.length > 0) await this.#put(counts, batch);
      batch = [];
      bytes = 0;
      this.#tell(counts, place);
    };
    const wanted = async (keys: readonly string[]): Promise<ReadonlySet<string>> => {
      const missing = await this.#sink.missing(counts.name, keys);
      counts.known += keys.length - missing.size;
      this.#tell(counts, place);
      return missing;
    };
    for await (const message of source.messages(folder, wanted)) {
      if (signal?.aborted) break;
      const read = await this.#read(counts, message, keepUids);
      if (!read) continue;
      if (bytes + read.bytes.length > TRANSFER_LIMITS.batchBytesMax) await flush();
      batch.push(read);
      bytes += read.bytes.length;
      if (batch.length >= TRANSFER_LIMITS.batchMessagesMax) await flush();
    }
    await flush();
  }

  result(): ImportResult {
    const sum = (key: 'stored' | 'known' | 'failed'): number => this.#folders.reduce((total, folder) => total + folder[key], 0);
    return { folders: this.#folders, stored: sum('stored'), known: sum('known'), failed: sum('failed'), problems: this.#problems, stopped: this.#options.signal?.aborted ?? false };
  }

  async #read(counts: Counts, message: SourceMessage, keepUids: boolean): Promise<ImportedMessage | undefined> {
    const { key, flags, internalDate, uid } = message;
    try {
      if (Buffer.byteLength(key) > TRANSFER_LIMITS.keyBytesMax) throw new Failure('name-too-long', `the name ${key.slice(0, 50)}… is too long`, { temporary: false });
      const bytes = await message.read();
      if (bytes.length === 0) throw new Failure('message-empty', `${key} is empty`, { temporary: false });
      if (bytes.length > TRANSFER_LIMITS.messageBytesMax) throw new Failure('message-too-large', `${key} has ${bytes.length} bytes, more than ${TRANSFER_LIMITS.messageBytesMax}`, { temporary: false });
      const date = internalDate || parseDate(firstField(parseHeader(bytes).fields, 'date')?.value ?? '') || this.#options.now;
      return { key, bytes, flags: keptFlags(flags), internalDate: Math.max(0, date), ...(keepUids && isUid(uid) ? { uid } : {}) };
    } catch (error) {
      if (error instanceof Failure && error.temporary) throw error;
      this.#failed(counts, textOf(error));
      return undefined;
    }
  }

  async #put(counts: Counts, batch: readonly ImportedMessage[]): Promise<void> {
    const { stored, refused } = await this.#sink.put(counts.name, batch);
    counts.stored += stored;
    this.#storedBytes += batch.reduce((sum, { bytes }) => sum + bytes.length, 0);
    for (const { key, why } of refused) this.#failed(counts, `${key}: ${why}`);
  }

  #failed(counts: Counts, why: string): void {
    counts.failed += 1;
    if (this.#problems.length < TRANSFER_LIMITS.problemsNamedMax) this.#problems.push(`${counts.name}: ${why}`);
  }

  #tell(counts: Counts, { index, of }: { index: number; of: number }): void {
    const { stored, known } = this.result();
    this.#options.onProgress?.({ folder: counts.name, folderIndex: index, folders: of, stored, storedBytes: this.#storedBytes, known });
  }
}

/** What another server or program took for a flag and ours does not is left out, as are those above the limit; the message stays. */
function keptFlags(flags: readonly string[]): readonly string[] {
  const distinct = new Map(flags.filter(isFlag).map((flag) => [flag.toLowerCase(), flag]));
  const systemFirst = [...distinct.values()].toSorted((a, b) => Number(b.startsWith('\\')) - Number(a.startsWith('\\')));
  return systemFirst.slice(0, DIRECTORY_LIMITS.flagsMax);
}

const UID_MAX = 0xffff_fffe;

function isUid(uid: number | undefined): uid is number {
  return uid !== undefined && Number.isInteger(uid) && uid > 0 && uid <= UID_MAX;
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
