/**
 * Who was refused at one site from one of our addresses, at one step of the session, in words that no rule knows; and what
 * was taken there since. Pure memory: what it means is weighed by refusal-verdict.ts.
 *
 * A recipient (at RCPT) or a message (at MAIL, DATA or behind the content) stands for itself, however often it is refused.
 * It is `open` until something is taken that passes it over: of recipients the site likes some then, of senders at least
 * this domain. What is refused again after that is open anew.
 */
import { REPLY_LIMITS } from '../../base/reply-limits.ts';

/** A recipient or message that was refused. */
export interface Refused {
  /** Its mail answers for this domain; '' for none. */
  readonly domain: string;
  words: string;
  readonly since: number;
  last: number;
  /** Nothing was taken since it was refused last. */
  open: boolean;
  /** Since when it is open. */
  openSince: number;
  /** How often something was taken between two of its refusals. */
  passedOver: number;
  /** No other was open whenever that happened. */
  alone: boolean;
  /** To whom it was to go, when it went back to its sender. */
  returned: string | undefined;
}

export interface OpenRefusals {
  readonly count: number;
  readonly inTheseWords: number;
  readonly domains: ReadonlySet<string>;
  /** When the first of them was refused, milliseconds since 1970. */
  readonly since: number;
  /** Something was taken after that, which does not speak for them: mail of other domains. */
  readonly othersTaken: boolean;
}

export class RefusalRecord {
  /** By address or content; the oldest go first. */
  readonly #refused = new Map<string, Refused>();
  readonly #byMessage: boolean;
  /** When everybody was found to be refused, and when one was taken who had been refused. */
  #blockAt = Number.NEGATIVE_INFINITY;
  #passedAt = Number.NEGATIVE_INFINITY;
  #tookAt = Number.NEGATIVE_INFINITY;

  /** `byMessage`: of messages, whose recipients were taken, only mail of the same domain passes over. */
  constructor(byMessage: boolean) {
    this.#byMessage = byMessage;
  }

  /** Nothing is left to remember. */
  isIdle(now: number): boolean {
    return !this.wasBlock(now) && !this.isPassing(now) && [...this.#refused.values()].every(({ last }) => now - last >= REPLY_LIMITS.alikeForMs);
  }

  refuse(unit: string, { words, domain, now }: { readonly words: string; readonly domain: string; readonly now: number }): Refused {
    const before = this.#refused.get(unit);
    this.#refused.delete(unit);
    const known = before && now - before.last < REPLY_LIMITS.alikeForMs ? before : undefined;
    const refused = known ?? { domain, words, since: now, last: now, open: false, openSince: now, passedOver: 0, alone: true, returned: undefined };
    if (!refused.open) Object.assign(refused, { open: true, openSince: now });
    Object.assign(refused, { words, last: now });
    this.#refused.set(unit, refused);
    if (this.#refused.size > REPLY_LIMITS.alikeRemembered) this.#refused.delete(this.#refused.keys().next().value as string);
    return refused;
  }

  /** The site took mail of this domain for somebody. */
  took(domain: string, now: number): void {
    this.#tookAt = now;
    const passed = [...this.#refused.values()].filter((each) => each.open && (!this.#byMessage || each.domain === domain));
    for (const each of passed) {
      each.open = false;
      each.passedOver += 1;
      each.alone &&= passed.length === 1;
    }
  }

  /** This one is taken now; it tells something when it was refused before. */
  passed(unit: string, now: number): void {
    if (this.#refused.delete(unit)) this.#passedAt = now;
  }

  concluded(now: number): void {
    this.#blockAt = now;
  }

  wasBlock(now: number): boolean {
    return now - this.#blockAt < REPLY_LIMITS.alikeForMs;
  }

  isPassing(now: number): boolean {
    return now - this.#passedAt < REPLY_LIMITS.alikeForMs;
  }

  /** Whom others passed over is asked again together with his like: that they are refused one after the other says nothing. */
  open(words: string, now: number): OpenRefusals {
    const open = [...this.#refused.values()].filter((each) => each.open && each.passedOver === 0 && now - each.last < REPLY_LIMITS.alikeForMs);
    const since = Math.min(now, ...open.map(({ openSince }) => openSince));
    return {
      count: open.length,
      inTheseWords: open.filter((each) => each.words === words).length,
      domains: new Set(open.map(({ domain }) => domain)),
      since,
      othersTaken: open.length > 0 && this.#tookAt > since,
    };
  }

  /** Those who went back before it was known that they were not meant. */
  returned(): readonly string[] {
    return [...this.#refused.values()].flatMap(({ open, returned }) => (open && returned !== undefined ? [returned] : []));
  }
}
