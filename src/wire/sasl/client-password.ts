/** The client's side of the mechanisms that need one or two plain answers: PLAIN (RFC 4616), LOGIN, CRAM-MD5 (RFC 2195). */
import { createHmac } from 'node:crypto';
import { failed, respond, type SaslClient, type SaslClientStep } from './client-step.ts';

interface Password {
  readonly username: string;
  readonly password: string;
}

export class PlainClient implements SaslClient {
  readonly mechanism = 'PLAIN';
  readonly initial: Buffer;
  readonly serverProven = true;

  constructor({ username, password }: Password) {
    this.initial = Buffer.from(`\0${username}\0${password}`, 'utf8');
  }

  async step(): Promise<SaslClientStep> {
    return failed('the server asks on after PLAIN');
  }
}

export class LoginClient implements SaslClient {
  readonly mechanism = 'LOGIN';
  readonly initial = undefined;
  readonly serverProven = true;
  readonly #answers: string[];

  constructor({ username, password }: Password) {
    this.#answers = [username, password];
  }

  /** The prompts' texts differ between servers; their order does not. */
  async step(): Promise<SaslClientStep> {
    const answer = this.#answers.shift();
    return answer === undefined ? failed('the server asks on after LOGIN') : respond(answer);
  }
}

/** The password stays here, but the server must keep it in the clear, and is not proven by it. */
export class CramMd5Client implements SaslClient {
  readonly mechanism = 'CRAM-MD5';
  readonly initial = undefined;
  readonly serverProven = true;
  readonly #credentials: Password;
  #answered = false;

  constructor(credentials: Password) {
    this.#credentials = credentials;
  }

  async step(challenge: Buffer): Promise<SaslClientStep> {
    if (this.#answered) return failed('the server asks on after CRAM-MD5');
    if (challenge.length === 0) return failed('the server sent no CRAM-MD5 challenge');
    this.#answered = true;
    const { username, password } = this.#credentials;
    return respond(`${username} ${createHmac('md5', Buffer.from(password, 'utf8')).update(challenge).digest('hex')}`);
  }
}
