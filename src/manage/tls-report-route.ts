/**
 * TLS reports by HTTPS (RFC 8460 §5.4): a POST of the JSON, packed or not, to the address that `rua=https://…` of
 * `_smtp._tls` names.
 *
 * Policy: who brings it is known by the name of its address that leads back to it; what comes from an address without one is
 * kept apart, like mail that nothing authenticates. A report that is left for a reason is answered 2xx all the same: to
 * bring it again would change nothing.
 */
import { REPORT_IN_LIMITS } from '../base/report-in-limits.ts';
import { DEFAULT_FEEDBACK } from '../config/feedback-settings.ts';
import type { HttpRoute, HttpRouteAnswer, HttpRouteRequest } from '../contract/http-route.ts';
import { normalizeDomain } from '../mail/address.ts';
import { createDirectory } from '../store/directory.ts';
import { createClientName } from '../verify/iprev/client-name.ts';
import { keepTls } from '../verify/reports/keep-report.ts';
import { readReportFile } from '../verify/reports/report-file.ts';
import type { ManageContext } from './verb.ts';

export const TLS_REPORT_PATH = '/.well-known/posthorn-tls-report';

export function tlsReportRoutes(context: ManageContext): readonly HttpRoute[] {
  const nameOf = createClientName(context.dns, { clock: context.clock });
  return [{ method: 'POST', path: TLS_REPORT_PATH, bodyBytesMax: REPORT_IN_LIMITS.httpBodyBytesMax, handle: (request) => take(context, nameOf, request) }];
}

async function take({ store, config, clock, log }: ManageContext, nameOf: ReturnType<typeof createClientName>, { body, clientAddress }: HttpRouteRequest): Promise<HttpRouteAnswer> {
  const { result, name } = await nameOf(clientAddress);
  const believed = result === 'pass' && name !== undefined;
  const arrival = { receivedAt: clock.now(), broughtBy: believed ? ownerOf(name) : '', believed };
  const found = await readReportFile(body);
  const report = found.find(({ kind }) => kind === 'tls');
  if (report?.kind !== 'tls') {
    await store.reports.noteIgnored('tls', 'unreadable', arrival);
    const [first] = found;
    return { status: 400, mediaType: 'text/plain', body: `this is no TLS report${first?.kind === 'unreadable' ? `: ${first.why}` : ''}\n` };
  }
  const ports = { reports: store.reports, directory: createDirectory({ store, hostname: config.hostname, origin: config.origin }), keepMs: () => (config.feedback ?? DEFAULT_FEEDBACK).keepMs };
  log.info('report.taken', { broughtBy: arrival.broughtBy, clientAddress, said: [await keepTls(ports, report.report, arrival)] });
  return { status: 201, mediaType: 'text/plain', body: 'thank you\n' };
}

/** The registered domain, near enough: the machines of one organisation are one reporter. */
function ownerOf(hostName: string): string {
  return normalizeDomain(hostName).split('.').slice(-2).join('.');
}
