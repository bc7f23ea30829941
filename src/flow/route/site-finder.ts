/**
 * Which MX site a recipient domain's mail goes to: a row of the data table, else named by the MX hosts themselves, so
 * that hundreds of customer domains on one host share a site.
 *
 * Policy: nobody waits long for a name server that does not answer: then the domain is a site of its own
 * (`domain:example.net`) or keeps the site it had before, and the answer, when it comes, is there for the next message.
 * Domains without mail servers get a site, too: the deliverer tells what is wrong with them.
 */
import { createHash } from 'node:crypto';
import type { Clock } from '../../base/clock.ts';
import { withDeadline } from '../../base/deadline.ts';
import { SITE_LIMITS } from '../../base/limits.ts';
import type { Dns, DnsAnswer } from '../../contract/dns.ts';
import type { MxSite } from '../../contract/sending.ts';
import { findSiteProfile } from '../../mail/sites/find-site.ts';
import type { SiteProfile } from '../../mail/sites/site-profile.ts';

export interface SiteFinderOptions {
  readonly dns: Dns;
  readonly clock: Clock;
  /** The table with the administrator's rows; asked at every look-up, so that a reload changes it. */
  readonly profiles: () => readonly SiteProfile[];
}

export interface SiteFinder {
  /** Normalized domain or address literal. Never rejects; answers within SITE_LIMITS.lookupTimeoutMs. */
  find(domain: string): Promise<MxSite>;
  /** Forgets what was looked up. */
  flush(): void;
}

interface Known {
  readonly site: MxSite;
  /** Monotonic milliseconds. */
  readonly freshUntil: number;
}

export function createSiteFinder(options: SiteFinderOptions): SiteFinder {
  return new Finder(options);
}

class Finder implements SiteFinder {
  readonly #options: SiteFinderOptions;
  readonly #known = new Map<string, Known>();
  readonly #asking = new Map<string, Promise<MxSite>>();

  constructor(options: SiteFinderOptions) {
    this.#options = options;
  }

  async find(domain: string): Promise<MxSite> {
    if (domain.startsWith('[')) return { key: domain, title: domain };
    const known = this.#known.get(domain);
    if (known && known.freshUntil > this.#options.clock.monotonic()) return known.site;
    const asking = this.#asking.get(domain) ?? this.#ask(domain);
    try {
      return await withDeadline(this.#options.clock, SITE_LIMITS.lookupTimeoutMs, `the MX of ${domain}`, asking);
    } catch {
      // Those who come while the name server is silent need not wait, too.
      return this.#remember(domain, known?.site ?? unknownSite(domain), SITE_LIMITS.unknownTtlMs);
    }
  }

  flush(): void {
    this.#known.clear();
  }

  #ask(domain: string): Promise<MxSite> {
    const asking = this.#options.dns
      .query(domain, 'MX')
      .then((answer) => this.#learn(domain, answer))
      .finally(() => this.#asking.delete(domain));
    // Its failure is told to those who wait; when nobody does any more, it is no bug.
    asking.catch(() => {});
    this.#asking.set(domain, asking);
    return asking;
  }

  #learn(domain: string, answer: DnsAnswer<'MX'>): MxSite {
    const before = this.#known.get(domain)?.site;
    switch (answer.kind) {
      case 'failure':
        return this.#remember(domain, before ?? unknownSite(domain), SITE_LIMITS.unknownTtlMs);
      case 'nxdomain':
        return this.#remember(domain, unknownSite(domain), SITE_LIMITS.knownTtlMs);
      case 'nodata':
        // RFC 5321 §5.1: the domain itself is the host.
        return this.#remember(domain, siteOf([domain], this.#options.profiles()), SITE_LIMITS.knownTtlMs);
      case 'found': {
        const best = Math.min(...answer.records.map(({ preference }) => preference));
        const hosts = answer.records.filter(({ preference, exchange }) => preference === best && exchange !== '').map(({ exchange }) => exchange.toLowerCase());
        // RFC 7505: a null MX has no host.
        const site = hosts.length === 0 ? unknownSite(domain) : siteOf(hosts, this.#options.profiles());
        return this.#remember(domain, site, Math.min(answer.ttlSeconds * 1000, SITE_LIMITS.knownTtlMs));
      }
    }
  }

  #remember(domain: string, site: MxSite, ttlMs: number): MxSite {
    this.#known.delete(domain);
    this.#known.set(domain, { site, freshUntil: this.#options.clock.monotonic() + Math.max(ttlMs, SITE_LIMITS.unknownTtlMs) });
    for (const oldest of this.#known.keys()) {
      if (this.#known.size <= SITE_LIMITS.domainsKnownMax) break;
      this.#known.delete(oldest);
    }
    return site;
  }
}

/** The site of these hosts, which share the best preference; at least one. Pure. */
export function siteOf(mxHosts: readonly string[], profiles: readonly SiteProfile[]): MxSite {
  const profile = findSiteProfile(mxHosts, profiles);
  if (profile) return { key: profile.key, title: profile.title, profile };
  const hosts = [...new Set(mxHosts)].sort();
  const [first = ''] = hosts;
  const title = hosts.length === 1 ? first : `${first} and ${hosts.length - 1} more`;
  return { key: shortened(hosts.join(',')), title };
}

/** A smarthost or an inner server. */
export function relaySite(host: string, port: number): MxSite {
  return { key: `relay:${host}:${port}`, title: `${host}, port ${port}` };
}

function unknownSite(domain: string): MxSite {
  return { key: `domain:${domain}`, title: domain };
}

function shortened(key: string): string {
  if (key.length <= SITE_LIMITS.keyCharsMax) return key;
  const digest = createHash('sha256').update(key).digest('hex').slice(0, 12);
  return `${key.slice(0, SITE_LIMITS.keyCharsMax - digest.length - 1)}~${digest}`;
}
