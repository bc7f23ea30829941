/** The meaning of the reply that an event of a message carries: one answer for trace and for the queue's "why". Pure. */
import { MESSAGE_EVENTS } from '../../contract/events.ts';
import type { Reply } from '../../contract/message.ts';
import type { AttemptFacts, MessageEvent } from '../../contract/queue.ts';
import { attemptContext, explainReply } from '../../mail/reply-meaning/explain.ts';
import type { Evidence } from '../../mail/reply-meaning/evidence.ts';
import { inLightOf } from '../../mail/reply-meaning/refused-alike.ts';
import type { TraceExplanation } from './trace-result.ts';

const FAILING: ReadonlySet<string> = new Set([MESSAGE_EVENTS.deferred, MESSAGE_EVENTS.bounced, MESSAGE_EVENTS.expired, MESSAGE_EVENTS.returned, MESSAGE_EVENTS.held]);

/** Undefined for events that tell of no failure, have no reply, or have one that nobody gave: of what expired untried. */
export function explainEvent(event: MessageEvent): TraceExplanation | undefined {
  const reply = event.data?.['reply'] as Reply | undefined;
  if (!FAILING.has(event.name) || !reply || typeof reply.code !== 'number') return undefined;
  if (event.name === MESSAGE_EVENTS.expired && event.data?.['attempts'] === 0) return undefined;
  const explanation = explainReply({ ...reply, text: String(reply.text ?? '') }, attemptContext(event.data as AttemptFacts));
  const evidence = event.data?.['evidence'] as Evidence | undefined;
  return evidence ? inLightOf(explanation, evidence) : explanation;
}

/** What an attempt told when this reply was heard; undefined when none heard it. */
export function heardWith(reply: Reply, recipient: number, events: readonly MessageEvent[]): MessageEvent | undefined {
  return events.findLast((event) => event.recipient === recipient && sameReply(event.data?.['reply'], reply));
}

/** The meaning of a recipient's last reply, by the attempt that heard it; without such an attempt it is our own. */
export function explainLastReply(reply: Reply, recipient: number, events: readonly MessageEvent[]): TraceExplanation {
  const heard = heardWith(reply, recipient, events);
  return (heard && explainEvent(heard)) ?? explainReply(reply, { own: true });
}

function sameReply(stored: unknown, reply: Reply): boolean {
  const { code, text } = (stored ?? {}) as Partial<Reply>;
  return code === reply.code && text === reply.text;
}
