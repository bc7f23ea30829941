/** TLS sessions with other servers, counted per day, policy, hosts and result (RFC 8460 §4.4). '' stands for "none". */
import type { Database } from '../database.ts';

export interface TlsResultRow {
  /** `2026-11-20`, UTC. */
  readonly day: string;
  readonly domain: string;
  readonly policyType: string;
  /** Names a text of `texts`, or one that is stored already. */
  readonly policyDigest: string;
  readonly mx: string;
  readonly receivingIp: string;
  readonly sendingIp: string;
  /** A result type of RFC 8460 §4.3; '' is success. */
  readonly failure: string;
  readonly detail: string;
  readonly sessions: number;
}

export interface TlsPolicyText {
  readonly digest: string;
  /** JSON: lines of the policy, and its mx patterns. */
  readonly text: string;
}

export type TlsResultWithText = TlsResultRow & { readonly policyText: string };

export const tlsResultWrites = {
  add(db: Database, args: { readonly rows: readonly TlsResultRow[]; readonly texts: readonly TlsPolicyText[]; readonly day: string }): void {
    for (const { digest, text } of args.texts) {
      db.run('INSERT INTO tls_policy_texts (digest, text, day) VALUES (?, ?, ?) ON CONFLICT (digest) DO UPDATE SET day = excluded.day', digest, text, args.day);
    }
    for (const row of args.rows) {
      db.run(
        `INSERT INTO tls_results (day, domain, policy_type, policy_digest, mx, receiving_ip, sending_ip, failure, detail, sessions)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT (day, domain, policy_type, policy_digest, mx, receiving_ip, sending_ip, failure, detail)
         DO UPDATE SET sessions = tls_results.sessions + excluded.sessions`,
        row.day, row.domain, row.policyType, row.policyDigest, row.mx, row.receivingIp, row.sendingIp, row.failure, row.detail, row.sessions,
      );
    }
  },

  /** Days before this one, and the texts that only they used. */
  prune(db: Database, args: { readonly before: string }): void {
    db.run('DELETE FROM tls_results WHERE day < ?', args.before);
    db.run('DELETE FROM tls_policy_texts WHERE day < ?', args.before);
  },
};

export const tlsResultReads = {
  /** Of one day, and of one domain or of all (''). */
  list(db: Database, args: { readonly day: string; readonly domain: string; readonly limit: number }): readonly TlsResultWithText[] {
    return db.all<TlsResultWithText>(
      `SELECT r.day, r.domain, r.policy_type AS "policyType", r.policy_digest AS "policyDigest", r.mx, r.receiving_ip AS "receivingIp",
         r.sending_ip AS "sendingIp", r.failure, r.detail, r.sessions, COALESCE(t.text, '{}') AS "policyText"
       FROM tls_results r LEFT JOIN tls_policy_texts t ON t.digest = r.policy_digest
       WHERE r.day = ? AND ? IN ('', r.domain)
       ORDER BY r.domain, r.policy_type, r.policy_digest, r.mx, r.failure LIMIT ?`,
      args.day, args.domain, args.limit,
    );
  },

  days(db: Database): readonly { readonly day: string; readonly domains: number; readonly sessions: number; readonly failed: number }[] {
    return db.all(
      `SELECT day, COUNT(DISTINCT domain) AS "domains", SUM(sessions) AS "sessions", SUM(CASE WHEN failure = '' THEN 0 ELSE sessions END) AS "failed"
       FROM tls_results GROUP BY day ORDER BY day DESC`,
    );
  },
};
