/**
 * The lab's administrative verbs, in the shape that all verbs have (manage/verb.ts), without needing a store: the
 * composition root puts them on the list of a server that runs in a lab.
 */
import { z } from 'zod';
import type { Lab } from './lab.ts';

export interface LabVerb<Args, Result> {
  readonly name: string;
  readonly summary: string;
  readonly args: z.ZodType<Args>;
  run(context: unknown, args: Args): Promise<Result>;
}

const DEFAULT_USER = 'alice@example.org';
/** A year at a time: timers beyond hold nothing worth waiting for. */
const ADVANCE_MS_MAX = 366 * 86_400_000;

// oxlint-disable-next-line no-explicit-any -- a list of verbs with different arguments
export function createLabVerbs(lab: Lab): readonly LabVerb<any, unknown>[] {
  return [
    defineVerb({
      name: 'lab.inbox',
      summary: 'what a simulated provider accepted, newest last; or one message as it was received',
      args: z.object({ provider: z.string(), address: z.string().optional(), raw: z.string().optional() }),
      async run(_context, { provider, address, raw }) {
        // The message as base64, as JSON carries bytes.
        if (raw !== undefined) return { raw: (await lab.raw(provider, raw)).toString('base64') };
        return { messages: lab.inbox(provider, address) };
      },
    }),
    defineVerb({
      name: 'lab.scenario',
      summary: 'change the weather of the lab, or list it',
      args: z.object({ name: z.string().optional(), state: z.enum(['on', 'off']).optional(), providers: z.array(z.string()).optional() }),
      async run(_context, { name, state, providers }) {
        const scenarios = await lab.scenario(name, state, providers);
        return { scenarios: name === undefined ? scenarios : scenarios.filter((each) => each.name === name) };
      },
    }),
    defineVerb({
      name: 'lab.record',
      summary: 'publish something else under a name than it should, or restore it; or list what is changed',
      args: z.strictObject({ name: z.string().max(255).optional(), type: z.string().max(10).optional(), values: z.array(z.string().max(4000)).max(50).optional(), restore: z.boolean().optional() }),
      async run(_context, { name, type, values, restore }) {
        if (restore) return { records: await lab.restoreRecords(name, type) };
        if (name === undefined || type === undefined) return { records: lab.recordOverrides() };
        return { records: await lab.overrideRecord(name, type, values ?? []) };
      },
    }),
    defineVerb({
      name: 'lab.deliver',
      summary: 'let the host outside send mail to one of our users',
      // `raw` is a message in base64, sent instead of one of the kinds, with `from` as its envelope sender.
      args: z.strictObject({ as: z.string().optional(), to: z.string().optional(), raw: z.base64().optional(), from: z.string().optional() }),
      async run(_context, { as, to, raw, from }) {
        if (raw !== undefined) return { results: await lab.deliverFile(Buffer.from(raw, 'base64'), from ?? '', to ?? DEFAULT_USER) };
        return { results: await lab.deliver(as ?? 'good', to ?? DEFAULT_USER) };
      },
    }),
    defineVerb({
      name: 'lab.clock',
      summary: 'move the clock of the lab ahead, and tell its time',
      args: z.object({ advanceMs: z.number().int().min(0).max(ADVANCE_MS_MAX).optional() }),
      async run(_context, { advanceMs }) {
        if (advanceMs !== undefined && advanceMs > 0) await lab.advanceClock(advanceMs);
        return { now: new Date(lab.clock.now()).toISOString() };
      },
    }),
    defineVerb({
      name: 'lab.complain',
      summary: 'press the spam button on a message at a provider',
      args: z.object({ provider: z.string(), id: z.string() }),
      run: (_context, { provider, id }) => lab.complain(provider, id),
    }),
    defineVerb({
      name: 'lab.counters',
      summary: 'what the providers counted, per address, domain and day',
      args: z.object({ provider: z.string().optional() }),
      async run(_context, { provider }) {
        return { counters: lab.counters(provider) };
      },
    }),
  ];
}

function defineVerb<Args, Result>(verb: LabVerb<Args, Result>): LabVerb<Args, Result> {
  return verb;
}
