/**
 * What one account sent in the last day, by clock hour, with what is known of its past. Counts in memory; what changed
 * is handed out for writing.
 */
import { BRAKE_LIMITS } from '../../base/limits.ts';
import type { AccountUsageRows, BrakeRow, NetworkRow, QuotaRow, UsageChange, UsageHour } from '../../store/clients/usage.ts';
import { KnownRecipients } from './known-recipients.ts';

export const HOUR_MS = 3_600_000;
const HOURS_PER_DAY = 24;

type Counter = { -readonly [K in keyof UsageHour]: UsageHour[K] };
type Network = { -readonly [K in keyof NetworkRow]: NetworkRow[K] };

export class AccountUsage {
  readonly account: string;
  readonly quota: QuotaRow | null;
  brake: BrakeRow | null;
  /** Messages taken and held since it was braked, as far as this process knows. */
  heldMessages = 0;
  readonly #hours = new Map<number, Counter>();
  readonly #networks = new Map<string, Network>();
  readonly #known: KnownRecipients;
  readonly #changedHours = new Set<number>();
  readonly #changedNetworks = new Set<string>();
  #knownChanged = false;
  #peak: number;

  constructor(account: string, rows: AccountUsageRows) {
    this.account = account;
    this.quota = rows.quota;
    this.brake = rows.brake;
    for (const hour of rows.hours) this.#hours.set(hour.hour, { ...hour });
    for (const network of rows.networks) this.#networks.set(network.network, { ...network });
    this.#known = new KnownRecipients(rows.known ?? undefined);
    this.#peak = rows.peakStrangers;
  }

  /** Counts a message; returns the strangers of this hour, these included. */
  count(recipients: readonly string[], network: string | undefined, nowMs: number): number {
    const hour = this.#hour(nowMs);
    hour.messages += 1;
    hour.recipients += recipients.length;
    for (const address of recipients) if (this.#known.add(address)) hour.strangers += 1;
    this.#knownChanged = true;
    if (network !== undefined) this.#see(network, nowMs);
    return hour.strangers;
  }

  countOutcome(outcome: 'delivered' | 'dead', nowMs: number): void {
    this.#hour(nowMs)[outcome] += 1;
  }

  /** Of the clock hour. */
  thisHour(nowMs: number): UsageHour {
    return this.#hours.get(Math.floor(nowMs / HOUR_MS)) ?? emptyHour(Math.floor(nowMs / HOUR_MS));
  }

  /** Of this clock hour and the one before. */
  recentOutcomes(nowMs: number): { readonly delivered: number; readonly dead: number } {
    const hour = Math.floor(nowMs / HOUR_MS);
    const both = [this.#hours.get(hour), this.#hours.get(hour - 1)];
    return { delivered: both.reduce((sum, each) => sum + (each?.delivered ?? 0), 0), dead: both.reduce((sum, each) => sum + (each?.dead ?? 0), 0) };
  }

  /** Recipients of the last 24 clock hours, this one included, oldest first. */
  lastDay(nowMs: number): readonly { readonly hour: number; readonly recipients: number }[] {
    const first = Math.floor(nowMs / HOUR_MS) - HOURS_PER_DAY + 1;
    return [...this.#hours.values()].filter(({ hour }) => hour >= first).sort((a, b) => a.hour - b.hour);
  }

  /** The most strangers in one clock hour before this one, of what is kept. */
  peakStrangers(nowMs: number): number {
    const current = Math.floor(nowMs / HOUR_MS);
    const recent = [...this.#hours.values()].filter(({ hour }) => hour < current).map(({ strangers }) => strangers);
    return Math.max(this.#peak, ...recent);
  }

  /** True when the account has come from elsewhere for a while, and from here not until a moment ago. */
  isNewNetwork(network: string, nowMs: number): boolean {
    const settled = ({ firstAt }: NetworkRow): boolean => nowMs - firstAt >= BRAKE_LIMITS.networkKnownAfterMs;
    const here = this.#networks.get(network);
    return !(here && settled(here)) && [...this.#networks.values()].some(settled);
  }

  get changed(): boolean {
    return this.#knownChanged || this.#changedHours.size > 0 || this.#changedNetworks.size > 0;
  }

  /** What must be written; afterwards nothing is. */
  takeChange(): UsageChange {
    const change: UsageChange = {
      account: this.account,
      hours: [...this.#changedHours].flatMap((hour) => this.#hours.get(hour) ?? []).map((hour) => ({ ...hour })),
      networks: [...this.#changedNetworks].flatMap((network) => this.#networks.get(network) ?? []).map((network) => ({ ...network })),
      known: this.#knownChanged ? this.#known.state : null,
    };
    this.#changedHours.clear();
    this.#changedNetworks.clear();
    this.#knownChanged = false;
    return change;
  }

  #hour(nowMs: number): Counter {
    const number = Math.floor(nowMs / HOUR_MS);
    this.#changedHours.add(number);
    const known = this.#hours.get(number);
    if (known) return known;
    const fresh = emptyHour(number);
    this.#hours.set(number, fresh);
    for (const [old, { strangers }] of this.#hours) {
      if (old > number - HOURS_PER_DAY || this.#changedHours.has(old)) continue;
      this.#peak = Math.max(this.#peak, strangers);
      this.#hours.delete(old);
    }
    return fresh;
  }

  #see(network: string, nowMs: number): void {
    const known = this.#networks.get(network);
    if (known) known.lastAt = nowMs;
    else if (this.#networks.size < BRAKE_LIMITS.networksPerAccountMax) this.#networks.set(network, { network, firstAt: nowMs, lastAt: nowMs });
    else return;
    this.#changedNetworks.add(network);
  }
}

function emptyHour(hour: number): Counter {
  return { hour, messages: 0, recipients: 0, strangers: 0, delivered: 0, dead: 0 };
}
