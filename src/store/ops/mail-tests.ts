/** Reports of the mail-tester. What is too old, or too much, goes with the next one that comes. */
import type { Database } from '../database.ts';

export interface MailTestRow {
  /** Queue id of the message. */
  readonly id: string;
  /** The address it was written to. */
  readonly address: string;
  readonly sender: string;
  /** Milliseconds since 1970. */
  readonly receivedAt: number;
  readonly scoreTenths: number;
  /** JSON. */
  readonly report: string;
  /** 1 when the sender has been told, or is not to be. */
  readonly answered: number;
}

const COLUMNS = 'id, address, sender, received_at AS "receivedAt", score_tenths AS "scoreTenths", report, answered';
const WITHOUT_REPORT = `id, address, sender, received_at AS "receivedAt", score_tenths AS "scoreTenths", '' AS "report", answered`;

export const mailTestWrites = {
  add(db: Database, { row, oldestAt, keptMax }: { readonly row: MailTestRow; readonly oldestAt: number; readonly keptMax: number }): void {
    db.run('DELETE FROM mail_tests WHERE received_at < ?', oldestAt);
    db.run('DELETE FROM mail_tests WHERE id IN (SELECT id FROM mail_tests ORDER BY received_at DESC, id DESC LIMIT 1000 OFFSET ?)', keptMax - 1);
    const { id, address, sender, receivedAt, scoreTenths, report, answered } = row;
    db.run('INSERT INTO mail_tests (id, address, sender, received_at, score_tenths, report, answered) VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING', id, address, sender, receivedAt, scoreTenths, report, answered);
  },
  answered(db: Database, { id }: { readonly id: string }): void {
    db.run('UPDATE mail_tests SET answered = 1 WHERE id = ?', id);
  },
};

export const mailTestReads = {
  /** Newest first, without their reports. */
  list(db: Database, { since, limit }: { readonly since: number; readonly limit: number }): MailTestRow[] {
    return db.all<MailTestRow>(`SELECT ${WITHOUT_REPORT} FROM mail_tests WHERE received_at >= ? ORDER BY received_at DESC, id DESC LIMIT ?`, since, limit);
  },
  show(db: Database, { id, since }: { readonly id: string; readonly since: number }): MailTestRow | undefined {
    return db.get<MailTestRow>(`SELECT ${COLUMNS} FROM mail_tests WHERE id = ? AND received_at >= ?`, id, since);
  },
  counts(db: Database, { sender, since }: { readonly sender: string; readonly since: number }): { readonly ofSender: number; readonly all: number } {
    const ofSender = db.get<{ readonly n: number }>('SELECT COUNT(*) AS "n" FROM mail_tests WHERE sender = ? AND received_at >= ?', sender, since);
    const all = db.get<{ readonly n: number }>('SELECT COUNT(*) AS "n" FROM mail_tests WHERE received_at >= ?', since);
    return { ofSender: Number(ofSender?.n ?? 0), all: Number(all?.n ?? 0) };
  },
};
