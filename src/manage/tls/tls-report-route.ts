/**
 * TLS reports by HTTPS (RFC 8460 §5.4): a POST of the JSON, packed or not, to the address that `rua=https://…` of
 * `_smtp._tls` names.
 *
 * Policy: who brings it is known by the name of its address that leads back to it; what comes from an address without one is
 * kept apart, like mail that nothing authenticates. A report that is left for a reason is answered 2xx all the same: to
 * bring it again would change nothing. Anybody may post, so one report is read at a time, and behind each the server has the
 * processor to itself for a multiple of the time that the reading took.
 */
import { REPORT_IN_LIMITS } from '../../base/report-in-limits.ts';
import { Semaphore } from '../../base/semaphore.ts';
import { DEFAULT_FEEDBACK } from '../../config/feedback-config.ts';
import type { HttpRoute, HttpRouteAnswer, HttpRouteRequest } from '../../contract/http-route.ts';
import { normalizeDomain } from '../../mail/address.ts';
import { createDirectory } from '../../store/directory.ts';
import { createClientName } from '../../verify/iprev/client-name.ts';
import { keepTls } from '../../verify/reports/keep-report.ts';
import type { PostedTlsReport } from '../../verify/reports/posted-tls-report.ts';
import type { ReportInspection } from '../inspection/report-inspection.ts';
import type { ManageContext } from '../verb.ts';

export const TLS_REPORT_PATH = '/.well-known/posthorn-tls-report';

/** A post that took long to read keeps the next one waiting for this multiple of its time: the processor is for mail. */
const REST_FACTOR = 4;
const REST_MS_MAX = 2000;

/** `context` of a server. */
export function tlsReportRoutes(context: ManageContext): readonly HttpRoute[] {
  const { inspection } = context;
  if (!inspection) return [];
  const nameOf = createClientName(context.dns, { clock: context.clock });
  const reading = new Semaphore(1);
  let waiting = 0;
  const handle = async (request: HttpRouteRequest): Promise<HttpRouteAnswer> => {
    if (waiting >= REPORT_IN_LIMITS.httpWaitingMax) return { status: 503, headers: { 'retry-after': '300' } };
    waiting += 1;
    const read = await reading.run(() => readPosted(context, inspection, request.body)).finally(() => (waiting -= 1));
    return take(context, nameOf, request, read);
  };
  return [{ method: 'POST', path: TLS_REPORT_PATH, bodyBytesMax: REPORT_IN_LIMITS.httpBodyBytesMax, handle }];
}

async function readPosted({ clock }: ManageContext, inspection: ReportInspection, body: Buffer): Promise<PostedTlsReport> {
  const begun = clock.monotonic();
  try {
    return await inspection.postedTlsReport(body);
  } finally {
    const restMs = Math.min((clock.monotonic() - begun) * REST_FACTOR, REST_MS_MAX);
    if (restMs >= 1) await new Promise<void>((resolve) => void clock.timer(restMs, resolve));
  }
}

async function take({ store, config, clock, log }: ManageContext, nameOf: ReturnType<typeof createClientName>, { clientAddress }: HttpRouteRequest, read: PostedTlsReport): Promise<HttpRouteAnswer> {
  const { result, name } = await nameOf(clientAddress);
  const believed = result === 'pass' && name !== undefined;
  const arrival = { receivedAt: clock.now(), broughtBy: believed ? ownerOf(name) : '', believed };
  if ('why' in read) {
    await store.reports.noteIgnored('tls', 'unreadable', arrival);
    return { status: 400, mediaType: 'text/plain', body: `this is no TLS report: ${read.why}\n` };
  }
  const ports = { reports: store.reports, directory: createDirectory({ store, hostname: config.hostname, origin: config.origin }), keepMs: () => (config.feedback ?? DEFAULT_FEEDBACK).keepMs };
  log.info('report.taken', { broughtBy: arrival.broughtBy, clientAddress, said: [await keepTls(ports, read.report, arrival)] });
  return { status: 201, mediaType: 'text/plain', body: 'thank you\n' };
}

/** The registered domain, near enough: the machines of one organisation are one reporter. */
function ownerOf(hostName: string): string {
  return normalizeDomain(hostName).split('.').slice(-2).join('.');
}
