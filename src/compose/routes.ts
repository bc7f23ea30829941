/** What the web server answers, route by route. To add some: a list of HttpRoute made in manage/ or face/, and its line here. */
import type { HttpRoute } from '../contract/http-route.ts';
import { clientSetupRoutes } from '../manage/client-setup/routes.ts';
import { clientServices } from '../manage/client-setup/services.ts';
import { proberRoute } from '../manage/doctor/prober-route.ts';
import { stsRoutes } from '../manage/tls/sts-route.ts';
import { tlsReportRoutes } from '../manage/tls/tls-report-route.ts';
import type { ManageContext } from '../manage/verb.ts';
import { clientKey } from '../net/network-list.ts';
import { domainKey } from '../store/clients/directory.ts';

export interface RoutePorts {
  readonly context: ManageContext;
  readonly isHosted: (domain: string) => Promise<boolean>;
}

export function routeList({ context, isHosted }: RoutePorts): readonly HttpRoute[] {
  return [
    ...offeredProber(context),
    ...stsRoutes(context),
    ...tlsReportRoutes(context),
    ...clientSetupRoutes({ isHosted, hostname: () => domainKey(context.config.hostname), services: () => clientServices(context.config) }),
  ];
}

/** Whether it is offered is asked at each request: a reload may change it. */
function offeredProber({ config, clock, network }: ManageContext): readonly HttpRoute[] {
  if (!network) return [];
  const route = proberRoute({ clock, probe: network.probe, mailPort: () => network.mailPort, clientKey, hostname: config.hostname });
  return [{ ...route, handle: async (request) => (config.doctor?.offerProber ? route.handle(request) : undefined) }];
}
