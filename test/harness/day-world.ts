/**
 * The real queue and shaper before one site with rules of its own, on a clock that jumps from event to event: days in
 * milliseconds. Nothing touches network or disk; the same wishes give the same run.
 */
import { BufferSource } from '../../src/base/byte-source.ts';
import { sleep } from '../../src/base/clock.ts';
import { silentLog } from '../../src/base/log.ts';
import { VirtualClock } from '../../src/base/virtual-clock.ts';
import { MemoryQueue } from '../../src/compose/simulation/memory-queue.ts';
import { seededRandom } from '../../src/compose/simulation/seeded-random.ts';
import type { OutboundIp } from '../../src/config/config.ts';
import type { Deliverer, DeliveryJob, DeliveryOutcome, NewQueueItem } from '../../src/contract/queue.ts';
import type { MxSite, Stream } from '../../src/contract/sending.ts';
import type { Shaper } from '../../src/contract/shaper.ts';
import type { LaneView } from '../../src/contract/shaping-control.ts';
import { createQueue, type Queue } from '../../src/flow/queue/queue.ts';
import { createShaper, type LiveShaper } from '../../src/flow/shape/shaper.ts';
import type { LaneDayRow, LaneRow, LaneSave } from '../../src/store/clients/lanes.ts';

export const HOUR = 3_600_000;
export const DAY = 24 * HOUR;
/** A Monday, at midnight UTC. */
export const START = Date.UTC(2026, 10, 23);

export interface SiteReply {
  readonly code: number;
  readonly enhanced?: string;
  readonly text: string;
}

/** What a rule sees: the moment, and what it took of this address since then. */
export interface DayView {
  readonly now: number;
  readonly source: string;
  takenSince(at: number): number;
}

export interface DaySetup {
  readonly site?: MxSite;
  readonly ips?: readonly OutboundIp[];
  /** undefined: it takes the message. */
  readonly judge: (view: DayView) => SiteReply | undefined;
}

interface Attempt {
  readonly at: number;
  readonly source: string;
  readonly id: string;
  readonly taken: boolean;
}

export class DayWorld {
  readonly attempts: Attempt[] = [];
  readonly #clock = new VirtualClock(START);
  readonly #random = seededRandom(1);
  readonly #setup: DaySetup;
  readonly #site: MxSite;
  readonly #ips: readonly OutboundIp[];
  readonly #queue: Queue;
  readonly #store = new MemoryQueue(() => {});
  readonly #lanes = new Map<string, LaneRow>();
  readonly #days = new Map<string, LaneDayRow>();
  readonly #listeners: ((siteKey: string | undefined) => void)[] = [];
  #shaper: LiveShaper;
  #messages = 0;

  constructor(setup: DaySetup) {
    this.#setup = setup;
    this.#site = setup.site ?? { key: 'mx.odd.test', title: 'mx.odd.test' };
    this.#ips = setup.ips ?? [{ address: '192.0.2.1', warm: true }];
    this.#shaper = this.#newShaper();
    const deliverer: Deliverer = { deliver: (job) => this.#deliver(job) };
    const shaper: Shaper = {
      admit: (request) => this.#shaper.admit(request),
      preview: (request) => this.#shaper.preview(request),
      finish: (permit, results) => this.#shaper.finish(permit, results),
      onRoom: (listener) => {
        this.#listeners.push(listener);
        this.#shaper.onRoom(listener);
      },
      retryOf: (site) => this.#shaper.retryOf(site),
    };
    this.#queue = createQueue({
      store: this.#store,
      router: { route: async () => ({ kind: 'mx', key: 'mx:odd.test', domain: 'odd.test', site: this.#site }) },
      deliverers: { local: deliverer, remote: deliverer },
      feedback: { followUps: async () => [] },
      shaper,
      clock: this.#clock,
      log: silentLog,
      config: { queue: { lifetimeMs: 5 * DAY, bounceLifetimeMs: 5 * DAY, retryMinMs: 300_000, retryMaxMs: 4 * HOUR, onBlock: 'requeue', delayNoticeMs: 0 } },
      random: this.#random,
    });
    void this.#queue.start();
  }

  /** So many messages at once, that much after the start. */
  send(atMs: number, messages: number, stream: Stream = 'transactional', domain = 'example.org'): void {
    this.#clock.timer(START + atMs - this.#clock.now(), () => {
      for (let sent = 0; sent < messages; sent += 1) void this.#queue.enqueue(this.#item(stream, domain));
    });
  }

