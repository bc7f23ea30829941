/**
 * The client's side of SCRAM (RFC 5802, RFC 7677), with channel binding by tls-exporter (RFC 9266) in the -PLUS forms.
 *
 * Policy: the server must prove itself; an iteration count that would cost us more than a log-in is worth is refused.
 * Where we could bind the channel and the server offers no -PLUS, the flag `y` says so, so that a server whose offer was
 * thinned out on the way notices (RFC 5802 §6).
 */
import { saslprep } from '../../base/saslprep.ts';
import { failed, respond, type SaslClient, type SaslClientMechanism, type SaslClientStep } from './client-step.ts';
import { decodeBase64, deriveScramKeys, escapeName, hmac, parseAttributes, sameBytes, SCRAM_LIMITS, xor, type ScramHash } from './scram.ts';

type ScramMechanism = Extract<SaslClientMechanism, `SCRAM-${string}`>;

export class ScramClient implements SaslClient {
  readonly mechanism: ScramMechanism;
  readonly initial: Buffer;
  readonly #hash: ScramHash;
  readonly #password: string;
  readonly #nonce: string;
  /** gs2 header and, in the -PLUS forms, what binds the channel: the `c=` of the final message. */
  readonly #binding: Buffer;
  readonly #firstBare: string;
  #serverSignature: Buffer | undefined;
  #proven = false;

  /** A -PLUS mechanism needs `tlsExporter`. */
  constructor(mechanism: ScramMechanism, credentials: { readonly username: string; readonly password: string }, nonce: string, tlsExporter?: Buffer) {
    const plus = mechanism.endsWith('-PLUS');
    if (plus && !tlsExporter) throw new Error(`${mechanism} without channel binding`);
    const header = plus ? 'p=tls-exporter,,' : tlsExporter ? 'y,,' : 'n,,';
    this.mechanism = mechanism;
    this.#hash = mechanism.startsWith('SCRAM-SHA-1') ? 'sha1' : 'sha256';
    this.#password = saslprep(credentials.password) ?? credentials.password;
    this.#nonce = nonce;
    this.#binding = plus && tlsExporter ? Buffer.concat([Buffer.from(header), tlsExporter]) : Buffer.from(header);
    this.#firstBare = `n=${escapeName(saslprep(credentials.username) ?? credentials.username)},r=${nonce}`;
    this.initial = Buffer.from(`${header}${this.#firstBare}`, 'utf8');
  }

  get serverProven(): boolean {
    return this.#proven;
  }

  async step(challenge: Buffer): Promise<SaslClientStep> {
    if (challenge.length > SCRAM_LIMITS.messageCharsMax) return failed('the SCRAM message is too long');
    const text = challenge.toString('utf8');
    if (this.#proven) return failed('the server asks on after SCRAM');
    return this.#serverSignature === undefined ? this.#answerFirst(text) : this.#checkFinal(text, this.#serverSignature);
  }

  /** server-first-message → client-final-message. RFC 5802 §7. */
  async #answerFirst(serverFirst: string): Promise<SaslClientStep> {
    const attributes = parseAttributes(serverFirst);
    const [nonce, salt64, count] = attributes ?? [];
    if (nonce?.[0] !== 'r' || salt64?.[0] !== 's' || count?.[0] !== 'i') return failed('the server does not speak SCRAM');
    if (!nonce[1].startsWith(this.#nonce) || nonce[1].length === this.#nonce.length || nonce[1].length > SCRAM_LIMITS.nonceCharsMax) {
      return failed('the SCRAM nonce of the server is not an extension of ours');
    }
    const salt = decodeBase64(salt64[1]);
    const iterations = /^[1-9][0-9]{0,8}$/.test(count[1]) ? Number(count[1]) : 0;
    if (!salt || salt.length === 0 || salt.length > SCRAM_LIMITS.saltBytesMax) return failed('the SCRAM salt cannot be read');
    if (iterations < SCRAM_LIMITS.iterationsMin || iterations > SCRAM_LIMITS.iterationsMax) {
      return failed(`the SCRAM iteration count ${count[1].slice(0, 12)} is out of bounds`);
    }
    const keys = await deriveScramKeys(this.#password, salt, iterations, this.#hash);
    const withoutProof = `c=${this.#binding.toString('base64')},r=${nonce[1]}`;
    const authMessage = `${this.#firstBare},${serverFirst},${withoutProof}`;
    this.#serverSignature = hmac(keys.serverKey, authMessage, this.#hash);
    const proof = xor(keys.clientKey, hmac(keys.storedKey, authMessage, this.#hash));
    return respond(`${withoutProof},p=${proof.toString('base64')}`);
  }

  #checkFinal(serverFinal: string, expected: Buffer): SaslClientStep {
    const [first] = parseAttributes(serverFinal) ?? [];
    if (first?.[0] === 'e') return failed(`the server says ${first[1].slice(0, 40)}`);
    const signature = first?.[0] === 'v' ? decodeBase64(first[1]) : undefined;
    if (!signature || !sameBytes(signature, expected)) return failed('the server did not prove that it knows the password');
    this.#proven = true;
    return respond('');
  }
}
