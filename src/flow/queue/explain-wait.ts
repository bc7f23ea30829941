/** Why a recipient is not being delivered this moment, and what the lines look like: for administrators. Changes nothing. */
import type { QueueId } from '../../contract/message.ts';
import type { LiveWait, LineNumbers } from '../../contract/queue-control.ts';
import type { Shaper } from '../../contract/shaper.ts';
import type { Deliveries } from './deliveries.ts';
import type { Line, SenderLine } from './line.ts';
import type { Lines } from './lines.ts';
import { NONE } from './waiting-index.ts';
import type { WaitingIndex } from './waiting-index.ts';

export interface ExplainPorts {
  readonly index: WaitingIndex;
  readonly lines: Lines;
  readonly shaper: Pick<Shaper, 'preview'>;
  readonly deliveries: Pick<Deliveries, 'isDelivering'>;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** Undefined when the queue does not know the recipient: it is held or finished. */
export function explainWait(ports: ExplainPorts, id: QueueId, position: number): LiveWait | undefined {
  const { index, lines, deliveries, now } = ports;
  const slot = index.slotOf(id, position);
  if (slot === NONE) return undefined;
  const sender = lines.senderOf(slot);
  if (sender) return inLine(ports, sender, slot);
  if (deliveries.isDelivering(slot)) return { phase: 'in-delivery', reason: 'It is being delivered at this moment.' };
  if (index.isTaken(slot)) return { phase: 'taken-up', reason: 'Its turn has come; it is being read and its way looked up.' };
  const until = index.timeOf(slot);
  if (until <= now) return { phase: 'taken-up', reason: 'It is due and will be read as soon as those due before it are.' };
  return { phase: 'scheduled', until, reason: 'Its next try is due later.' };
}

function inLine({ shaper, lines }: ExplainPorts, sender: SenderLine, slot: number): LiveWait {
  const site = sender.line.site.key;
  const answer = shaper.preview(lines.requestOf(sender, 1, slot));
  // The shaper's word of this moment; else what it said when it was asked.
  const wait = answer.kind === 'wait' ? { until: answer.until ?? Number.POSITIVE_INFINITY, reason: answer.reason, rule: answer.rule } : sender.wait;
  if (wait) {
    return { phase: 'shaped', site, reason: wait.reason, rule: wait.rule, ...(Number.isFinite(wait.until) ? { until: wait.until } : {}) };
  }
  const others = sender.line.size - 1;
  const company = others === 0 ? 'It stands alone' : `It stands with ${others} ${others === 1 ? 'other' : 'others'}`;
  const under = sender.line.inFlight === 0 ? '' : `, ${sender.line.inFlight} deliveries there are under way`;
  return { phase: 'in-line', site, reason: `${company} in the line for ${sender.line.site.title}${under}; senders take turns, and it goes when its turn comes.` };
}

/** The longest lines, the longest first. */
export function lineNumbers(lines: Lines, limit: number): LineNumbers[] {
  return [...lines.lines()].sort((a, b) => b.size - a.size).slice(0, limit).map(numbersOf);
}

function numbersOf(line: Line): LineNumbers {
  const byStream = { urgent: 0, transactional: 0, bulk: 0 };
  let senders = 0;
  let first: SenderLine['wait'];
  for (const sender of line.senders()) {
    byStream[sender.facts.stream] += sender.size;
    senders += 1;
    first ??= sender.wait;
  }
  return {
    site: line.site.key, title: line.site.title, waiting: line.size, byStream, senders, inFlight: line.inFlight,
    ...(first ? { reason: first.reason, rule: first.rule, ...(Number.isFinite(first.until) ? { until: first.until } : {}) } : {}),
  };
}
