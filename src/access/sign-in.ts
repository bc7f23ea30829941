/**
 * Log-in of a user over IMAP, POP3 or ManageSieve: a SASL exchange or a plain password, told to the Login port and to
 * the log. The protocols differ only in how a challenge and its response are written.
 *
 * Policy: no mechanism is offered, and none taken, where a password could be read on the way (TLS, or a network of
 * `networks.trusted`). What the account store cannot say now is temporary, never "wrong password". After
 * ACCESS_LIMITS.loginAttemptsMax failures the session is to end. User names are logged cut to a sane length, secrets never.
 */
import { ACCESS_LIMITS } from '../base/access-limits.ts';
import { Failure } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { Login, LoginContext, LoginResult } from '../contract/directory.ts';
import { LOG_EVENTS } from '../mail/log-events.ts';
import type { LogEventFields } from '../mail/log-events.ts';
import { decodeBase64 } from '../wire/sasl/scram.ts';
import { createSaslServer, offeredMechanisms } from '../wire/sasl/server.ts';
import type { SaslServer, SaslServerStep } from '../wire/sasl/server-step.ts';
import type { ClientConnection } from './connection/client-connection.ts';
import type { AccessService } from './connection/protocol.ts';

export interface SignInPorts {
  readonly login: Login;
  readonly log: Log;
}

export type SignInOutcome =
  | { readonly kind: 'ok'; readonly account: string }
  /** Wrong, unknown, not allowed: the client is told no more than that. `end`: it has had its attempts. */
  | { readonly kind: 'denied'; readonly end: boolean }
  /** Too many attempts lately; may be right. */
  | { readonly kind: 'throttled'; readonly end: boolean }
  /** The account store does not answer. */
  | { readonly kind: 'unavailable' }
  /** The account has too many sessions. */
  | { readonly kind: 'too-many-sessions' }
  | { readonly kind: 'plaintext-refused' }
  | { readonly kind: 'unknown-mechanism' }
  /** The client's part of the exchange cannot be read. */
  | { readonly kind: 'malformed' }
  | { readonly kind: 'cancelled' }
  | { readonly kind: 'closed' };

/** Sends a challenge (not encoded yet) and gets the response (decoded). */
export type Challenge = (data: Buffer) => Promise<Buffer | 'malformed' | 'cancelled' | 'closed'>;

const USER_NAME_CHARS_LOGGED = 100;

/** One for each connection. */
export class SignIn {
  readonly #ports: SignInPorts;
  readonly #service: AccessService;
  readonly #connection: ClientConnection;
  #failures = 0;

  constructor(ports: SignInPorts, service: AccessService, connection: ClientConnection) {
    this.#ports = ports;
    this.#service = service;
    this.#connection = connection;
  }

