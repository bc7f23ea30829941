/**
 * Which provider hosts a name, and in which zone: of all that know one, the longest; among equals, a provider whose zones are
 * named in the configuration. Zones that the configuration names for
 * a provider bound it to them. What a provider lists is asked once for each run; a provider that cannot be asked makes its
 * names unknown, not foreign. A name below one that it could not answer about is not asked for.
 */
import { DNS_PUBLISH_LIMITS } from '../base/dns-publish-limits.ts';
import { Failure } from '../base/errors.ts';
import { Semaphore } from '../base/semaphore.ts';
import type { DnsProvider, DnsZone } from '../contract/dns-publishing.ts';

export interface HostedZone {
  readonly provider: DnsProvider;
  readonly zone: DnsZone;
}

export type ZoneSearch = { readonly kind: 'found'; readonly hosted: HostedZone } | { readonly kind: 'none' } | { readonly kind: 'unknown'; readonly detail: string };

export interface ConfiguredProvider {
  readonly provider: DnsProvider;
  /** Empty: all that it hosts. */
  readonly zones: readonly string[];
}

export class ZoneFinder {
  readonly #providers: readonly ConfiguredProvider[];
  readonly #signal: AbortSignal;
  readonly #listed = new Map<DnsProvider, Promise<ReadonlyMap<string, DnsZone> | string>>();
  /** Names that a provider could not answer about, and why. */
  readonly #unanswered: ReadonlyMap<DnsProvider, Map<string, string>>;
  readonly #places = new Semaphore(DNS_PUBLISH_LIMITS.zoneQuestionsAtOnce);
  readonly #asked = new Map<string, Promise<ZoneSearch>>();

  constructor(providers: readonly ConfiguredProvider[], signal: AbortSignal) {
    this.#providers = providers;
    this.#signal = signal;
    this.#unanswered = new Map(providers.map(({ provider }) => [provider, new Map<string, string>()]));
  }

  find(name: string): Promise<ZoneSearch> {
    const known = this.#asked.get(name);
    if (known) return known;
    const search = this.#search(name);
    this.#asked.set(name, search);
    return search;
  }

  async #search(name: string): Promise<ZoneSearch> {
    const found = await Promise.all(this.#providers.map((configured) => this.#at(configured, name)));
    const named = new Set(this.#providers.filter(({ zones }) => zones.length > 0).map(({ provider }) => provider));
    const hosted = found
      .flatMap((each) => (each.kind === 'found' ? [each] : []))
      .toSorted((a, b) => b.hosted.zone.name.length - a.hosted.zone.name.length || Number(named.has(b.hosted.provider)) - Number(named.has(a.hosted.provider)));
    return hosted[0] ?? found.find((each) => each.kind === 'unknown') ?? { kind: 'none' };
  }

  async #at({ provider, zones }: ConfiguredProvider, name: string): Promise<ZoneSearch> {
    const suffixes = suffixesOf(name);
    const wanted = zones.length === 0 ? suffixes : suffixes.filter((suffix) => zones.includes(suffix));
    if (wanted.length === 0) return { kind: 'none' };
    if (provider.zoneOf && zones.length === 0) return this.#asking(provider, name);
    const listed = await this.#listOf(provider);
    if (typeof listed === 'string') return { kind: 'unknown', detail: listed };
    const zone = wanted.flatMap((suffix) => listed.get(suffix) ?? [])[0];
    return zone ? { kind: 'found', hosted: { provider, zone } } : { kind: 'none' };
  }

  async #asking(provider: DnsProvider, name: string): Promise<ZoneSearch> {
    return this.#places.run(async () => {
      const unanswered = this.#unanswered.get(provider);
      const above = suffixesOf(name).flatMap((suffix) => unanswered?.get(suffix) ?? [])[0];
      if (above !== undefined) return { kind: 'unknown', detail: above };
      try {
        const zone = await provider.zoneOf?.(name, this.#signal);
        return zone ? { kind: 'found', hosted: { provider, zone } } : { kind: 'none' };
      } catch (error) {
        if (!(error instanceof Failure)) throw error;
        unanswered?.set(name, error.message);
        return { kind: 'unknown', detail: error.message };
      }
    });
  }

  /** The zones by name, or why they are unknown. */
  #listOf(provider: DnsProvider): Promise<ReadonlyMap<string, DnsZone> | string> {
    const known = this.#listed.get(provider);
    if (known) return known;
    const listing = provider.zones(this.#signal).then(
      (zones) => new Map(zones.map((zone) => [zone.name, zone])),
      (error: unknown) => {
        if (error instanceof Failure) return error.message;
        throw error;
      },
    );
    this.#listed.set(provider, listing);
    return listing;
  }
}

/** `a.b.c`, `b.c`, `c`. */
function suffixesOf(name: string): readonly string[] {
  const labels = name.split('.');
  return labels.map((_, at) => labels.slice(at).join('.'));
}
