/**
 * Log-ins at relays: which secret, and not too often a wrong one. A relay that refused it is not asked again with the
 * same secret for a while, growing with each refusal: providers lock accounts after a few failures, and a full queue
 * would make hundreds. A changed password file (or token) counts at once.
 */
import { createHash } from 'node:crypto';
import type { Clock } from '../../base/clock.ts';
import { RELAY_LIMITS } from '../../base/limits.ts';
import type { RelayTarget } from '../../contract/sending.ts';
import type { SmtpLogin } from '../../net/smtp-login.ts';
import type { SaslCredentials } from '../../wire/sasl/client.ts';
import type { OauthTokens } from '../../net/oauth-tokens.ts';
import { readSecret } from '../../net/secret-file.ts';
import { failure, type Judgement } from './trouble.ts';

interface Refusal {
  /** Of the secret that was refused. */
  readonly digest: string;
  readonly judgement: Judgement;
  readonly waitMs: number;
  /** Monotonic. */
  readonly until: number;
}

export class RelayLogins {
  readonly #clock: Clock;
  readonly #tokens: OauthTokens;
  readonly #refusals = new Map<string, Refusal>();

  constructor(clock: Clock, tokens: OauthTokens) {
    this.#clock = clock;
    this.#tokens = tokens;
  }

  /** Undefined for a relay that wants no log-in. */
  loginFor(relay: RelayTarget): SmtpLogin | undefined {
    const { username, oauth } = relay;
    if (username === undefined) return undefined;
    return {
      credentials: () => this.#credentials(relay, username, false),
      ...(oauth?.kind === 'refresh' ? { renew: () => this.#credentials(relay, username, true) } : {}),
    };
  }

  /** Why the relay should not be asked now: it refused the very secret that would be shown. */
  async pause(relay: RelayTarget): Promise<Judgement | undefined> {
    const refusal = this.#refusals.get(keyOf(relay));
    if (!refusal || refusal.until <= this.#clock.monotonic()) return undefined;
    const now = await this.#digest(relay);
    return now === refusal.digest ? refusal.judgement : undefined;
  }

  /** Tells how a log-in went; `refused` is what was said when the relay refused it. */
  async finished(relay: RelayTarget, refused: Judgement | undefined): Promise<void> {
    const key = keyOf(relay);
    if (!refused) return void this.#refusals.delete(key);
    const digest = await this.#digest(relay);
    const before = this.#refusals.get(key);
    const waitMs = before?.digest === digest ? Math.min(before.waitMs * 2, RELAY_LIMITS.refusedLoginMaxMs) : RELAY_LIMITS.refusedLoginMinMs;
    this.#refusals.set(key, { digest, judgement: refused, waitMs, until: this.#clock.monotonic() + waitMs });
  }

  async #digest(relay: RelayTarget): Promise<string> {
    // Of a token that is fetched, what it is fetched with: a fresh one differs each time.
    const file = relay.oauth?.kind === 'refresh' ? relay.oauth.refreshTokenFile : (relay.oauth?.tokenFile ?? relay.passwordFile);
    const secret = file === undefined ? '' : await readSecret(file, 'the secret').catch(() => '');
    return createHash('sha256').update(secret).digest('hex');
  }

  async #credentials(relay: RelayTarget, username: string, anew: boolean): Promise<SaslCredentials> {
    if (relay.oauth) return { username, token: await this.#tokens.token(relay.oauth, anew) };
    if (relay.passwordFile === undefined) throw new Error(`the relay ${relay.host} has a user name, but no password file`);
    return { username, password: await readSecret(relay.passwordFile, 'the password file') };
  }
}

/** For the administrator only: where the secret of a relay is kept. */
export function secretPlace({ oauth, passwordFile }: RelayTarget): string | undefined {
  if (oauth?.kind === 'file') return `the token is in ${oauth.tokenFile}`;
  if (oauth) return `the token is fetched from ${oauth.tokenUrl} with the refresh token in ${oauth.refreshTokenFile}`;
  return passwordFile === undefined ? undefined : `the password is in ${passwordFile}`;
}

/** What is said of a log-in that is not tried again yet. */
export function pausedLogin(judgement: Judgement): Judgement {
  return failure('local', judgement.reply.code, judgement.reply.enhanced ?? '4.7.8', `${judgement.reply.text} (not asked again with the same secret for now)`);
}

function keyOf({ host, port, username = '' }: RelayTarget): string {
  return `${username}@${host}:${port}`;
}
