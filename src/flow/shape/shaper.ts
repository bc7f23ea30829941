/**
 * The shaper: what may go, from which address, how many at once and how fast, by what receivers have answered so far.
 *
 * The queue asks `admit` before every delivery and tells `finish` how it went. Answers come from memory; what is learnt
 * is written to the store soon after (journal.ts). Time, chance and SPF come in as ports.
 */
import type { Clock } from '../../base/clock.ts';
import { SHAPE_LIMITS } from '../../base/limits.ts';
import type { Log } from '../../base/log.ts';
import type { LaneKey, MxSite, Permit } from '../../contract/sending.ts';
import type { Admission, SendRequest, SendResult, Shaper } from '../../contract/shaper.ts';
import type { Pause, ShapingControl } from '../../contract/shaping-control.ts';
import { REFUSED_ALIKE } from '../../mail/reply-meaning/evidence.ts';
import { siteTable, type SiteTable } from '../../mail/sites/own-sites.ts';
import type { LaneStore, ShapeMemory } from '../../store/clients/lanes.ts';
import { type AdmissionParts, decide, type Decision, fallbackOf, isShaped, laneDomain, type ShapedConfig } from './admission.ts';
import { Journal } from './journal.ts';
import { LaneBook } from './lane-book.ts';
import { admitted, reopened } from './lane-status.ts';
import type { Lane, LaneWait } from './lane.ts';
import { learn, learnSpamComplaint } from './learning.ts';
import { Pauses } from './pauses.ts';
import { RefusedAlike } from './refused-alike.ts';
import { readResults, withoutPutOff, type Reading } from './reading.ts';
import { SiteBook } from './site-book.ts';
import type { SiteGate } from './site-gate.ts';
import { createSourceList, isOnInternet, type SourceList } from './sources.ts';
import { SpfGuard, type SpfQuestion } from './spf-guard.ts';
import { laneView, siteView, sourceViews } from './views.ts';
import { isClosed } from './window-quota.ts';

export interface ShaperOptions {
  /** The live one: a reload replaces its parts. */
  readonly config: ShapedConfig;
  readonly clock: Clock;
  readonly log: Log;
  readonly store: Pick<LaneStore, 'save' | 'pause' | 'resume'>;
  /** What an earlier run has learnt: store.lanes.load(). */
  readonly memory: ShapeMemory;
  readonly spf: SpfQuestion;
  /** In [0, 1). Default Math.random. */
  readonly random?: () => number;
  /** Whether an address has a reputation: warm-up and low-volume mode are for these. Default: not private, not loopback. */
  readonly onInternet?: (address: string) => boolean;
}

export interface LiveShaper extends Shaper {
  readonly control: ShapingControl;
  /** The world is another one (the lab's weather changed): what was learnt about sites holds no more. Pauses stay. */
  forget(): void;
  /** A recipient called mail of this lane spam. */
  complained(key: LaneKey): void;
  /** The configuration changed: who waits asks again. */
  reloaded(): void;
  /** Writes what is not yet written. */
  close(): Promise<void>;
}

/** What is taken by a permit and comes back with it. */
interface Ticket {
  readonly gate: SiteGate;
  readonly source: string;
  readonly lanes: readonly Lane[];
  readonly admittedAt: number;
  readonly request: SendRequest;
  readonly detour: boolean;
}

export function createShaper(options: ShaperOptions): LiveShaper {
  return new ClosedLoopShaper(options);
}

class ClosedLoopShaper implements LiveShaper {
  readonly #options: ShaperOptions;
  readonly #journal: Journal;
  readonly #lanes: LaneBook;
  readonly #pauses: Pauses;
  readonly #spf: SpfGuard;
  readonly #refusedAlike = new RefusedAlike();
  readonly #tickets = new Map<Permit, Ticket>();
  readonly #listeners: ((siteKey: string | undefined) => void)[] = [];
  #sources: SourceList;
  #sites: SiteBook;
  #table: SiteTable;
  /** What the parts above were made from. */
  #madeFrom: Pick<ShapedConfig, 'outbound' | 'sites' | 'shaping'>;
  readonly control: ShapingControl;

