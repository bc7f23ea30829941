/** Why a recipient is not being delivered this moment, and what the lines look like: for administrators. Changes nothing. */
import { QUEUE_LIMITS } from '../../base/limits.ts';
import type { QueueId } from '../../contract/message.ts';
import type { LiveWait, LineNumbers } from '../../contract/queue-control.ts';
import type { Shaper } from '../../contract/shaper.ts';
import type { Deliveries, UnderWay } from './deliveries.ts';
import type { FreshItems } from './fresh-items.ts';
import type { Line, SenderLine } from './line.ts';
import type { Lines } from './lines.ts';
import type { Rush } from './rush.ts';
import { afterStep, clockTime, stepText } from './step-text.ts';
import { NONE } from './waiting-index.ts';
import type { WaitingIndex } from './waiting-index.ts';

export interface ExplainPorts {
  readonly index: WaitingIndex;
  readonly lines: Lines;
  readonly shaper: Pick<Shaper, 'preview'>;
  readonly deliveries: Pick<Deliveries, 'underWay' | 'oldestTo' | 'canSettle'>;
  readonly rush: Pick<Rush, 'isOn' | 'endsInMs'> | undefined;
  readonly fresh: Pick<FreshItems, 'goesAtOnce'>;
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
  const underWay = deliveries.underWay(slot);
  if (underWay) return inDelivery(underWay, now, deliveries.canSettle);
  if (index.isTaken(slot)) return { phase: 'taken-up', reason: 'Its turn has come; it is being read and its way looked up.' };
  const until = index.timeOf(slot);
  if (until <= now && ports.rush?.isOn && !ports.fresh.goesAtOnce(id)) return { phase: 'in-line', until: now + ports.rush.endsInMs, reason: RUSH };
  if (until <= now) return { phase: 'taken-up', reason: 'It is due and will be read as soon as those due before it are.' };
  return { phase: 'scheduled', until, reason: 'Its next try is due later.' };
}

const RUSH = 'More mail comes in just now than this machine can take and deliver at once: it takes first, and delivers when the rush is over, or after ten seconds.';

/** Longer than a server takes that is well: it is told what happens when no answer comes. */
const SLOW_MS = 10_000;

const DISK = 'The disk of the data directory does not take what came of deliveries';

function inDelivery({ since, site, step, ended }: UnderWay, now: number, canSettle: boolean): LiveWait {
  if (ended) return { phase: 'in-delivery', ...(site ? { site: site.key } : {}), reason: canSettle ? 'It was tried a moment ago; what came of it is being written down.' : `It was tried; what came of it waits to be written down. ${DISK}: see the log.` };
  if (!site) return { phase: 'in-delivery', reason: 'It is being put into its mailbox at this moment.' };
  const endsBy = since + QUEUE_LIMITS.deliveryTimeoutMs + QUEUE_LIMITS.abortGraceMs;
  const doing = step ? `: ${stepText(step)}` : ' at this moment';
  const slow = now - since < SLOW_MS ? '' : `${step ? ` ${afterStep(step)}` : ''} The attempt began at ${clockTime(since)} UTC and ends at ${clockTime(endsBy)} UTC at the latest.`;
  return { phase: 'in-delivery', site: site.key, endsBy, ...(step ? { step } : {}), reason: `It is being delivered to ${site.title}${doing}.${slow}` };
}

/** Why places do not become free. */
function slowText({ deliveries, now }: ExplainPorts, rule: string, site: string): string {
  const since = rule === 'site-connections' || rule === 'low-volume' ? deliveries.oldestTo(site) : undefined;
  return since === undefined || now - since < SLOW_MS ? '' : ` The longest of the deliveries there is under way since ${clockTime(since)} UTC without an end.`;
}

function inLine(ports: ExplainPorts, sender: SenderLine, slot: number): LiveWait {
  const { shaper, lines } = ports;
  const site = sender.line.site.key;
  const answer = shaper.preview(lines.requestOf(sender, 1, slot));
  // The shaper's word of this moment; else what it said when it was asked.
  const wait = answer.kind === 'wait' ? { until: answer.until ?? Number.POSITIVE_INFINITY, reason: answer.reason, rule: answer.rule } : sender.wait;
  if (wait) {
    return { phase: 'shaped', site, reason: `${wait.reason}${slowText(ports, wait.rule, site)}`, rule: wait.rule, ...(Number.isFinite(wait.until) ? { until: wait.until } : {}) };
  }
  if (!ports.deliveries.canSettle) return { phase: 'in-line', site, reason: `${DISK}; nothing is delivered until it does: see the log.` };
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
