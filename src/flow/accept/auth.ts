/**
 * AUTH: who the user is. RFC 4954.
 *
 * Policy: only where hello.ts offers it. What the account store cannot say now is 454, never "wrong password". After
 * three failures the session ends. No user name that failed and no password is ever logged in full text: the name is,
 * because an administrator must see which account is attacked, cut to a sane length.
 */
import { Failure } from '../../base/errors.ts';
import { SMTP_SERVER_LIMITS } from '../../base/limits.ts';
import type { LoginContext, LoginResult } from '../../contract/directory.ts';
import { LOG_EVENTS } from '../../mail/log-events.ts';
import type { LogEventFields } from '../../mail/log-events.ts';
import { decodeBase64 } from '../../wire/sasl/scram.ts';
import { createSaslServer } from '../../wire/sasl/server.ts';
import type { SaslServer, SaslServerStep } from '../../wire/sasl/server-step.ts';
import { REPLIES } from '../../wire/smtp/replies.ts';
import { channelBindings } from '../../net/channel-binding.ts';
import type { SessionState } from './session-state.ts';

const USER_NAME_CHARS_LOGGED = 100;

export function handleAuth(state: SessionState, argument: string): void | Promise<void> {
  if (state.helo === undefined) return state.protocolError(REPLIES.helloFirst);
  if (!state.isSubmission) return state.protocolError(REPLIES.authNotOffered);
  if (!state.offersAuth) return state.protocolError(REPLIES.encryptFirst);
  if (state.account !== undefined) return state.protocolError(REPLIES.authTwice);
  if (state.transaction) return state.protocolError(REPLIES.authInTransaction);
  const [name = '', initial, ...rest] = argument.split(/ +/);
  if (name === '' || rest.length > 0) return state.protocolError(REPLIES.syntax);
  const machine = createSaslServer(name, channelBindings(state.tlsSocket), { allowed: state.options.ports.login.mechanisms });
  if (!machine) return state.protocolError(REPLIES.unknownMechanism);
  if (initial === undefined) return proceed(state, machine, machine.next(undefined));
  // RFC 4954 §4: "=" is an initial response of no bytes.
  const response = initial === '=' ? Buffer.alloc(0) : decodeBase64(initial);
  return response ? proceed(state, machine, machine.next(response)) : state.protocolError(REPLIES.authSyntax);
}

/** A line of the exchange. */
export function handleAuthLine(state: SessionState, machine: SaslServer, line: string): void | Promise<void> {
  state.readCommands();
  if (line === '*') return state.protocolError(REPLIES.authAborted);
  const response = decodeBase64(line);
  return response ? proceed(state, machine, machine.next(response)) : state.protocolError(REPLIES.authSyntax);
}

function proceed(state: SessionState, machine: SaslServer, step: SaslServerStep): void | Promise<void> {
  switch (step.kind) {
    case 'challenge':
      state.reading = { kind: 'auth', machine };
      return state.reply({ code: 334, text: step.data.toString('base64') });
    case 'password':
      return conclude(state, machine, step.user, (context) => state.options.ports.login.password(step.user, step.password, context));
    case 'lookup':
      return lookUp(state, machine, step.user);
    case 'token':
      return conclude(state, machine, step.user, (context) => state.options.ports.login.bearer(step.user, step.token, context));
    case 'proven':
      return conclude(state, machine, step.user, (context) => state.options.ports.login.scramFinished(step.user, true, context));
    case 'failed':
      if (step.reason === 'credentials') return conclude(state, machine, step.user ?? '', (context) => deny(state, step.user ?? '', context));
      // Told to the log when it was refused.
      if (step.reason === 'token') return countFailure(state);
      logFailure(state, machine, step.user, step.reason);
      // A malformed exchange is a fault of the client's code; the other reasons are somebody trying.
      if (step.reason === 'malformed') return state.protocolError(REPLIES.authSyntax);
      return countFailure(state);
  }
}

/** Whatever the store answers to a wrong proof, it is wrong; but a throttled client is to be told so. */
async function deny(state: SessionState, user: string, context: LoginContext): Promise<LoginResult> {
  const result = await state.options.ports.login.scramFinished(user, false, context);
  return result.kind === 'ok' ? { kind: 'denied', reason: 'wrong-password' } : result;
}

async function lookUp(state: SessionState, machine: SaslServer, user: string): Promise<void> {
  let credentials;
  try {
    credentials = await state.options.ports.login.scramSha256(user, loginContext(state, machine));
  } catch (error) {
    return storeFailed(state, machine, user, error);
  }
  return proceed(state, machine, machine.credentials(credentials));
}

async function conclude(state: SessionState, machine: SaslServer, user: string, ask: (context: LoginContext) => Promise<LoginResult>): Promise<void> {
  let result: LoginResult;
  try {
    result = await ask(loginContext(state, machine));
  } catch (error) {
    return storeFailed(state, machine, user, error);
  }
  if (result.kind === 'ok') {
    state.account = result.account;
    state.saslMechanism = machine.mechanism;
    return state.reply(REPLIES.loggedIn);
  }
  logFailure(state, machine, user, result.reason);
  // RFC 7628 §3.2.3: the client hears why before the exchange fails.
  if (result.oauth && machine.refused) return proceed(state, machine, machine.refused(result.oauth));
  countFailure(state, result.reason === 'throttled');
}

function loginContext(state: SessionState, machine: SaslServer): LoginContext {
  return { service: 'smtp', clientAddress: state.client.address ?? '127.0.0.1', mechanism: machine.mechanism };
}

function storeFailed(state: SessionState, machine: SaslServer, user: string, error: unknown): void {
  state.options.ports.log.error('smtp.login-store-failed', { error: String(error), ...(error instanceof Failure && { code: error.code }) });
  logFailure(state, machine, user, 'store-failed');
  state.reply(REPLIES.authTemporary);
}

function countFailure(state: SessionState, throttled = false): void {
  // logFailure has told the log already.
  state.reply(throttled ? REPLIES.authTemporary : REPLIES.authFailed);
  state.authAttempts += 1;
  if (state.authAttempts >= SMTP_SERVER_LIMITS.authAttemptsMax) state.farewell ??= REPLIES.tooManyLogins;
}

function logFailure(state: SessionState, machine: SaslServer, user: string | undefined, reason: string): void {
  state.options.ports.log.warn(LOG_EVENTS.loginFailed, {
    ...state.clientFields(),
    mechanism: machine.mechanism,
    reason,
    ...(user !== undefined && user !== '' && { username: user.slice(0, USER_NAME_CHARS_LOGGED) }),
  } satisfies LogEventFields['smtp.login-failed']);
}
