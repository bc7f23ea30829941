/**
 * How many messages a host takes over one connection before it ends it, where it does so without a word: learnt when two
 * connections in a row end after the same number, and then left before that. A message that is lost with its connection
 * may have been taken, so it has to wait; and that is spared to the next ones. Kept in memory only, for a while.
 */
import type { Clock } from '../../base/clock.ts';
import { SMTP_CLIENT_LIMITS } from '../../base/limits.ts';

interface Span {
  readonly messages: number;
  /** Two ended alike. */
  readonly sure: boolean;
  /** Monotonic milliseconds. */
  readonly until: number;
}

/** After one message a connection may have ended for any reason. */
const MESSAGES_MIN = 2;

export class ConnectionSpans {
  readonly #clock: Clock;
  /** Oldest first. */
  readonly #spans = new Map<string, Span>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Keys as in the connection pool. */
  limitOf(key: string): number | undefined {
    const span = this.#spans.get(key);
    return span?.sure && span.until > this.#clock.monotonic() ? span.messages : undefined;
  }

  /** The peer ended a connection in use that had carried so many. */
  ended(key: string, messages: number): void {
    if (messages < MESSAGES_MIN) return;
    const now = this.#clock.monotonic();
    const before = this.#spans.get(key);
    this.#spans.delete(key);
    this.#spans.set(key, { messages, sure: before?.messages === messages && before.until > now, until: now + SMTP_CLIENT_LIMITS.connectionSpanMs });
    if (this.#spans.size > SMTP_CLIENT_LIMITS.silentHostsMax) this.#spans.delete(this.#spans.keys().next().value as string);
  }
}
