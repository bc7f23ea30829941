/**
 * Proves what is stored: the database is sound, its references and counters are true, every body has the bytes that its
 * digest says, every message can be read and is built as its stored structure says.
 *
 * It reads the files with a connection of its own, page by page, so that a running server is neither stopped nor slowed
 * down by more than the reading. What comes and goes meanwhile is passed over.
 */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { BufferSource, concatenate, FileSource, type ByteSource } from '../base/byte-source.ts';
import { Failure } from '../base/errors.ts';
import { TRANSFER_LIMITS } from '../base/transfer-limits.ts';
import { parseMimeStructure, serializeStructure } from '../mail/mime-structure.ts';
import { bodyPath } from '../store/body-path.ts';
import { Database } from '../store/database.ts';
import { checkVersion } from '../store/migrate.ts';
import { migrations } from '../store/migrations/all.ts';
import { bodyReads } from '../store/ops/bodies.ts';
import { integrityReads } from '../store/ops/integrity.ts';
import { digestInKey } from '../mail/content-key.ts';

export interface StoreProblem {
  /** `database`: pages of it are lost; `books`: references and counters; `body`: bytes lost or changed; `structure`: not as the bytes are. */
  readonly kind: 'database' | 'books' | 'body' | 'structure';
  /** One sentence. */
  readonly text: string;
  /** Of a structure. */
  readonly mailId?: number;
  /** Of a body: messages that have it, as `account folder UID`; at most TRANSFER_LIMITS.problemsNamedMax. */
  readonly messages?: readonly string[];
}

export interface VerifyResult {
  readonly bodies: number;
  readonly mails: number;
  readonly bytes: number;
  /** At most TRANSFER_LIMITS.problemsNamedMax of each kind. */
  readonly problems: readonly StoreProblem[];
}

/** Rejects with a permanent Failure `store-missing`, `store-older`, `store-newer`. */
export async function verifyStore(dataDir: string, onProgress: (text: string) => void = () => {}): Promise<VerifyResult> {
  const path = join(dataDir, 'posthorn.db');
  if (!existsSync(path)) throw new Failure('store-missing', `${dataDir} has no posthorn.db: check data-dir`, { temporary: false });
  let db: Database | undefined;
  const bodies: Part = { count: 0, bytes: 0, problems: [] };
  const mails: Part = { count: 0, bytes: 0, problems: [] };
  const books: StoreProblem[] = [];
  try {
    const open = new Database(path, { readOnly: true });
    db = open;
    checkVersion(open, migrations);
    onProgress('references and counters');
    books.push(...open.readTogether(() => integrityReads.problems(open)).map((text): StoreProblem => ({ kind: 'books', text })));
    await verifyBodies(open, dataDir, bodies, onProgress);
    await verifyMails(open, dataDir, mails, onProgress);
  } catch (error) {
    if (!isDamage(error)) throw error;
    books.push({ kind: 'database', text: `the database is damaged (${error.message}): what is behind the damage was not looked at` });
  } finally {
    db?.close();
  }
  return { bodies: bodies.count, mails: mails.count, bytes: bodies.bytes, problems: [...books, ...bodies.problems, ...mails.problems] };
}

const SQLITE_CORRUPT = 11;
const SQLITE_NOTADB = 26;

function isDamage(error: unknown): error is Error {
  const code = ((error as { errcode?: number } | undefined)?.errcode ?? 0) % 256;
  return code === SQLITE_CORRUPT || code === SQLITE_NOTADB;
}

interface Part {
  count: number;
  bytes: number;
  readonly problems: StoreProblem[];
}

function note(part: Part, problem: StoreProblem): void {
  if (part.problems.length < TRANSFER_LIMITS.problemsNamedMax) part.problems.push(problem);
}

const PAGE_ROWS = 200;