  /** SASL mechanisms that may be used on the connection as it is, strongest first. */
  get mechanisms(): readonly string[] {
    const { plaintextAllowed, channelBindings } = this.#connection;
    return plaintextAllowed ? offeredMechanisms(channelBindings, this.#ports.login.mechanisms) : [];
  }

  /** LOGIN of IMAP, USER and PASS of POP3; `command` is for the audit. */
  async password(user: string, password: string, command: string): Promise<SignInOutcome> {
    if (!this.#connection.plaintextAllowed) return { kind: 'plaintext-refused' };
    const outcome = await this.#conclude(command, user, (context) => this.#ports.login.password(user, password, context));
    return 'refusal' in outcome ? this.#refused(outcome.refusal) : outcome;
  }

  /** AUTHENTICATE, AUTH. `initial`: the decoded initial response, if there is one. */
  async exchange(mechanism: string, initial: Buffer | undefined, challenge: Challenge): Promise<SignInOutcome> {
    if (!this.#connection.plaintextAllowed) return { kind: 'plaintext-refused' };
    const machine = createSaslServer(mechanism, this.#connection.channelBindings, { allowed: this.#ports.login.mechanisms });
    if (!machine) return { kind: 'unknown-mechanism' };
    let step = machine.next(initial);
    for (;;) {
      const next = await this.#take(machine, step, challenge);
      if (!('step' in next)) return next.outcome;
      step = next.step;
    }
  }

  async #take(machine: SaslServer, step: SaslServerStep, challenge: Challenge): Promise<{ readonly step: SaslServerStep } | { readonly outcome: SignInOutcome }> {
    const { login } = this.#ports;
    switch (step.kind) {
      case 'challenge': {
        const response = await challenge(step.data);
        return typeof response === 'string' ? { outcome: { kind: response } } : { step: machine.next(response) };
      }
      case 'lookup':
        return this.#lookUp(machine, step.user);
      case 'password':
        return this.#end(machine, step.user, (context) => login.password(step.user, step.password, context));
      case 'token':
        return this.#end(machine, step.user, (context) => login.bearer(step.user, step.token, context));
      case 'proven':
        return this.#end(machine, step.user, (context) => login.scramFinished(step.user, true, context));
      case 'failed':
        return this.#failed(machine, step);
    }
  }

  async #failed(machine: SaslServer, { reason, user = '' }: Extract<SaslServerStep, { kind: 'failed' }>): Promise<{ readonly outcome: SignInOutcome }> {
    // Whatever the store answers to a wrong proof, it is wrong; but a throttled client is to be told so.
    if (reason === 'credentials') {
      const outcome = await this.#conclude(machine.mechanism, user, async (context) => denial(await this.#ports.login.scramFinished(user, false, context)));
      return { outcome: 'refusal' in outcome ? this.#refused(outcome.refusal) : outcome };
    }
    // The log was told when the token was refused.
    if (reason === 'token') return { outcome: this.#refused('token') };
    this.#logFailure(machine.mechanism, user, reason);
    // A malformed exchange is a fault of the client's code; the other reasons are somebody trying.
    return { outcome: reason === 'malformed' ? { kind: 'malformed' } : this.#refused(reason) };
  }

  async #lookUp(machine: SaslServer, user: string): Promise<{ readonly step: SaslServerStep } | { readonly outcome: SignInOutcome }> {
    try {
      return { step: machine.credentials(await this.#ports.login.scramSha256(user, this.#context(machine.mechanism))) };
    } catch (error) {
      return { outcome: this.#unavailable(machine.mechanism, user, error) };
    }
  }

  async #end(machine: SaslServer, user: string, ask: (context: LoginContext) => Promise<LoginResult>): Promise<{ readonly step: SaslServerStep } | { readonly outcome: SignInOutcome }> {
    const outcome = await this.#conclude(machine.mechanism, user, ask);
    if (!('refusal' in outcome)) return { outcome };
    // RFC 7628 §3.2.3: the client hears why before the exchange fails.
    if (outcome.oauth && machine.refused) return { step: machine.refused(outcome.oauth) };
    return { outcome: this.#refused(outcome.refusal) };
  }

  async #conclude(mechanism: string, user: string, ask: (context: LoginContext) => Promise<LoginResult>): Promise<SignInOutcome | Refusal> {
    let result: LoginResult;
    try {
      result = await ask(this.#context(mechanism));
    } catch (error) {
      return this.#unavailable(mechanism, user, error);
    }
    if (result.kind === 'denied') {
      this.#logFailure(mechanism, user, result.reason);
      return { refusal: result.reason, ...(result.oauth && { oauth: result.oauth }) };
    }
    if (!this.#connection.enter(result.account, result.standing)) {
      this.#logFailure(mechanism, user, 'too-many-sessions');
      return { kind: 'too-many-sessions' };
    }
    this.#ports.log.info(LOG_EVENTS.accessLogin, {
      ...this.#fields(mechanism),
      account: result.account,
      ...(result.appPassword !== undefined && { appPassword: result.appPassword }),
    } satisfies LogEventFields['access.login']);
    return { kind: 'ok', account: result.account };
  }

  #refused(reason: string): SignInOutcome {
    this.#failures += 1;
    return { kind: reason === 'throttled' ? 'throttled' : 'denied', end: this.#failures >= ACCESS_LIMITS.loginAttemptsMax };
  }

  #unavailable(mechanism: string, user: string, error: unknown): SignInOutcome {
    this.#ports.log.error('access.login-store-failed', { service: this.#service, error: String(error), ...(error instanceof Failure && { code: error.code }) });
    this.#logFailure(mechanism, user, 'store-failed');
    return { kind: 'unavailable' };
  }

  #logFailure(mechanism: string, user: string, reason: string): void {
    const fields = { ...this.#fields(mechanism), reason, ...(user !== '' && { username: user.slice(0, USER_NAME_CHARS_LOGGED) }) };
    this.#ports.log.warn(LOG_EVENTS.accessLoginFailed, fields satisfies LogEventFields['access.login-failed']);
  }

  #fields(mechanism: string): { service: AccessService; clientAddress: string; mechanism: string; tls: boolean } {
    const { client, isSecure } = this.#connection;
    return { service: this.#service, clientAddress: client.address, mechanism, tls: isSecure };
  }

  #context(mechanism: string): LoginContext {
    return { service: this.#service, clientAddress: this.#connection.client.address, mechanism };
  }
}

interface Refusal {
  readonly refusal: string;
  readonly oauth?: NonNullable<Extract<LoginResult, { kind: 'denied' }>['oauth']>;
}

function denial(result: LoginResult): LoginResult {
  return result.kind === 'ok' ? { kind: 'denied', reason: 'wrong-password' } : result;
}

/** As IMAP (RFC 9051 §6.2.2) and POP3 (RFC 5034 §4) have it: `+ ` and a line each way, `*` to give up. */
export function challengeByLine(connection: ClientConnection): Challenge {
  return async (data) => {
    connection.write(`+ ${data.toString('base64')}\r\n`);
    const line = await connection.readLine(ACCESS_LIMITS.saslLineBytesMax);
    if (line === 'closed') return 'closed';
    if (line === 'too-long') return 'malformed';
    const text = line.toString('latin1');
    return text === '*' ? 'cancelled' : (decodeBase64(text) ?? 'malformed');
  };
}

/** The initial response as it stands behind the mechanism: `=` is one of no bytes. */
export function initialResponse(text: string | undefined): Buffer | 'malformed' | undefined {
  if (text === undefined) return undefined;
  return text === '=' ? Buffer.alloc(0) : (decodeBase64(text) ?? 'malformed');
}
