/**
 * The real scheduler under seeded chance, on a clock that passes only when told: submissions of all streams and senders,
 * outcomes of every kind, a shaper that lets wait and lifts, commits that fail, orders of an administrator, restarts, a
 * wall clock that jumps. A step is one of these events or one answer of the shaper, delivery or commit.
 *
 * Checked all along: nobody in two deliveries at once, no site over its limit, every permit back once, nobody waiting
 * long after his expiry. Checked at the end: everybody has met one fate.
 *
 * Repeat a run with SEED=…; POSTHORN_QUEUE_STEPS=… for longer ones.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BufferSource } from '../../src/base/byte-source.ts';
import type { Clock } from '../../src/base/clock.ts';
import { Failure } from '../../src/base/errors.ts';
import { Log } from '../../src/base/log.ts';
import { createQueueId } from '../../src/base/queue-id.ts';
import { VirtualClock } from '../../src/base/virtual-clock.ts';
import { RETURN_ORDERED_AT } from '../../src/contract/queue.ts';
import type { DeliveryJob, DeliveryOutcome, NewQueueItem, RoutePlan } from '../../src/contract/queue.ts';
import { STREAMS } from '../../src/contract/sending.ts';
import type { Permit } from '../../src/contract/sending.ts';
import type { Admission, SendRequest, Shaper } from '../../src/contract/shaper.ts';
import { createOpenShaper } from '../../src/flow/queue/open-shaper.ts';
import { createQueue } from '../../src/flow/queue/queue.ts';
import type { Queue } from '../../src/flow/queue/queue.ts';
import { MemoryQueueStore } from '../harness/memory-queue-store.ts';
import { generator } from './seeded.ts';

const SEED = Number(process.env.SEED ?? Date.now() % 1e6);
const STEPS = Number(process.env.POSTHORN_QUEUE_STEPS ?? 100_000);
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const PER_SITE = 3;
const SITES = ['one', 'two', 'three', 'tarpit', 'hole'];
const config = { queue: { lifetimeMs: 12 * HOUR_MS, bounceLifetimeMs: 12 * HOUR_MS, retryMinMs: 5 * MINUTE_MS, retryMaxMs: 2 * HOUR_MS, delayNoticeMs: HOUR_MS } };

class Weather {
  readonly random = generator(SEED);
  readonly time = new VirtualClock(1.8e12);
  readonly store = new MemoryQueueStore();
  readonly faults = this.store.faults;
  readonly ids: string[] = [];
  readonly inDelivery = new Set<string>();
  readonly permits = new Set<Permit>();
  readonly atSite = new Map<string, number>();
  readonly notices = new Map<string, number>();
  /** Sites or senders where nothing goes. */
  readonly shut = new Set<string>();
  jumpedMs = 0;
  jumpedAt = Number.NEGATIVE_INFINITY;
  raging = true;
  steps = 0;
  submitted = 0;
  life = 0;
  queue!: Queue;
  #room: (siteKey: string | undefined) => void = () => {};

  readonly clock: Clock = {
    now: () => this.time.now() + this.jumpedMs,
    monotonic: () => this.time.monotonic(),
    timer: (delayMs, fire) => this.time.timer(delayMs, fire),
  };

  chance(share: number): boolean {
    return this.raging && this.random() < share;
  }

  pick<T>(list: readonly T[]): T {
    return list[Math.floor(this.random() * list.length)] as T;
  }

  shaper(): Shaper {
    const open = createOpenShaper({ placesPerSite: PER_SITE });
    open.onRoom((key) => this.#room(key));
    const closed = ({ site, sender }: SendRequest): Admission | undefined => {
      if (this.shut.has(site.key)) return { kind: 'wait', rule: 'site-paused', reason: 'paused', ...(this.chance(0.5) ? { concerns: 'site' } : {}) };
      if (this.shut.has(sender)) return { kind: 'wait', rule: 'sender-paused', reason: 'paused' };
      if (this.chance(0.05)) return { kind: 'wait', rule: 'site-rate', reason: 'rate', until: this.clock.now() + Math.floor(this.random() * 5 * MINUTE_MS) - 1000 };
      return undefined;
    };
    return {
      ...open,
      preview: (request) => closed(request) ?? open.preview(request),
      admit: (request) => {
        this.steps += 1;
        const answer = closed(request) ?? open.admit(request);
        if (answer.kind === 'go') this.permits.add(answer.permit);
        return answer;
      },
      finish: (permit, results) => {
        if (!this.permits.delete(permit)) this.faults.push('a permit came back twice');
        return open.finish(permit, results);
      },
      onRoom: (listener) => void (this.#room = listener),
    };
  }

  async start(): Promise<void> {
    const life = ++this.life;
    this.store.now = () => this.clock.now();
    this.store.disturb = () => {
      this.steps += 1;
      if (this.chance(0.01)) throw new Failure(this.random() < 0.5 ? 'store-full' : 'store-failed', 'as chance wants');
    };
    const deliverer = { deliver: (job: DeliveryJob, signal: AbortSignal) => this.deliver(job, signal) };
    this.queue = createQueue({
      store: this.store, clock: this.clock, config, random: this.random, deliverers: { local: deliverer, remote: deliverer }, shaper: this.shaper(),
      log: new Log(({ event, fields }) => void (event === 'queue.bug' && this.faults.push(`bug: ${JSON.stringify(fields)}`))),
      router: { route: async (_message, { address }) => this.route(address) },
      // Every other life, what is due joins lines unread as soon as it may.
      ...(life % 2 === 0 ? { lengths: { longLine: 2, linedUpEnough: 3 } } : {}),
      feedback: {
        followUps: async () => (this.chance(0.02) ? Promise.reject(new Error('as chance wants')) : []),
        delayNotice: async ({ id }) => {
          this.notices.set(id, (this.notices.get(id) ?? 0) + 1);
          return [];
        },
      },
    });
    await this.queue.start();
    assert.equal(life, this.life);
  }

  route(address: string): RoutePlan {
    if (this.chance(0.01)) throw new Error('as chance wants');
    const domain = address.slice(address.indexOf('@') + 1);
    if (domain === 'home') return { kind: 'local', key: 'local', account: 'a', folder: 'INBOX' };
    // Two domains share each site; now and then the name servers do not answer.
    const key = this.chance(0.02) ? `domain:${domain}` : domain.replace(/^other-/, '');
    return { kind: 'mx', key: `mx:${domain}`, domain, site: { key, title: key } };
  }

  async deliver(job: DeliveryJob, signal: AbortSignal): Promise<readonly DeliveryOutcome[]> {
    const { life } = this;
    const keys = job.recipients.map(({ index }) => `${life} ${job.message.id} ${index}`);
    const site = job.permit?.site.key ?? 'home';
    for (const key of keys) {
      if (this.inDelivery.has(key)) this.faults.push(`${key} is in two deliveries at once`);
      this.inDelivery.add(key);
    }
    const count = (this.atSite.get(`${life} ${site}`) ?? 0) + 1;
    this.atSite.set(`${life} ${site}`, count);
    if (site !== 'home' && count > PER_SITE) this.faults.push(`${count} deliveries at once to ${site}`);
    try {
      await this.takeTime(site, signal);
      this.steps += 1;
      if (signal.aborted || this.chance(0.02)) throw new Error('as chance wants');
      const outcomes = job.recipients.map(({ index }) => this.outcome(site, index));
      return this.chance(0.02) ? outcomes.slice(1) : outcomes;
    } finally {
      for (const key of keys) this.inDelivery.delete(key);
      this.atSite.set(`${life} ${site}`, (this.atSite.get(`${life} ${site}`) ?? 0) - 1);
    }
  }

  takeTime(site: string, signal: AbortSignal): Promise<void> {
    const longest = { tarpit: 3 * MINUTE_MS, hole: 5 * MINUTE_MS, home: 20 }[site] ?? 2000;
    return new Promise((resolve) => {
      this.time.timer(Math.floor(this.random() * longest), resolve);
      signal.addEventListener('abort', () => resolve(), { once: true });
    });
  }

  outcome(site: string, recipient: number): DeliveryOutcome {
    const common = { recipient, scope: 'recipient', attempt: {} } as const;
    if (this.raging && (site === 'hole' || this.chance(0.2))) return { ...common, status: 'deferred', reply: { code: 450, text: 'later' } };
    if (this.chance(0.05)) return { ...common, status: 'failed', reply: { code: 550, enhanced: '5.1.1', text: 'user unknown' } };
    return { ...common, status: 'delivered', reply: { code: 250, text: 'ok' } };
  }

  async submit(): Promise<void> {
    const now = this.clock.now();
    const id = createQueueId(now);
    const recipients = Array.from({ length: this.random() < 0.9 ? 1 : 1 + Math.floor(this.random() * 30) }, (_, index) => {
      const site = this.random() < 0.1 ? 'home' : this.pick(SITES);
      return { index, address: `u${index}@${site !== 'home' && this.random() < 0.3 ? 'other-' : ''}${site}`, state: 'queued' as const, attempts: 0, nextAttemptAt: now };
    });
    const item: NewQueueItem = {
      message: {
        id, sender: this.pick(['alice@example.org', 'bob@example.org', 'news+17@example.org', '']), options: { body: '7bit', smtpUtf8: false, requireTls: false },
        origin: { kind: 'internal', protocol: 'ESMTP' }, senderBelieved: true, contentDigest: id, sizeBytes: 1, startedAt: now, queuedAt: now,
        expiresAt: now + config.queue.lifetimeMs, delayNoticeAt: now + HOUR_MS, stream: this.pick(STREAMS), dkimDomain: this.pick(['', 'example.org']),
      },
      recipients, content: new BufferSource(Buffer.alloc(0)), events: [],
    };
    try {
      await this.queue.enqueue(item);
    } catch {
      return;
    }
    this.submitted += recipients.length;
    this.ids.push(id);
    if (this.ids.length > 200) this.ids.shift();
  }

  async order(): Promise<void> {
    const id = this.pick(this.ids);
    const row = this.store.rows.get(id);
    if (!row) return;
    const now = this.clock.now();
    const change = this.pick([
      { state: 'held' }, { state: 'queued', nextAttemptAt: now }, { state: 'queued', nextAttemptAt: now }, { state: 'deleted' },
      { state: 'queued', nextAttemptAt: RETURN_ORDERED_AT, lastReply: { code: 554, text: 'returned' } },
    ] as const);
    this.store.order(id, this.pick(row.recipients).index, change);
    await this.queue.control.refresh([id]);
    for (const { index } of row.recipients) this.queue.control.explainWait?.(id, index);
  }

  async step(): Promise<void> {
    this.steps += 1;
    const what = this.random();
    if (what < 0.55) await this.submit();
    else if (what < 0.8) await this.pass(Math.floor(this.random() * 10_000));
    else if (what < 0.9 && this.ids.length > 0) await this.order();
    else if (what < 0.96) this.turnTheKey();
    else if (what < 0.985) await this.pass(Math.floor(this.random() * 30 * MINUTE_MS));
    else if (what < 0.986) this.jump(Math.floor((this.random() - 0.5) * 48 * HOUR_MS));
    else if (what < 0.988) await this.restart();
  }

  turnTheKey(): void {
    const key = this.pick([...SITES, 'alice@example.org', 'news@example.org']);
    if (this.shut.delete(key)) this.#room(undefined);
    else if (this.shut.size < 3) this.shut.add(key);
  }

  jump(byMs: number): void {
    this.jumpedMs = this.jumpedMs === 0 ? byMs : 0;
    this.jumpedAt = this.time.now();
  }

  async pass(forMs: number): Promise<void> {
    await this.time.runUntil(this.time.now() + forMs);
  }

  async restart(): Promise<void> {
    const stopping = this.queue.stop(0);
    await this.pass(2000);
    await stopping;
    this.permits.clear();
    await this.start();
  }

  /** Nobody waits long after his time, unless the clock is not believed now. */
  checkAges(): void {
    this.checkWaits();
    if (this.jumpedMs !== 0 || this.time.now() - this.jumpedAt < 26 * HOUR_MS) return;
    const limit = this.clock.now() - HOUR_MS;
    for (const { message, recipients } of this.store.rows.values()) {
      if (message.expiresAt < limit) this.faults.push(`${message.id} should have expired: ${JSON.stringify(recipients)}`);
    }
  }

  /** An hour after the clock was put right nobody waits for a time that was planned while it was ahead. */
  checkWaits(): void {
    if (this.jumpedMs !== 0 || this.time.now() - this.jumpedAt < HOUR_MS) return;
    const now = this.clock.now();
    for (const { message, recipients } of this.store.rows.values()) {
      for (const { index, state, nextAttemptAt, dueSetAt = 0 } of recipients) {
        const wait = this.queue.control.explainWait?.(message.id, index);
        const sleeps = state === 'queued' && dueSetAt > now && wait?.phase === 'scheduled' && (wait.until ?? 0) > now + HOUR_MS;
        if (sleeps) this.faults.push(`${message.id} ${index} sleeps until ${wait.until}, planned at ${dueSetAt} for ${nextAttemptAt}; it is ${now}`);
      }
    }
  }

  async calm(): Promise<void> {
    this.raging = false;
    this.jumpedMs = 0;
    this.shut.clear();
    this.#room(undefined);
    for (let round = 0; round < 200 && this.store.rows.size > 0; round++) await this.pass(HOUR_MS);
  }
}

test(`everybody meets one fate, whatever happens (SEED=${SEED})`, async (t) => {
  const weather = new Weather();
  await weather.start();
  for (let round = 0; weather.steps < STEPS && weather.faults.length === 0; round++) {
    await weather.step();
    if (round % 500 === 0) weather.checkAges();
  }
  await weather.calm();
  assert.deepEqual(weather.faults.slice(0, 5), [], `SEED=${SEED}`);
  assert.deepEqual([...weather.store.rows.values()].slice(0, 3), [], `SEED=${SEED}: recipients wait for ever`);
  await weather.pass(HOUR_MS);
  assert.deepEqual([weather.permits.size, weather.queue.control.size], [0, { recipients: 0, inFlight: 0 }], `SEED=${SEED}`);
  const fates = Object.fromEntries(weather.store.fates);
  assert.equal(Object.values(fates).reduce((sum, count) => sum + count, 0), weather.submitted, `SEED=${SEED}`);
  for (const fate of ['delivered', 'bounced', 'expired', 'deleted']) assert.ok(fates[fate], `SEED=${SEED}: nothing was ${fate}`);
  const stopping = weather.queue.stop(0);
  await weather.pass(10_000);
  await stopping;
  t.diagnostic(`${weather.steps} steps, ${weather.submitted} recipients, ${weather.life} lives, ${JSON.stringify(fates)}`);
});
