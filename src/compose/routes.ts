/** What the web server answers, route by route. To add some: a list of HttpRoute made in manage/ or face/, and its line here. */
import type { HttpRoute } from '../contract/http-route.ts';
import { clientSetupRoutes } from '../manage/client-setup/routes.ts';
import { clientServices } from '../manage/client-setup/services.ts';
import { stsRoutes } from '../manage/sts-route.ts';
import type { ManageContext } from '../manage/verb.ts';
import { domainKey } from '../store/clients/directory.ts';

export interface RoutePorts {
  readonly context: ManageContext;
  readonly isHosted: (domain: string) => Promise<boolean>;
}

export function routeList({ context, isHosted }: RoutePorts): readonly HttpRoute[] {
  return [
    ...stsRoutes(context),
    ...clientSetupRoutes({ isHosted, hostname: () => domainKey(context.config.hostname), services: () => clientServices(context.config) }),
  ];
}
