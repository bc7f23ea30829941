/** DNS records that we published, policies of domains, plans and what was applied. Sets, policies and plans are JSON text here. */
import { DNS_PUBLISH_LIMITS } from '../../base/dns-publish-limits.ts';
import type { Database } from '../database.ts';

export interface OwnedRow {
  readonly name: string;
  readonly type: string;
  /** As it was published. */
  readonly value: string;
  readonly domain: string;
  readonly provider: string;
  /** Milliseconds since 1970. */
  readonly publishedAt: number;
}

export interface DnsPolicyRow {
  readonly domain: string;
  /** JSON: what the domain has of its own. */
  readonly own: string;
  /** JSON: what it was last applied with. */
  readonly applied: string | null;
}

export interface ApplyRow {
  readonly id: string;
  readonly kind: 'apply' | 'undo';
  /** The plan, or the application that was undone. */
  readonly source: string;
  readonly at: number;
  readonly undoneBy: string | null;
}

/** `pending`: begun, and nobody told how it ended. */
export type ItemOutcome = 'pending' | 'applied' | 'conflict' | 'failed';

export interface ApplyItemRow {
  readonly position: number;
  readonly domain: string;
  readonly name: string;
  readonly type: string;
  readonly provider: string;
  readonly zone: string;
  readonly zoneId: string;
  /** JSON of a RecordSet; null: none. */
  readonly beforeSet: string | null;
  readonly afterSet: string | null;
  /** JSON lists of values that are ours. */
  readonly oursBefore: string;
  readonly oursAfter: string;
  readonly outcome: ItemOutcome;
  readonly detail: string;
}

/** Defaults that a domain was applied with, as JSON; null: never. */
interface PolicyStep {
  readonly domain: string;
  readonly before: string | null;
  readonly after: string;
}

export const dnsPublishingWrites = {
  setOwnPolicy(db: Database, { domain, own }: { readonly domain: string; readonly own: string }): void {
    db.run('INSERT INTO dns_policies (domain, own) VALUES (?, ?) ON CONFLICT (domain) DO UPDATE SET own = excluded.own', domain, own);
  },

  /** `apply`: what it was applied by, which remembers what was there before. */
  setAppliedPolicies(db: Database, { rows, at, apply }: { readonly rows: readonly { readonly domain: string; readonly applied: string }[]; readonly at: number; readonly apply?: string }): void {
    if (apply !== undefined) {
      const before = new Map(dnsPublishingReads.policies(db).map(({ domain, applied }) => [domain, applied]));
      const steps = rows.map(({ domain, applied }): PolicyStep => ({ domain, before: before.get(domain) ?? null, after: applied })).filter((step) => step.before !== step.after);
      db.run('UPDATE dns_applies SET policies = ? WHERE id = ? AND policies IS NULL', JSON.stringify(steps), apply);
    }
    for (const { domain, applied } of rows) {
      db.run("INSERT INTO dns_policies (domain, own, applied, applied_at) VALUES (?, '{}', ?, ?) ON CONFLICT (domain) DO UPDATE SET applied = excluded.applied, applied_at = excluded.applied_at", domain, applied, at);
    }
  },

  savePlan(db: Database, { id, at, content }: { readonly id: string; readonly at: number; readonly content: string }): void {
    db.run('INSERT INTO dns_plans (id, made_at, content) VALUES (?, ?, ?) ON CONFLICT (id) DO UPDATE SET made_at = excluded.made_at, content = excluded.content', id, at, content);
    db.run('DELETE FROM dns_plans WHERE id NOT IN (SELECT id FROM dns_plans ORDER BY made_at DESC, id LIMIT ?)', DNS_PUBLISH_LIMITS.plansKept);
  },

  /** Written before anything is changed, so that what was under way is known after a crash. */
  beginApply(db: Database, { apply, items }: { readonly apply: Omit<ApplyRow, 'undoneBy'>; readonly items: readonly Omit<ApplyItemRow, 'outcome' | 'detail'>[] }): void {
    db.run('INSERT INTO dns_applies (id, kind, source, at) VALUES (?, ?, ?, ?) ON CONFLICT (id) DO NOTHING', apply.id, apply.kind, apply.source, apply.at);
    for (const item of items) {
      db.run(
        `INSERT INTO dns_apply_items (apply, position, domain, name, type, provider, zone, zone_id, before_set, after_set, ours_before, ours_after, outcome, detail)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'pending', '') ON CONFLICT (apply, position) DO NOTHING`,
        apply.id, item.position, item.domain, item.name, item.type, item.provider, item.zone, item.zoneId, item.beforeSet, item.afterSet, item.oursBefore, item.oursAfter,
      );
    }
    db.run('DELETE FROM dns_applies WHERE id NOT IN (SELECT id FROM dns_applies ORDER BY at DESC, id LIMIT ?)', DNS_PUBLISH_LIMITS.appliesKept);
    db.run('DELETE FROM dns_apply_items WHERE apply NOT IN (SELECT id FROM dns_applies)');
  },

  /** What is applied becomes ours, or is ours no longer. */
  settleItems(db: Database, { apply, at, outcomes }: { readonly apply: string; readonly at: number; readonly outcomes: readonly { readonly position: number; readonly outcome: ItemOutcome; readonly detail: string }[] }): void {
    for (const { position, outcome, detail } of outcomes) {
      db.run('UPDATE dns_apply_items SET outcome = ?, detail = ? WHERE apply = ? AND position = ?', outcome, detail, apply, position);
      const item = db.get<{ domain: string; name: string; type: string; provider: string; ours: string }>(
        'SELECT domain, name, type, provider, ours_after AS ours FROM dns_apply_items WHERE apply = ? AND position = ?', apply, position,
      );
      if (outcome !== 'applied' || !item) continue;
      db.run('DELETE FROM dns_owned WHERE name = ? AND type = ?', item.name, item.type);
      for (const value of JSON.parse(item.ours) as string[]) {
        db.run('INSERT INTO dns_owned (name, type, value, domain, provider, published_at) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (name, type, value) DO NOTHING', item.name, item.type, value, item.domain, item.provider, at);
      }
    }
  },

  /** The domains have the defaults of before again, unless something else was applied since. */
  markUndone(db: Database, { id, by }: { readonly id: string; readonly by: string }): void {
    db.run('UPDATE dns_applies SET undone_by = ? WHERE id = ?', by, id);
    const kept = db.get<{ policies: string | null }>('SELECT policies FROM dns_applies WHERE id = ?', id)?.policies;
    for (const { domain, before, after } of JSON.parse(kept ?? '[]') as PolicyStep[]) {
      db.run('UPDATE dns_policies SET applied = ? WHERE domain = ? AND applied = ?', before, domain, after);
    }
  },
};

