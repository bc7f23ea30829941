/** Rows of routes and of what inner servers said about recipients. Patterns and addresses come in their stored form. */
import { Failure } from '../../base/errors.ts';
import { RELAY_LIMITS } from '../../base/limits.ts';
import type { RouteRule } from '../../contract/routes.ts';
import type { Database } from '../database.ts';

interface RouteRow {
  readonly match: RouteRule['match'];
  readonly pattern: string;
  /** JSON of RouteTarget. */
  readonly target: string;
  readonly accept: number;
  readonly verify: number;
  readonly createdAt: number;
}

export type RouteKey = Pick<RouteRule, 'match' | 'pattern'>;

export interface RecipientCheckRow {
  readonly address: string;
  /** `host:port` that was asked: another one need not agree. */
  readonly relay: string;
  readonly known: boolean;
  /** JSON of the Reply; '' when known. */
  readonly reply: string;
  /** Milliseconds since 1970. */
  readonly checkedAt: number;
}

const PRUNED_AT_ONCE = 1000;

export const routeWrites = {
  /** Replaces the rule of the same pattern. Throws Failure `domain-hosted`, `too-many-routes`. */
  put(db: Database, rule: RouteRule): void {
    if (rule.accept && db.get('SELECT 1 AS found FROM domains WHERE name = ?', rule.pattern)) {
      throw new Failure('domain-hosted', `${rule.pattern} is a domain of this server, whose mail is delivered here: remove it first with posthorn domain remove ${rule.pattern}`, { temporary: false });
    }
    const count = db.get<{ count: number }>('SELECT count(*) AS count FROM routes')?.count ?? 0;
    if (count >= RELAY_LIMITS.routesMax) throw new Failure('too-many-routes', `there are ${RELAY_LIMITS.routesMax} routes already`, { temporary: false });
    db.run(
      `INSERT INTO routes (match, pattern, target, accept, verify, created_at) VALUES (?, ?, ?, ?, ?, ?)
       ON CONFLICT (match, pattern) DO UPDATE SET target = excluded.target, accept = excluded.accept, verify = excluded.verify`,
      rule.match, rule.pattern, JSON.stringify(rule.target), Number(rule.accept), Number(rule.verify), rule.createdAt,
    );
  },

  /** Throws Failure `route-unknown`. */
  remove(db: Database, { match, pattern }: RouteKey): void {
    const { changes } = db.run('DELETE FROM routes WHERE match = ? AND pattern = ?', match, pattern);
    if (changes === 0) throw new Failure('route-unknown', `there is no route for the ${match} ${pattern}: posthorn route list shows those there are`, { temporary: false });
  },

  /** Also forgets some that nobody believes any more. */
  noteCheck(db: Database, row: RecipientCheckRow): void {
    db.run(
      `INSERT INTO recipient_checks (address, relay, known, reply, checked_at) VALUES (?, ?, ?, ?, ?)
       ON CONFLICT (address) DO UPDATE SET relay = excluded.relay, known = excluded.known, reply = excluded.reply, checked_at = excluded.checked_at`,
      row.address, row.relay, Number(row.known), row.reply, row.checkedAt,
    );
    db.run(
      'DELETE FROM recipient_checks WHERE address IN (SELECT address FROM recipient_checks WHERE checked_at < ? ORDER BY checked_at LIMIT ?)',
      row.checkedAt - RELAY_LIMITS.knownAddressMs, PRUNED_AT_ONCE,
    );
  },
};

export const routeReads = {
  /** Recipients before senders, each by pattern. */
  list(db: Database): readonly RouteRule[] {
    const rows = db.all<RouteRow>('SELECT match, pattern, target, accept, verify, created_at AS "createdAt" FROM routes ORDER BY match, pattern');
    return rows.map(({ target, accept, verify, ...row }) => ({ ...row, target: JSON.parse(target) as RouteRule['target'], accept: accept !== 0, verify: verify !== 0 }));
  },

  check(db: Database, { address }: { readonly address: string }): RecipientCheckRow | undefined {
    const row = db.get<Omit<RecipientCheckRow, 'known'> & { readonly known: number }>(
      'SELECT address, relay, known, reply, checked_at AS "checkedAt" FROM recipient_checks WHERE address = ?', address,
    );
    return row && { ...row, known: row.known !== 0 };
  },
};
