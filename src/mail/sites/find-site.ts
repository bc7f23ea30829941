/**
 * Which site of the table a domain's MX hosts belong to. Pure text comparison: the patterns may come from an
 * administrator, the host names from anybody's DNS.
 */
import { FURTHER_SITES } from './further-sites.ts';
import { LARGE_SITES } from './large-sites.ts';
import type { SiteProfile } from './site-profile.ts';

/** The table of this version. */
export const SITE_PROFILES: readonly SiteProfile[] = [...LARGE_SITES, ...FURTHER_SITES];

/**
 * The profile that every host fits, or undefined: hosts of two operators are a site of their own. Among several fitting
 * patterns the longest decides, so that a row can speak about a part of another's hosts.
 */
export function findSiteProfile(mxHosts: readonly string[], profiles: readonly SiteProfile[] = SITE_PROFILES): SiteProfile | undefined {
  let found: SiteProfile | undefined;
  for (const [index, host] of mxHosts.entries()) {
    const profile = profileOfHost(host.toLowerCase().replace(/\.$/, ''), profiles);
    if (profile === undefined || (index > 0 && profile !== found)) return undefined;
    found = profile;
  }
  return found;
}

function profileOfHost(host: string, profiles: readonly SiteProfile[]): SiteProfile | undefined {
  let best: SiteProfile | undefined;
  let bestLength = 0;
  for (const profile of profiles) {
    for (const pattern of profile.mx) {
      if (pattern.length <= bestLength || !fitsPattern(host, pattern)) continue;
      best = profile;
      bestLength = pattern.length;
    }
  }
  return best;
}

/** `pattern` as SiteProfile.mx documents it. */
export function fitsPattern(host: string, pattern: string): boolean {
  const star = pattern.indexOf('*');
  if (star >= 0) {
    const [before, behind] = [pattern.slice(0, star), pattern.slice(star + 1)];
    return host.length > before.length + behind.length && host.startsWith(before) && host.endsWith(behind);
  }
  return pattern.startsWith('.') ? host.endsWith(pattern) && host.length > pattern.length : host === pattern;
}
