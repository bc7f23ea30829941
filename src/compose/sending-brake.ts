/**
 * The brake in its place: asked for every submitted message, told every outcome; when it pulls, what waits of the account
 * is held, and the postmaster gets a report.
 */
import type { Clock } from '../base/clock.ts';
import { BRAKE_LIMITS } from '../base/limits.ts';
import type { Log } from '../base/log.ts';
import type { Config } from '../config/config.ts';
import type { Directory } from '../contract/directory.ts';
import { MESSAGE_EVENTS } from '../contract/events.ts';
import type { ReceivedMessage } from '../contract/message.ts';
import type { OwnMail } from '../contract/own-mail.ts';
import type { NewQueueItem } from '../contract/queue.ts';
import type { QueueControl } from '../contract/queue-control.ts';
import type { BrakeVerdict, SendingBrake } from '../contract/sending-brake.ts';
import { alarmText } from '../flow/brake/alarm-text.ts';
import { createBrake, type Brake, type BrakeAlarm } from '../flow/brake/brake.ts';
import type { QueueOptions } from '../flow/queue/queue.ts';
import type { WithinLimits } from '../flow/sieve/carry-out.ts';
import { domainOf } from '../mail/address.ts';
import type { Store } from '../store/store.ts';

export interface SendingBrakePorts {
  readonly config: Config;
  readonly clock: Clock;
  readonly log: Log;
  readonly store: Store;
  readonly directory: Directory;
  readonly queue: Pick<QueueControl, 'changed'>;
  /** For the report. */
  readonly ownMail: Pick<OwnMail, 'tellPostmaster'>;
}

export function createSendingBrake(ports: SendingBrakePorts): Brake {
  const { config, clock, log, store } = ports;
  return createBrake({
    store: store.usage,
    config,
    clock,
    log,
    onBraked: async (alarm) => {
      const held = await holdWaiting(ports, alarm);
      // Messages that were let through a moment before may not have been committed yet.
      clock.timer(BRAKE_LIMITS.secondLookMs, () => {
        holdWaiting(ports, alarm).catch((error: unknown) => log.error('brake.hold-failed', { account: alarm.account, error: String(error) }));
      });
      await report(ports, alarm, held);
    },
  });
}

async function holdWaiting({ store, queue }: SendingBrakePorts, { account, reason, rule }: BrakeAlarm): Promise<number> {
  const braked = (await store.usage.brakes(BRAKE_LIMITS.listedMax)).some((row) => row.account === account && row.state === 'braked');
  if (!braked) return 0;
  let held = 0;
  const event = { name: MESSAGE_EVENTS.held, data: { by: 'brake', rule } };
  for await (const changed of store.queueAdmin.order({ account, state: 'queued' }, { state: 'held', reason, event })) {
    queue.changed(changed);
    held += changed.length;
  }
  return held;
}

async function report({ config, log, ownMail }: SendingBrakePorts, alarm: BrakeAlarm, held: number): Promise<void> {
  const { subject, text } = alarmText(alarm, config.hostname, held);
  try {
    const { id } = await ownMail.tellPostmaster({ subject, text, domain: domainOf(alarm.account) });
    log.info('brake.reported', { account: alarm.account, id });
  } catch (error) {
    log.error('brake.report-refused', { account: alarm.account, error: String(error) });
  }
}

/** What the brake says of a message; everything passes that no account sent. */
export async function judgeSending(brake: SendingBrake, { origin }: ReceivedMessage, recipients: readonly { readonly address: string }[]): Promise<BrakeVerdict> {
  if (origin.kind !== 'submission' || origin.account === undefined) return { kind: 'pass' };
  return brake.judge({
    account: origin.account,
    recipients: recipients.map(({ address }) => address),
    ...(origin.clientAddress === undefined ? {} : { clientAddress: origin.clientAddress }),
  });
}

/** What a script of an account sends; mail to accounts here is nobody's trouble and not counted. */
export async function withinLimits(brake: SendingBrake, directory: Pick<Directory, 'isLocalDomain'>, account: string, items: readonly NewQueueItem[]): Promise<WithinLimits> {
  const recipients: string[] = [];
  for (const { address } of items.flatMap((item) => item.recipients)) if (!(await directory.isLocalDomain(domainOf(address)))) recipients.push(address);
  if (recipients.length === 0) return { kind: 'items', items };
  const verdict = await brake.judge({ account, recipients, automatic: true });
  return verdict.kind === 'refuse' ? { kind: 'too-much', why: verdict.reply.text } : { kind: 'items', items: items.map((item) => asJudged(item, verdict)) };
}

/** The message as it is queued when the brake says so. */
export function asJudged(item: NewQueueItem, verdict: BrakeVerdict): NewQueueItem {
  if (verdict.kind !== 'hold') return item;
  const { reason, rule } = verdict;
  return {
    ...item,
    recipients: item.recipients.map((recipient) => ({ ...recipient, state: 'held', reason })),
    events: [...item.events, ...item.recipients.map(({ index }) => ({ at: item.message.queuedAt, name: MESSAGE_EVENTS.held, recipient: index, data: { by: 'brake', rule } }))],
  };
}

type SettledListener = NonNullable<QueueOptions['onSettled']>;

/** Tells the brake what became of the mail of accounts. */
export function noteOutcomes(brake: Pick<Brake, 'noteOutcome'>): SettledListener {
  return ({ message, route }, settled) => {
    const { account } = message.origin;
    if (account === undefined || message.origin.kind !== 'submission' || route.kind === 'local' || route.kind === 'service') return;
    for (const { settlement, explanation } of settled) {
      if (settlement.state === 'delivered') brake.noteOutcome(account, 'delivered');
      else if (explanation?.faultClass === 'hard-bounce') brake.noteOutcome(account, 'dead');
    }
  };
}
