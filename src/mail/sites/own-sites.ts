/** The table together with what the administrator says about sites. */
import { SITE_PROFILES } from './find-site.ts';
import { DEFAULT_LIMITS } from './large-sites.ts';
import type { SiteLimits, SiteProfile } from './site-profile.ts';

/** A row of the administrator: what is absent stays as the table has it. */
export type OwnSite = Partial<Omit<SiteProfile, 'limits' | 'key'>> & { readonly key: string; readonly limits?: Partial<SiteLimits> };

export interface SiteTable {
  readonly profiles: readonly SiteProfile[];
  /** For sites of no row. */
  readonly defaults: SiteLimits;
}

/** A row of a known key changes that row, `default` the figures of all sites of no row, any other key adds a row. */
export function siteTable(own: readonly OwnSite[], table: readonly SiteProfile[] = SITE_PROFILES): SiteTable {
  const defaults = { ...DEFAULT_LIMITS, ...own.find(({ key }) => key === 'default')?.limits };
  const profiles = new Map(table.map((profile) => [profile.key, profile]));
  for (const row of own) {
    if (row.key === 'default') continue;
    const known = profiles.get(row.key) ?? { key: row.key, title: row.key, mx: [], limits: defaults };
    profiles.set(row.key, { ...known, ...row, limits: { ...known.limits, ...row.limits }, source: 'the configuration', date: '' });
  }
  return { profiles: [...profiles.values()], defaults };
}
