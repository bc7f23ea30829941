/**
 * The client's side of logging in with a bearer token: OAUTHBEARER (RFC 7628) and its forerunner XOAUTH2, which Google and
 * Microsoft speak. A server that refuses sends a challenge with JSON first and its failure reply after our dummy answer;
 * what the JSON says is kept as the complaint.
 */
import { respond, failed, type SaslChannel, type SaslClient, type SaslClientStep } from './client-step.ts';

interface Bearer {
  readonly username: string;
  readonly token: string;
}

const SEPARATOR = '\x01';
const COMPLAINT_CHARS_MAX = 300;

export class OauthClient implements SaslClient {
  readonly mechanism: 'OAUTHBEARER' | 'XOAUTH2';
  readonly initial: Buffer;
  readonly serverProven = true;
  #complaint: string | undefined;

  constructor(mechanism: 'OAUTHBEARER' | 'XOAUTH2', { username, token }: Bearer, channel: SaslChannel) {
    this.mechanism = mechanism;
    this.initial = Buffer.from(mechanism === 'XOAUTH2' ? xoauth2(username, token) : oauthBearer(username, token, channel), 'utf8');
  }

  get complaint(): string | undefined {
    return this.#complaint;
  }

  /** RFC 7628 §3.2.3: the client answers the error with one %x01; XOAUTH2 wants an empty answer. */
  async step(challenge: Buffer): Promise<SaslClientStep> {
    if (this.#complaint !== undefined) return failed(`the server asks on after ${this.mechanism}`);
    this.#complaint = complaintOf(challenge);
    return respond(this.mechanism === 'XOAUTH2' ? '' : SEPARATOR);
  }
}

function xoauth2(username: string, token: string): string {
  return `user=${username}${SEPARATOR}auth=Bearer ${token}${SEPARATOR}${SEPARATOR}`;
}

/** RFC 7628 §3.1: gs2 header, then key=value pairs. */
function oauthBearer(username: string, token: string, { host, port }: SaslChannel): string {
  const name = username.replaceAll('=', '=3D').replaceAll(',', '=2C');
  const pairs = [...(host === undefined ? [] : [`host=${host}`]), ...(port === undefined ? [] : [`port=${port}`]), `auth=Bearer ${token}`];
  return `n,a=${name},${SEPARATOR}${pairs.join(SEPARATOR)}${SEPARATOR}${SEPARATOR}`;
}

/** `invalid_token` and the like; the whole text when it is no such JSON. */
function complaintOf(challenge: Buffer): string {
  const text = challenge.toString('utf8', 0, 4096);
  try {
    const parsed: unknown = JSON.parse(text);
    const { status, error, error_description: description } = (parsed ?? {}) as Record<string, unknown>;
    const said = [status, error, description].filter((part) => typeof part === 'string' || typeof part === 'number');
    if (said.length > 0) return said.join(' ').slice(0, COMPLAINT_CHARS_MAX);
  } catch {
    // Not JSON: the text itself must do.
  }
  return text.slice(0, COMPLAINT_CHARS_MAX);
}
