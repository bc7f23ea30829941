/**
 * Mails: what does not change about a message, shared by its copies. A mail counts those that name it, places in folders
 * and undeletable ones; it holds one reference to its body, so that how bodies are kept is nobody else's affair.
 */
import { MAILBOX_LIMITS } from '../../base/access-limits.ts';
import type { MailFacts } from '../../contract/mailbox.ts';
import type { Database } from '../database.ts';
import { bodyReads, releaseBody } from './bodies.ts';
import type { StoredBody } from './bodies.ts';
import { findThread, rememberThread } from './mail-threads.ts';
import type { ThreadLinks } from './mail-threads.ts';

/** What mail/mail-facts.ts found. */
export interface StoredDetails extends ThreadLinks {
  readonly preview: string;
  readonly sentAt?: number;
}

export interface NewMail {
  /** The body is in the store, and one reference to it is handed over with this. */
  readonly contentDigest: string;
  /** Trace fields of this copy, before the content. */
  readonly prefix: Uint8Array;
  /** Bytes of prefix and content together. */
  readonly sizeBytes: number;
  /** JSON of mail/mime-structure.ts, offsets from the start of the prefix. */
  readonly structure: string;
  readonly details: StoredDetails;
}

/** `thread_id` of a mail that begins a thread, which has its number. */
const OWN_THREAD = 0;

/** With one reference. Returns its id, which is never used again. */
export function addMail(db: Database, account: string, mail: NewMail): number {
  const { details } = mail;
  const thread = findThread(db, account, details);
  const { lastId } = db.run(
    'INSERT INTO mails (refs, thread_id, size_bytes, sent_at, content_digest, prefix, preview, structure) VALUES (1, ?, ?, ?, ?, ?, ?, ?)',
    thread ?? OWN_THREAD, mail.sizeBytes, details.sentAt ?? null, mail.contentDigest, mail.prefix, details.preview, mail.structure,
  );
  rememberThread(db, account, details, thread ?? lastId);
  return lastId;
}

/** One reference more for each of the ids; each occurs once. */
export function retainMails(db: Database, ids: readonly number[]): void {
  db.run('UPDATE mails SET refs = refs + 1 WHERE id IN (SELECT value FROM json_each(?))', JSON.stringify(ids));
}

/** One reference less for each occurrence of an id; the last one frees the mail and its reference to the body. */
export function releaseMails(db: Database, ids: readonly number[]): void {
  for (const id of ids) {
    const row = db.get<{ refs: number; digest: string }>('SELECT refs, content_digest AS digest FROM mails WHERE id = ?', id);
    if (!row) continue;
    if (row.refs > 1) {
      db.run('UPDATE mails SET refs = refs - 1 WHERE id = ?', id);
      continue;
    }
    db.run('DELETE FROM mails WHERE id = ?', id);
    releaseBody(db, row.digest);
  }
}

/** A content as it crosses threads. */
export interface StoredMail {
  readonly prefix: Uint8Array;
  readonly body: StoredBody;
}

type FactsRow = readonly [mailId: number, threadId: number, sizeBytes: number, preview: string, structure: string, sentAt: number | null];

/** Rows whose structures are read before their lengths are added up. */
const FACTS_STEP = 50;

export const mailReads = {
  /** Of the first ids; those that there are, in any order. `read`: how many ids were looked at, at least one. */
  facts(db: Database, args: { readonly ids: readonly number[] }): { readonly facts: readonly MailFacts[]; readonly read: number } {
    const facts: MailFacts[] = [];
    let bytes = 0;
    let read = 0;
    while (read < args.ids.length && read < MAILBOX_LIMITS.factsPerReadMax && bytes < MAILBOX_LIMITS.factsBytesMax) {
      const piece = args.ids.slice(read, read + FACTS_STEP);
      read += piece.length;
      const rows = db.rows(
        'SELECT id, thread_id, size_bytes, preview, structure, sent_at FROM mails WHERE id IN (SELECT value FROM json_each(?))', JSON.stringify(piece),
      ) as unknown as readonly FactsRow[];
      for (const [mailId, threadId, sizeBytes, preview, structure, sentAt] of rows) {
        bytes += structure.length;
        // RFC 8474 §5.1, §5.2: a letter in front keeps the two kinds of ids apart.
        facts.push({ mailId, emailId: `M${mailId}`, threadId: `T${threadId === OWN_THREAD ? mailId : threadId}`, sizeBytes, structure, preview, ...(sentAt === null ? {} : { sentAt }) });
      }
    }
    return { facts, read };
  },

  /** Of the first ids, null for what is gone; at least one, no more bytes than a message may have in memory. */
  contents(db: Database, args: { readonly ids: readonly number[] }): readonly (StoredMail | null)[] {
    const found: (StoredMail | null)[] = [];
    let bytes = 0;
    for (const id of args.ids) {
      if (bytes >= MAILBOX_LIMITS.contentsBytesMax || found.length >= MAILBOX_LIMITS.factsPerReadMax) break;
      const mail = contentOf(db, id);
      if (mail && 'bytes' in mail.body) bytes += mail.body.bytes.length;
      found.push(mail);
    }
    return found;
  },

  /** The same for headers alone. */
  headers(db: Database, args: { readonly ids: readonly number[] }): readonly (StoredHeader | null)[] {
    const found: (StoredHeader | null)[] = [];
    let bytes = 0;
    for (const id of args.ids) {
      if (bytes >= MAILBOX_LIMITS.contentsBytesMax || found.length >= MAILBOX_LIMITS.factsPerReadMax) break;
      const header = headerOf(db, id);
      if (header && 'bytes' in header) bytes += header.bytes.length + header.prefix.length;
      found.push(header);
    }
    return found;
  },
};

/** The header of a message as it crosses threads: the prefix and the beginning of the body, or where to read how much of it. */
export type StoredHeader =
  | { readonly prefix: Uint8Array; readonly bytes: Uint8Array }
  | { readonly prefix: Uint8Array; readonly file: string; readonly sizeBytes: number; readonly length: number };

/** The structure tells where the body begins; serializeStructure writes that first. */
const BODY_START = /"bodyStart":(\d{1,15})/;

function headerOf(db: Database, id: number): StoredHeader | null {
  const row = db.get<{ prefix: Uint8Array; digest: string; head: string }>(
    'SELECT prefix, content_digest AS digest, substr(structure, 1, 100) AS head FROM mails WHERE id = ?', id,
  );
  if (!row) return null;
  const length = Math.max(0, Number(BODY_START.exec(row.head)?.[1] ?? 0) - row.prefix.length);
  const body = db.get<{ bytes: Uint8Array | null; file: string | null; sizeBytes: number }>(
    `SELECT substr(contents.bytes, 1, ?) AS bytes, bodies.file AS file, bodies.size_bytes AS "sizeBytes"
     FROM bodies LEFT JOIN contents ON contents.id = bodies.content_id WHERE bodies.digest = ?`,
    length, Buffer.from(row.digest, 'hex'),
  );
  if (!body) return null;
  if (body.file !== null) return { prefix: row.prefix, file: body.file, sizeBytes: body.sizeBytes, length };
  return { prefix: row.prefix, bytes: body.bytes ?? new Uint8Array(0) };
}

function contentOf(db: Database, id: number): StoredMail | null {
  const row = db.get<{ prefix: Uint8Array; digest: string }>('SELECT prefix, content_digest AS digest FROM mails WHERE id = ?', id);
  const body = row && bodyReads.read(db, row.digest);
  return body ? { prefix: row.prefix, body } : null;
}
