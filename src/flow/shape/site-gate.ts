/**
 * What one site gets from us, whoever sends: places (deliveries at once), new connections and messages a minute, and the
 * rest of a site that cannot be reached. A reserve of places and rate is kept from bulk mail, so that a mailing cannot
 * hold up a password reset; the very last place of a large site is for urgent mail.
 */
import { SHAPE_LIMITS } from '../../base/limits.ts';
import type { MxSite, Stream } from '../../contract/sending.ts';
import type { SiteLimits } from '../../mail/sites/site-profile.ts';
import { Concurrency } from './concurrency.ts';
import { ALIVE, deadWait, failedToConnect, isDead, type DeadSiteState } from './dead-site.ts';
import { figure } from './lane-status.ts';
import { probeText, type LaneWait } from './lane.ts';
import { TokenBucket } from './token-bucket.ts';

/** Places from which on the last one is kept for urgent mail. */
const URGENT_PLACE_FROM = 5;

export interface GateOptions {
  readonly limits: SiteLimits;
  readonly startConnections: number;
  /** A smarthost of ours, or shaping is off: connections are bounded, nothing else. */
  readonly unshaped: boolean;
  readonly now: number;
}

export class SiteGate {
  readonly site: MxSite;
  readonly concurrency: Concurrency;
  inFlight = 0;
  /** By source address, for sites that count them apart. */
  readonly inFlightBySource = new Map<string, number>();
  usedAt: number;
  dead: DeadSiteState = ALIVE;
  /** A peer there has an address of the internet, not of this machine or a private network. */
  isRemote = false;
  lastError = '';
  readonly #limits: SiteLimits;
  readonly #unshaped: boolean;
  readonly #connections: TokenBucket;
  readonly #messages: TokenBucket | undefined;
  /** Milliseconds since 1970 at which it last was closed for putting all off, and whether it took mail since. */
  #closedAt = Number.NEGATIVE_INFINITY;
  #tookSinceClosed = false;
  /** Recipients put off at their first try since it took something. */
  #strangers = 0;
  readonly #trickles = new Map<string, TokenBucket>();

  constructor(site: MxSite, { limits, startConnections, unshaped, now }: GateOptions) {
    this.site = site;
    this.usedAt = now;
    this.#limits = limits;
    this.#unshaped = unshaped;
    this.concurrency = new Concurrency(startConnections, limits.connections);
    this.#connections = new TokenBucket(limits.connectionsPerMinute, limits.connectionsPerMinute, now);
    // Ten seconds' worth at once: a rate is not saved up for a burst.
    this.#messages = limits.messagesPerMinute === undefined ? undefined : new TokenBucket(limits.messagesPerMinute, limits.messagesPerMinute / 6, now);
  }

  get limits(): SiteLimits {
    return this.#limits;
  }

