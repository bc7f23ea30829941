/**
 * TLS sessions are counted in memory and written together every few seconds: a connection must not cost a commit, and a
 * crash may lose the counts of the last seconds. Reading writes first.
 */
import { createHash } from 'node:crypto';
import type { Clock, Timer } from '../../base/clock.ts';
import { TLS_POLICY_LIMITS } from '../../base/limits.ts';
import type { ReportedPolicy, TlsResult, TlsResultRecorder } from '../../contract/tls-policy.ts';
import type { StoreCall } from '../call.ts';
import type { TlsPolicyText, TlsResultRow, TlsResultWithText } from '../ops/tls-results.ts';

export interface TlsDay {
  readonly day: string;
  readonly domains: number;
  readonly sessions: number;
  readonly failed: number;
}

export interface TlsResultStore extends TlsResultRecorder {
  /** Of a day (`2026-11-20`, UTC), and of one domain or of all. */
  list(day: string, domain?: string): Promise<readonly TlsResultWithText[]>;
  days(): Promise<readonly TlsDay[]>;
  /** Writes what is counted. */
  flush(): Promise<void>;
  /** Forgets days before this one. */
  prune(before: string): Promise<void>;
}

const ROWS_MAX = 50_000;
const DAY_CHARS = 10;

export function createTlsResultStore(call: StoreCall, clock: Clock): TlsResultStore {
  return new TlsResults(call, clock);
}

/** `2026-11-20`, UTC. */
export function tlsDay(atMs: number): string {
  return new Date(atMs).toISOString().slice(0, DAY_CHARS);
}

class TlsResults implements TlsResultStore {
  readonly #call: StoreCall;
  readonly #clock: Clock;
  readonly #rows = new Map<string, { -readonly [K in keyof TlsResultRow]: TlsResultRow[K] }>();
  readonly #texts = new Map<string, TlsPolicyText>();
  #timer: Timer | undefined;

  constructor(call: StoreCall, clock: Clock) {
    this.#call = call;
    this.#clock = clock;
  }

  record(result: TlsResult): void {
    const text = textOf(result.policy);
    const row = rowOf(result, text.digest);
    const key = JSON.stringify([row.day, row.domain, row.policyType, row.policyDigest, row.mx, row.receivingIp, row.sendingIp, row.failure, row.detail]);
    const present = this.#rows.get(key);
    if (present) present.sessions += 1;
    else this.#rows.set(key, row);
    this.#texts.set(text.digest, text);
    // What cannot be written is lost, and the store's trouble is in the log already: mail goes first.
    const write = (): void => void this.flush().catch(() => {});
    if (this.#rows.size >= TLS_POLICY_LIMITS.resultsInMemoryMax) write();
    else this.#timer ??= this.#clock.timer(TLS_POLICY_LIMITS.resultFlushMs, write);
  }

  async flush(): Promise<void> {
    this.#timer?.cancel();
    this.#timer = undefined;
    if (this.#rows.size === 0) return;
    const rows = [...this.#rows.values()];
    const texts = [...this.#texts.values()];
    this.#rows.clear();
    this.#texts.clear();
    await this.#call('tlsResults.add', { rows, texts, day: tlsDay(this.#clock.now()) });
  }

  async list(day: string, domain = ''): Promise<readonly TlsResultWithText[]> {
    await this.flush();
    return this.#call('tlsResults.list', { day, domain, limit: ROWS_MAX });
  }

  async days(): Promise<readonly TlsDay[]> {
    await this.flush();
    return this.#call('tlsResults.days', {});
  }

  prune(before: string): Promise<void> {
    return this.#call('tlsResults.prune', { before });
  }
}

function rowOf(result: TlsResult, policyDigest: string): TlsResultRow {
  const { at, domain, policy, mx = '', receivingIp = '', sendingIp = '', problem } = result;
  return {
    day: tlsDay(at),
    domain,
    policyType: policy.type,
    policyDigest,
    mx,
    receivingIp,
    sendingIp,
    failure: problem?.failure ?? '',
    detail: (problem?.detail ?? '').slice(0, TLS_POLICY_LIMITS.resultDetailCharsMax),
    sessions: 1,
  };
}

function textOf({ text, mxPatterns }: ReportedPolicy): TlsPolicyText {
  const json = JSON.stringify({ lines: text, ...(mxPatterns ? { mx: mxPatterns } : {}) });
  return { digest: createHash('sha256').update(json).digest('hex').slice(0, 32), text: json };
}
