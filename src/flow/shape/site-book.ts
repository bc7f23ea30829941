/** All site gates in memory, bounded, and the suspicion that it is not the sites but our own line that is down. */
import { SHAPE_LIMITS } from '../../base/limits.ts';
import type { MxSite } from '../../contract/sending.ts';
import type { SiteTable } from '../../mail/sites/own-sites.ts';
import type { SiteProfile } from '../../mail/sites/site-profile.ts';
import { SiteGate } from './site-gate.ts';

export class SiteBook {
  readonly #table: SiteTable;
  readonly #byKey: ReadonlyMap<string, SiteProfile>;
  readonly #enabled: boolean;
  readonly #gates = new Map<string, SiteGate>();
  /** Gates with the figures of an older configuration. */
  readonly #outdated = new Set<SiteGate>();
  /** Sites that failed since anything at all answered. */
  readonly #failing = new Set<string>();

  /** `before`: gates of an older configuration that are in use. */
  constructor(table: SiteTable, enabled: boolean, before: Iterable<SiteGate> = []) {
    this.#table = table;
    this.#byKey = new Map(table.profiles.map((profile) => [profile.key, profile]));
    this.#enabled = enabled;
    for (const gate of before) {
      if (gate.inFlight === 0) continue;
      this.#gates.set(gate.site.key, gate);
      this.#outdated.add(gate);
    }
  }

  profileOf(key: string): SiteProfile | undefined {
    return this.#byKey.get(key);
  }

  gate(site: MxSite, now: number): SiteGate {
    const known = this.#gates.get(site.key);
    if (known && !(known.inFlight === 0 && this.#outdated.delete(known))) return known;
    const gate = new SiteGate(site, { ...this.#measure(site), now });
    this.#gates.set(site.key, gate);
    if (this.#gates.size > SHAPE_LIMITS.sitesMax) this.#forgetOne();
    return gate;
  }

  /** Sites are taken for reachable until they show otherwise; those in use keep their places. */
  forget(): void {
    this.#failing.clear();
    for (const [key, gate] of this.#gates) {
      if (gate.inFlight === 0) this.#gates.delete(key);
      else gate.spoke({ welcome: false, crowded: false }, 0);
    }
  }

  all(): Iterable<SiteGate> {
    return this.#gates.values();
  }

  spoke(gate: SiteGate, how: Parameters<SiteGate['spoke']>[0], now: number): void {
    this.#failing.clear();
    gate.spoke(how, now);
  }

  /** As SiteGate.putOff. */
  putOff(gate: SiteGate, now: number, error: string, random: number): ReturnType<SiteGate['putOff']> {
    this.#failing.clear();
    return gate.putOff(now, error, random);
  }

  failed(gate: SiteGate, now: number, error: string, random: number): void {
    if (this.#failing.size < SHAPE_LIMITS.deadSitesSuspicious) this.#failing.add(gate.site.key);
    const ours = this.#failing.size >= SHAPE_LIMITS.deadSitesSuspicious;
    gate.failed(now, error, ours ? SHAPE_LIMITS.deadRestMinMs : SHAPE_LIMITS.deadRestMaxMs, random);
  }

  #measure(site: MxSite) {
    const profile = site.profile ?? this.#byKey.get(site.key);
    const unshaped = site.key.startsWith('relay:') || !this.#enabled;
    if (unshaped) {
      const connections = (this.#enabled ? profile?.limits.connections : undefined) ?? SHAPE_LIMITS.relayConnections;
      return { limits: { ...(profile?.limits ?? this.#table.defaults), connections }, startConnections: connections, unshaped };
    }
    if (!profile) return { limits: this.#table.defaults, startConnections: SHAPE_LIMITS.startConnections, unshaped };
    return { limits: profile.limits, startConnections: Math.min(SHAPE_LIMITS.startConnectionsKnown, profile.limits.connections), unshaped };
  }

  #forgetOne(): void {
    for (const [key, gate] of this.#gates) {
      if (gate.inFlight > 0 || gate.dead.restsUntil > 0) continue;
      this.#gates.delete(key);
      return;
    }
  }
}
