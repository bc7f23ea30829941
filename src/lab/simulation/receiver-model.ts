/**
 * How a large receiver takes to a new source address, as a model for rehearsals. What it answers is published; when it
 * answers so is not: the figures here are assumptions, and the table of a run says so.
 *
 * The model: a receiver trusts an address with so many messages a day. The trust follows what was really sent and grows
 * by `growth` a day while all is well; it grants an hour `1/hoursShare` of the day. What goes beyond is deferred with the
 * receiver's own words; who goes on knocking while deferred, or draws complaints, loses trust. Deterministic: `random` is
 * handed in.
 */
import type { Reply } from '../../contract/message.ts';

export interface ReceiverFigures {
  readonly key: string;
  readonly title: string;
  /** Recipient domain and MX host names, by which the site is recognised. */
  readonly domain: string;
  readonly mx: readonly string[];
  /** Messages a day from an address never seen before. */
  readonly trustAtFirst: number;
  /** Of the day before, at most. */
  readonly growth: number;
  /** The share of a day's trust that one hour may use is one in so many. */
  readonly hoursShare: number;
  readonly connectionsMax: number;
  /** Deferrals within ten minutes beyond which it takes offence. */
  readonly patience: number;
  /** After the budget of the hour is spent it defers everything for so long; 0: only what goes beyond. */
  readonly closedMs: number;
  readonly tooFast: (ip: string) => Reply;
  readonly tooManyConnections: (ip: string) => Reply;
}

export interface DayFigures {
  readonly received: number;
  readonly deferred: number;
  readonly complaints: number;
  /** Messages a day it trusted the address with on this day. */
  readonly trust: number;
}

const HOUR_MS = 3_600_000;
const TEN_MINUTES_MS = 600_000;
const COMPLAINT_SHARE_BAD = 0.003;
const TRUST_LOST = 0.5;
const COMPLAINTS_JUDGED_FROM = 100;

export class ReceiverModel {
  readonly figures: ReceiverFigures;
  readonly #random: () => number;
  #trust: number;
  #offended = false;
  #hour = -1;
  #receivedThisHour = 0;
  #closedUntil = 0;
  #recentDeferrals: number[] = [];
  #open = 0;
  #today = { received: 0, deferred: 0, complaints: 0 };

  constructor(figures: ReceiverFigures, random: () => number) {
    this.figures = figures;
    this.#random = random;
    this.#trust = figures.trustAtFirst;
  }

  /** A client connected; must be followed by `left`. */
  connected(): void {
    this.#open += 1;
  }

  left(): void {
    this.#open -= 1;
  }

  /** The answer to one message; `complaintShare` is how many of its kind draw a complaint. Times are milliseconds since 1970. */
  judge(now: number, ip: string, complaintShare: number): Reply {
    if (this.#open > this.figures.connectionsMax) return this.#defer(now, this.figures.tooManyConnections(ip));
    this.#turnHour(now);
    if (now < this.#closedUntil) return this.#defer(now, this.figures.tooFast(ip));
    if (this.#receivedThisHour >= this.#trust / this.figures.hoursShare) {
      this.#closedUntil = now + this.figures.closedMs;
      return this.#defer(now, this.figures.tooFast(ip));
    }
    this.#receivedThisHour += 1;
    this.#today.received += 1;
    if (this.#random() < complaintShare) this.#today.complaints += 1;
    return { code: 250, enhanced: '2.0.0', text: 'OK' };
  }

  /** Ends the day: what was received becomes the measure of tomorrow's trust. */
  endDay(): DayFigures {
    const day: DayFigures = { ...this.#today, trust: Math.round(this.#trust) };
    const complained = day.received >= COMPLAINTS_JUDGED_FROM && day.complaints / day.received > COMPLAINT_SHARE_BAD;
    if (this.#offended || complained) this.#trust = Math.max(this.figures.trustAtFirst / 2, this.#trust * TRUST_LOST);
    else this.#trust = Math.max(this.#trust, day.received * this.figures.growth);
    this.#today = { received: 0, deferred: 0, complaints: 0 };
    this.#offended = false;
    this.#recentDeferrals = [];
    return day;
  }

  #turnHour(now: number): void {
    const hour = Math.floor(now / HOUR_MS);
    if (hour === this.#hour) return;
    this.#hour = hour;
    this.#receivedThisHour = 0;
  }

  #defer(now: number, reply: Reply): Reply {
    this.#today.deferred += 1;
    this.#recentDeferrals.push(now);
    while ((this.#recentDeferrals[0] ?? now) < now - TEN_MINUTES_MS) this.#recentDeferrals.shift();
    if (this.#recentDeferrals.length > this.figures.patience) this.#offended = true;
    return reply;
  }
}

/** Replies as the providers publish them; all other figures are assumptions. */
export const MODELLED_RECEIVERS: readonly ReceiverFigures[] = [
  {
    key: 'gmail', title: 'Gmail', domain: 'gmail.com', mx: ['gmail-smtp-in.l.google.com'],
    trustAtFirst: 400, growth: 2, hoursShare: 6, connectionsMax: 5, patience: 60, closedMs: 0,
    tooFast: (ip) => ({
      code: 421, enhanced: '4.7.28',
      text: `Gmail has detected an unusual rate of unsolicited mail originating from your IP address [${ip}]. To protect our users from spam, mail sent from your IP address has been temporarily rate limited. - gsmtp`,
    }),
    tooManyConnections: () => ({ code: 421, enhanced: '4.7.0', text: 'Too many concurrent SMTP connections; please try again later. - gsmtp' }),
  },
  {
    key: 'outlook', title: 'Outlook.com', domain: 'outlook.com', mx: ['outlook-com.olc.protection.outlook.com'],
    trustAtFirst: 250, growth: 1.8, hoursShare: 5, connectionsMax: 5, patience: 40, closedMs: 600_000,
    tooFast: (ip) => ({
      code: 451, enhanced: '4.7.650',
      text: `The mail server [${ip}] has been temporarily rate limited due to IP reputation. For e-mail delivery information see https://postmaster.live.com (S775)`,
    }),
    tooManyConnections: (ip) => ({ code: 421, text: `RP-003 Unfortunately, some messages from ${ip} weren't sent. Please try again. We have limits for how many concurrent connections can be made.` }),
  },
  {
    key: 'yahoo', title: 'Yahoo', domain: 'yahoo.com', mx: ['mta5.am0.yahoodns.net', 'mta6.am0.yahoodns.net', 'mta7.am0.yahoodns.net'],
    trustAtFirst: 300, growth: 2, hoursShare: 6, connectionsMax: 10, patience: 50, closedMs: 2 * HOUR_MS,
    tooFast: (ip) => ({ code: 421, enhanced: '4.7.0', text: `[TSS04] Messages from ${ip} temporarily deferred due to unexpected volume or user complaints - 4.16.55.1; see https://postmaster.yahooinc.com/error-codes` }),
    tooManyConnections: () => ({ code: 421, enhanced: '4.7.0', text: 'Resources temporarily unavailable. Please try again later.' }),
  },
];
