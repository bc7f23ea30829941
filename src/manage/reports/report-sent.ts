/** Verb on the reports that went to others: what, to whom, when, and what became of it. */
import { z } from 'zod';
import { MESSAGE_EVENTS } from '../../contract/events.ts';
import type { SentReport } from '../../store/ops/reports-out.ts';
import { domainKey } from '../../store/clients/directory.ts';
import { domainArgument } from '../arguments.ts';
import { defineVerb, type ManageContext } from '../verb.ts';

export interface ReportedSent extends SentReport {
  /** Of the message that carried it: `queued`, `delivered`, `deferred`, `bounced` …; absent when it did not go by mail or is forgotten. */
  readonly delivery?: string;
}

const ROWS_MAX = 1000;
const DELIVERY: ReadonlySet<string> = new Set([MESSAGE_EVENTS.queued, MESSAGE_EVENTS.delivered, MESSAGE_EVENTS.deferred, MESSAGE_EVENTS.bounced, MESSAGE_EVENTS.expired, MESSAGE_EVENTS.held, MESSAGE_EVENTS.deleted]);

const sent = defineVerb({
  name: 'report.sent',
  summary: 'Lists the reports that were sent to others, and what became of them.',
  args: z.strictObject({
    kind: z.enum(['dmarc', 'tls']).optional(),
    domain: domainArgument.optional(),
    limit: z.number().int().min(1).max(ROWS_MAX).default(100),
  }),
  run: async ({ store }: ManageContext, { kind, domain, limit }): Promise<readonly ReportedSent[]> => {
    const rows = await store.reportsOut.sent({ ...(kind && { kind }), ...(domain === undefined ? {} : { domain: domainKey(domain) }), limit });
    return Promise.all(rows.map(async (row) => ({ ...row, ...(await deliveryOf(store, row)) })));
  },
});

async function deliveryOf(store: ManageContext['store'], { messageId }: SentReport): Promise<{ readonly delivery?: string }> {
  if (messageId === '') return {};
  const last = (await store.timeline.events(messageId)).findLast(({ name }) => DELIVERY.has(name));
  return last ? { delivery: last.name.slice(last.name.indexOf('.') + 1) } : {};
}

export const reportSentVerbs = [sent] as const;
