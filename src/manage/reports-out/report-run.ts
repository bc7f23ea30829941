/**
 * Works off the days that are to be reported, the same for DMARC and for TLS: what is open is tried, what cannot be looked
 * up or reached now is tried again at the next run, a few times, and then given up. What was sent is written down behind
 * each destination, so that no restart sends it twice.
 */
import { REPORT_OUT_LIMITS } from '../../base/report-limits.ts';
import type { ReportKind, SentReport } from '../../store/ops/reports-out.ts';
import type { Store } from '../../store/store.ts';
import type { Log } from '../../base/log.ts';

export interface OpenDay {
  readonly day: string;
  readonly domain: string;
}

/** What became of one destination. `again`: later it may work. */
export type Outcome =
  | { readonly state: 'sent'; readonly destination: string; readonly messageId?: string; readonly detail?: string }
  | { readonly state: 'refused' | 'failed' | 'again'; readonly destination: string; readonly detail: string };

/** `none`: nobody wants it, or there is nothing to say; `again`: not even the destinations are known now. */
export type DayPlan = { readonly kind: 'none'; readonly detail: string } | { readonly kind: 'again'; readonly detail: string } | { readonly kind: 'destinations'; readonly sends: readonly DestinationSend[] };

export interface DestinationSend {
  readonly destination: string;
  send(): Promise<Outcome>;
}

/** A destination whose outcome is known already. */
export function settled(outcome: Outcome): DestinationSend {
  return { destination: outcome.destination, send: async () => outcome };
}

export interface ReportRunPorts {
  readonly store: Pick<Store, 'reportsOut'>;
  readonly log: Log;
  readonly kind: ReportKind;
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly signal: AbortSignal;
}

/** Rejects with the signal's reason. */
export async function runReports(ports: ReportRunPorts, open: readonly OpenDay[], plan: (one: OpenDay) => Promise<DayPlan>): Promise<void> {
  for (const one of open) {
    ports.signal.throwIfAborted();
    await reportDay(ports, one, plan);
  }
}

async function reportDay({ store, log, kind, now, signal }: ReportRunPorts, one: OpenDay, plan: (one: OpenDay) => Promise<DayPlan>): Promise<void> {
  const { day, domain } = one;
  const attempts = ((await store.reportsOut.job(kind, day, domain))?.attempts ?? 0) + 1;
  const close = (state: 'open' | 'done' | 'none' | 'given-up', detail: string): Promise<void> => store.reportsOut.noteJob({ kind, day, domain, state, attempts, detail, at: now });
  const later = (detail: string): Promise<void> => close(attempts >= REPORT_OUT_LIMITS.attemptsMax ? 'given-up' : 'open', detail);
  const planned = await plan(one);
  if (planned.kind === 'none') return close('none', planned.detail);
  if (planned.kind === 'again') return later(planned.detail);
  const known = new Map((await store.reportsOut.sentFor(kind, day, domain)).map((sent) => [sent.destination, sent]));
  let waiting = '';
  for (const { destination, send } of planned.sends) {
    signal.throwIfAborted();
    if (known.get(destination)?.state === 'sent' || known.get(destination)?.state === 'refused') continue;
    const outcome = await send();
    if (outcome.state === 'again') waiting = outcome.detail;
    const state = outcome.state === 'again' ? 'failed' : outcome.state;
    const sent: SentReport = { kind, day, domain, destination, state, detail: outcome.detail ?? '', messageId: ('messageId' in outcome && outcome.messageId) || '', at: now };
    await store.reportsOut.noteSent(sent);
    log.info('report.sent', { kind, day, domain, destination, state, detail: sent.detail, message: sent.messageId });
  }
  return waiting === '' ? close('done', '') : later(waiting);
}