async function verifyBodies(db: Database, dataDir: string, part: Part, onProgress: (text: string) => void): Promise<void> {
  for (let last: Uint8Array = new Uint8Array(0); ; ) {
    const rows: { digest: Uint8Array; sizeBytes: number }[] = db.all('SELECT digest, size_bytes AS "sizeBytes" FROM bodies WHERE digest > ? ORDER BY digest LIMIT ?', last, PAGE_ROWS);
    const end = rows.at(-1);
    if (!end) return;
    last = end.digest;
    for (const { digest, sizeBytes } of rows) {
      const name = Buffer.from(digest).toString('hex');
      const why = await bodyTrouble(db, dataDir, name);
      part.count += 1;
      part.bytes += sizeBytes;
      if (why !== undefined) note(part, { kind: 'body', text: `body ${name} ${why}`, messages: messagesWith(db, name) });
    }
    onProgress(`${part.count} bodies read, ${(part.bytes / 1e6).toFixed(0)} MB`);
  }
}

/** Undefined when all is well, or when it is gone meanwhile. */
async function bodyTrouble(db: Database, dataDir: string, digest: string): Promise<string | undefined> {
  try {
    const source = bodyOf(db, dataDir, digest);
    if (!source) return undefined;
    const hash = createHash('sha256');
    for await (const chunk of source.chunks()) hash.update(chunk);
    return hash.digest('hex') === digestInKey(digest) ? undefined : 'does not have the bytes that it had';
  } catch (error) {
    if (isDamage(error)) throw error;
    if (!bodyOf(db, dataDir, digest)) return undefined;
    return GONE.has((error as NodeJS.ErrnoException).code ?? '') ? 'has lost its bytes' : `cannot be read: ${error instanceof Error ? error.message : String(error)}`;
  }
}

/** No file; or no bytes in the database, which names no file. */
const GONE = new Set(['ENOENT', 'EISDIR']);

function bodyOf(db: Database, dataDir: string, digest: string): ByteSource | undefined {
  const body = bodyReads.read(db, digest);
  if (!body) return undefined;
  return 'bytes' in body ? new BufferSource(Buffer.from(body.bytes)) : new FileSource(bodyPath(dataDir, body.file), body.sizeBytes);
}

function messagesWith(db: Database, digest: string): readonly string[] {
  const rows = db.all<{ account: string; folder: string; uid: number }>(
    `SELECT folders.account AS account, folders.name AS folder, place.uid AS uid FROM mails
       JOIN folder_messages AS place ON place.mail_id = mails.id JOIN folders ON folders.id = place.folder_id
     WHERE mails.content_digest = ? LIMIT ?`,
    digest, TRANSFER_LIMITS.problemsNamedMax,
  );
  return rows.map(({ account, folder, uid }) => `${account} ${folder} ${uid}`);
}

async function verifyMails(db: Database, dataDir: string, part: Part, onProgress: (text: string) => void): Promise<void> {
  for (let last = 0; ; ) {
    const rows: MailRow[] = db.all(
      'SELECT id, content_digest AS digest, prefix, size_bytes AS "sizeBytes", structure FROM mails WHERE id > ? ORDER BY id LIMIT ?', last, PAGE_ROWS,
    );
    const end = rows.at(-1);
    if (!end) return;
    last = end.id;
    for (const row of rows) {
      part.count += 1;
      const why = await structureTrouble(db, dataDir, row);
      if (why !== undefined) note(part, { kind: 'structure', text: `mail ${row.id} ${why}`, mailId: row.id });
    }
    onProgress(`${part.count} messages read`);
  }
}

interface MailRow {
  readonly id: number;
  readonly digest: string;
  readonly prefix: Uint8Array;
  readonly sizeBytes: number;
  readonly structure: string;
}

/** Bytes that cannot be read are told with their body. */
async function structureTrouble(db: Database, dataDir: string, { digest, prefix, sizeBytes, structure }: MailRow): Promise<string | undefined> {
  const body = bodyOf(db, dataDir, digest);
  if (!body) return undefined;
  const bytes = await concatenate([new BufferSource(Buffer.from(prefix)), body]).read().catch(() => undefined);
  if (!bytes) return undefined;
  if (bytes.length !== sizeBytes) return `has ${bytes.length} bytes, not ${sizeBytes}`;
  return serializeStructure(parseMimeStructure(bytes)) === structure ? undefined : 'is not built as its stored structure says';
}