  /** `source` is the address that would be used. */
  wait(now: number, stream: Stream, source: string): LaneWait | undefined {
    const dead = this.#unshaped ? undefined : this.#deadWait(now);
    if (dead) return dead;
    const { allowed } = this.concurrency;
    const usable = allowed - this.#reserved(stream);
    const used = this.#limits.perSource ? (this.inFlightBySource.get(source) ?? 0) : this.inFlight;
    if (used >= usable) {
      const kept = usable < allowed ? ` (${allowed - usable} more kept for mail that is more urgent)` : '';
      return { rule: 'site-connections', reason: `${usable === 1 ? 'The only place' : `All ${usable} places`} at ${this.site.title} ${usable === 1 ? 'is' : 'are'} taken${kept}; it goes as soon as one is free.` };
    }
    if (this.#unshaped) return undefined;
    return this.#rateWait(now, stream);
  }

  take(now: number, source: string): void {
    if (isDead(this.dead)) this.dead = { ...this.dead, probing: true };
    this.inFlight += 1;
    this.usedAt = now;
    this.inFlightBySource.set(source, (this.inFlightBySource.get(source) ?? 0) + 1);
    this.#connections.take(now);
    this.#messages?.take(now);
  }

  /** `opened`: a new connection was made; else its token comes back. */
  release(now: number, source: string, opened: boolean): void {
    this.inFlight -= 1;
    const left = (this.inFlightBySource.get(source) ?? 1) - 1;
    if (left === 0) this.inFlightBySource.delete(source);
    else this.inFlightBySource.set(source, left);
    if (!opened) this.#connections.giveBack(now);
  }

  /** `welcome`: it took something; `crowded`: it wants fewer of us at once. */
  spoke({ welcome, crowded }: { readonly welcome: boolean; readonly crowded: boolean }, now: number): void {
    this.dead = ALIVE;
    if (welcome) {
      this.#tookSinceClosed = true;
      this.#strangers = 0;
    }
    if (crowded) this.concurrency.failed();
    else if (welcome) this.concurrency.succeeded(now);
  }

  /** A connection was one too many, beside those that are in use; false: there is no other, and it means something else. */
  crowded(now: number, source: string): boolean {
    const borne = this.#limits.perSource ? (this.inFlightBySource.get(source) ?? 0) : this.inFlight;
    if (borne > 0) this.concurrency.crowded(borne, now);
    return borne > 0;
  }

  /**
   * It put off a recipient of whom it had not heard. Whoever greylists does so with each of them, and their time runs only
   * from the first try on: to close the site would keep the others from beginning. False when that goes on for too many.
   */
  meets(): boolean {
    this.#strangers += 1;
    return !isDead(this.dead) && this.#strangers <= SHAPE_LIMITS.strangersPutOffMax;
  }

  /** It put off what came, for want of room or parts. `relapsed`: it closes again, having taken mail in between. */
  putOff(now: number, error: string, random: number): 'open' | 'closed' | 'relapsed' {
    const wasDead = isDead(this.dead);
    this.dead = failedToConnect(this.dead, { now, error, places: this.concurrency.allowed, restMaxMs: SHAPE_LIMITS.ailingRestMaxMs, random, answers: true });
    this.lastError = error;
    this.concurrency.failed();
    if (!isDead(this.dead)) return 'open';
    if (wasDead) return 'closed';
    const relapsed = this.#tookSinceClosed && now - this.#closedAt < SHAPE_LIMITS.relapseMs;
    this.#closedAt = now;
    this.#tookSinceClosed = false;
    return relapsed ? 'relapsed' : 'closed';
  }

  /** It rests because it puts everything off. */
  get isAiling(): boolean {
    return isDead(this.dead) && this.dead.answers;
  }

  failed(now: number, error: string, restMaxMs: number, random: number): void {
    // Before the places shrink: a cohort is what was under way.
    this.dead = failedToConnect(this.dead, { now, error, places: this.concurrency.allowed, restMaxMs, random });
    this.lastError = error;
    this.concurrency.failed();
  }

  /** For a source that sends little. */
  trickle(source: string, now: number): TokenBucket {
    const known = this.#trickles.get(source) ?? new TokenBucket(SHAPE_LIMITS.tricklePerMinute, SHAPE_LIMITS.trickleBurst, now);
    this.#trickles.set(source, known);
    return known;
  }

  /** A probe that found out nothing, because of trouble of our own. */
  unknown(): void {
    if (this.dead.probing) this.dead = { ...this.dead, probing: false };
  }

  #deadWait(now: number): LaneWait | undefined {
    const wait = deadWait(this.dead, now);
    if (!wait) return undefined;
    if (this.dead.answers && / while waiting for the answer /.test(this.dead.lastError)) {
      const reason = `${this.site.title} takes messages without saying whether it has them (${this.dead.lastError}), and each of them may arrive more than once; ${probeText(wait.until, now)}.`;
      return { rule: 'site-ailing', concerns: 'site', ...wait, reason };
    }
    if (this.dead.answers) return { rule: 'site-ailing', concerns: 'site', ...wait, reason: `${this.site.title} puts all mail off, whoever sends it (it said: ${this.dead.lastError}); ${probeText(wait.until, now)}.` };
    // RFC 3463 §3.5: X.4.1 and X.4.2 are about the way there; else it was reached, and could not be used (TLS, nonsense).
    const trouble = / 4\.4\.[12] /.test(this.dead.lastError) ? 'cannot be reached' : 'cannot be used now';
    return { rule: 'site-unreachable', concerns: 'site', ...wait, reason: `${this.site.title} ${trouble} (${this.dead.lastError}); ${probeText(wait.until, now)}.` };
  }

  #reserved(stream: Stream): number {
    const { allowed } = this.concurrency;
    if (allowed < 2 || stream === 'urgent') return 0;
    if (stream === 'bulk') return Math.max(1, Math.ceil(allowed * SHAPE_LIMITS.reserveShare));
    return allowed >= URGENT_PLACE_FROM ? 1 : 0;
  }

  #rateWait(now: number, stream: Stream): LaneWait | undefined {
    const share = stream === 'bulk' ? SHAPE_LIMITS.reserveShare : 0;
    const connectAt = this.#connections.readyAt(now, 1 + this.#connections.perMinute * share);
    if (connectAt > now) return { rule: 'site-connection-rate', until: connectAt, reason: `${this.site.title} gets at most ${this.#limits.connectionsPerMinute} new connections a minute, and has had those of this minute.` };
    if (!this.#messages) return undefined;
    const sendAt = this.#messages.readyAt(now, 1 + (this.#messages.perMinute / 6 - 1) * (this.#messages.perMinute > 12 ? share : 0));
    if (sendAt <= now) return undefined;
    return { rule: 'site-rate', until: sendAt, reason: `${this.site.title} gets at most ${figure(this.#messages.perMinute)} messages a minute, and has had those of this minute.` };
  }
}
