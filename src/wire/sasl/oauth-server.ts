/**
 * The server's side of OAUTHBEARER (RFC 7628) and XOAUTH2: reads the bearer token out of the client's one message. Whether
 * it is good is somebody else's to say; a refusal goes to the client as JSON in a challenge, and the exchange fails when
 * the client has answered that (RFC 7628 §3.2.2, §3.2.3).
 *
 * Policy: acting for another user is not a thing here, the name is compared with that of the token by the caller. Channel
 * binding does not exist for these mechanisms: a client that asks for it is refused.
 */
import { saslprep } from '../../base/saslprep.ts';
import { unescapeName } from './scram.ts';
import type { SaslFailure, SaslServer, SaslServerStep, TokenRefusal } from './server-step.ts';

/** RFC 6750 §2.1: `b64token`. */
const TOKEN = /^[A-Za-z0-9\-._~+/]+=*$/;
const MESSAGE_BYTES_MAX = 9000;
const SEPARATOR = '\x01';

export class OauthServer implements SaslServer {
  readonly mechanism: 'OAUTHBEARER' | 'XOAUTH2';
  #state: 'first' | 'asked' | 'refused' | 'over' = 'first';
  #user = '';

  constructor(mechanism: 'OAUTHBEARER' | 'XOAUTH2') {
    this.mechanism = mechanism;
  }

  next(response: Buffer | undefined): SaslServerStep {
    switch (this.#state) {
      case 'first':
        return response === undefined ? { kind: 'challenge', data: Buffer.alloc(0) } : this.#read(response);
      case 'refused':
        // One %x01 or nothing: whatever the client says now, it has failed.
        return this.#fail('token');
      default:
        return this.#fail('malformed');
    }
  }

  credentials(): SaslServerStep {
    return this.#fail('malformed');
  }

  refused(refusal: TokenRefusal): SaslServerStep {
    if (this.#state !== 'asked') return this.#fail('malformed');
    this.#state = 'refused';
    return { kind: 'challenge', data: Buffer.from(this.mechanism === 'XOAUTH2' ? xoauth2Error(refusal) : bearerError(refusal), 'utf8') };
  }

  #read(response: Buffer): SaslServerStep {
    if (response.length > MESSAGE_BYTES_MAX) return this.#fail('malformed');
    const text = response.toString('utf8');
    const said = this.mechanism === 'XOAUTH2' ? readXoauth2(text) : readOauthBearer(text);
    if (typeof said === 'string') return this.#fail(said);
    const user = said.user === '' ? '' : saslprep(said.user);
    const token = /^bearer +(.*)$/is.exec(said.auth)?.[1]?.trim() ?? '';
    if (user === undefined || !TOKEN.test(token)) return this.#fail('malformed');
    this.#user = user;
    this.#state = 'asked';
    return { kind: 'token', user, token };
  }

  #fail(reason: SaslFailure): SaslServerStep {
    this.#state = 'over';
    return this.#user === '' ? { kind: 'failed', reason } : { kind: 'failed', reason, user: this.#user };
  }
}

interface Said {
  readonly user: string;
  /** `Bearer …`. */
  readonly auth: string;
}

/** `user=…^Aauth=Bearer …^A^A`. */
function readXoauth2(text: string): Said | SaslFailure {
  const pairs = readPairs(text);
  const user = pairs?.get('user');
  const auth = pairs?.get('auth');
  return user && auth ? { user, auth } : 'malformed';
}

/** RFC 7628 §3.1: gs2 header, ^A, key=value pairs each followed by ^A, ^A. */
function readOauthBearer(text: string): Said | SaslFailure {
  const end = text.indexOf(SEPARATOR);
  const header = end < 0 ? null : /^([ny]|p=[A-Za-z0-9.-]{1,40}),(?:a=([^,]*))?,$/.exec(text.slice(0, end));
  if (!header) return 'malformed';
  if (header[1]?.startsWith('p=')) return 'channel-binding';
  const user = unescapeName(header[2] ?? '');
  const auth = readPairs(text.slice(end + 1))?.get('auth');
  return user !== undefined && auth ? { user, auth } : 'malformed';
}

function readPairs(text: string): ReadonlyMap<string, string> | undefined {
  if (!text.endsWith(SEPARATOR + SEPARATOR)) return undefined;
  const pairs = new Map<string, string>();
  for (const pair of text.slice(0, -2).split(SEPARATOR)) {
    const at = pair.indexOf('=');
    const key = pair.slice(0, Math.max(0, at)).toLowerCase();
    if (at < 1 || pairs.has(key)) return undefined;
    pairs.set(key, pair.slice(at + 1));
  }
  return pairs;
}

function bearerError({ status, scope, openidConfiguration }: TokenRefusal): string {
  return JSON.stringify({ status, ...(scope !== undefined && { scope }), ...(openidConfiguration !== undefined && { 'openid-configuration': openidConfiguration }) });
}

/** As Google and Microsoft write it: clients fetch a new token when they read 401. */
function xoauth2Error({ status, scope }: TokenRefusal): string {
  return JSON.stringify({ status: status === 'invalid_token' ? '401' : '403', schemes: 'bearer', ...(scope !== undefined && { scope }) });
}
