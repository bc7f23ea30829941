/**
 * Which MTA-STS policy holds for a domain now: the cached one while it lives, a new one when the id in DNS changed
 * (RFC 8461 §5.1).
 *
 * Policy
 * - A cached policy holds until it expires, also when DNS or the web server do not answer: whoever can silence them must
 *   not be able to switch it off (RFC 8461 §10.2).
 * - It is fetched again when its id changes, and, without anybody waiting, when a day or half its life is over, so that it
 *   does not run out under an attack. `refreshDue` does the same for domains that get no mail.
 * - A fetch that failed is not repeated for the same id within five minutes (RFC 8461 §3.3).
 */
import type { Clock } from '../../base/clock.ts';
import { MTA_STS_LIMITS } from '../../base/limits.ts';
import type { Dns } from '../../contract/dns.ts';
import { whyUnanswered } from '../unanswered.ts';
import type { HttpsFetch } from '../../contract/https-fetch.ts';
import type { CachedStsPolicy, StsCache } from '../../contract/mta-sts.ts';
import type { TlsProblem } from '../../contract/tls-policy.ts';
import { fetchStsPolicy, type FetchedPolicy } from './fetch-policy.ts';
import { readStsRecord, type StsRecord } from './record.ts';

export interface StsPoliciesOptions {
  readonly dns: Dns;
  readonly fetch: HttpsFetch;
  readonly cache: StsCache;
  readonly clock: Clock;
  /** Default 443. */
  readonly port: () => number;
}

export interface StsFinding {
  /** In force; absent: none. Mode `none` is given as none. */
  readonly entry?: CachedStsPolicy;
  /** What went wrong on the way, when there should be a policy. */
  readonly problem?: TlsProblem;
  /** Why nobody knows whether there is one; the entry, if there is one, holds. */
  readonly unknown?: string;
}

export interface StsPolicies {
  /** Rejects only with the signal's reason. */
  find(domain: string, signal?: AbortSignal): Promise<StsFinding>;
  /** Fetches again what is getting old; how many were looked at. */
  refreshDue(signal?: AbortSignal): Promise<number>;
  /** Failed fetches may be tried again at once. */
  forget(): void;
}

interface FailedFetch {
  readonly id: string;
  readonly problem: TlsProblem;
  readonly retryAt: number;
}

export function createStsPolicies(options: StsPoliciesOptions): StsPolicies {
  return new Policies(options);
}

class Policies implements StsPolicies {
  readonly #options: StsPoliciesOptions;
  readonly #failed = new Map<string, FailedFetch>();
  readonly #fetching = new Map<string, Promise<FetchedPolicy>>();

  constructor(options: StsPoliciesOptions) {
    this.#options = options;
  }

  async find(domain: string, signal?: AbortSignal): Promise<StsFinding> {
    const [record, cached] = await Promise.all([this.#record(domain, signal), this.#cached(domain)]);
    if (record.kind !== 'record') {
      const problem: TlsProblem | undefined = record.kind === 'invalid' ? { failure: 'sts-policy-invalid', detail: record.detail } : undefined;
      return { ...finding(cached, problem), ...(record.kind === 'unknown' ? { unknown: record.detail } : {}) };
    }
    if (cached?.id === record.id) {
      // RFC 8461 §10.2: proactively, and nobody waits for it.
      if (this.#options.clock.now() >= refreshAt(cached)) void this.#update(domain, record.id).catch(() => {});
      return finding(cached);
    }
    const updated = await this.#update(domain, record.id, signal);
    return updated.kind === 'entry' ? finding(updated.entry) : finding(cached, updated.problem);
  }

  async refreshDue(signal?: AbortSignal): Promise<number> {
    const { cache, clock } = this.#options;
    const now = clock.now();
    const due = await cache.due(now - MTA_STS_LIMITS.refreshAfterMs, now, MTA_STS_LIMITS.refreshedAtOnceMax);
    for (const { domain } of due) {
      if (signal?.aborted) break;
      const record = await this.#record(domain, signal);
      if (record.kind === 'record') await this.#update(domain, record.id, signal);
    }
    return due.length;
  }

  forget(): void {
    this.#failed.clear();
  }

  async #record(domain: string, signal?: AbortSignal): Promise<StsRecord | { readonly kind: 'unknown'; readonly detail: string }> {
    const name = `_mta-sts.${domain}`;
    const answer = await this.#options.dns.query(name, 'TXT', signal ? { signal } : {});
    if (answer.kind === 'failure') return { kind: 'unknown', detail: `${name} cannot be looked up now (${whyUnanswered(answer)})` };
    return answer.kind === 'found' ? readStsRecord(answer.records) : { kind: 'none' };
  }

  async #cached(domain: string): Promise<CachedStsPolicy | undefined> {
    const entry = await this.#options.cache.get(domain);
    return entry && entry.expiresAt > this.#options.clock.now() ? entry : undefined;
  }

  async #update(domain: string, id: string, signal?: AbortSignal): Promise<{ kind: 'entry'; entry: CachedStsPolicy } | { kind: 'failed'; problem: TlsProblem }> {
    const { cache, clock } = this.#options;
    const before = this.#failed.get(domain);
    if (before && before.id === id && before.retryAt > clock.now()) return { kind: 'failed', problem: before.problem };
    const fetched = await this.#fetchOnce(domain, signal);
    if (fetched.kind === 'failed') {
      this.#remember(domain, { id, problem: fetched.problem, retryAt: clock.now() + MTA_STS_LIMITS.failedFetchMs });
      return fetched;
    }
    this.#failed.delete(domain);
    const now = clock.now();
    const entry: CachedStsPolicy = { domain, id, policy: fetched.policy, fetchedAt: now, expiresAt: now + fetched.policy.maxAgeSeconds * 1000 };
    await cache.put(entry);
    return { kind: 'entry', entry };
  }

  /** Messages for the same domain wait for one fetch. */
  async #fetchOnce(domain: string, signal?: AbortSignal): Promise<FetchedPolicy> {
    const { fetch, port } = this.#options;
    // The fetch itself is bounded in time and belongs to all who wait; only the waiting ends with the signal.
    const running = this.#fetching.get(domain) ?? fetchStsPolicy(fetch, domain, port()).finally(() => this.#fetching.delete(domain));
    this.#fetching.set(domain, running);
    return signal ? unlessAborted(running, signal) : running;
  }

  #remember(domain: string, failed: FailedFetch): void {
    this.#failed.delete(domain);
    this.#failed.set(domain, failed);
    const [oldest] = this.#failed.keys();
    if (this.#failed.size > MTA_STS_LIMITS.failedFetchesMax && oldest !== undefined) this.#failed.delete(oldest);
  }
}

function finding(entry: CachedStsPolicy | undefined, problem?: TlsProblem): StsFinding {
  const inForce = entry && entry.policy.mode !== 'none' ? entry : undefined;
  return { ...(inForce ? { entry: inForce } : {}), ...(problem ? { problem } : {}) };
}

function refreshAt({ fetchedAt, expiresAt }: CachedStsPolicy): number {
  return Math.min(fetchedAt + MTA_STS_LIMITS.refreshAfterMs, fetchedAt + (expiresAt - fetchedAt) / 2);
}

function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason);
    if (signal.aborted) return onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}