export const dnsPublishingReads = {
  /** With what was begun and nobody told how it ended: where it stands, it is ours. */
  owned(db: Database): readonly OwnedRow[] {
    const known = db.all<OwnedRow>('SELECT name, type, value, domain, provider, published_at AS "publishedAt" FROM dns_owned ORDER BY name, type, value');
    const begun = db.all<Omit<OwnedRow, 'value'> & { readonly values: string }>(
      `SELECT i.name, i.type, i.ours_after AS "values", i.domain, i.provider, a.at AS "publishedAt" FROM dns_apply_items i JOIN dns_applies a ON a.id = i.apply
       WHERE i.outcome = 'pending' AND a.undone_by IS NULL AND NOT EXISTS (
         SELECT 1 FROM dns_apply_items later JOIN dns_applies b ON b.id = later.apply
         WHERE later.name = i.name AND later.type = i.type AND later.outcome = 'applied' AND b.at > a.at)`,
    );
    const keyOf = ({ name, type, value }: Pick<OwnedRow, 'name' | 'type' | 'value'>): string => JSON.stringify([name, type, value]);
    const has = new Set(known.map(keyOf));
    const more = begun.flatMap(({ values, ...row }) => (JSON.parse(values) as string[]).map((value) => ({ ...row, value }))).filter((row) => !has.has(keyOf(row)));
    return [...known, ...more];
  },

  policies(db: Database): readonly DnsPolicyRow[] {
    return db.all<DnsPolicyRow>('SELECT domain, own, applied FROM dns_policies ORDER BY domain');
  },

  plan(db: Database, { id }: { readonly id: string }): string | undefined {
    return db.get<{ content: string }>('SELECT content FROM dns_plans WHERE id = ?', id)?.content;
  },

  /** Newest first. */
  applies(db: Database, { limit }: { readonly limit: number }): readonly ApplyRow[] {
    return db.all<ApplyRow>('SELECT id, kind, source, at, undone_by AS "undoneBy" FROM dns_applies ORDER BY at DESC, id LIMIT ?', limit);
  },

  applyItems(db: Database, { id }: { readonly id: string }): readonly ApplyItemRow[] {
    return db.all<ApplyItemRow>(
      `SELECT position, domain, name, type, provider, zone, zone_id AS "zoneId", before_set AS "beforeSet", after_set AS "afterSet",
         ours_before AS "oursBefore", ours_after AS "oursAfter", outcome, detail FROM dns_apply_items WHERE apply = ? ORDER BY position`,
      id,
    );
  },
};
