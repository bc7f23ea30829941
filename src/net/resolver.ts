/**
 * Our stub resolver: the `Dns` port over the configured recursive name servers.
 *
 * Policy
 * - The server that answered last is asked first; one that times out, refuses, fails (SERVFAIL) or sends garbage gives
 *   way to the next, two rounds at most and never beyond the total deadline. A name that got no answer waits for one question more,
 *   which tells whether it is the servers that are down.
 * - A server that does not understand EDNS (FORMERR, NOTIMP) is asked again without it (RFC 6891 §6.2.2).
 * - CNAMEs are followed, those in the answer and, when the server stops short, by asking on (RFC 1034 §3.6.2).
 * - The AD bit counts only when `trustAd` says that the servers and the way to them are trusted (RFC 4035 §4.9.3).
 * - Positive answers live as long as their TTL, negative ones as RFC 2308 says, failures a few seconds (RFC 9520 §3);
 *   a question that is being asked already is not asked twice.
 * - Who is to blame for a failure is found out for whoever wants to know: do our servers answer other questions, and this
 *   one when signatures are not checked (RFC 4035 §3.2.2)?
 * - Letters are not put in random case: names in some private zones come back folded. Random port and id must do.
 *
 * All that the network does is an answer. A name that cannot exist on the wire is `nxdomain` without asking.
 */
import { Semaphore } from '../base/semaphore.ts';
import { DNS_LIMITS } from '../base/limits.ts';
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { HostPort } from '../config/config.ts';
import type { Dns, DnsAnswer, DnsQueryOptions, RecordType } from '../contract/dns.ts';
import { DnsCache } from './dns-cache.ts';
import { recordData, type DnsReply } from './dns-codec.ts';
import { canonicalDnsName } from './dns-name.ts';
import { exchange, type ExchangeResult } from './dns-transport.ts';
import { systemNameServers } from './resolv-conf.ts';

export type ResolverLimits = { readonly [K in keyof typeof DNS_LIMITS]: number };

export interface ResolverOptions {
  /** Empty: those of /etc/resolv.conf. */
  readonly servers: readonly HostPort[];
  /** Believe the AD bit. */
  readonly trustAd: boolean;
  readonly clock: Clock;
  readonly log: Log;
  /** Instead of DNS_LIMITS, for tests and tools. */
  readonly limits?: Partial<ResolverLimits>;
}

export interface Resolver extends Dns {
  /** Forgets every answer. */
  flush(): void;
  /** Ends what is under way with a `network` failure; later queries fail the same way. */
  close(): void;
}

type Failed = Extract<DnsAnswer<RecordType>, { kind: 'failure' }>;

const ROUNDS = 2;
/** An answer that is not older shows that a server answers. */
const RECENT_MS = 60_000;
const RCODE = { noError: 0, formErr: 1, servFail: 2, nxDomain: 3, notImp: 4, refused: 5 } as const;

export function createResolver(options: ResolverOptions): Resolver {
  return new StubResolver(options);
}

class StubResolver implements Resolver {
  readonly #servers: readonly HostPort[];
  readonly #trustAd: boolean;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #limits: ResolverLimits;
  readonly #cache: DnsCache;
  readonly #places: Semaphore;
  readonly #asked = new Map<string, Promise<DnsAnswer<RecordType>>>();
  /** Failures whose blame is being found. */
  readonly #blamed = new Map<string, Promise<DnsAnswer<RecordType>>>();
  readonly #plainServers = new Set<number>();
  readonly #closing = new AbortController();
  /** Questions that left their place. */
  #slow = 0;
  #preferred = 0;
  /** When a server last answered something, monotonic. */
  #answeredAtMs = Number.NEGATIVE_INFINITY;
  /** While it is asked for. */
  #signOfLife: Promise<void> | undefined;
  /** Answers to questions from before a flush are not kept. */
  #generation = 0;

  constructor(options: ResolverOptions) {
    this.#servers = options.servers.length > 0 ? options.servers : systemNameServers();
    this.#trustAd = options.trustAd;
    this.#clock = options.clock;
    this.#log = options.log;
    this.#limits = { ...DNS_LIMITS, ...options.limits };
    this.#cache = new DnsCache(options.clock, this.#limits.cacheEntriesMax);
    this.#places = new Semaphore(this.#limits.queriesInFlightMax);
  }

