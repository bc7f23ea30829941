/**
 * The web addresses at which mail programs look for their settings (docs/decisions/0256): for domains hosted here only,
 * and the same for every local part, so that nobody can find out which accounts there are.
 */
import type { HttpRoute, HttpRouteAnswer, HttpRouteRequest } from '../../contract/http-route.ts';
import { normalizeDomain, parseMailbox } from '../../mail/address.ts';
import { autoconfigXml, autodiscoverError, autodiscoverXml, mobileConfig, type ClientSetup } from './documents.ts';
import { askedAddress } from './autodiscover-request.ts';
import type { ClientService } from './services.ts';

export interface ClientSetupPorts {
  readonly isHosted: (domain: string) => Promise<boolean>;
  readonly hostname: () => string;
  readonly services: () => readonly ClientService[];
}

const ASKED_BYTES_MAX = 8192;
const ADDRESS_CHARS_MAX = 320;
const XML = 'text/xml; charset=utf-8';

export function clientSetupRoutes(ports: ClientSetupPorts): readonly HttpRoute[] {
  const autoconfig = (request: HttpRouteRequest): Promise<HttpRouteAnswer | undefined> => answerAutoconfig(ports, request);
  const autodiscover = (path: string): HttpRoute => ({ method: 'POST', path, bodyBytesMax: ASKED_BYTES_MAX, handle: (request) => answerAutodiscover(ports, request) });
  return [
    { method: 'GET', path: '/mail/config-v1.1.xml', handle: autoconfig },
    { method: 'GET', path: '/.well-known/autoconfig/mail/config-v1.1.xml', handle: autoconfig },
    autodiscover('/autodiscover/autodiscover.xml'),
    autodiscover('/Autodiscover/Autodiscover.xml'),
    autodiscover('/AutoDiscover/AutoDiscover.xml'),
    { method: 'GET', path: '/autodiscover/autodiscover.json/v1.0/*', handle: (request) => answerWhere(ports, request) },
    { method: 'GET', path: '/mail/apple.mobileconfig', handle: (request) => answerProfile(ports, request) },
  ];
}

async function answerAutoconfig(ports: ClientSetupPorts, { host, query }: HttpRouteRequest): Promise<HttpRouteAnswer | undefined> {
  const setup = await setupFor(ports, host, 'autoconfig.', query.get('emailaddress') ?? '');
  return setup && { status: 200, mediaType: XML, body: autoconfigXml(setup) };
}

async function answerAutodiscover(ports: ClientSetupPorts, { host, body }: HttpRouteRequest): Promise<HttpRouteAnswer | undefined> {
  const asked = askedAddress(body);
  if (asked.kind === 'refused') return { status: 200, mediaType: XML, body: autodiscoverError(asked.why) };
  const setup = await setupFor(ports, host, 'autodiscover.', asked.address);
  if (!setup) return { status: 200, mediaType: XML, body: autodiscoverError('no mail of that domain is here') };
  return { status: 200, mediaType: XML, body: autodiscoverXml(setup, asked.address) };
}

/**
 * Autodiscover v2: Outlook asks in JSON where a protocol is. Ours is AutodiscoverV1, the XML; all others are of Exchange.
 * The address is the rest of the path, percent-encoded or not.
 */
async function answerWhere(ports: ClientSetupPorts, { host, path, query }: HttpRouteRequest): Promise<HttpRouteAnswer | undefined> {
  const address = path.slice(path.lastIndexOf('/') + 1).replace(/%40/g, '@');
  if (!(await setupFor(ports, host, 'autodiscover.', address))) return undefined;
  if (query.get('Protocol')?.toLowerCase() !== 'autodiscoverv1') return json(400, { ErrorCode: 'InvalidProtocol', ErrorMessage: 'The only protocol here is AutodiscoverV1.' });
  return json(200, { Protocol: 'AutodiscoverV1', Url: `https://${host}/autodiscover/autodiscover.xml` });
}

function json(status: number, body: object): HttpRouteAnswer {
  return { status, mediaType: 'application/json', body: JSON.stringify(body) };
}

async function answerProfile(ports: ClientSetupPorts, { host, query }: HttpRouteRequest): Promise<HttpRouteAnswer | undefined> {
  const address = query.get('email') ?? '';
  if (address.length > ADDRESS_CHARS_MAX || !parseMailbox(address)) return undefined;
  const setup = await setupFor(ports, host, 'autoconfig.', address);
  const profile = setup && mobileConfig(setup, address);
  return profile === undefined ? undefined : { status: 200, mediaType: 'application/x-apple-aspen-config', headers: { 'content-disposition': 'attachment; filename="mail.mobileconfig"' }, body: profile };
}

/** The domain of the address, when one is given; else that of the host name asked. Undefined: not ours. */
async function setupFor(ports: ClientSetupPorts, host: string, prefix: string, address: string): Promise<ClientSetup | undefined> {
  const named = address.length <= ADDRESS_CHARS_MAX ? address.slice(address.lastIndexOf('@') + 1) : '';
  const domain = normalizeDomain(named === '' ? (host.startsWith(prefix) ? host.slice(prefix.length) : host) : named);
  const services = ports.services();
  if (domain === '' || services.length === 0 || !(await ports.isHosted(domain))) return undefined;
  return { domain, hostname: ports.hostname(), services };
}
