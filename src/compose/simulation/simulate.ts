/**
 * Rehearses the warm-up of a new source address: the real scheduler and the real shaper, on a clock that jumps from event
 * to event, against models of large receivers (lab/simulation). Nothing touches network or disk; the same options give
 * the same run.
 */
import { BufferSource } from '../../base/byte-source.ts';
import { sleep } from '../../base/clock.ts';
import { silentLog } from '../../base/log.ts';
import { VirtualClock } from '../../base/virtual-clock.ts';
import type { Config, OutboundIp } from '../../config/config.ts';
import type { Deliverer, DeliveryJob, DeliveryOutcome, Feedback, NewQueueItem, QueueItem, Router, Settlement } from '../../contract/queue.ts';
import type { MxSite } from '../../contract/sending.ts';
import type { SimulatedDay, SimulatedReceiver, SimulationOptions, SimulationResult } from '../../contract/simulation.ts';
import { createQueue, type Queue } from '../../flow/queue/queue.ts';
import { siteOf } from '../../flow/route/site-finder.ts';
import { MODELLED_RECEIVERS, ReceiverModel, type DayFigures, type ReceiverFigures } from '../../lab/simulation/receiver-model.ts';
import { SITE_PROFILES } from '../../mail/sites/find-site.ts';
import { wishesOfDay, type Wish } from './demand.ts';
import { MemoryQueue } from './memory-queue.ts';
import { createRehearsedShaper, rehearsedSources, type RehearsedShaper } from './rehearsed-shaper.ts';
import { seededRandom } from './seeded-random.ts';

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
/** A Monday, at midnight UTC. */
const START_MS = Date.UTC(2026, 10, 23);
const QUEUE_CONFIG = { lifetimeMs: 5 * DAY_MS, bounceLifetimeMs: 5 * DAY_MS, retryMinMs: 300_000, retryMaxMs: 4 * HOUR_MS, onBlock: 'requeue', delayNoticeMs: 0 } as const;
/** What an address that has sent for years is trusted with: so many times the volume. */
const KNOWN_TRUST = 2;
/** One message over one connection, from the first byte to the answer. */
const ATTEMPT_MS_MIN = 300;
const ATTEMPT_MS_SPREAD = 900;

const RELAYED = { code: 250, enhanced: '2.0.0', text: 'taken by the smarthost' } as const;
const NO_REPORTS: Feedback = { followUps: async () => [] };

/** What a test may change: how receivers take to us, and what else is set up for sending. */
export interface SimulationWorld {
  /** Default MODELLED_RECEIVERS; one for each key that `wishesOfDay` knows. */
  readonly receivers?: readonly ReceiverFigures[];
  readonly ips?: readonly OutboundIp[];
  readonly outbound?: Partial<Config['outbound']>;
}

export async function simulate(options: SimulationOptions, world: SimulationWorld = {}): Promise<SimulationResult> {
  const simulation = new Simulation(options, world);
  const receivers = await simulation.run();
  const source = 'The replies are those that the providers publish; when they give them is a model, for no provider tells.';
  return { options, source, receivers };
}

interface Tally {
  wanted: number;
  delivered: number;
  expired: number;
  letterWaitMsMax: number;
}

class Receiver {
  readonly figures: ReceiverFigures;
  readonly site: MxSite;
  readonly days: SimulatedDay[] = [];
  waiting = 0;
  today: Tally = { wanted: 0, delivered: 0, expired: 0, letterWaitMsMax: 0 };

  /** By source address: each has a name of its own to lose. */
  readonly models: ReadonlyMap<string, ReceiverModel>;

  /** An address that has sent for years has `volume` of trust. */
  constructor(figures: ReceiverFigures, sources: readonly OutboundIp[], volume: number, random: () => number) {
    this.figures = figures;
    this.models = new Map(sources.map(({ address, warm }) => [address, new ReceiverModel({ ...figures, ...(warm && { trustAtFirst: Math.max(figures.trustAtFirst, volume * KNOWN_TRUST) }) }, random)]));
    this.site = siteOf(figures.mx, SITE_PROFILES);
  }
}

class Simulation {
  readonly #options: SimulationOptions;
  readonly #random: () => number;
  readonly #clock = new VirtualClock(START_MS);
  readonly #receivers = new Map<string, Receiver>();
  /** By the receiver's key. */
  readonly #domains: ReadonlyMap<string, string>;
  readonly #shaper: RehearsedShaper;
  readonly #queue: Queue;
  #ids = 0;

  constructor(options: SimulationOptions, { receivers = MODELLED_RECEIVERS, ips, outbound }: SimulationWorld) {
    this.#options = options;
    this.#random = seededRandom(options.seed);
    const sources = ips ?? rehearsedSources(options.ips, options.warmIps);
    for (const figures of receivers) this.#receivers.set(figures.domain, new Receiver(figures, sources, options.volume, this.#random));
    this.#domains = new Map(receivers.map(({ key, domain }) => [key, domain]));
    this.#shaper = createRehearsedShaper({ clock: this.#clock, random: this.#random, shaping: options.shaping, sources, ...(outbound && { outbound }) });
    const deliverer: Deliverer = { deliver: (job) => this.#deliver(job) };
    this.#queue = createQueue({
      store: new MemoryQueue((item, settlement) => this.#settled(item, settlement)),
      router: this.#router(),
      deliverers: { local: deliverer, remote: deliverer },
      feedback: NO_REPORTS,
      shaper: this.#shaper,
      clock: this.#clock,
      log: silentLog,
      config: { queue: QUEUE_CONFIG },
      random: this.#random,
    });
  }

