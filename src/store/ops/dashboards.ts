/** What providers tell about our mail (migration 066). Figures are JSON of contract/dashboards.ts. */
import type { Database } from '../database.ts';

export interface DashboardAlarm {
  readonly provider: string;
  readonly subject: string;
  /** Kebab-case. */
  readonly reason: string;
}

export const dashboardWrites = {
  put(db: Database, { rows }: { readonly rows: readonly { readonly provider: string; readonly subject: string; readonly day: string; readonly figures: string }[] }): void {
    for (const { provider, subject, day, figures } of rows) {
      db.run('INSERT INTO dashboard_figures (provider, subject, day, figures) VALUES (?, ?, ?, ?) ON CONFLICT (provider, subject, day) DO UPDATE SET figures = excluded.figures', provider, subject, day, figures);
    }
  },

  noteRun(db: Database, { provider, at, ok, detail }: { readonly provider: string; readonly at: number; readonly ok: boolean; readonly detail: string }): void {
    db.run('INSERT INTO dashboard_runs (provider, at, ok, detail) VALUES (?, ?, ?, ?) ON CONFLICT (provider) DO UPDATE SET at = excluded.at, ok = excluded.ok, detail = excluded.detail', provider, at, ok ? 1 : 0, detail);
  },

  raise(db: Database, { provider, subject, reason, at }: DashboardAlarm & { readonly at: number }): void {
    db.run('INSERT INTO dashboard_alarms (provider, subject, reason, since) VALUES (?, ?, ?, ?) ON CONFLICT (provider, subject, reason) DO NOTHING', provider, subject, reason, at);
  },

  settle(db: Database, { provider, subject, reason }: DashboardAlarm): void {
    db.run('DELETE FROM dashboard_alarms WHERE provider = ? AND subject = ? AND reason = ?', provider, subject, reason);
  },

  prune(db: Database, { before }: { readonly before: string }): void {
    db.run('DELETE FROM dashboard_figures WHERE day < ?', before);
  },
};

export const dashboardReads = {
  /** Of days from this one on, the newest first. */
  since(db: Database, { day, limit }: { readonly day: string; readonly limit: number }): readonly { readonly figures: string }[] {
    return db.all('SELECT figures FROM dashboard_figures WHERE day >= ? ORDER BY day DESC, provider, subject LIMIT ?', day, limit);
  },

  runs(db: Database): readonly { readonly provider: string; readonly at: number; readonly ok: number; readonly detail: string }[] {
    return db.all('SELECT provider, at, ok, detail FROM dashboard_runs ORDER BY provider');
  },

  alarms(db: Database): readonly DashboardAlarm[] {
    return db.all<DashboardAlarm>('SELECT provider, subject, reason FROM dashboard_alarms ORDER BY provider, subject, reason');
  },
};
