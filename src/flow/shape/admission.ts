/**
 * May this delivery go now, from which of our addresses, and if not, why: every reason to wait, asked in the order in
 * which people want to hear them. Decides only; taking the place is the shaper's.
 *
 *   pause of site or sender → lanes of our addresses (hot, blocked, warm-up, pause of an address) → standby → detour
 *   → the site itself (unreachable, places, rates) → low-volume trickle
 */
import { SHAPE_LIMITS } from '../../base/limits.ts';
import type { Config, FallbackConfig } from '../../config/config.ts';
import type { MxSite, RelayTarget, SourceIp } from '../../contract/sending.ts';
import type { SendRequest } from '../../contract/shaper.ts';
import { domainOf } from '../../mail/address.ts';
import type { SiteProfile } from '../../mail/sites/site-profile.ts';
import type { LaneBook } from './lane-book.ts';
import type { Lane, LaneWait } from './lane.ts';
import type { Pauses } from './pauses.ts';
import type { SiteBook } from './site-book.ts';
import type { SiteGate } from './site-gate.ts';
import type { Candidate, Protocol, SourceList } from './sources.ts';
import { TokenBucket } from './token-bucket.ts';

export interface AdmissionParts {
  readonly config: ShapedConfig;
  readonly lanes: LaneBook;
  readonly sites: SiteBook;
  readonly pauses: Pauses;
  readonly sources: SourceList;
  /** May mail of this sender leave from this address, by SPF; asks when nobody knows yet. */
  readonly spfPermits: (source: SourceIp, sender: string, siteKey: string) => boolean;
}

/** What of the configuration shaping reads; a reload replaces its parts. */
export interface ShapedConfig {
  readonly hostname: Config['hostname'];
  readonly outbound: Config['outbound'];
  readonly shaping?: NonNullable<Config['shaping']>;
  readonly sites?: NonNullable<Config['sites']>;
}

/** One of our addresses, with the lanes that a delivery from it passes. */
export interface Pick {
  readonly candidate: Candidate;
  readonly protocol: Protocol;
  readonly lanes: readonly Lane[];
}

export type Decision =
  | { readonly kind: 'go'; readonly gate: SiteGate; readonly picks: readonly Pick[]; readonly trickle?: TokenBucket }
  | { readonly kind: 'detour'; readonly gate: SiteGate; readonly relay: RelayTarget; readonly protocols: readonly Protocol[] }
  | { readonly kind: 'wait'; readonly wait: LaneWait };

interface Asked {
  readonly parts: AdmissionParts;
  readonly request: SendRequest;
  readonly profile: SiteProfile | undefined;
  readonly now: number;
  /** Resting lanes are tried, too. */
  readonly knocking?: true;
}

/** Nothing but connections is bounded for a smarthost of ours: its limits are a contract, not a reputation. */
export function isShaped(site: MxSite, config: AdmissionParts['config']): boolean {
  return (config.shaping?.enabled ?? true) && !site.key.startsWith('relay:');
}

export function decide(parts: AdmissionParts, request: SendRequest, now: number): Decision {
  const { site, sender } = request;
  const paused = parts.pauses.waitOfSite(site.key, now) ?? parts.pauses.waitOfSender(sender, now);
  if (paused) return { kind: 'wait', wait: paused };
  const asked: Asked = { parts, request, profile: site.profile ?? parts.sites.profileOf(site.key), now };
  let chosen = chooseSources(asked);
  if (chosen.picks.length === 0) {
    const { waits } = chosen;
    const away = detour(asked, waits);
    if (away) return away;
    // A letter that would wait out a rest may find out whether it is over; nothing else can carry it now.
    if (request.stream !== 'bulk' && waits.some(({ rests }) => rests === 'hot')) chosen = chooseSources({ ...asked, knocking: true });
    if (chosen.picks.length === 0) return { kind: 'wait', wait: forWhom(parts.sources, waits, soonest(waits, now)) };
  }
  const gate = parts.sites.gate(site, now);
  const source = (chosen.picks[0] as Pick).candidate.source.address;
  const wait = gate.wait(now, request.stream, source);
  // Where all source addresses share the places, nobody of this stream fares better.
  if (wait) return { kind: 'wait', wait: gate.limits.perSource ? wait : { concerns: 'stream', ...wait } };
  return trickling(asked, gate, chosen.picks, source);
}

function protocolsOf({ parts, profile }: Asked): readonly Protocol[] {
  const configured = parts.config.outbound.protocols;
  const wanted = profile?.protocols?.filter((protocol) => configured.includes(protocol)) ?? configured;
  return wanted.length > 0 ? wanted : configured;
}

function chooseSources(asked: Asked): { readonly picks: readonly Pick[]; readonly waits: readonly LaneWait[] } {
  const picks: Pick[] = [];
  const waits: LaneWait[] = [];
  for (const protocol of protocolsOf(asked)) {
    const found = chooseSource(asked, protocol);
    if ('candidate' in found) picks.push(found);
    else waits.push(...found.waits);
  }
  return { picks, waits };
}

/** Candidates come in the order of their turn, standby ones last. */
function chooseSource(asked: Asked, protocol: Protocol): Pick | { readonly waits: readonly LaneWait[] } {
  const { parts, request } = asked;
  const candidates = parts.sources.candidates(request.stream, request.sender, protocol);
  const waits: LaneWait[] = [];
  const regulars = candidates.some(({ standby }) => !standby);
  for (const candidate of candidates) {
    if (candidate.standby && regulars && !mayStepIn(asked, candidate, waits)) continue;
    const { wait, lanes } = tryLanes(asked, candidate);
    if (!wait) return { candidate, protocol, lanes };
    waits.push(wait);
  }
  return { waits };
}

