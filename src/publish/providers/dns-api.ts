/**
 * Requests to a DNS provider's HTTP API, one operation of ours at a time: credentials are read from their files when it
 * begins (so a new token needs no restart), and all its requests share one deadline.
 *
 * A refusal for the rate limit (429, or what the provider says instead) was not carried out: it is asked again after the
 * time that the provider names (Retry-After), when that is within the deadline. Other troubles are asked again for questions
 * only, since nobody knows whether a change was made. Refusals are `dns-provider-refused` (permanent), everything else is
 * `dns-provider-unreachable` (temporary). Credentials never appear in a text, even when the provider repeats them.
 */
import type { z } from 'zod';
import { sleep, type Clock } from '../../base/clock.ts';
import { DNS_API_LIMITS } from '../../base/dns-api-limits.ts';
import { Failure } from '../../base/errors.ts';
import type { HttpsAnswer, HttpsFetch, HttpsRequest } from '../../contract/https-fetch.ts';
import { ProviderFailure, type TroubleOf } from '../provider-failure.ts';
import type { ProviderParts } from './provider-type.ts';

export interface ApiRequest {
  readonly method: NonNullable<HttpsRequest['method']>;
  /** After the base path, with the query. */
  readonly path: string;
  readonly body?: { readonly mediaType: string; readonly text: string };
}

export interface ApiAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
}

export interface ApiAddress {
  readonly host: string;
  readonly port: number;
  /** Without the slash at the end; often ''. */
  readonly basePath: string;
  readonly secure: boolean;
}

export interface ApiDialect {
  /** For people: `Cloudflare`. */
  readonly title: string;
  /** `https://api.cloudflare.com/client/v4`; the setting `url` is used instead when it is there. */
  readonly url: string;
  /** Settings that name files with credentials. */
  readonly secretFiles: readonly string[];
  readonly mediaType?: string;
  /** Fields that prove who we are; `secrets` by setting. */
  authorize(request: ApiRequest, secrets: Readonly<Record<string, string>>, address: ApiAddress): Readonly<Record<string, string>>;
  /** What the provider says about a refusal; '' when it says nothing. */
  explain(text: string): string;
  /** Refused for the rate limit. Default: status 429. */
  throttled?(answer: ApiAnswer): boolean;
}

/** The provider said no. `status` is HTTP's. */
export class ApiRefusal extends ProviderFailure {
  readonly status: number;
  readonly said: string;

  constructor(text: string, status: number, said: string) {
    // 403 may be about one zone.
    super(status === 401 ? 'provider' : 'zone', text, { temporary: false });
    this.status = status;
    this.said = said;
  }

  /** Nothing else will be done for these credentials either. */
  get ofCredentials(): boolean {
    return this.status === 401 || this.status === 403;
  }
}

/** Throws Failure `dns-provider-settings`. */
export function readApiUrl(label: string, text: string): ApiAddress {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !['https:', 'http:'].includes(url.protocol) || url.username !== '' || url.search !== '') {
    throw new Failure('dns-provider-settings', `${label}: "${text}" is no address of an API; write it as https://api.example.com/v1`, { temporary: false });
  }
  const secure = url.protocol === 'https:';
  if (!secure && !/^(?:127\.[\d.]+|\[::1\]|localhost)$/.test(url.hostname)) {
    throw new Failure('dns-provider-settings', `${label}: ${text} would send the credentials in the clear; write it with https:// (http:// is for this machine only)`, { temporary: false });
  }
  return { host: url.hostname, port: url.port === '' ? (secure ? 443 : 80) : Number(url.port), basePath: url.pathname.replace(/\/+$/, ''), secure };
}

export class DnsApi {
  readonly title: string;
  readonly #parts: ProviderParts;
  readonly #dialect: ApiDialect;
  readonly #address: ApiAddress;
  readonly #mood: Mood = { questionAttempts: DNS_API_LIMITS.questionAttemptsMax };

  constructor(parts: ProviderParts, dialect: ApiDialect) {
    this.title = dialect.title;
    this.#parts = parts;
    this.#dialect = dialect;
    this.#address = readApiUrl(parts.label, parts.settings['url'] ?? dialect.url);
  }

