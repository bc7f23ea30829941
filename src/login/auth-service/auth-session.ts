/**
 * One connection of the Dovecot protocol: greeting, then requests that are answered as they are done, each by its number.
 *
 * Policy: what cannot be found out now is FAIL with `temp`. What the client claims about the user's connection (`rip`,
 * `service`) is believed: it is a program of this machine. Channel binding is not offered, the TLS connection is elsewhere.
 */
import { randomBytes } from 'node:crypto';
import { isIP, type Socket } from 'node:net';
import { ACCOUNT_LIMITS } from '../../base/account-limits.ts';
import type { Log } from '../../base/log.ts';
import type { Login, LoginContext, LoginResult, LoginService } from '../../contract/directory.ts';
import { AuthLines, formatAuthLine, parseAuthLine, parseParameters, type AuthFields } from '../../wire/dovecot-auth/line.ts';
import { decodeBase64 } from '../../wire/sasl/scram.ts';
import { createSaslServer, offeredMechanisms } from '../../wire/sasl/server.ts';
import type { SaslServer, SaslServerMechanism, SaslServerStep } from '../../wire/sasl/server-step.ts';

export interface AuthSessionOptions {
  readonly socket: Socket;
  readonly login: Login;
  readonly log: Log;
  /** Unique among the connections of this process. */
  readonly connection: number;
}

interface Request {
  readonly id: string;
  readonly machine: SaslServer;
  readonly context: LoginContext;
}

/** Names that programs give; of other ones only app passwords that are good for everything open. */
const SERVICES: Readonly<Record<string, LoginService>> = { smtp: 'smtp', submission: 'smtp', lmtp: 'smtp', imap: 'imap', pop3: 'pop3', sieve: 'sieve', managesieve: 'sieve' };
const NO_BINDING: ReadonlyMap<never, Buffer> = new Map<never, Buffer>();

/** What the protocol wants to hear about each mechanism. */
const TRAITS: Readonly<Record<SaslServerMechanism, readonly string[]>> = {
  PLAIN: ['plaintext'],
  LOGIN: ['plaintext'],
  'SCRAM-SHA-256': ['mutual-auth'],
  'SCRAM-SHA-256-PLUS': ['mutual-auth'],
  OAUTHBEARER: [],
  XOAUTH2: [],
};

export class AuthSession {
  readonly #options: AuthSessionOptions;
  readonly #lines = new AuthLines(ACCOUNT_LIMITS.authLineBytesMax);
  /** Those that wait for the client's next response. */
  readonly #requests = new Map<string, Request>();
  #working = 0;
  #greeted = false;

  constructor(options: AuthSessionOptions) {
    this.#options = options;
  }

  start(): void {
    const { socket, login, connection } = this.#options;
    const mechanisms = offeredMechanisms(NO_BINDING, login.mechanisms);
    this.#say(['VERSION', '1', '1'], ...mechanisms.map((name): AuthFields => ['MECH', name, ...TRAITS[name]]));
    this.#say(['SPID', String(process.pid)], ['CUID', String(connection)], ['COOKIE', randomBytes(16).toString('hex')], ['DONE']);
    socket.setTimeout(ACCOUNT_LIMITS.authHandshakeMs, () => socket.destroy());
    socket.on('data', (piece: Buffer) => this.#take(piece));
  }

  #take(piece: Buffer): void {
    const lines = this.#lines.take(piece);
    if (!lines) return this.#giveUp('a line is too long');
    for (const line of lines) this.#hear(parseAuthLine(line));
  }

