/** `https://mta-sts.DOMAIN/.well-known/mta-sts.txt` for the domains hosted here (RFC 8461 §3.3). */
import type { HttpRoute } from '../../contract/http-route.ts';
import { stsPublicationOf } from './sts-publication.ts';
import type { ManageContext } from '../verb.ts';

const PREFIX = 'mta-sts.';

export function stsRoutes(context: ManageContext): readonly HttpRoute[] {
  return [
    {
      method: 'GET',
      path: '/.well-known/mta-sts.txt',
      host: (name) => name.startsWith(PREFIX),
      async handle({ host }) {
        const publication = await stsPublicationOf(context, host.slice(PREFIX.length));
        return publication && { status: 200, mediaType: 'text/plain; charset=us-ascii', body: publication.text };
      },
    },
  ];
}