  async run(): Promise<readonly SimulatedReceiver[]> {
    await this.#queue.start();
    for (let day = 0; day < this.#options.days; day++) {
      const { volume, firstMailing, growth, letters } = this.#options;
      const dayStart = START_MS + day * DAY_MS;
      for (const wish of wishesOfDay(day, { volume, firstMailing, growth, letters, random: this.#random })) {
        this.#clock.timer(dayStart + wish.atMs - this.#clock.now(), () => void this.#queue.enqueue(this.#item(wish)));
      }
      await this.#clock.runUntil(dayStart + DAY_MS);
      for (const receiver of this.#receivers.values()) this.#endDay(receiver, day + 1);
    }
    // Deliveries under way are left where they are: nobody waits for a clock that stands still.
    void this.#queue.stop(0);
    await this.#clock.runUntil(this.#clock.now() + DAY_MS);
    return [...this.#receivers.values()].map(({ figures, days }) => ({ key: figures.key, title: figures.title, days }));
  }

  #router(): Router {
    return {
      route: async (_message, { address }) => {
        const domain = address.slice(address.lastIndexOf('@') + 1);
        const { site } = this.#receiverOf(domain);
        return { kind: 'mx', key: `mx:${domain}`, domain, site };
      },
    };
  }

  #receiverOf(domain: string): Receiver {
    return this.#receivers.get(domain) as Receiver;
  }

  #item({ stream, receiver: key }: Wish): NewQueueItem {
    const now = this.#clock.now();
    const domain = this.#domains.get(key) ?? '';
    const receiver = this.#receiverOf(domain);
    receiver.today.wanted += 1;
    receiver.waiting += 1;
    this.#ids += 1;
    const id = this.#ids.toString(36).padStart(16, '0');
    return {
      message: {
        id, sender: stream === 'bulk' ? 'news@example.org' : 'alice@example.org', stream, dkimDomain: 'example.org',
        options: { body: '7bit', smtpUtf8: false, requireTls: false }, origin: { kind: 'submission', protocol: 'ESMTPSA' }, senderBelieved: true,
        contentDigest: id, sizeBytes: 4096, startedAt: now, queuedAt: now, expiresAt: now + QUEUE_CONFIG.lifetimeMs,
      },
      recipients: [{ index: 0, address: `user${this.#ids}@${domain}`, state: 'queued', attempts: 0, nextAttemptAt: now }],
      content: new BufferSource(Buffer.alloc(0)),
      events: [],
    };
  }

  async #deliver(job: DeliveryJob): Promise<readonly DeliveryOutcome[]> {
    const domain = job.route.kind === 'mx' ? job.route.domain : '';
    const source = job.permit?.sources[0]?.address ?? '';
    const model = this.#receiverOf(domain).models.get(source);
    // A detour: the smarthost has a name of its own, and takes everything.
    if (!model) return job.recipients.map(({ index }) => ({ recipient: index, status: 'delivered', scope: 'message', reply: RELAYED, attempt: {} }));
    model.connected();
    await sleep(this.#clock, ATTEMPT_MS_MIN + this.#random() * ATTEMPT_MS_SPREAD);
    const complaintShare = job.message.stream === 'bulk' ? this.#options.complaintsPerThousand / 1000 : 0;
    const reply = model.judge(this.#clock.now(), source, complaintShare);
    model.left();
    const attempt = { mx: model.figures.mx[0] ?? '', address: '192.0.2.25', localAddress: source };
    const status = reply.code < 400 ? 'delivered' : reply.code < 500 ? 'deferred' : 'failed';
    return job.recipients.map(({ index }) => ({ recipient: index, status, scope: reply.code === 421 ? 'session' : 'message', reply, attempt }));
  }

  #settled({ message, recipients }: QueueItem, { recipient, state }: Settlement): void {
    const address = recipients.find(({ index }) => index === recipient)?.address ?? '';
    const receiver = this.#receiverOf(address.slice(address.lastIndexOf('@') + 1));
    if (state === 'queued' || state === 'held') return;
    receiver.waiting -= 1;
    if (state !== 'delivered') {
      receiver.today.expired += 1;
      return;
    }
    receiver.today.delivered += 1;
    if (message.stream !== 'bulk') receiver.today.letterWaitMsMax = Math.max(receiver.today.letterWaitMsMax, this.#clock.now() - message.queuedAt);
  }

  #endDay(receiver: Receiver, day: number): void {
    const { wanted, delivered, expired, letterWaitMsMax } = receiver.today;
    const { deferred, complaints, trust } = sumOf([...receiver.models.values()].map((model) => model.endDay()));
    const state = this.#shaper.stateOf(receiver.site.key);
    receiver.days.push({ day, wanted, delivered, deferred, expired, complaints, backlog: receiver.waiting, trust, state, letterWaitSecondsMax: Math.round(letterWaitMsMax / 1000) });
    receiver.today = { wanted: 0, delivered: 0, expired: 0, letterWaitMsMax: 0 };
  }
}

function sumOf(days: readonly DayFigures[]): DayFigures {
  const sum = (field: keyof DayFigures): number => days.reduce((total, day) => total + day[field], 0);
  return { received: sum('received'), deferred: sum('deferred'), complaints: sum('complaints'), trust: sum('trust') };
}
