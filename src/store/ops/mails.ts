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
  headers(db: Database, args: { readonly ids: readonly number[] }): StoredHeaders {
    return readHeaders(db, args.ids);
  },
};

/** Headers as they cross threads. Ids that are in neither list are gone. */
export interface StoredHeaders {
  readonly bytes: Uint8Array;
  /** Where in `bytes`; `end` exclusive. */
  readonly found: readonly (readonly [id: number, start: number, end: number])[];
  /** Behind `prefix`, the first `length` bytes of a file. */
  readonly files: readonly { readonly id: number; readonly prefix: Uint8Array; readonly file: string; readonly sizeBytes: number; readonly length: number }[];
  /** How many ids were looked at, at least one. */
  readonly read: number;
}

type HeaderRow = readonly [id: number, prefix: Uint8Array, bodyStart: number, bytes: Uint8Array | null, file: string | null, sizeBytes: number];

/** The start of the body is among the first words of the structure; a cast reads the digits that a text begins with. */
const HEADERS = `SELECT mail_id, prefix, body_start, substr(contents.bytes, 1, max(0, body_start - length(prefix))), bodies.file, bodies.size_bytes
  FROM (SELECT id AS mail_id, prefix, content_digest, CAST(substr(structure, instr(structure, '"bodyStart":') + 12, 16) AS INTEGER) AS body_start FROM mails WHERE id IN (SELECT value FROM json_each(?)))
  JOIN bodies ON bodies.digest = unhex(content_digest) LEFT JOIN contents ON contents.id = bodies.content_id`;

/** Of the first ids. All in one piece of memory, because thousands of small ones cost more than what is in them. */
function readHeaders(db: Database, ids: readonly number[]): StoredHeaders {
  const pieces: Uint8Array[] = [];
  const found: [id: number, start: number, end: number][] = [];
  const files: StoredHeaders['files'][number][] = [];
  let bytes = 0;
  let read = 0;
  while (read < ids.length && read < MAILBOX_LIMITS.factsPerReadMax && bytes < MAILBOX_LIMITS.contentsBytesMax) {
    const piece = ids.slice(read, read + HEADERS_STEP);
    read += piece.length;
    for (const [id, prefix, bodyStart, header, file, sizeBytes] of db.rows(HEADERS, JSON.stringify(piece)) as unknown as readonly HeaderRow[]) {
      if (file !== null) {
        files.push({ id, prefix, file, sizeBytes, length: Math.max(0, bodyStart - prefix.length) });
        continue;
      }
      const start = bytes;
      for (const part of [prefix, header]) {
        if (!part || part.length === 0) continue;
        pieces.push(part);
        bytes += part.length;
      }
      found.push([id, start, bytes]);
    }
  }
  const all = new Uint8Array(bytes);
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return { bytes: all, found, files, read };
}

const HEADERS_STEP = 50;

function contentOf(db: Database, id: number): StoredMail | null {
  const row = db.get<{ prefix: Uint8Array; digest: string }>('SELECT prefix, content_digest AS digest FROM mails WHERE id = ?', id);
  const body = row && bodyReads.read(db, row.digest);
  return body ? { prefix: row.prefix, body } : null;
}
