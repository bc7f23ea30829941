/** Verbs on what accounts may send: limits of their own, what they used, and the brake for stolen passwords. */
import { z } from 'zod';
import { BRAKE_LIMITS } from '../../base/limits.ts';
import { Failure } from '../../base/errors.ts';
import { MESSAGE_EVENTS } from '../../contract/events.ts';
import { BRAKE_REASON } from '../../contract/sending-brake.ts';
import { mailboxKey } from '../../store/clients/directory.ts';
import type { BulkOrder, QueueCount } from '../../store/clients/queue-admin.ts';
import type { BrakeRow, QuotaRow, UsageHour } from '../../store/clients/usage.ts';
import { messagesOf } from '../queue/queue-orders.ts';
import { addressArgument as account } from '../arguments.ts';
import { defineVerb } from '../verb.ts';
import type { ManageContext } from '../verb.ts';

const HOUR_MS = 3_600_000;
const HOURS_PER_DAY = 24;

const limit = z.union([z.number().int().min(1).max(100_000_000), z.literal('default')]).optional();

/** The limits in force, and where they are from. */
export interface QuotaStatus {
  readonly account: string;
  readonly messagesPerHour: number;
  readonly recipientsPerHour: number;
  readonly recipientsPerDay: number;
  readonly brake: 'on' | 'off';
  /** Names of those that are the account's own. */
  readonly own: readonly string[];
  readonly used?: { readonly messagesThisHour: number; readonly recipientsThisHour: number; readonly recipientsLastDay: number; readonly strangersThisHour: number; readonly busiestHour: number };
  readonly braked?: BrakeRow;
}

const set = defineVerb({
  name: 'quota.set',
  summary: 'Gives an account limits of its own, or takes them back with "default".',
  args: z.strictObject({ account, messagesPerHour: limit, recipientsPerHour: limit, recipientsPerDay: limit, brake: z.enum(['on', 'off', 'default']).optional() }),
  run: async (context, { account: address, ...wanted }): Promise<QuotaStatus> => {
    const key = mailboxKey(address);
    await requireAccount(context, key);
    const { quota } = await context.store.usage.account(key, hourOf(context));
    const next = <K extends keyof typeof wanted>(name: K) => (wanted[name] === undefined ? (quota?.[name] ?? null) : wanted[name] === 'default' ? null : wanted[name]);
    const row = { account: key, messagesPerHour: next('messagesPerHour'), recipientsPerHour: next('recipientsPerHour'), recipientsPerDay: next('recipientsPerDay'), brake: next('brake') } as QuotaRow;
    await context.store.usage.setQuota(row);
    await context.brake?.reload(key);
    context.log.info('account.quota-changed', { ...row });
    return statusOf(context, key);
  },
});

const show = defineVerb({
  name: 'quota.show',
  summary: 'Shows what an account may send, and what it sent.',
  args: z.strictObject({ account }),
  run: async (context, args): Promise<QuotaStatus> => {
    const key = mailboxKey(args.account);
    await requireAccount(context, key);
    await context.brake?.flush();
    return statusOf(context, key);
  },
});

const list = defineVerb({
  name: 'quota.list',
  summary: 'Lists the settings, accounts with limits of their own, and the accounts that sent most in the last day.',
  args: z.strictObject({ limit: z.number().int().min(1).max(BRAKE_LIMITS.listedMax).default(20) }),
  run: async (context, args) => {
    await context.brake?.flush();
    return {
      settings: context.config.quota,
      own: await context.store.usage.quotas(BRAKE_LIMITS.listedMax),
      busiest: await context.store.usage.busiest(hourOf(context) - HOURS_PER_DAY + 1, args.limit),
    };
  },
});

const brakes = defineVerb({
  name: 'brake.list',
  summary: 'Lists the accounts that are braked, and those that were let go.',
  args: z.strictObject({}),
  run: async ({ store, clock }) => {
    const rows = await store.usage.brakes(BRAKE_LIMITS.listedMax);
    const counted = await Promise.all(rows.map(async (row) => ({ ...row, held: row.state === 'braked' ? await store.queueAdmin.count(heldBy(row.account)) : { messages: 0, recipients: 0 } })));
    return { brakes: counted, now: clock.now() };
  },
});

