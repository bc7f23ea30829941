/**
 * Who brought a report: the domain that a passing check names, the author's before all others. What reporters call
 * themselves is never believed.
 */
import type { AuthReport } from '../../contract/auth-report.ts';
import { MESSAGE_EVENTS } from '../../contract/events.ts';
import type { MessageEvent, QueueMessage } from '../../contract/queue.ts';
import type { ReportArrival as Arrival } from '../../contract/reports.ts';
import { domainOf, normalizeDomain } from '../../mail/address.ts';

/** `events`: of the message that the report came in. */
export function arrivalOf({ origin, sender }: QueueMessage, events: readonly MessageEvent[], receivedAt: number): Arrival {
  // Our own, or vouched for by a mail server of ours that took and judged it.
  if (origin.kind !== 'inbound') return { receivedAt, broughtBy: origin.kind === 'lmtp' ? normalizeDomain(domainOf(sender)) || 'lmtp' : 'this server', believed: true };
  const found = events.find(({ name }) => name === MESSAGE_EVENTS.authenticated)?.data as { readonly report?: AuthReport } | undefined;
  const broughtBy = found?.report && bringerOf(found.report);
  return broughtBy === undefined ? { receivedAt, broughtBy: '', believed: false } : { receivedAt, broughtBy, believed: true };
}

export function bringerOf({ dmarc, dkim, spf }: AuthReport): string | undefined {
  if ((dmarc.dkimAligned || dmarc.spfAligned) && dmarc.fromDomain !== undefined) return normalizeDomain(dmarc.fromDomain);
  const signer = dkim.find(({ result, domain }) => result === 'pass' && domain !== undefined)?.domain;
  if (signer !== undefined) return normalizeDomain(signer);
  return spf.result === 'pass' ? normalizeDomain(spf.domain) : undefined;
}
