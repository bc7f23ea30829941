/**
 * Bearer tokens for log-ins: read from a file, or fetched with a refresh token (RFC 6749 §6) and kept in memory until
 * shortly before they expire. Two log-ins that need the same token share one request. A server that gives a new refresh
 * token with the access token may take the old one back (RFC 6749 §6): the file gets the new one. Tokens and secrets
 * appear in no log and no error; what the token server says about a refusal does (RFC 6749 §5.2).
 */
import type { Clock } from '../base/clock.ts';
import { RELAY_LIMITS } from '../base/limits.ts';
import type { OauthSource } from '../base/oauth-source.ts';
import type { HttpsAnswer, HttpsFetch } from '../contract/https-fetch.ts';
import { readSecret, replaceSecret } from './secret-file.ts';

type Refresh = Extract<OauthSource, { kind: 'refresh' }>;

interface Kept {
  readonly token: Promise<string>;
  /** Monotonic; unknown while it is fetched. */
  expiresAt: number;
}

export class OauthTokens {
  readonly #clock: Clock;
  readonly #fetch: HttpsFetch | undefined;
  readonly #kept = new Map<string, Kept>();
  /** By file: refresh tokens that could not be written there, and what the file held then. */
  readonly #unwritten = new Map<string, { readonly inFile: string; readonly newer: string }>();

  /** Without `fetch` only token files work. */
  constructor(clock: Clock, fetch?: HttpsFetch) {
    this.#clock = clock;
    this.#fetch = fetch;
  }

  /** Rejects with a sentence for the administrator. `anew`: the one at hand was refused. */
  async token(source: OauthSource, anew: boolean): Promise<string> {
    if (source.kind === 'file') return readSecret(source.tokenFile, 'the token file');
    const key = JSON.stringify(source);
    const kept = this.#kept.get(key);
    if (kept && !anew && kept.expiresAt > this.#clock.monotonic()) return kept.token;
    const entry: Kept = { token: this.#refresh(source, () => entry), expiresAt: Number.POSITIVE_INFINITY };
    this.#kept.set(key, entry);
    try {
      return await entry.token;
    } catch (error) {
      // Others that need it now are told the same: a full queue must not ask hundreds of times.
      entry.expiresAt = this.#clock.monotonic() + RELAY_LIMITS.refusedLoginMinMs;
      throw error;
    }
  }

  async #refresh(source: Refresh, entry: () => Kept): Promise<string> {
    const url = new URL(source.tokenUrl);
    if (url.protocol !== 'https:') throw new Error(`${source.tokenUrl} is not https; a token is fetched over TLS only`);
    if (!this.#fetch) throw new Error('no token can be fetched here');
    const refreshToken = await this.#refreshToken(source.refreshTokenFile);
    const form = new URLSearchParams({
      grant_type: 'refresh_token',
      client_id: source.clientId,
      refresh_token: refreshToken,
      ...(source.scope === undefined ? {} : { scope: source.scope }),
      ...(source.clientSecretFile === undefined ? {} : { client_secret: await readSecret(source.clientSecretFile, 'the client secret') }),
    });
    const answer = await this.#fetch({
      host: url.hostname,
      port: url.port === '' ? 443 : Number(url.port),
      path: `${url.pathname}${url.search}`,
      body: { mediaType: 'application/x-www-form-urlencoded', text: form.toString() },
      accept: 'application/json',
      bytesMax: RELAY_LIMITS.tokenAnswerBytesMax,
      timeoutMs: RELAY_LIMITS.tokenTimeoutMs,
    });
    const { token, lifetimeMs, newRefreshToken } = readAnswer(answer, url.host);
    if (newRefreshToken !== undefined && newRefreshToken !== refreshToken) await this.#replace(source.refreshTokenFile, newRefreshToken);
    entry().expiresAt = this.#clock.monotonic() + Math.max(0, lifetimeMs - RELAY_LIMITS.tokenMarginMs);
    return token;
  }

  /** What somebody else has put into the file since counts more than what could not be written there. */
  async #refreshToken(file: string): Promise<string> {
    const inFile = await readSecret(file, 'the refresh token');
    const unwritten = this.#unwritten.get(file);
    return unwritten?.inFile === inFile ? unwritten.newer : inFile;
  }

  /** Where the file cannot be written the new token serves until the program ends. */
  async #replace(file: string, newer: string): Promise<void> {
    const inFile = await readSecret(file, 'the refresh token');
    try {
      await replaceSecret(file, newer);
      this.#unwritten.delete(file);
    } catch {
      this.#unwritten.set(file, { inFile, newer });
    }
  }
}

/** RFC 6749 §5.1 and §5.2. */
function readAnswer(answer: HttpsAnswer, host: string): { readonly token: string; readonly lifetimeMs: number; readonly newRefreshToken?: string } {
  if (answer.kind === 'failure') throw new Error(`no token from ${host}: ${answer.detail}`);
  const { access_token: token, refresh_token: newRefreshToken, expires_in: seconds, error, error_description: description } = parseJson(answer.body);
  if (answer.status === 200 && isToken(token)) {
    const known = typeof seconds === 'number' && seconds > 0 && seconds < 1e9;
    return { token, lifetimeMs: known ? seconds * 1000 : RELAY_LIMITS.tokenLifetimeMs, ...(isToken(newRefreshToken) && { newRefreshToken }) };
  }
  const said = [error, description].filter((part) => typeof part === 'string').join(': ').slice(0, 300);
  throw new Error(`${host} gives no token (status ${answer.status}${said === '' ? '' : `, ${said}`})`);
}

function isToken(value: unknown): value is string {
  return typeof value === 'string' && /^[\x21-\x7e]{1,16000}$/.test(value);
}

function parseJson(body: Buffer): Record<string, unknown> {
  try {
    const parsed: unknown = JSON.parse(body.toString('utf8'));
    return typeof parsed === 'object' && parsed !== null ? (parsed as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