export interface BrakeRelease extends QueueCount {
  readonly account: string;
  readonly deleted: boolean;
}

const release = defineVerb({
  name: 'brake.release',
  summary: 'Lets an account send again; what is held goes out, or is deleted.',
  args: z.strictObject({ account, delete: z.boolean().default(false) }),
  run: async (context, args): Promise<BrakeRelease> => {
    const key = mailboxKey(args.account);
    const { store, clock, log, brake } = context;
    await brake?.flush();
    const row = (await store.usage.brakes(BRAKE_LIMITS.listedMax)).find((each) => each.account === key && each.state === 'braked');
    if (!row) throw new Failure('not-braked', `${key} is not braked: posthorn brake list shows those that are`, { temporary: false });
    if (args.delete) await store.usage.forgetBrake(key, Math.floor(row.at / HOUR_MS));
    else await store.usage.setBrake({ ...row, state: 'released', releasedAt: clock.now() });
    await brake?.reload(key);
    const count = await orderHeld(context, key, args.delete ? deletion() : goingOut(clock.now()));
    log.warn('account.brake-released', { account: key, deleted: args.delete, ...count });
    return { account: key, deleted: args.delete, ...count };
  },
});

export const quotaVerbs = [set, show, list, brakes, release] as const;

function heldBy(key: string) {
  return { account: key, state: 'held', text: BRAKE_REASON } as const;
}

async function orderHeld({ store, queue }: ManageContext, key: string, order: BulkOrder): Promise<QueueCount> {
  const total = { messages: 0, recipients: 0 };
  for await (const changed of store.queueAdmin.order(heldBy(key), order)) {
    queue?.changed(changed);
    total.messages += messagesOf(changed);
    total.recipients += changed.length;
  }
  return total;
}

function goingOut(now: number): BulkOrder {
  return {
    state: 'queued',
    nextAttemptAt: now,
    reason: 'An administrator let the account send again.',
    event: { name: MESSAGE_EVENTS.released, data: { by: 'administrator', brake: true } },
  };
}

function deletion(): BulkOrder {
  return { state: 'deleted', reason: 'An administrator deleted what the account brake had held.', event: { name: MESSAGE_EVENTS.deleted, data: { by: 'administrator', brake: true } } };
}

function hourOf({ clock }: ManageContext): number {
  return Math.floor(clock.now() / HOUR_MS);
}

async function requireAccount({ store }: ManageContext, key: string): Promise<void> {
  const { accounts } = await store.directory.snapshot();
  if (accounts.some((row) => row.address === key)) return;
  throw new Failure('account-unknown', `there is no account ${key}: posthorn account list shows those there are`, { temporary: false });
}

async function statusOf(context: ManageContext, key: string): Promise<QuotaStatus> {
  const { quota: settings } = context.config;
  const { quota, hours, peakStrangers, brake } = await context.store.usage.account(key, hourOf(context));
  const now = hours.find(({ hour }) => hour === hourOf(context));
  const own = (['messagesPerHour', 'recipientsPerHour', 'recipientsPerDay', 'brake'] as const).filter((name) => quota && quota[name] !== null);
  return {
    account: key,
    messagesPerHour: quota?.messagesPerHour ?? settings.messagesPerHour,
    recipientsPerHour: quota?.recipientsPerHour ?? settings.recipientsPerHour,
    recipientsPerDay: quota?.recipientsPerDay ?? settings.recipientsPerDay,
    brake: quota?.brake ?? (settings.brake ? 'on' : 'off'),
    own,
    used: {
      messagesThisHour: now?.messages ?? 0,
      recipientsThisHour: now?.recipients ?? 0,
      recipientsLastDay: hours.reduce((sum: number, hour: UsageHour) => sum + hour.recipients, 0),
      strangersThisHour: now?.strangers ?? 0,
      busiestHour: peakStrangers,
    },
    ...(brake?.state === 'braked' ? { braked: brake } : {}),
  };
}
