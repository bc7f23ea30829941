/**
 * The server's side of SCRAM-SHA-256 and SCRAM-SHA-256-PLUS. RFC 5802 §5 to §7.
 *
 * Policy: a client that could bind the channel and believes that we cannot (gs2 flag `y`) while we offer PLUS has been
 * lied to by somebody in between: refused (RFC 5802 §6). Acting for another user is refused. A mandatory extension
 * (`m=`) is refused.
 */
import { randomBytes } from 'node:crypto';
import { saslprep } from '../../base/saslprep.ts';
import { decodeBase64, hmac, parseAttributes, sameBytes, SCRAM_LIMITS, sha256, unescapeName, xor } from './scram.ts';
import type { ChannelBindings, SaslFailure, SaslServer, SaslServerStep, ScramSecret } from './server-step.ts';

export class ScramServer implements SaslServer {
  readonly mechanism: 'SCRAM-SHA-256' | 'SCRAM-SHA-256-PLUS';
  readonly #bindings: ChannelBindings;
  readonly #ownNonce: string;
  #state: 'first' | 'lookup' | 'final' | 'acknowledge' | 'over' = 'first';
  #user = '';
  #gs2Header = '';
  #binding: Buffer = Buffer.alloc(0);
  #firstBare = '';
  #nonce = '';
  #serverFirst = '';
  #secret: ScramSecret | undefined;

  constructor(mechanism: 'SCRAM-SHA-256' | 'SCRAM-SHA-256-PLUS', bindings: ChannelBindings, nonce?: string) {
    this.mechanism = mechanism;
    this.#bindings = bindings;
    this.#ownNonce = nonce ?? randomBytes(18).toString('base64');
  }

  next(response: Buffer | undefined): SaslServerStep {
    if (response !== undefined && response.length > SCRAM_LIMITS.messageCharsMax) return this.#fail('malformed');
    switch (this.#state) {
      case 'first':
        return response === undefined ? { kind: 'challenge', data: Buffer.alloc(0) } : this.#clientFirst(response.toString('utf8'));
      case 'final':
        return this.#clientFinal((response ?? Buffer.alloc(0)).toString('utf8'));
      case 'acknowledge':
        // SMTP has no data with its success reply: the server's signature went out as a challenge, the answer is empty.
        this.#state = 'over';
        return response?.length ? this.#fail('malformed') : { kind: 'proven', user: this.#user };
      default:
        return this.#fail('malformed');
    }
  }

  credentials(secret: ScramSecret): SaslServerStep {
    if (this.#state !== 'lookup') return this.#fail('malformed');
    this.#secret = secret;
    this.#serverFirst = `r=${this.#nonce},s=${secret.salt.toString('base64')},i=${secret.iterations}`;
    this.#state = 'final';
    return { kind: 'challenge', data: Buffer.from(this.#serverFirst) };
  }

  #clientFirst(message: string): SaslServerStep {
    const header = /^([ny]|p=[A-Za-z0-9.-]{1,40}),(?:a=([^,]*))?,/.exec(message);
    if (!header) return this.#fail('malformed');
    this.#gs2Header = header[0];
    this.#firstBare = message.slice(header[0].length);
    const [name, nonce] = parseAttributes(this.#firstBare) ?? [];
    if (name?.[0] !== 'n' || nonce?.[0] !== 'r') return this.#fail('malformed');
    if (!/^[\x21-\x2b\x2d-\x7e]+$/.test(nonce[1]) || nonce[1].length > SCRAM_LIMITS.nonceCharsMax) return this.#fail('malformed');
    const user = prepareName(name[1]);
    if (user === undefined) return this.#fail('malformed');
    this.#user = user;
    const flagFailure = this.#bindChannel(header[1] as string);
    if (flagFailure) return this.#fail(flagFailure);
    if (header[2] && prepareName(header[2]) !== user) return this.#fail('authorization');
    this.#nonce = nonce[1] + this.#ownNonce;
    this.#state = 'lookup';
    return { kind: 'lookup', user };
  }

  /** RFC 5802 §6: what the gs2 flag claims must agree with the mechanism and with what we offer. */
  #bindChannel(flag: string): SaslFailure | undefined {
    const plus = this.mechanism === 'SCRAM-SHA-256-PLUS';
    if (!flag.startsWith('p=')) {
      if (plus) return 'channel-binding';
      return flag === 'y' && this.#bindings.size > 0 ? 'downgrade' : undefined;
    }
    const type = flag.slice(2);
    const data = type === 'tls-exporter' || type === 'tls-server-end-point' ? this.#bindings.get(type) : undefined;
    if (!plus || !data) return 'channel-binding';
    this.#binding = data;
    return undefined;
  }

  #clientFinal(message: string): SaslServerStep {
    const secret = this.#secret as ScramSecret;
    const attributes = parseAttributes(message);
    const proofAt = message.lastIndexOf(',p=');
    const [binding, nonce] = attributes ?? [];
    const last = attributes?.at(-1);
    if (binding?.[0] !== 'c' || nonce?.[0] !== 'r' || last?.[0] !== 'p' || proofAt < 0) return this.#fail('malformed');
    const proof = decodeBase64(last[1]);
    const bound = decodeBase64(binding[1]);
    if (!proof || proof.length !== 32 || !bound || nonce[1] !== this.#nonce) return this.#fail('malformed');
    if (!sameBytes(bound, Buffer.concat([Buffer.from(this.#gs2Header), this.#binding]))) return this.#fail('channel-binding');
    const authMessage = `${this.#firstBare},${this.#serverFirst},${message.slice(0, proofAt)}`;
    const clientKey = xor(proof, hmac(secret.storedKey, authMessage));
    if (!sameBytes(sha256(clientKey), secret.storedKey)) return this.#fail('credentials');
    this.#state = 'acknowledge';
    return { kind: 'challenge', data: Buffer.from(`v=${hmac(secret.serverKey, authMessage).toString('base64')}`) };
  }

  #fail(reason: SaslFailure): SaslServerStep {
    this.#state = 'over';
    return this.#user === '' ? { kind: 'failed', reason } : { kind: 'failed', reason, user: this.#user };
  }
}

function prepareName(text: string): string | undefined {
  const name = unescapeName(text);
  return name === undefined ? undefined : saslprep(name);
}
