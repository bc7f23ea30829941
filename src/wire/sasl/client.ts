/**
 * The client's side of SASL, as pure state machines: bytes of a challenge in, bytes of a response out. Who owns the
 * connection does base64 and line framing. PLAIN (RFC 4616), LOGIN, SCRAM-SHA-256 (RFC 7677).
 *
 * Policy: PLAIN and LOGIN give the password away; the caller offers them only over verified TLS. SCRAM proves the server
 * too: after a success reply, `serverProven` must be true, else the reply is a lie.
 */
import { randomBytes } from 'node:crypto';
import { saslprep } from '../../base/saslprep.ts';
import { decodeBase64, deriveScramKeys, escapeName, hmac, parseAttributes, sameBytes, SCRAM_LIMITS, xor } from './scram.ts';

export interface SaslCredentials {
  readonly username: string;
  readonly password: string;
}

export type SaslClientStep =
  | { readonly kind: 'respond'; readonly data: Buffer }
  /** Cancel the exchange (`*` in SMTP): the server is wrong or not who it says. */
  | { readonly kind: 'failed'; readonly detail: string };

export interface SaslClient {
  readonly mechanism: SaslClientMechanism;
  /** The initial response, to be sent with the AUTH command; absent when the server speaks first. */
  readonly initial: Buffer | undefined;
  step(challenge: Buffer): Promise<SaslClientStep>;
  /** False while a mechanism that authenticates the server has not done so; PLAIN and LOGIN never do, and say true. */
  readonly serverProven: boolean;
}

/** Strongest first. */
export const SASL_CLIENT_MECHANISMS = ['SCRAM-SHA-256', 'PLAIN', 'LOGIN'] as const;
export type SaslClientMechanism = (typeof SASL_CLIENT_MECHANISMS)[number];

/** The strongest mechanism of those the server offers (any case); `undefined` when we know none of them. */
export function chooseMechanism(offered: readonly string[]): SaslClientMechanism | undefined {
  const names = new Set(offered.map((name) => name.toUpperCase()));
  return SASL_CLIENT_MECHANISMS.find((name) => names.has(name));
}

/** `nonce` is for tests with published vectors; default random. */
export function createSaslClient(mechanism: SaslClientMechanism, credentials: SaslCredentials, nonce?: string): SaslClient {
  switch (mechanism) {
    case 'PLAIN':
      return new PlainClient(credentials);
    case 'LOGIN':
      return new LoginClient(credentials);
    case 'SCRAM-SHA-256':
      return new ScramClient(credentials, nonce ?? randomBytes(18).toString('base64'));
  }
}

const EMPTY = Buffer.alloc(0);
const failed = (detail: string): SaslClientStep => ({ kind: 'failed', detail });

class PlainClient implements SaslClient {
  readonly mechanism = 'PLAIN';
  readonly initial: Buffer;
  readonly serverProven = true;

  constructor({ username, password }: SaslCredentials) {
    this.initial = Buffer.from(`\0${username}\0${password}`, 'utf8');
  }

  async step(): Promise<SaslClientStep> {
    return failed('the server asks on after PLAIN');
  }
}

class LoginClient implements SaslClient {
  readonly mechanism = 'LOGIN';
  readonly initial = undefined;
  readonly serverProven = true;
  readonly #answers: string[];

  constructor({ username, password }: SaslCredentials) {
    this.#answers = [username, password];
  }

  /** The prompts' texts differ between servers; their order does not. */
  async step(): Promise<SaslClientStep> {
    const answer = this.#answers.shift();
    return answer === undefined ? failed('the server asks on after LOGIN') : { kind: 'respond', data: Buffer.from(answer, 'utf8') };
  }
}

class ScramClient implements SaslClient {
  readonly mechanism = 'SCRAM-SHA-256';
  readonly initial: Buffer;
  readonly #password: string;
  readonly #nonce: string;
  readonly #firstBare: string;
  #serverSignature: Buffer | undefined;
  #proven = false;

  constructor({ username, password }: SaslCredentials, nonce: string) {
    this.#password = saslprep(password) ?? password;
    this.#nonce = nonce;
    this.#firstBare = `n=${escapeName(saslprep(username) ?? username)},r=${nonce}`;
    this.initial = Buffer.from(`n,,${this.#firstBare}`, 'utf8');
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
    const keys = await deriveScramKeys(this.#password, salt, iterations);
    const withoutProof = `c=biws,r=${nonce[1]}`;
    const authMessage = `${this.#firstBare},${serverFirst},${withoutProof}`;
    this.#serverSignature = hmac(keys.serverKey, authMessage);
    const proof = xor(keys.clientKey, hmac(keys.storedKey, authMessage));
    return { kind: 'respond', data: Buffer.from(`${withoutProof},p=${proof.toString('base64')}`) };
  }

  #checkFinal(serverFinal: string, expected: Buffer): SaslClientStep {
    const [first] = parseAttributes(serverFinal) ?? [];
    if (first?.[0] === 'e') return failed(`the server says ${first[1].slice(0, 40)}`);
    const signature = first?.[0] === 'v' ? decodeBase64(first[1]) : undefined;
    if (!signature || !sameBytes(signature, expected)) return failed('the server does not know the password either');
    this.#proven = true;
    return { kind: 'respond', data: EMPTY };
  }
}
