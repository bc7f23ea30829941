/** Rows of key rotations. What each phase means is said in manage/dkim/rotation.ts. */
import { Failure } from '../../base/errors.ts';
import type { Database } from '../database.ts';
import { keyWrites, type KeyRow } from './keys.ts';

export type RotationPhase = 'publishing' | 'waiting' | 'overlapping' | 'withdrawing' | 'done';

export interface RotationRow {
  readonly domain: string;
  readonly algorithm: 'rsa-sha256' | 'ed25519-sha256';
  /** '' when the domain had no key of the algorithm. */
  readonly oldSelector: string;
  /** Other keys of the algorithm that signed when it began, and go with the old one. */
  readonly furtherOld: readonly string[];
  readonly newSelector: string;
  readonly phase: RotationPhase;
  /** Milliseconds since 1970, as all times here. */
  readonly startedAt: number;
  /** The phase is looked at again, or ends, then. */
  readonly dueAt: number;
  readonly switchedAt: number | null;
  readonly retiredAt: number | null;
  /** When the postmaster was told about this phase; null: not yet. */
  readonly toldAt: number | null;
  /** Since when the DNS provider has what this phase wants, by our own doing; null: people publish it. */
  readonly publishedAt: number | null;
  /** What stands in the way, for people; '' when nothing does. */
  readonly trouble: string;
}

const COLUMNS = `domain, algorithm, old_selector AS "oldSelector", further_old AS "furtherOld", new_selector AS "newSelector", phase, started_at AS "startedAt",
  due_at AS "dueAt", switched_at AS "switchedAt", retired_at AS "retiredAt", told_at AS "toldAt", published_at AS "publishedAt", trouble`;

export const dkimRotationWrites = {
  /** Throws Failure `rotation-under-way`. A finished one gives way. */
  start(db: Database, row: RotationRow): void {
    const there = db.get<{ phase: RotationPhase; newSelector: string }>('SELECT phase, new_selector AS "newSelector" FROM dkim_rotations WHERE domain = ? AND algorithm = ?', row.domain, row.algorithm);
    if (there && there.phase !== 'done' && there.newSelector !== row.newSelector) {
      throw new Failure('rotation-under-way', `the ${row.algorithm} key of ${row.domain} is being changed already: posthorn dkim rotate status ${row.domain}`, { temporary: false });
    }
    db.run('DELETE FROM dkim_rotations WHERE domain = ? AND algorithm = ?', row.domain, row.algorithm);
    db.run(
      `INSERT INTO dkim_rotations (domain, algorithm, old_selector, further_old, new_selector, phase, started_at, due_at, switched_at, retired_at, told_at, published_at, trouble)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      row.domain, row.algorithm, row.oldSelector, row.furtherOld.join(' '), row.newSelector, row.phase, row.startedAt, row.dueAt, row.switchedAt, row.retiredAt, row.toldAt, row.publishedAt, row.trouble,
    );
  },

  /** Key and rotation in one commit: no key is left that nobody waits for. */
  startWithKey(db: Database, { key, row }: { readonly key: KeyRow; readonly row: RotationRow }): void {
    dkimRotationWrites.start(db, row);
    keyWrites.add(db, key);
  },

  /** The row as it should be, when it is still in phase `from`; else nothing happens. */
  update(db: Database, { from, row }: { readonly from: RotationPhase; readonly row: RotationRow }): void {
    db.run(
      `UPDATE dkim_rotations SET phase = ?, due_at = ?, switched_at = ?, retired_at = ?, told_at = ?, published_at = ?, trouble = ?
       WHERE domain = ? AND algorithm = ? AND new_selector = ? AND phase = ?`,
      row.phase, row.dueAt, row.switchedAt, row.retiredAt, row.toldAt, row.publishedAt, row.trouble, row.domain, row.algorithm, row.newSelector, from,
    );
  },

  /** The note about the phase is on its way. */
  told(db: Database, { domain, newSelector, phase, at }: { readonly domain: string; readonly newSelector: string; readonly phase: string; readonly at: number }): void {
    db.run('UPDATE dkim_rotations SET told_at = ? WHERE domain = ? AND new_selector = ? AND phase = ?', at, domain, newSelector, phase);
  },

  /** The keys change places in one commit: there is no moment without a key that signs. */
  switchKeys(db: Database, { row }: { readonly row: RotationRow }): void {
    db.run(`UPDATE dkim_keys SET state = 'active' WHERE domain = ? AND selector = ?`, row.domain, row.newSelector);
    for (const old of [row.oldSelector, ...row.furtherOld]) db.run(`UPDATE dkim_keys SET state = 'retired' WHERE domain = ? AND selector = ?`, row.domain, old);
    dkimRotationWrites.update(db, { from: 'waiting', row });
  },

  /** With the new key, which does not sign yet. */
  cancel(db: Database, { domain, algorithm, newSelector }: Pick<RotationRow, 'domain' | 'algorithm' | 'newSelector'>): void {
    db.run(`DELETE FROM dkim_keys WHERE domain = ? AND selector = ? AND state <> 'active'`, domain, newSelector);
    dkimRotationWrites.remove(db, { domain, algorithm });
  },

  remove(db: Database, { domain, algorithm }: Pick<RotationRow, 'domain' | 'algorithm'>): void {
    db.run('DELETE FROM dkim_rotations WHERE domain = ? AND algorithm = ?', domain, algorithm);
  },
};

export const dkimRotationReads = {
  /** Of one domain, or of all (''). */
  list(db: Database, { domain }: { readonly domain: string }): readonly RotationRow[] {
    const rows = db.all<Omit<RotationRow, 'furtherOld'> & { readonly furtherOld: string }>(`SELECT ${COLUMNS} FROM dkim_rotations WHERE ? IN ('', domain) ORDER BY domain, algorithm DESC`, domain);
    return rows.map((row) => ({ ...row, furtherOld: row.furtherOld === '' ? [] : row.furtherOld.split(' ') }));
  },
};
