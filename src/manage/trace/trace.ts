/**
 * `trace.show`: the story of messages from the stored events, found by queue id, address or Message-ID.
 *
 * Policy: nothing is guessed; each failing reply is explained from the same table as in bounces.
 */
import { z } from 'zod';
import type { MessageEvent, QueueItem, QueueRecipient } from '../../contract/queue.ts';
import { explainEvent } from './event-explanation.ts';
import type { TraceEvent, TraceMessage, TraceRecipient, TraceResult } from './trace-result.ts';
import { defineVerb, type ManageContext } from '../verb.ts';

const showArguments = z.object({
  /** Queue id, address of the envelope, or Message-ID with or without angle brackets. */
  query: z.string().trim().min(1).max(1000),
  limit: z.number().int().min(1).max(100).default(10),
});

export const traceShow = defineVerb({
  name: 'trace.show',
  summary: 'Show the timeline of a message, found by queue id, address or Message-ID',
  args: showArguments,
  run: async (context: ManageContext, { query, limit }): Promise<TraceResult> => {
    const items = await context.store.timeline.find(query, limit);
    return { query, messages: await Promise.all(items.map((item) => traceMessage(context, item))), now: context.clock.now() };
  },
});

export const traceVerbs = [traceShow];

async function traceMessage(context: ManageContext, { message, recipients }: QueueItem): Promise<TraceMessage> {
  const events = await context.store.timeline.events(message.id);
  return {
    id: message.id,
    sender: message.sender,
    ...(message.messageId !== undefined && { messageId: message.messageId }),
    ...(message.headerFrom !== undefined && { headerFrom: message.headerFrom }),
    sizeBytes: message.sizeBytes,
    queuedAt: message.queuedAt,
    expiresAt: message.expiresAt,
    recipients: recipients.map(traceRecipient),
    events: [...events].sort((a, b) => a.at - b.at).map(traceEvent),
  };
}

function traceRecipient(recipient: QueueRecipient): TraceRecipient {
  return {
    index: recipient.index,
    address: recipient.address,
    ...(recipient.originalRecipient !== undefined && { originalRecipient: recipient.originalRecipient }),
    state: recipient.state,
    attempts: recipient.attempts,
    ...(recipient.state === 'queued' && { nextAttemptAt: recipient.nextAttemptAt }),
    ...(recipient.lastReply && { lastReply: recipient.lastReply }),
    ...(recipient.reason !== undefined && { reason: recipient.reason }),
  };
}

/** The event with its explanation. Exported for tests. */
export function traceEvent(event: MessageEvent): TraceEvent {
  const data = event.data ?? {};
  const explanation = explainEvent(event);
  return {
    at: event.at,
    name: event.name,
    ...(event.recipient !== undefined && { recipient: event.recipient }),
    data,
    ...(explanation && { explanation }),
  };
}
