/**
 * Verb that sends the reports of a day now: after trouble with the DNS or the network, which the hourly run gave up on, or to
 * see how it works. What went out already stays out: each destination gets one report about a day (RFC 9990 §3.5.3).
 */
import { z } from 'zod';
import { Failure } from '../../base/errors.ts';
import { REPORT_OUT_LIMITS } from '../../base/report-limits.ts';
import type { ReportJob, SentReport } from '../../store/ops/reports-out.ts';
import { defineVerb, type ManageContext } from '../verb.ts';
import { sendDmarcReports } from './dmarc-reports.ts';
import { DAY_MS, dayOf, reporterOf, type DaySpan } from './reporter.ts';
import { sendTlsReports } from './tls-reports.ts';

export interface SentDay {
  readonly kind: 'dmarc' | 'tls';
  readonly day: string;
  readonly domain: string;
  readonly state: ReportJob['state'];
  readonly detail: string;
  readonly destinations: readonly SentReport[];
}

const KINDS = ['dmarc', 'tls'] as const;
const RUN_MS = 10 * 60_000;

const send = defineVerb({
  name: 'report.send',
  summary: 'Sends the DMARC and TLS reports of a day that is over, where they did not go out yet.',
  args: z.strictObject({ day: z.string().regex(/^\d{4}-\d{2}-\d{2}$/).optional(), kind: z.enum(KINDS).optional() }),
  run: async (context: ManageContext, { day = dayOf(context.clock.now() - DAY_MS), kind }): Promise<readonly SentDay[]> => {
    const { store, config, clock, ownMail } = context;
    if (!ownMail) throw new Failure('not-running', 'reports are sent by the running server: start it with posthorn serve', { temporary: false });
    const now = clock.now();
    const span = spanOf(day, now);
    const { settings } = reporterOf(config);
    const wanted = KINDS.filter((one) => kind === undefined || kind === one);
    const off = kind !== undefined && !settings[kind] ? kind : wanted.every((one) => !settings[one]) ? wanted.join(' and ') : undefined;
    if (off !== undefined) throw new Failure('reports-off', `reports of this kind are switched off: set ${off} = true in the table [reports] of posthorn.toml and reload`, { temporary: false });
    const done: SentDay[] = [];
    for (const one of wanted.filter((each) => settings[each])) {
      await store.reportsOut.reopen(one, day);
      const run = { now, span, signal: AbortSignal.timeout(RUN_MS) };
      const open = await (one === 'dmarc' ? sendDmarcReports(context, ownMail, run) : sendTlsReports(context, ownMail, run));
      for (const { domain } of open) {
        const job = await store.reportsOut.job(one, day, domain);
        done.push({ kind: one, day, domain, state: job?.state ?? 'open', detail: job?.detail ?? '', destinations: await store.reportsOut.sentFor(one, day, domain) });
      }
    }
    return done;
  },
});

/** Throws a Failure for a day that is not over, is none, or is too long ago. */
function spanOf(day: string, now: number): DaySpan {
  const begin = Date.parse(`${day}T00:00:00Z`);
  if (Number.isNaN(begin) || dayOf(begin) !== day) throw new Failure('no-day', `${day} is no day: give one such as ${dayOf(now - DAY_MS)}`, { temporary: false });
  if (day >= dayOf(now)) throw new Failure('day-not-over', `${day} (UTC) is not over: a report is about a whole day, and goes out once; give ${dayOf(now - DAY_MS)} or a day before`, { temporary: false });
  const first = dayOf(now - REPORT_OUT_LIMITS.lateDays * DAY_MS);
  if (day < first) throw new Failure('day-too-old', `${day} is too long ago for a report: give a day from ${first} on`, { temporary: false });
  return { from: day, before: dayOf(begin + DAY_MS) };
}

export const reportSendVerbs = [send] as const;
