/** What intake does for recipients that an alias leads to other servers: seal, return what runs in a circle, tell. */
import { RETURN_ORDERED_AT } from '../contract/queue.ts';
import type { ByteSource } from '../base/byte-source.ts';
import type { Log } from '../base/log.ts';
import type { Config } from '../config/config.ts';
import type { ArcReport } from '../contract/auth-report.ts';
import { MESSAGE_EVENTS } from '../contract/events.ts';
import type { ForwardedRecipient } from '../contract/forwarding.ts';
import type { ReceivedMessage, Reply } from '../contract/message.ts';
import type { FeedbackItem, MessageEvent, NewQueueItem, QueueRecipient } from '../contract/queue.ts';
import { loopReply, type Forwarding } from '../flow/forward/forwarder.ts';
import type { FeedbackService } from '../flow/feedback/feedback.ts';
import type { ArcSealer } from '../flow/sign/arc-sealer.ts';
import { domainOf } from '../mail/address.ts';
import type { ParsedHeader } from '../mail/header.ts';

/** The refusal of a message that has been at every one of its aliases before; with others it is queued, and these are returned. */
export function loopRefusal({ recipients }: Forwarding): Reply | undefined {
  const [first] = recipients;
  return first?.loop && recipients.every(({ loop }) => loop) ? loopReply(first.via ?? '') : undefined;
}

/** The row of one recipient. */
export function queueRecipient({ loop, service, ...recipient }: ForwardedRecipient, index: number, now: number): QueueRecipient {
  const row: QueueRecipient = { ...recipient, index, state: 'queued', attempts: 0, nextAttemptAt: now, ...(service !== undefined && { reroute: { kind: 'service', service } }) };
  if (!loop) return row;
  return { ...row, nextAttemptAt: RETURN_ORDERED_AT, lastReply: loopReply(recipient.via ?? ''), reason: 'it has been here before: a mail loop' };
}

export function forwardedEvents({ recipients, forwarded }: Forwarding, at: number): MessageEvent[] {
  if (forwarded.length === 0) return [];
  const entries = forwarded.map((index) => {
    const { via, reversePath } = recipients[index] as ForwardedRecipient;
    return { recipient: index, via, ...(reversePath === undefined ? {} : { reversePath }) };
  });
  return [{ at, name: MESSAGE_EVENTS.forwarded, data: { recipients: entries } }];
}

export interface SealPorts {
  readonly config: Pick<Config, 'forwarding' | 'hostname' | 'origin'>;
  readonly sealer: ArcSealer;
  readonly log: Log;
}

export interface SealRequest {
  readonly message: ReceivedMessage;
  readonly forwarding: Forwarding;
  readonly header: ParsedHeader;
  readonly content: ByteSource;
  readonly arc: ArcReport;
  readonly authenticationResults: Buffer;
}

/** The ARC fields to put on top; undefined when there is nothing to seal. Better unsealed than late: what fails is told. */
export async function sealForwarded(ports: SealPorts, request: SealRequest): Promise<{ readonly fields: Buffer; readonly data: object } | undefined> {
  const { config, sealer, log } = ports;
  const { forwarding, message, ...rest } = request;
  const first = forwarding.recipients[forwarding.forwarded[0] ?? -1];
  if (!first || !config.forwarding.arcSeal) return undefined;
  const domains = [config.forwarding.srsDomain, domainOf(first.via ?? ''), config.origin, config.hostname].filter((domain) => domain !== undefined && domain !== '');
  try {
    const sealed = await sealer.seal({ ...rest, domains: [...new Set(domains as string[])] });
    if (sealed.kind === 'unsealed') return { fields: Buffer.alloc(0), data: { reason: sealed.reason } };
    const { fields, instance, cv, domain, selector } = sealed;
    return { fields, data: { instance, cv, domain, selector } };
  } catch (error) {
    log.warn('forward.unsealed', { id: message.id, error: String(error) });
    return { fields: Buffer.alloc(0), data: { reason: 'the seal could not be made; see the log' } };
  }
}

/** The item with the report that its aliases were expanded (RFC 3461 §5.2.7), when its sender asked for one. */
export async function withExpansionNotice(notices: FeedbackService, item: NewQueueItem, { expanded }: ReceivedMessage['envelope']): Promise<NewQueueItem> {
  if (!expanded || expanded.length === 0) return item;
  const answers: readonly FeedbackItem[] = await notices.expansionNotice(item.message, item.content, expanded);
  return {
    ...item,
    events: [...item.events, ...answers.map(({ event }) => event)],
    followUps: answers.flatMap(({ enqueue }) => (enqueue ? [enqueue] : [])),
  };
}