function tryLanes(asked: Asked, candidate: Candidate): { readonly wait?: LaneWait | undefined; readonly lanes: readonly Lane[] } {
  const { parts, request, profile, now, knocking = false } = asked;
  const { address } = candidate.source;
  const paused = parts.pauses.waitOfSource(address, now);
  if (paused) return { wait: paused, lanes: [] };
  if (!isShaped(request.site, parts.config)) return { lanes: [] };
  const lanes = lanesOf(asked, address);
  for (const lane of lanes) {
    const wait = lane.wait(now, request.stream === 'bulk', profile?.title ?? request.site.title);
    if (wait && !(knocking && lane.mayKnock(now, laneDomain(request)))) return { wait, lanes };
  }
  return { lanes };
}

/** That of the address and, beside it, that of the domain the mail answers for: d=, else that of the envelope sender. */
function lanesOf({ parts, request, profile, now }: Asked, source: string): readonly Lane[] {
  const site = request.site.key;
  const ofSource = parts.lanes.lane({ source, site, dkimDomain: '' }, profile, now);
  const domain = laneDomain(request);
  return domain === '' ? [ofSource] : [ofSource, parts.lanes.lane({ source, site, dkimDomain: domain }, profile, now)];
}

export function laneDomain({ dkimDomain, sender }: SendRequest): string {
  return dkimDomain !== '' ? dkimDomain : domainOf(sender).toLowerCase();
}

/**
 * A standby steps in while all the others rest because they were too fast; never to get round a block or a pause, only
 * when its own lanes are clean, and only when SPF of the sender lists it.
 */
function mayStepIn(asked: Asked, candidate: Candidate, waits: readonly LaneWait[]): boolean {
  if (waits.length === 0 || waits.some(({ rests }) => rests !== 'hot')) return false;
  const { parts, request } = asked;
  const clean = lanesOf(asked, candidate.source.address).every(({ status }) => status.state === 'steady' || status.state === 'warming' || status.state === 'cold');
  return clean && parts.spfPermits(candidate.source, request.sender, request.site.key);
}

function detour({ parts, request, now, profile }: Asked, waits: readonly LaneWait[]): Decision | undefined {
  const fallback = fallbackOf(parts.config, request.site.key);
  if (!fallback || waits.length === 0 || !waits.every(({ rests }) => rests !== undefined)) return undefined;
  const site: MxSite = { key: `relay:${fallback.host}:${fallback.port}`, title: `${fallback.host}, port ${fallback.port}` };
  const paused = parts.pauses.waitOfSite(site.key, now);
  if (paused) return { kind: 'wait', wait: paused };
  const gate = parts.sites.gate(site, now);
  const wait = gate.wait(now, request.stream, '');
  if (wait) return { kind: 'wait', wait };
  return { kind: 'detour', gate, relay: targetOf(fallback), protocols: protocolsOf({ parts, request, now, profile }) };
}

/** The smarthost that takes mail for this site while our own addresses rest there. */
export function fallbackOf({ outbound }: ShapedConfig, siteKey: string): FallbackConfig | undefined {
  return outbound.fallbacks?.find(({ sites }) => sites.includes(siteKey));
}

function targetOf({ sites: _sites, ...relay }: FallbackConfig): RelayTarget {
  return relay;
}

/** A source that sends little sends evenly: no burst that looks like a machine that was broken into. */
function trickling({ parts, request, now }: Asked, gate: SiteGate, picks: readonly Pick[], source: string): Decision {
  const lowVolume = parts.config.shaping?.lowVolume ?? 200;
  const day = parts.lanes.sourceDay(source, now);
  const low = gate.isRemote && isShaped(request.site, parts.config) && Math.max(day.today, day.yesterday) < lowVolume;
  if (!low || request.stream === 'urgent') return { kind: 'go', gate, picks };
  const trickle = gate.trickle(source, now);
  const title = request.site.title;
  if ((gate.inFlightBySource.get(source) ?? 0) >= SHAPE_LIMITS.trickleConnections) {
    return { kind: 'wait', wait: { rule: 'low-volume', concerns: 'stream', reason: `This server sends little, so ${title} gets ${SHAPE_LIMITS.trickleConnections} deliveries at once; it goes as soon as one is done.` } };
  }
  const readyAt = trickle.readyAt(now);
  if (readyAt <= now) return { kind: 'go', gate, picks, trickle };
  return { kind: 'wait', wait: { rule: 'low-volume', concerns: 'stream', until: readyAt, reason: `This server sends little, so ${title} gets its mail evenly, ${SHAPE_LIMITS.tricklePerMinute} messages a minute.` } };
}

/** Where all mail has the same addresses to choose from, what holds for the addresses holds for everybody. */
function forWhom(sources: SourceList, waits: readonly LaneWait[], wait: LaneWait): LaneWait {
  const { concerns: _, ...own } = wait;
  if (!sources.uniform || waits.some(({ concerns }) => concerns === undefined)) return own;
  return { ...own, concerns: waits.some(({ concerns }) => concerns === 'stream') ? 'stream' : 'site' };
}

/** The one that ends first; one that ends with a delivery counts as now, because nobody knows. */
function soonest(waits: readonly LaneWait[], now: number): LaneWait {
  const [first, ...others] = waits;
  if (!first) return { rule: 'no-source', reason: 'The pool for this mail has no address of a protocol in outbound.protocols; correct outbound.ip or outbound.pool.', until: now + SHAPE_LIMITS.deadRestMinMs };
  return others.reduce((best, wait) => ((wait.until ?? 0) < (best.until ?? 0) ? wait : best), first);
}
