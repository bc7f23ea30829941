/**
 * Asks the authorization server whether a bearer token is good and whose it is. RFC 7662.
 *
 * Policy: https with a verified certificate (http to a loopback address only, which the configuration has checked); a
 * deadline and a size. A good answer is kept until the token expires, for minutes at most, under an HMAC of the token; a
 * bad one is not kept. Everything but a clear answer is a temporary failure: never "wrong token".
 */
import { createHmac, randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { ACCOUNT_LIMITS } from '../../base/account-limits.ts';
import type { Clock } from '../../base/clock.ts';
import { Failure } from '../../base/errors.ts';
import { Semaphore } from '../../base/semaphore.ts';
import type { LoginConfig, OauthConfig } from '../../config/login-config.ts';

export interface TokenFacts {
  readonly username: string;
  readonly scopes: readonly string[];
  readonly issuer: string | undefined;
}

export interface Introspection {
  /** Undefined: not a token that is good now. Rejects with a temporary Failure `introspection-failed`. */
  look(token: string): Promise<TokenFacts | undefined>;
  close(): void;
}

interface Kept {
  readonly facts: TokenFacts;
  /** Milliseconds since 1970. */
  readonly until: number;
}

export function createIntrospection({ clock, settings }: { readonly clock: Clock; readonly settings: () => LoginConfig }): Introspection {
  const key = randomBytes(32);
  const kept = new Map<string, Kept>();
  const places = new Semaphore(ACCOUNT_LIMITS.backendConnectionsMax);
  let asking = 0;
  let keptFor: OauthConfig | undefined;
  return {
    look: async (token) => {
      const { oauth } = settings();
      if (!oauth) throw new Failure('introspection-failed', 'no introspection server is configured');
      if (keptFor !== oauth) kept.clear();
      keptFor = oauth;
      const digest = createHmac('sha256', key).update(token).digest('base64');
      const known = kept.get(digest);
      if (known && known.until > clock.now()) return known.facts;
      kept.delete(digest);
      if (asking >= ACCOUNT_LIMITS.backendWaitingMax) throw new Failure('login-busy', 'too many log-ins at once, try again later');
      asking += 1;
      const answer = await places.run(() => ask(oauth, token)).finally(() => (asking -= 1));
      const facts = readAnswer(answer, oauth, clock.now());
      if (!facts) return undefined;
      const expiresAt = typeof answer['exp'] === 'number' ? answer['exp'] * 1000 : Infinity;
      kept.set(digest, { facts, until: Math.min(expiresAt, clock.now() + ACCOUNT_LIMITS.tokenCacheMs) });
      if (kept.size > ACCOUNT_LIMITS.tokenCacheEntriesMax) kept.delete(kept.keys().next().value as string);
      return facts;
    },
    close: () => kept.clear(),
  };
}

type Answer = Readonly<Record<string, unknown>>;

/** RFC 7662 §2.2. */
function readAnswer(answer: Answer, { usernameClaim }: OauthConfig, now: number): TokenFacts | undefined {
  const { active, exp, nbf, scope, iss } = answer;
  if (typeof active !== 'boolean') throw failed('the answer says neither active nor not');
  for (const [name, time] of Object.entries({ exp, nbf })) if (time !== undefined && typeof time !== 'number') throw failed(`the answer has a claim ${name} that is no number`);
  if (!active || (typeof exp === 'number' && exp * 1000 <= now) || (typeof nbf === 'number' && nbf * 1000 > now + CLOCK_SKEW_MS)) return undefined;
  const username = answer[usernameClaim];
  if (typeof username !== 'string' || username === '') throw failed(`the answer has no claim ${usernameClaim}`);
  return { username, scopes: typeof scope === 'string' ? scope.split(' ') : [], issuer: typeof iss === 'string' ? iss : undefined };
}

const CLOCK_SKEW_MS = 60_000;

async function ask(oauth: OauthConfig, token: string): Promise<Answer> {
  const body = new URLSearchParams({ token, token_type_hint: 'access_token' }).toString();
  let text: string;
  try {
    text = await post(oauth, body);
  } catch (error) {
    throw error instanceof Failure ? error : failed(error instanceof Error ? error.message : String(error), error);
  }
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) return parsed as Answer;
  } catch {
    // Told below.
  }
  throw failed('the answer is no JSON object');
}

async function post({ introspectionUrl, clientId, clientSecretFile, caFile }: OauthConfig, body: string): Promise<string> {
  const url = new URL(introspectionUrl);
  const secret = clientSecretFile === undefined ? '' : (await readFile(clientSecretFile, 'utf8')).trim();
  const ca = caFile === undefined ? {} : { ca: await readFile(caFile, 'utf8') };
  // RFC 6749 §2.3.1: both are form-encoded first.
  const login = clientId === undefined ? {} : { authorization: `Basic ${Buffer.from(`${encodeURIComponent(clientId)}:${encodeURIComponent(secret)}`).toString('base64')}` };
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const start = url.protocol === 'https:' ? httpsRequest : httpRequest;
    const asking = start(url, {
      method: 'POST',
      ...ca,
      agent: false,
      signal: AbortSignal.timeout(ACCOUNT_LIMITS.backendTimeoutMs),
      headers: { 'content-type': 'application/x-www-form-urlencoded', 'content-length': Buffer.byteLength(body), accept: 'application/json', ...login },
    });
    asking.once('error', reject);
    asking.once('response', resolve);
    asking.end(body);
  });
  const pieces: Buffer[] = [];
  let size = 0;
  for await (const piece of response as AsyncIterable<Buffer>) {
    size += piece.length;
    if (size > ACCOUNT_LIMITS.introspectionBytesMax) throw failed('the answer is too large');
    pieces.push(piece);
  }
  if (response.statusCode !== 200) throw failed(`the answer has status ${response.statusCode}`);
  return Buffer.concat(pieces).toString('utf8');
}

function failed(detail: string, cause?: unknown): Failure {
  return new Failure('introspection-failed', `the introspection server does not answer: ${detail}`, { cause });
}
