/**
 * When an account is over its quota, and when its way of sending is so unlike before that somebody else may have its
 * password. Pure; the figures are in base/limits.ts (BRAKE_LIMITS) and in the settings [quota].
 */
import { BRAKE_LIMITS } from '../../base/limits.ts';
import type { Config } from '../../config/config.ts';
import type { Reply } from '../../contract/message.ts';
import type { QuotaRow } from '../../store/clients/usage.ts';
import { HOUR_MS, type AccountUsage } from './account-usage.ts';

export type Quota = Config['quota'];

/** An account's own limits go before the settings. */
export function quotaOf(settings: Quota, own: QuotaRow | null): Quota {
  return {
    messagesPerHour: own?.messagesPerHour ?? settings.messagesPerHour,
    recipientsPerHour: own?.recipientsPerHour ?? settings.recipientsPerHour,
    recipientsPerDay: own?.recipientsPerDay ?? settings.recipientsPerDay,
    brake: own?.brake ? own.brake === 'on' : settings.brake,
  };
}

/** Undefined: one more message to so many recipients is within all limits. */
export function overQuota(usage: AccountUsage, quota: Quota, recipients: number, nowMs: number): Reply | undefined {
  const smallest = Math.min(quota.recipientsPerHour, quota.recipientsPerDay);
  if (recipients > smallest) {
    // No waiting would help. RFC 3463 §3.8: X.7.1, delivery not authorized.
    return { code: 550, enhanced: '5.7.1', text: `This message has ${recipients} recipients, and ${usage.account} may write to ${smallest} at most: send it to fewer at a time` };
  }
  const { messages, recipients: sent } = usage.thisHour(nowMs);
  const nextHour = (Math.floor(nowMs / HOUR_MS) + 1) * HOUR_MS;
  if (messages + 1 > quota.messagesPerHour) return limitReached(usage.account, `${quota.messagesPerHour} messages an hour`, nextHour);
  if (sent + recipients > quota.recipientsPerHour) return limitReached(usage.account, `${quota.recipientsPerHour} recipients an hour`, nextHour);
  const roomAt = roomInDay(usage, quota.recipientsPerDay, recipients, nowMs);
  return roomAt === undefined ? undefined : limitReached(usage.account, `${quota.recipientsPerDay} recipients in 24 hours`, roomAt);
}

/** When enough of the last day's hours have gone; undefined: there is room now. */
function roomInDay(usage: AccountUsage, limit: number, recipients: number, nowMs: number): number | undefined {
  const day = usage.lastDay(nowMs);
  let sum = day.reduce((total, hour) => total + hour.recipients, recipients);
  if (sum <= limit) return undefined;
  for (const hour of day) {
    sum -= hour.recipients;
    if (sum <= limit) return (hour.hour + 24) * HOUR_MS;
  }
  return nowMs;
}

/** RFC 3463 §3.8: X.7.1; temporary, as it ends by itself. */
function limitReached(account: string, limit: string, endsAt: number): Reply {
  const end = `${new Date(endsAt).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
  return { code: 450, enhanced: '4.7.1', text: `The limit of ${limit} for ${account} is reached; it ends at ${end}` };
}

export interface Suspicion {
  /** Stable, kebab-case. */
  readonly rule: 'many-strangers' | 'new-network' | 'dead-addresses';
  /** One sentence with the figures. */
  readonly text: string;
}

/** How many strangers the account may write to in this hour. */
export function allowedStrangers(usage: AccountUsage, newNetwork: boolean, nowMs: number): number {
  const { strangersPerHourMin, timesPeak, newNetworkShare, newNetworkStrangersMin, releaseGraceMs } = BRAKE_LIMITS;
  const usual = Math.max(strangersPerHourMin, timesPeak * usage.peakStrangers(nowMs));
  const { brake } = usage;
  const released = brake?.state === 'released' && nowMs - (brake.releasedAt ?? 0) < releaseGraceMs ? timesPeak * brake.strangers : 0;
  if (released > 0) return Math.max(usual, released);
  return newNetwork ? Math.max(newNetworkStrangersMin, Math.floor(usual * newNetworkShare)) : usual;
}

/** Looked at after the message was counted. */
export function suspicionOf(usage: AccountUsage, network: string | undefined, nowMs: number): Suspicion | undefined {
  const { strangers } = usage.thisHour(nowMs);
  const newNetwork = network !== undefined && usage.isNewNetwork(network, nowMs);
  const allowed = allowedStrangers(usage, newNetwork, nowMs);
  if (strangers > allowed) {
    const peak = usage.peakStrangers(nowMs);
    const before = peak === 0 ? 'it has no busier hour to compare with' : `its busiest hour before had ${peak}`;
    return newNetwork
      ? { rule: 'new-network', text: `${strangers} recipients in one hour to whom ${usage.account} never wrote before, from the network ${network}, where it never came from; ${allowed} are allowed from there, and ${before}` }
      : { rule: 'many-strangers', text: `${strangers} recipients in one hour to whom ${usage.account} never wrote before; ${allowed} are allowed, and ${before}` };
  }
  const { delivered, dead } = usage.recentOutcomes(nowMs);
  if (dead < BRAKE_LIMITS.deadMin || dead < (delivered + dead) * BRAKE_LIMITS.deadShare) return undefined;
  const { brake } = usage;
  if (brake?.state === 'released' && nowMs - (brake.releasedAt ?? 0) < BRAKE_LIMITS.releaseGraceMs) return undefined;
  return { rule: 'dead-addresses', text: `${dead} of ${delivered + dead} recipients of ${usage.account} in the last two hours do not exist, as lists that were bought or guessed look` };
}
