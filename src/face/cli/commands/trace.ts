/** `posthorn trace`: the timeline of a message; with --follow until every recipient has met its fate. */
import { setTimeout as wait } from 'node:timers/promises';
import type { TraceResult } from '../../../manage/trace/trace-result.ts';
import { renderTimeline } from '../../../manage/trace/trace-text.ts';
import { leaf, type Registry, wholeNumber } from '../command.ts';
import type { CommonOptions, Session } from '../session.ts';

interface TraceOptions extends CommonOptions {
  readonly follow?: boolean;
  readonly limit: number;
}

const FOLLOW_INTERVAL_MS = 1000;
const WAITING = new Set(['queued', 'held']);

export function add(registry: Registry): void {
  const { session } = registry;
  const { out } = session;
  leaf<TraceOptions>(registry, registry.program, 'trace', 'the timeline of a message, by queue id, address or Message-ID', '<query>', async (options, query) => {
    const args = { query, limit: options.limit };
    if (options.follow) return follow(session, options, args);
    const result = await session.call<TraceResult>(options, 'trace.show', args);
    if (options.json) out.json(result);
    else out.raw(renderTimeline(result, { now: result.now, ...width(session) }));
    return result.messages.length > 0 ? 0 : 1;
  })
    .option('--follow', 'go on until every recipient has met its fate')
    .option('--limit <n>', 'at most so many messages, newest first', wholeNumber(1, 100), 10);
}

function width({ io }: Session): { width?: number } {
  return io.stdout.isTTY && io.stdout.columns !== undefined ? { width: Math.max(60, io.stdout.columns) } : {};
}

/** Prints the timeline again whenever it has changed. */
async function follow(session: Session, options: TraceOptions, args: { query: string | undefined; limit: number }): Promise<number> {
  const { out } = session;
  let shown = '';
  for (;;) {
    const result = await session.call<TraceResult>(options, 'trace.show', args);
    const state = JSON.stringify(result.messages);
    if (state !== shown) {
      if (options.json) out.raw(`${JSON.stringify(result)}\n`);
      else out.raw(`${shown === '' ? '' : '\n'}${renderTimeline(result, { now: result.now, ...width(session) })}`);
      shown = state;
    }
    const waiting = result.messages.some(({ recipients }) => recipients.some((recipient) => WAITING.has(recipient.state)));
    if (result.messages.length === 0) return 1;
    if (!waiting) return 0;
    await wait(FOLLOW_INTERVAL_MS);
  }
}