  /** Until that much after the start. */
  async run(untilMs: number): Promise<void> {
    await this.#clock.runUntil(START + untilMs);
  }

  /** What was learnt is written and read again; the queue goes on. */
  async restart(): Promise<void> {
    await this.#shaper.close();
    this.#shaper = this.#newShaper();
    for (const listener of this.#listeners) {
      this.#shaper.onRoom(listener);
      listener(undefined);
    }
  }

  get waiting(): number {
    return this.#store.size;
  }

  /** Between two times after the start. */
  count(kind: 'taken' | 'refused', fromMs: number, toMs: number): number {
    return this.attempts.filter(({ at, taken }) => taken === (kind === 'taken') && at >= START + fromMs && at < START + toMs).length;
  }

  /** Of the message that was refused most often. */
  get mostRefusals(): number {
    const byMessage = new Map<string, number>();
    for (const { id, taken } of this.attempts) if (!taken) byMessage.set(id, (byMessage.get(id) ?? 0) + 1);
    return Math.max(0, ...byMessage.values());
  }

  lane(source = '192.0.2.1'): LaneView | undefined {
    return this.#shaper.control.lanes(source).find(({ key }) => key.dkimDomain === '');
  }

  /** Why a letter would wait now. */
  whyWait(stream: Stream = 'transactional'): string {
    const admission = this.#shaper.preview({ site: this.#site, stream, sender: 'alice@example.org', dkimDomain: 'example.org', recipients: 1, queuedAt: this.#clock.now() });
    return admission.kind === 'wait' ? `${admission.rule}: ${admission.reason}` : '';
  }

  #newShaper(): LiveShaper {
    const day = Math.floor(this.#clock.now() / DAY);
    return createShaper({
      config: { hostname: 'mail.example.org', outbound: { protocols: ['ipv4'], port: 25, ips: this.#ips }, shaping: { enabled: true, warmUp: true, lowVolume: 0 } },
      clock: this.#clock,
      log: silentLog,
      store: { save: async (batch) => this.#keep(batch), pause: async () => {}, resume: async () => false },
      memory: { lanes: [...this.#lanes.values()], days: [...this.#days.values()].filter((row) => row.day >= day - 1), pauses: [] },
      spf: async () => true,
      random: this.#random,
      onInternet: () => true,
    });
  }

  #keep({ lanes, gone, days }: LaneSave): void {
    for (const { source, site, domain } of gone) this.#lanes.delete(`${source} ${site} ${domain}`);
    for (const row of lanes) this.#lanes.set(`${row.source} ${row.site} ${row.domain}`, row);
    for (const row of days) this.#days.set(`${row.source} ${row.site} ${row.day}`, row);
  }

  #item(stream: Stream, domain: string): NewQueueItem {
    const now = this.#clock.now();
    this.#messages += 1;
    const id = this.#messages.toString(36).padStart(16, '0');
    return {
      message: {
        // Each a moment after the other, as real ones are.
        id, sender: `alice@${domain}`, stream, dkimDomain: domain, options: { body: '7bit', smtpUtf8: false, requireTls: false }, origin: { kind: 'submission', protocol: 'ESMTPSA' },
        senderBelieved: true, contentDigest: id, sizeBytes: 4096, startedAt: now, queuedAt: now + this.#messages, expiresAt: now + 5 * DAY,
      },
      recipients: [{ index: 0, address: `user${this.#messages}@odd.test`, state: 'queued', attempts: 0, nextAttemptAt: now }],
      content: new BufferSource(Buffer.alloc(0)),
      events: [],
    };
  }

  async #deliver(job: DeliveryJob): Promise<readonly DeliveryOutcome[]> {
    await sleep(this.#clock, 300 + Math.floor(this.#random() * 900));
    const source = job.permit?.sources[0]?.address ?? '';
    const now = this.#clock.now();
    const takenSince = (at: number): number => this.attempts.filter((each) => each.taken && each.source === source && each.at >= at).length;
    const reply = this.#setup.judge({ now, source, takenSince }) ?? { code: 250, enhanced: '2.0.0', text: 'taken' };
    const taken = reply.code < 400;
    this.attempts.push({ at: now, source, id: job.message.id, taken });
    const status = taken ? 'delivered' : reply.code < 500 ? 'deferred' : 'failed';
    const attempt = { mx: this.#site.profile?.mx[0] ?? 'mx.odd.test', address: '203.0.113.25', localAddress: source, reused: false };
    return job.recipients.map(({ index }) => ({ recipient: index, status, scope: reply.code === 421 ? 'session' : 'message', reply, attempt }));
  }
}