  constructor(options: ShaperOptions) {
    this.#options = options;
    const { config, clock, log, store, memory, spf, onInternet = isOnInternet } = options;
    this.#madeFrom = { ...config };
    this.#table = siteTable(config.sites ?? []);
    this.#sites = new SiteBook(this.#table, config.shaping?.enabled ?? true);
    this.#sources = createSourceList(config);
    this.#journal = new Journal({ save: (batch) => store.save(batch), clock, log });
    this.#pauses = new Pauses(memory.pauses);
    this.#spf = new SpfGuard(spf, clock);
    this.#lanes = new LaneBook({
      journal: this.#journal,
      memory,
      now: clock.now(),
      profileOf: (key) => this.#sites.profileOf(key),
      warmsUp: (source) => (config.shaping?.warmUp ?? true) && source !== '' && onInternet(source) && this.#sources.all.some((candidate) => candidate.source.address === source && !candidate.warm),
    });
    this.control = this.#createControl();
  }

  admit(request: SendRequest): Admission {
    const now = this.#options.clock.now();
    const decision = this.#decide(request, now);
    return decision.kind === 'wait' ? waitFor(decision.wait) : { kind: 'go', permit: this.#take(decision, request, now) };
  }

  preview(request: SendRequest): Admission {
    const decision = this.#decide(request, this.#options.clock.now());
    return decision.kind === 'wait' ? waitFor(decision.wait) : { kind: 'go', permit: permitOf(decision, request, this.#options.config) };
  }

  finish(permit: Permit, said: readonly SendResult[]): readonly SendResult[] {
    const ticket = this.#tickets.get(permit);
    if (!ticket) return said;
    this.#tickets.delete(permit);
    const now = this.#options.clock.now();
    const results = this.#inLightOfOthers(ticket, said, now);
    const read = readResults(results);
    const reading = read.mayGreylist && ticket.gate.meets() ? withoutPutOff(read) : read;
    ticket.gate.release(now, ticket.source, reading.opened > 0);
    for (const lane of ticket.lanes) lane.inFlight -= 1;
    const relapsed = this.#learnReach(ticket, reading, now) === 'relapsed';
    if (!ticket.detour) this.#learnStanding(permit, ticket, { reading, relapsed }, now);
    this.#tell(ticket.request.site.key);
    return results;
  }

  #inLightOfOthers({ gate, source, lanes, request, detour }: Ticket, results: readonly SendResult[], now: number): readonly SendResult[] {
    return this.#refusedAlike.read({
      source: detour ? '' : source, site: gate.site.key, siteTitle: gate.site.title, domain: laneDomain(request), signed: request.dkimDomain !== '', now, alone: gate.inFlight <= 1,
      closed: lanes.some(({ status }) => status.state === 'blocked' && status.rule === REFUSED_ALIKE),
    }, results);
  }

  onRoom(listener: (siteKey: string | undefined) => void): void {
    this.#listeners.push(listener);
  }

  retryOf(site: MxSite): { readonly minMs: number; readonly maxMs: number } | undefined {
    return (site.profile ?? this.#sites.profileOf(site.key))?.retry;
  }

  forget(): void {
    const now = this.#options.clock.now();
    this.#lanes.forget(now);
    this.#sites.forget();
    this.#tell(undefined);
  }

  complained({ source, site, dkimDomain }: LaneKey): void {
    const now = this.#options.clock.now();
    const profile = this.#sites.profileOf(site);
    // Where the system chooses, the lane has no address.
    const used = this.#sources.all.some((candidate) => candidate.source.address === source) ? source : '';
    for (const domain of new Set(['', dkimDomain])) {
      const lane = this.#lanes.lane({ source: used, site, dkimDomain: domain }, profile, now);
      lane.turn(now);
      learnSpamComplaint(lane, now);
      this.#journal.touch(lane);
    }
    this.#tell(site);
  }

  reloaded(): void {
    this.#tell(undefined);
  }

  close(): Promise<void> {
    for (const lane of this.#lanes.all()) {
      lane.isLeaving = true;
      if (lane.isEventful(this.#options.clock.now())) this.#journal.touch(lane);
    }
    return this.#journal.flush();
  }

  #decide(request: SendRequest, now: number): Decision {
    this.#refresh();
    const { config } = this.#options;
    const parts: AdmissionParts = {
      config,
      lanes: this.#lanes,
      sites: this.#sites,
      pauses: this.#pauses,
      sources: this.#sources,
      spfPermits: ({ address, helo }, sender, siteKey) => this.#spf.permits(address, sender, helo, () => this.#tell(siteKey)),
    };
    return decide(parts, request, now);
  }

  /** A reload replaces parts of the configuration by new objects. Gates in use keep what they had until they are idle. */
  #refresh(): void {
    const { config } = this.#options;
    const { outbound, sites, shaping } = config;
    if (this.#madeFrom.outbound === outbound && this.#madeFrom.sites === sites && this.#madeFrom.shaping === shaping) return;
    if (this.#madeFrom.outbound !== outbound) this.#sources = createSourceList(config);
    this.#table = siteTable(sites ?? []);
    this.#sites = new SiteBook(this.#table, shaping?.enabled ?? true, this.#sites.all());
    this.#madeFrom = { ...config };
  }

  #take(decision: Exclude<Decision, { kind: 'wait' }>, request: SendRequest, now: number): Permit {
    const permit = permitOf(decision, request, this.#options.config);
    const { gate } = decision;
    const source = permit.lane.source;
    gate.take(now, source);
    const lanes = decision.kind === 'go' ? (decision.picks[0]?.lanes ?? []) : [];
    for (const lane of lanes) {
      lane.take(now, request.stream === 'bulk');
      lane.set(admitted(lane.status, now), now);
    }
    if (decision.kind === 'go') {
      decision.trickle?.take(now);
      for (const { candidate } of decision.picks) this.#sources.used(candidate);
    }
    this.#tickets.set(permit, { gate, source, lanes, admittedAt: now, request, detour: decision.kind === 'detour' });
    return permit;
  }

  /** Could the site be reached at all. */
  #learnReach({ gate, source }: Ticket, reading: Reading, now: number): ReturnType<SiteGate['putOff']> | undefined {
    const { onInternet = isOnInternet, random = Math.random } = this.#options;
    if (reading.peerAddress !== undefined && onInternet(reading.peerAddress)) gate.isRemote = true;
    if (reading.tooMany && gate.crowded(now, source)) return undefined;
    if (reading.putOff) {
      const gone = this.#sites.putOff(gate, now, reading.words, random());
      // What it does not answer is no word on how much we send.
      return reading.bad > 0 ? gone : undefined;
    }
    if (reading.connection === 'spoke') this.#sites.spoke(gate, { welcome: reading.bad === 0 && reading.complaints.length === 0 && !reading.mayGreylist, crowded: reading.crowded }, now);
    else if (reading.connection === 'failed') this.#sites.failed(gate, now, reading.error, random());
    else gate.unknown();
    return undefined;
  }

  /** What the site thinks of us: of the address that was really used. */
  #learnStanding(permit: Permit, ticket: Ticket, { reading, relapsed }: { readonly reading: Reading; readonly relapsed: boolean }, now: number): void {
    const { request, admittedAt } = ticket;
    if (!isShaped(request.site, this.#options.config)) return;
    const profile = request.site.profile ?? this.#sites.profileOf(request.site.key);
    const used = permit.sources.find(({ address }) => address === reading.localAddress)?.address ?? ticket.source;
    const lanes = used === ticket.source ? ticket.lanes : this.#lanesOf(request, used, now);
    if (reading.delivered > 0) this.#lanes.countSent(used, reading.delivered, now);
    const [ofSource, ofDomain] = lanes;
    const domainAlone = ofDomain !== undefined && reading.bad > 0 && (reading.ofDomain || isClosedAlone(ofDomain, ofSource) || (ofDomain.ratio.isAllBad(now, SHAPE_LIMITS.domainAloneMin) && ofSource?.ratio.hasGood(now)));
    for (const lane of lanes) {
      // Only the guilty one rests: other domains' mail from this address is taken.
      const its = domainAlone && lane === ofSource ? withoutPutOff(reading) : reading;
      learn(lane, { now, admittedAt, queuedAt: request.queuedAt, domain: laneDomain(request), profile, reading: its, relapsed, ailing: ticket.gate.isAiling });
      if (lane.isStored || lane.isEventful(now)) this.#journal.touch(lane);
    }
  }

  #lanesOf(request: SendRequest, source: string, now: number): readonly Lane[] {
    const site = request.site.key;
    const domain = laneDomain(request);
    const profile = request.site.profile ?? this.#sites.profileOf(site);
    return (domain === '' ? [''] : ['', domain]).map((dkimDomain) => this.#lanes.lane({ source, site, dkimDomain }, profile, now));
  }

  #tell(siteKey: string | undefined): void {
    for (const listener of this.#listeners) listener(siteKey);
  }

  #createControl(): ShapingControl {
    const { clock, store } = this.#options;
    return {
      sources: () => sourceViews(this.#sources, this.#lanes, clock.now()),
      lanes: (source) => {
        const now = clock.now();
        const shown = [...this.#lanes.all()].filter(({ key }) => source === undefined || key.source === source);
        for (const lane of shown) lane.turn(now);
        return shown.filter((lane) => lane.status.state !== 'steady' || (lane.key.dkimDomain === '' && !isIdleStandIn(lane))).map((lane) => laneView(lane, now));
      },
      sites: () => [...this.#sites.all()].map((gate) => siteView(gate)),
      pauses: () => this.#pauses.list(clock.now()),
      pause: async (pause: Pause) => {
        await store.pause(pause);
        this.#pauses.put(pause);
        this.#options.log.info('shaping.paused', { ...pause });
      },
      resume: async (kind, name) => {
        const stored = await store.resume(kind, name);
        const known = this.#pauses.remove(kind, name);
        if (stored || known) this.#options.log.info('shaping.resumed', { kind, name });
        this.#tell(undefined);
        return stored || known;
      },
      reopen: async (source, site) => {
        const now = clock.now();
        const lanes = [...this.#lanes.all()].filter(({ key, status }) => key.source === source && (site === undefined || key.site === site) && (status.state === 'hot' || status.state === 'blocked'));
        for (const lane of lanes) lane.set(reopened(lane.status, now), now);
        await this.#journal.flush();
        this.#tell(site);
        return lanes.length;
      },
      flush: () => this.#journal.flush(),
    };
  }
}

function waitFor({ rule, reason, until, concerns }: LaneWait): Admission {
  return { kind: 'wait', rule, reason, ...(until !== undefined && { until }), ...(concerns && { concerns }) };
}

function permitOf(decision: Exclude<Decision, { kind: 'wait' }>, request: SendRequest, config: ShapedConfig): Permit {
  const { site } = request;
  const { gate } = decision;
  const messagesPerConnectionMax = gate.limits.messagesPerConnection;
  if (decision.kind === 'detour') {
    const lane = { source: '', site: gate.site.key, dkimDomain: '' };
    return { site, lane, sources: [], protocols: decision.protocols, messagesPerConnectionMax, tlsRequired: decision.relay.tls === 'verify', detour: decision.relay };
  }
  const sources = decision.picks.map(({ candidate }) => candidate.source).filter(({ address }) => address !== '');
  return {
    site,
    lane: { source: decision.picks[0]?.candidate.source.address ?? '', site: site.key, dkimDomain: laneDomain(request) },
    sources,
    protocols: decision.picks.map(({ protocol }) => protocol),
    messagesPerConnectionMax,
    tlsRequired: site.profile?.tls === 'required',
    ...(fallbackOf(config, site.key) && { wayRound: true }),
  };
}

/** Nothing of this domain has been taken for long, and mail of others has, from the same address. */
function isClosedAlone({ status: { windowQuota } }: Lane, ofSource: Lane | undefined): boolean {
  return isClosed(windowQuota) && ofSource !== undefined && ofSource.takenAt > windowQuota.closure.at;
}

/** What a shaper starts from when nothing is known. */
export const NO_MEMORY: ShapeMemory = { lanes: [], days: [], pauses: [] };

/** Of a domain whose servers nobody could name: as long as nothing came of it, no site has been met there. */
function isIdleStandIn({ key, inFlight, sentToday, deferredToday, complaintsToday }: Lane): boolean {
  return key.site.startsWith('domain:') && inFlight + sentToday + deferredToday + complaintsToday === 0;
}