  async query<T extends RecordType>(name: string, type: T, options: DnsQueryOptions = {}): Promise<DnsAnswer<T>> {
    options.signal?.throwIfAborted();
    const owner = canonicalDnsName(name);
    if (owner === undefined) return { kind: 'nxdomain', secure: false };
    const key = `${type} ${owner}`;
    const kept = this.#cache.get(key);
    if (kept && !(options.blame && isUnblamed(kept))) return kept as DnsAnswer<T>;
    const asked = kept ? Promise.resolve(kept) : (this.#asked.get(key) ?? this.#ask(key, owner, type));
    const answer = options.blame ? this.#blame(key, owner, type, asked) : asked;
    return (options.signal ? abortable(answer, options.signal) : answer) as Promise<DnsAnswer<T>>;
  }

  flush(): void {
    this.#generation += 1;
    this.#cache.clear();
    this.#asked.clear();
    this.#plainServers.clear();
  }

  close(): void {
    this.#closing.abort();
    this.flush();
  }

  #ask(key: string, name: string, type: RecordType): Promise<DnsAnswer<RecordType>> {
    const generation = this.#generation;
    const askedAtMs = this.#clock.monotonic();
    const asked = this.#withinDeadline(name, type).then(async ({ answer: said, ttlSeconds }) => {
      const answer = said.kind === 'failure' && said.reason === 'timeout' ? await this.#withBlame(said, askedAtMs) : said;
      if (generation === this.#generation) {
        this.#asked.delete(key);
        this.#cache.put(key, answer, ttlSeconds);
      }
      if (answer.kind === 'failure') this.#log.warn('dns.failed', { name, type, reason: answer.reason, detail: answer.detail });
      return answer;
    });
    this.#asked.set(key, asked);
    return asked;
  }

  /** Who has to mend a failure, for all who want to know it at once. */
  #blame(key: string, name: string, type: RecordType, asked: Promise<DnsAnswer<RecordType>>): Promise<DnsAnswer<RecordType>> {
    const under = this.#blamed.get(key);
    if (under) return under;
    const generation = this.#generation;
    const blamed = asked
      .then(async (said) => {
        if (!isUnblamed(said)) return said;
        const answer = await this.#withCause(said, name, type);
        if (generation === this.#generation) this.#cache.put(key, answer, this.#limits.failureTtlSeconds);
        return answer;
      })
      .finally(() => this.#blamed.delete(key));
    this.#blamed.set(key, blamed);
    return blamed;
  }

  async #withCause(failed: Failed, name: string, type: RecordType): Promise<Failed> {
    const askedAtMs = this.#clock.monotonic();
    const [{ onlyHere = false }, unchecked] = await Promise.all([this.#withBlame(failed, askedAtMs), failed.reason === 'servfail' ? this.#answersUnchecked(name, type) : false]);
    if (unchecked) return { ...failed, reason: 'bogus', onlyHere: true };
    // One that speaks, but not about the root, may hold zones of its own.
    const lately = failed.reason !== 'timeout' && failed.reason !== 'network' && this.#answeredAtMs >= askedAtMs - RECENT_MS;
    return { ...failed, onlyHere: onlyHere || lately };
  }

  /** The question once more, whatever its signatures are. */
  async #answersUnchecked(name: string, type: RecordType): Promise<boolean> {
    const server = this.#servers[this.#preferred];
    if (!server || this.#closing.signal.aborted) return false;
    const question = { name, type, edns: true, dnssec: this.#trustAd, checkingDisabled: true };
    const result = await exchange({ server, question, timeoutMs: this.#limits.attemptTimeoutMs, clock: this.#clock, signal: this.#closing.signal });
    return result.kind === 'reply' && (result.reply.rcode === RCODE.noError || result.reply.rcode === RCODE.nxDomain);
  }

  /** Servers that answer other questions while they are silent about this name are not down. */
  async #withBlame(failed: Failed, askedAtMs: number): Promise<Failed> {
    if (this.#answeredAtMs < askedAtMs) await (this.#signOfLife ??= this.#askForSignOfLife());
    return this.#answeredAtMs >= askedAtMs ? { ...failed, onlyHere: true } : failed;
  }

  /** Asks the server that comes first what each knows by heart. */
  async #askForSignOfLife(): Promise<void> {
    const server = this.#servers[this.#preferred];
    if (server && !this.#closing.signal.aborted) {
      const result = await this.#askServer(this.#preferred, server, '.', 'NS', this.#limits.attemptTimeoutMs);
      if (result.kind === 'reply' && (result.reply.rcode === RCODE.noError || result.reply.rcode === RCODE.nxDomain)) this.#answeredAtMs = this.#clock.monotonic();
    }
    this.#signOfLife = undefined;
  }

  #withinDeadline(name: string, type: RecordType): Promise<Kept> {
    const deadlineMs = this.#clock.monotonic() + this.#limits.totalTimeoutMs;
    return new Promise((resolve) => {
      const timer = this.#clock.timer(this.#limits.totalTimeoutMs, () => {
        resolve(this.#failure('timeout', `no answer within ${this.#limits.totalTimeoutMs / 1000} s`));
      });
      this.#places
        .run((leave) => this.#leavingWhenSlow(leave, this.#follow(name, type, deadlineMs)))
        .then(resolve, (error: unknown) => resolve(this.#failure('malformed', String(error))))
        .finally(() => timer.cancel());
    });
  }

  /** Any number of silent name servers keeps nobody from asking the others. */
  async #leavingWhenSlow(leave: () => void, work: Promise<Kept>): Promise<Kept> {
    let slow = 0;
    const timer = this.#clock.timer(this.#limits.slowAfterMs, () => {
      if (this.#slow >= this.#limits.slowQueriesMax) return;
      slow = 1;
      this.#slow += 1;
      leave();
    });
    try {
      return await work;
    } finally {
      timer.cancel();
      this.#slow -= slow;
    }
  }

  /** Asks on along CNAMEs until there is an answer. */
  async #follow(name: string, type: RecordType, deadlineMs: number): Promise<Kept> {
    let owner = name;
    let secure = true;
    let ttlSeconds = this.#limits.cacheTtlSecondsMax;
    let links = 0;
    for (;;) {
      const result = await this.#askServers(owner, type, deadlineMs);
      if ('kind' in result) return { answer: result, ttlSeconds: this.#limits.failureTtlSeconds };
      secure &&= this.#trustAd && result.authentic;
      const chain = walkChain(result, owner, type);
      owner = chain.owner;
      links += chain.links;
      ttlSeconds = Math.min(ttlSeconds, chain.ttlSeconds);
      if (links > this.#limits.cnameChainMax) return this.#failure('aliases', `more than ${this.#limits.cnameChainMax} CNAMEs from ${name}`);
      if (chain.records.length > 0) return found(type, chain.records, { ttlSeconds, secure, canonicalName: owner });
      const goesOn = chain.links > 0 && result.rcode === RCODE.noError && result.negativeTtlSeconds === undefined && type !== 'CNAME';
      if (goesOn) continue;
      const negativeTtl = Math.min(ttlSeconds, result.negativeTtlSeconds ?? this.#limits.failureTtlSeconds, this.#limits.negativeTtlSecondsMax);
      return { answer: { kind: result.rcode === RCODE.nxDomain ? 'nxdomain' : 'nodata', secure }, ttlSeconds: negativeTtl };
    }
  }

  async #askServers(name: string, type: RecordType, deadlineMs: number): Promise<DnsReply | Failed> {
    let last: Failed = { kind: 'failure', reason: 'network', detail: 'no name server' };
    const first = this.#preferred;
    for (let turn = 0; turn < ROUNDS * this.#servers.length; turn += 1) {
      const leftMs = deadlineMs - this.#clock.monotonic();
      if (leftMs <= 0 || this.#closing.signal.aborted) break;
      const index = (first + turn) % this.#servers.length;
      const server = this.#servers[index] as HostPort;
      // A server that is slow, not silent, answers when it is given longer.
      const patienceMs = this.#limits.attemptTimeoutMs * 2 ** Math.floor(turn / this.#servers.length);
      const result = await this.#askServer(index, server, name, type, Math.min(leftMs, patienceMs));
      const failed = failureOf(result, server, name);
      if (!failed && result.kind === 'reply') {
        this.#preferred = index;
        this.#answeredAtMs = this.#clock.monotonic();
        return result.reply;
      }
      last = failed ?? last;
    }
    return this.#closing.signal.aborted ? { ...last, reason: 'network', detail: 'the resolver was closed' } : last;
  }

  async #askServer(index: number, server: HostPort, name: string, type: RecordType, timeoutMs: number): Promise<ExchangeResult> {
    const ask = (edns: boolean): Promise<ExchangeResult> => {
      const question = { name, type, edns, dnssec: this.#trustAd };
      return exchange({ server, question, timeoutMs, clock: this.#clock, signal: this.#closing.signal });
    };
    const edns = !this.#plainServers.has(index);
    const result = await ask(edns);
    const refusesEdns = result.kind === 'reply' && (result.reply.rcode === RCODE.formErr || result.reply.rcode === RCODE.notImp);
    if (!edns || !refusesEdns) return result;
    const plain = await ask(false);
    if (plain.kind === 'reply' && (plain.reply.rcode === RCODE.noError || plain.reply.rcode === RCODE.nxDomain)) this.#plainServers.add(index);
    return plain;
  }

  #failure(reason: Failed['reason'], detail: string): Kept {
    return { answer: { kind: 'failure', reason, detail }, ttlSeconds: this.#limits.failureTtlSeconds };
  }
}

interface Kept {
  readonly answer: DnsAnswer<RecordType>;
  readonly ttlSeconds: number;
}

interface Chain {
  readonly owner: string;
  readonly links: number;
  readonly ttlSeconds: number;
  readonly records: readonly unknown[];
}

/** Follows the CNAMEs inside one answer, in whatever order its records come. */
function walkChain(reply: DnsReply, name: string, type: RecordType): Chain {
  let owner = name;
  let links = 0;
  let ttlSeconds = Number.MAX_SAFE_INTEGER;
  for (;;) {
    const matching = reply.answers.filter((record) => record.name === owner && record.type === type);
    if (matching.length > 0) {
      const ttl = Math.min(ttlSeconds, ...matching.map((record) => record.ttlSeconds));
      return { owner, links, ttlSeconds: ttl, records: matching.map((record) => record.data) };
    }
    const alias = reply.answers.find((record) => record.name === owner && record.type === 'CNAME');
    const target = alias && canonicalDnsName(String(alias.data));
    if (!alias || target === undefined || links > DNS_LIMITS.cnameChainMax) return { owner, links, ttlSeconds, records: [] };
    owner = target;
    links += 1;
    ttlSeconds = Math.min(ttlSeconds, alias.ttlSeconds);
  }
}

function found(type: RecordType, data: readonly unknown[], facts: { ttlSeconds: number; secure: boolean; canonicalName: string }): Kept {
  const records = data.map((one) => recordData(type, one));
  return { answer: { kind: 'found', records, ...facts } as DnsAnswer<RecordType>, ttlSeconds: facts.ttlSeconds };
}

function failureOf(result: ExchangeResult, server: HostPort, name: string): Failed | undefined {
  const where = `name server ${server.address} port ${server.port}`;
  if (result.kind !== 'reply') {
    const said = result.kind === 'timeout' ? 'no answer' : result.detail;
    return { kind: 'failure', reason: result.tcp ? 'truncated' : result.kind, detail: result.tcp ? `${where}, asked over TCP since the answer is too long for UDP: ${said}` : `${where}: ${said}` };
  }
  return failureOfReply(result.reply, where, name);
}

function failureOfReply({ rcode, referral, answers, extended }: DnsReply, where: string, name: string): Failed | undefined {
  // Else every domain would seem to have no mail server.
  if (referral) return { kind: 'failure', reason: 'refused', detail: `${where} does not look up names of others` };
  if (rcode === RCODE.noError || rcode === RCODE.nxDomain) {
    // That it says nothing of this one is no word about it.
    if (answers.length === 0 || answers.some((record) => record.name === name)) return undefined;
    return { kind: 'failure', reason: 'malformed', detail: `${where} answers for another name` };
  }
  const { reason = 'servfail', name: said = `code ${rcode}` } = FAILURES[rcode] ?? {};
  return { kind: 'failure', reason: extended?.bogus ? 'bogus' : reason, detail: `${where} answered ${said}`, ...(extended ? { extended: extended.text } : {}) };
}

const FAILURES: Readonly<Record<number, { readonly reason: Failed['reason']; readonly name: string }>> = {
  [RCODE.formErr]: { reason: 'formerr', name: 'FORMERR' },
  [RCODE.servFail]: { reason: 'servfail', name: 'SERVFAIL' },
  [RCODE.notImp]: { reason: 'notimp', name: 'NOTIMP' },
  [RCODE.refused]: { reason: 'refused', name: 'REFUSED' },
};

/** Nobody asked yet whose fault it is; of CNAMEs it is known. */
function isUnblamed(answer: DnsAnswer<RecordType>): answer is Failed {
  return answer.kind === 'failure' && answer.reason !== 'aliases' && answer.reason !== 'bogus' && answer.onlyHere === undefined;
}

function abortable<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}