  /** Rejects with Failure `dns-provider-refused` when credentials cannot be read. */
  async begin(signal: AbortSignal): Promise<ApiCall> {
    const secrets = Object.fromEntries(await Promise.all(this.#dialect.secretFiles.map(async (name) => [name, await this.#parts.readSecret(name)] as const)));
    return new ApiCall(this.#parts, this.#dialect, this.#address, secrets, this.#mood, signal);
  }
}

/** A question that stayed without an answer makes the next ones of this run be asked once only: hundreds would wait as long. */
interface Mood {
  questionAttempts: number;
}

/** One operation: requests with the same credentials and deadline. */
export class ApiCall {
  readonly #fetch: HttpsFetch;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly #label: string;
  readonly #dialect: ApiDialect;
  readonly #address: ApiAddress;
  readonly #secrets: Readonly<Record<string, string>>;
  readonly #mood: Mood;
  readonly #endsAt: number;

  constructor(parts: ProviderParts, dialect: ApiDialect, address: ApiAddress, secrets: Readonly<Record<string, string>>, mood: Mood, signal: AbortSignal) {
    this.#fetch = parts.fetch;
    this.clock = parts.clock;
    this.signal = signal;
    this.#mood = mood;
    this.#label = parts.label;
    this.#dialect = dialect;
    this.#address = address;
    this.#secrets = secrets;
    this.#endsAt = parts.clock.monotonic() + DNS_API_LIMITS.operationMs;
  }

  /** The answer to a question, as `schema` has it. */
  async get<T>(schema: z.ZodType<T>, path: string): Promise<T> {
    return this.read(schema, await this.send({ method: 'GET', path }));
  }

  /** A change with a JSON body. Status 200–299, or it rejects. */
  change(method: 'POST' | 'PUT' | 'PATCH' | 'DELETE', path: string, body?: unknown): Promise<ApiAnswer> {
    return this.send({ method, path, ...(body !== undefined && { body: { mediaType: 'application/json', text: JSON.stringify(body) } }) });
  }

  read<T>(schema: z.ZodType<T>, answer: ApiAnswer): T {
    let value: unknown;
    try {
      value = JSON.parse(answer.text);
    } catch {
      throw this.#unreachable('zone', 'its answer is no JSON');
    }
    const parsed = schema.safeParse(value);
    if (!parsed.success) throw this.#unreachable('zone', `its answer is not what is documented (${parsed.error.issues[0]?.path.join('.') ?? ''})`);
    return parsed.data;
  }

  /** Rejects with ProviderFailure, or the signal's reason. */
  async send(request: ApiRequest): Promise<ApiAnswer> {
    let pauseMs: number = DNS_API_LIMITS.firstPauseMs;
    for (let attempt = 1; ; attempt += 1) {
      const answer = await this.#once(request);
      const outcome = this.#judge(request, answer);
      const isQuestion = request.method === 'GET';
      if (outcome.kind === 'answer') return outcome.answer;
      const mayRepeat = outcome.notDone ? attempt < DNS_API_LIMITS.attemptsMax : isQuestion && attempt < this.#mood.questionAttempts;
      if (!mayRepeat) {
        if (isQuestion) this.#mood.questionAttempts = 1;
        throw outcome.failure;
      }
      await this.pause(outcome.afterMs ?? pauseMs, outcome.failure);
      pauseMs *= 2;
    }
  }

  /** Rejects with `otherwise` at once when the wait would outlast the operation. */
  async pause(waitMs: number, otherwise: Failure): Promise<void> {
    if (this.clock.monotonic() + waitMs >= this.#endsAt) throw otherwise;
    await sleep(this.clock, waitMs, this.signal);
  }

  /** For answers that say the wrong thing, and waits that were too long. */
  unreachable(text: string): Failure {
    return this.#unreachable('zone', text);
  }

  #once({ method, path, body }: ApiRequest): Promise<HttpsAnswer> {
    const { host, port, basePath, secure } = this.#address;
    const leftMs = this.#endsAt - this.clock.monotonic();
    if (leftMs <= 0) throw this.#unreachable('provider', `it was not done within ${DNS_API_LIMITS.operationMs / 1000} s`);
    const headers = this.#dialect.authorize({ method, path, ...(body && { body }) }, this.#secrets, this.#address);
    return this.#fetch({
      host, port, path: `${basePath}${path}`, method, headers, secure, signal: this.signal,
      ...(body && { body }), accept: this.#dialect.mediaType ?? 'application/json',
      bytesMax: DNS_API_LIMITS.answerBytesMax, timeoutMs: Math.min(DNS_API_LIMITS.requestMs, leftMs),
    });
  }

  #judge(request: ApiRequest, answer: HttpsAnswer): Judged {
    if (answer.kind === 'failure') return { kind: 'trouble', notDone: false, failure: this.#unreachable('provider', answer.detail), ...(HOPELESS.has(answer.reason) && { afterMs: Infinity }) };
    const read: ApiAnswer = { status: answer.status, headers: answer.headers, text: answer.body.toString() };
    if (answer.status >= 200 && answer.status < 300) return { kind: 'answer', answer: read };
    const said = this.#clean(this.#dialect.explain(read.text));
    const words = `${request.method} ${request.path.split('?')[0]}: ${answer.status}${said === '' ? '' : ` (${said})`}`;
    if (this.#dialect.throttled?.(read) ?? read.status === 429) {
      const afterMs = retryAfterMs(read.headers, this.clock.now());
      return { kind: 'trouble', notDone: true, failure: this.#unreachable('provider', `its rate limit is reached: ${words}`), ...(afterMs !== undefined && { afterMs }) };
    }
    if (answer.status >= 500) {
      const afterMs = retryAfterMs(read.headers, this.clock.now());
      const busy = answer.status === 503 && afterMs !== undefined;
      return { kind: 'trouble', notDone: busy, failure: this.#unreachable(busy ? 'provider' : 'zone', words), ...(afterMs !== undefined && { afterMs }) };
    }
    const cure = answer.status === 401 || answer.status === 403 ? '. Look whether the credentials are right and may read and change this zone' : '';
    throw new ApiRefusal(`${this.#label}: ${this.#dialect.title} refused ${words}${cure}`, answer.status, said);
  }

  #unreachable(of: TroubleOf, text: string): ProviderFailure {
    return new ProviderFailure(of, `${this.#label}: ${this.#dialect.title} cannot be used now: ${this.#clean(text)}`, { temporary: true });
  }

  #clean(text: string): string {
    let clean = text;
    for (const secret of Object.values(this.#secrets)) clean = clean.replaceAll(secret, '***');
    return clean.replace(/[\p{Cc}\s]+/gu, ' ').trim().slice(0, DNS_API_LIMITS.explanationCharsMax);
  }
}

/** Asking again at once would end the same way, or has cost enough time already. */
const HOPELESS: ReadonlySet<string> = new Set(['certificate', 'timeout']);

type Judged =
  | { readonly kind: 'answer'; readonly answer: ApiAnswer }
  /** `notDone`: certainly; it may be asked again whatever it is. */
  | { readonly kind: 'trouble'; readonly notDone: boolean; readonly failure: Failure; readonly afterMs?: number };

/** Seconds or a date (RFC 9110 §10.2.3). */
function retryAfterMs(headers: Readonly<Record<string, string>>, now: number): number | undefined {
  const text = headers['retry-after'] ?? '';
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1000;
  const date = Date.parse(text);
  return text === '' || Number.isNaN(date) ? undefined : Math.max(0, date - now);
}

/** All pages; `page` answers one and what comes after it. Rejects when there is no end. */
export async function allPages<T, P>(call: ApiCall, first: P, page: (at: P) => Promise<{ readonly items: readonly T[]; readonly next?: P | undefined }>): Promise<readonly T[]> {
  const items: T[] = [];
  let at: P | undefined = first;
  for (let count = 0; at !== undefined; count += 1) {
    if (count >= DNS_API_LIMITS.pagesMax) throw call.unreachable('its listing has no end');
    const answer: { readonly items: readonly T[]; readonly next?: P | undefined } = await page(at);
    items.push(...answer.items);
    at = answer.next;
  }
  return items;
}

/** As most providers have it: `Authorization: Bearer`, from the file of the setting `secret-file`. */
export function bearer(_request: ApiRequest, secrets: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return { authorization: `Bearer ${secrets['secret-file'] ?? ''}` };
}

/** The first text found at one of the paths of a JSON answer, for `explain`. */
export function textAt(json: string, ...paths: readonly (readonly (string | number)[])[]): string {
  let root: unknown;
  try {
    root = JSON.parse(json);
  } catch {
    return '';
  }
  const found = paths.map((path) => path.reduce<unknown>((value, key) => (typeof value === 'object' && value !== null ? (value as Record<string | number, unknown>)[key] : undefined), root));
  return found.filter((value) => typeof value === 'string').join(': ');
}
