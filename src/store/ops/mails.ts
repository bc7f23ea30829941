/**
 * Mails: what does not change about a message, shared by its copies. A mail counts those that name it, places in folders
 * and undeletable ones; it holds one reference to its body, so that how bodies are kept is nobody else's affair.
 */
import { MAILBOX_LIMITS } from '../../base/access-limits.ts';
import type { MailFacts } from '../../contract/mailbox.ts';
import type { Database } from '../database.ts';
import { releaseBody } from './bodies.ts';
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

type FactsRow = readonly [mailId: number, threadId: number, sizeBytes: number, preview: string, structure: string, sentAt: number | null];

/** Rows whose structures are read before their lengths are added up. */
const FACTS_STEP = 50;

export const mailReads = {
  /** Whether there is one in any mailbox. */
  exist(db: Database): boolean {
    return db.get('SELECT 1 FROM mails LIMIT 1') !== undefined;
  },

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

  /** Contents of the first ids, or a piece of each (`end` exclusive); no more bytes than an answer may have, at least one message. */
  contents(db: Database, args: { readonly wanted: readonly WantedContent[] }): StoredContents {
    return readContents(db, args.wanted);
  },

  /** The same for headers alone. */
  headers(db: Database, args: { readonly ids: readonly number[] }): StoredHeaders {
    return readHeaders(db, args.ids);
  },
};

/** Which bytes of a message, counted as its reader sees it, prefix included. Beyond its end there are none. */
export type WantedContent = readonly [id: number, start: number, end: number];

/** As they cross threads. Ids that are in neither list are gone. */
export interface StoredContents {
  readonly bytes: Uint8Array;
  /** Where in `bytes`; `end` exclusive. */
  readonly found: readonly (readonly [id: number, start: number, end: number])[];
  /** Whole ones: a file behind `prefix`. */
  readonly files: readonly { readonly id: number; readonly prefix: Uint8Array; readonly file: string; readonly sizeBytes: number }[];
  /** How many ids were looked at, at least one. */
  readonly read: number;
}

type ContentRow = readonly [id: number, start: number, end: number, prefix: Uint8Array, bytes: Uint8Array | null, file: string | null, sizeBytes: number];

const CONTENTS = `SELECT wanted.id, first, last, prefix, substr(contents.bytes, max(0, first - length(prefix)) + 1, max(0, last - max(first, length(prefix)))), bodies.file, bodies.size_bytes
  FROM (SELECT value ->> 0 AS id, value ->> 1 AS first, value ->> 2 AS last FROM json_each(?)) AS wanted
  JOIN mails ON mails.id = wanted.id JOIN bodies ON bodies.digest = unhex(content_digest) LEFT JOIN contents ON contents.id = bodies.content_id`;

/** Rows that are read before their lengths are added up. */
const CONTENTS_STEP = 20;

function readContents(db: Database, wanted: readonly WantedContent[]): StoredContents {
  const pile = new BytePile();
  const files: StoredContents['files'][number][] = [];
  let read = 0;
  while (read < wanted.length && read < MAILBOX_LIMITS.factsPerReadMax && pile.size < MAILBOX_LIMITS.contentsBytesMax) {
    const piece = wanted.slice(read, read + CONTENTS_STEP);
    read += piece.length;
    for (const [id, start, end, prefix, bytes, file, sizeBytes] of db.rows(CONTENTS, JSON.stringify(piece)) as unknown as readonly ContentRow[]) {
      if (file !== null) files.push({ id, prefix, file, sizeBytes });
      else pile.add(id, prefix.subarray(start, end), bytes);
    }
  }
  return { bytes: pile.join(), found: pile.found, files, read };
}

/** Many pieces in one piece of memory, because thousands of small ones cost more than what is in them. */
class BytePile {
  readonly found: [id: number, start: number, end: number][] = [];
  readonly #pieces: Uint8Array[] = [];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  add(id: number, ...parts: readonly (Uint8Array | null)[]): void {
    const start = this.#size;
    for (const part of parts) {
      if (!part || part.length === 0) continue;
      this.#pieces.push(part);
      this.#size += part.length;
    }
    this.found.push([id, start, this.#size]);
  }

  join(): Uint8Array {
    const all = new Uint8Array(this.#size);
    let at = 0;
    for (const piece of this.#pieces) {
      all.set(piece, at);
      at += piece.length;
    }
    return all;
  }
}

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

/** Of the first ids. */
function readHeaders(db: Database, ids: readonly number[]): StoredHeaders {
  const pile = new BytePile();
  const files: StoredHeaders['files'][number][] = [];
  let read = 0;
  while (read < ids.length && read < MAILBOX_LIMITS.factsPerReadMax && pile.size < MAILBOX_LIMITS.contentsBytesMax) {
    const piece = ids.slice(read, read + HEADERS_STEP);
    read += piece.length;
    for (const [id, prefix, bodyStart, header, file, sizeBytes] of db.rows(HEADERS, JSON.stringify(piece)) as unknown as readonly HeaderRow[]) {
      if (file === null) pile.add(id, prefix, header);
      else files.push({ id, prefix, file, sizeBytes, length: Math.max(0, bodyStart - prefix.length) });
    }
  }
  return { bytes: pile.join(), found: pile.found, files, read };
}

const HEADERS_STEP = 50;
