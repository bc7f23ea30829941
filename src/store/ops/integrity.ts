/**
 * Do the books balance? Every reference to a body is counted anew and compared with what the row says: what a kill test
 * asks at its end, and `verify` of a backup. Reads everything; for stores that serve nobody at the moment.
 */
import { statSync } from 'node:fs';
import { dirname } from 'node:path';
import { bodyPath } from '../body-path.ts';
import type { Database } from '../database.ts';
import { mailboxProblems } from './mailbox-integrity.ts';

/** Most problems that one answer names. */
const PROBLEMS_MAX = 100;

/** Digests that unfinished queue messages and mails name, with how many of them do. */
const NAMED = `SELECT digest, count(*) AS refs FROM (
    SELECT content_digest AS digest FROM messages WHERE finished_at IS NULL
    UNION ALL SELECT content_digest AS digest FROM mails) GROUP BY digest`;

/** Joined on the digest as it is stored: by its text the two would be compared each with each. */
const COUNTED_WRONGLY = `WITH named AS MATERIALIZED (${NAMED})
  SELECT named.digest AS digest, named.refs AS needed, bodies.refs AS counted
    FROM named LEFT JOIN bodies ON bodies.digest = unhex(named.digest)
    WHERE bodies.refs IS NULL OR bodies.refs <> named.refs
  UNION ALL SELECT lower(hex(digest)), 0, refs FROM bodies WHERE digest NOT IN (SELECT unhex(digest) FROM named)
  LIMIT ?`;

const UNFINISHED_WITHOUT_RECIPIENTS = `SELECT id FROM messages WHERE finished_at IS NULL
  AND NOT EXISTS (SELECT 1 FROM recipients WHERE message_id = messages.id AND state IN ('queued', 'held')) LIMIT ?`;

const FINISHED_WITH_RECIPIENTS = `SELECT DISTINCT message_id AS id FROM recipients WHERE state IN ('queued', 'held')
  AND message_id NOT IN (SELECT id FROM messages WHERE finished_at IS NULL) LIMIT ?`;

const STRAY_CONTENTS = 'SELECT id FROM contents WHERE id NOT IN (SELECT content_id FROM bodies WHERE content_id IS NOT NULL) LIMIT ?';

export const integrityReads = {
  /** One sentence for each thing that is not as it should be; none when all is well. */
  problems(db: Database): readonly string[] {
    const pages = db.all<{ integrity_check: string }>(`PRAGMA integrity_check(${PROBLEMS_MAX})`).map((row) => row.integrity_check);
    return [
      ...pages.filter((text) => text !== 'ok'),
      ...wrongCounts(db),
      ...ids(db, UNFINISHED_WITHOUT_RECIPIENTS).map((id) => `message ${id} is unfinished and nobody waits for it`),
      ...ids(db, FINISHED_WITH_RECIPIENTS).map((id) => `message ${id} is finished or gone, and somebody waits for it`),
      ...ids(db, STRAY_CONTENTS).map((id) => `content ${id} belongs to no body`),
      ...mailboxProblems(db, PROBLEMS_MAX),
      ...badBytes(db),
    ];
  },
};

function wrongCounts(db: Database): string[] {
  const rows = db.all<{ digest: string; needed: number; counted: number | null }>(COUNTED_WRONGLY, PROBLEMS_MAX);
  return rows.map(({ digest, needed, counted }) =>
    counted === null ? `body ${digest} is missing, ${needed} messages need it` : `body ${digest} counts ${counted} references, ${needed} name it`,
  );
}

function ids(db: Database, sql: string): readonly (string | number)[] {
  return db.all<{ id: string | number }>(sql, PROBLEMS_MAX).map(({ id }) => id);
}

/** Bytes in the database must be as long as their row says, and files be there. */
function badBytes(db: Database): string[] {
  const rows = db.all<{ digest: string; sizeBytes: number; file: string | null; stored: number | null }>(
    `SELECT lower(hex(digest)) AS digest, size_bytes AS "sizeBytes", file,
       (SELECT length(bytes) FROM contents WHERE contents.id = bodies.content_id) AS stored FROM bodies`,
  );
  return rows.flatMap(({ digest, sizeBytes, file, stored }) => {
    const have = file === null ? stored : fileSize(bodyPath(dirname(db.path), file));
    return have === sizeBytes ? [] : [`body ${digest} has ${have ?? 'no'} bytes, not ${sizeBytes}`];
  }).slice(0, PROBLEMS_MAX);
}

function fileSize(path: string): number | null {
  return statSync(path, { throwIfNoEntry: false })?.size ?? null;
}