  #hear([command, ...fields]: AuthFields): void {
    switch (command) {
      case 'VERSION':
        return fields[0] === '1' ? undefined : this.#giveUp(`it speaks version ${fields[0] ?? '?'}`);
      case 'CPID':
        // From here on a client is silent for as long as nobody logs in.
        this.#greeted = true;
        this.#options.socket.setTimeout(0);
        return undefined;
      case 'AUTH':
        return this.#greeted ? this.#begin(fields) : this.#giveUp('a request came before the greeting');
      case 'CONT':
        return this.#goOn(fields);
      case 'CANCEL':
        this.#requests.delete(fields[0] ?? '');
        return undefined;
      default:
        // RFC-less protocol: what is not known is passed over.
        return undefined;
    }
  }

  #begin([id = '', mechanism = '', ...rest]: readonly string[]): void {
    if (!/^\d{1,10}$/.test(id) || this.#requests.has(id)) return this.#giveUp('a request has no number of its own');
    if (this.#requests.size + this.#working >= ACCOUNT_LIMITS.authRequestsMax) return this.#say(['FAIL', id, 'temp']);
    const parameters = parseParameters(rest);
    const machine = createSaslServer(mechanism, NO_BINDING, { allowed: this.#options.login.mechanisms });
    if (!machine) return this.#say(['FAIL', id, 'reason=Mechanism not offered']);
    const address = parameters.get('rip') ?? '';
    const context: LoginContext = { service: SERVICES[parameters.get('service') ?? ''] ?? 'other', clientAddress: isIP(address) ? address : '127.0.0.1', mechanism: machine.mechanism };
    const given = parameters.get('resp');
    const response = given === undefined ? undefined : decodeBase64(given);
    if (given !== undefined && response === undefined) return this.#say(['FAIL', id, 'reason=Bad base64']);
    return this.#work({ id, machine, context }, machine.next(response));
  }

  #goOn([id = '', given = '']: readonly string[]): void {
    const request = this.#requests.get(id);
    if (!request) return;
    this.#requests.delete(id);
    const response = decodeBase64(given);
    if (!response) return this.#say(['FAIL', id, 'reason=Bad base64']);
    this.#work(request, request.machine.next(response));
  }

  #work(request: Request, step: SaslServerStep): void {
    this.#working += 1;
    this.#answer(request, step)
      .catch((error: unknown) => {
        this.#options.log.error('auth-service.failed', { error: String(error) });
        this.#say(['FAIL', request.id, 'temp']);
      })
      .finally(() => (this.#working -= 1));
  }

  async #answer(request: Request, step: SaslServerStep): Promise<void> {
    const { login } = this.#options;
    const { id, machine, context } = request;
    switch (step.kind) {
      case 'challenge':
        this.#requests.set(id, request);
        return this.#say(['CONT', id, step.data.toString('base64')]);
      case 'lookup':
        return this.#answer(request, machine.credentials(await login.scramSha256(step.user, context)));
      case 'password':
        return this.#conclude(request, step.user, await login.password(step.user, step.password, context));
      case 'token':
        return this.#conclude(request, step.user, await login.bearer(step.user, step.token, context));
      case 'proven':
        return this.#conclude(request, step.user, await login.scramFinished(step.user, true, context));
      case 'failed':
        if (step.reason === 'credentials') await login.scramFinished(step.user ?? '', false, context);
        return this.#say(['FAIL', id, ...(step.user === undefined ? [] : [`user=${step.user}`])]);
    }
  }

  async #conclude(request: Request, user: string, result: LoginResult): Promise<void> {
    const { id, machine, context } = request;
    if (result.kind === 'ok') return this.#say(['OK', id, `user=${result.account}`]);
    this.#options.log.warn('auth-service.login-failed', { service: context.service, clientAddress: context.clientAddress, mechanism: machine.mechanism, reason: result.reason });
    if (result.oauth && machine.refused) return this.#answer(request, machine.refused(result.oauth));
    return this.#say(['FAIL', id, ...(user === '' ? [] : [`user=${user}`]), ...(result.reason === 'throttled' ? ['temp'] : [])]);
  }

  #say(...lines: readonly AuthFields[]): void {
    const { socket } = this.#options;
    if (socket.writable) socket.write(lines.map(formatAuthLine).join(''));
  }

  #giveUp(why: string): void {
    this.#options.log.warn('auth-service.client-dropped', { reason: why });
    this.#options.socket.destroy();
  }
}
