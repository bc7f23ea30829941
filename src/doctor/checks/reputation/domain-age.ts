/** How old is the domain? Asked of its registry by RDAP. */
import { DOCTOR_LIMITS } from '../../../base/doctor-limits.ts';
import type { DoctorNetwork } from '../../../contract/doctor-network.ts';
import { defineCheck, fail, NO_NETWORK, pass, unknown, warn, type DomainSubject } from '../../check.ts';
import { zoneApex } from '../domain/zone-apex.ts';

const DAY_MS = 86_400_000;
const OLD_DAYS = 30;
const YOUNG_DAYS = 7;
const BYTES_MAX = 1_000_000;
/** Of registries, by top-level domain (RFC 9224). */
const BOOTSTRAP = new URL('https://data.iana.org/rdap/dns.json');

export const domainAge = defineCheck<DomainSubject>({
  id: 'domain-age', about: 'domain', title: 'Age of the domain', weight: 0.5,
  why: 'Most domains that send spam are a few days old; receivers distrust young ones whoever owns them.',
  link: 'https://www.rfc-editor.org/rfc/rfc9083#section-4.5',
  run: async ({ dns, network, now }, { domain }) => {
    if (!network) return NO_NETWORK;
    const apex = await zoneApex(dns, domain);
    const name = typeof apex === 'string' ? domain : apex.zone;
    const registered = await registrationOf(network, name);
    if (registered === undefined) return unknown(`When ${name} was registered could not be found out.`);
    const days = Math.floor((now - registered) / DAY_MS);
    const text = `${name} was registered ${days} days ago.`;
    const remedy = 'Send little, to people who wait for it, and let the volume grow slowly over the first weeks.';
    return days > OLD_DAYS ? pass(text) : days > YOUNG_DAYS ? warn(text, remedy) : fail(text, remedy);
  },
});

/** Milliseconds since 1970. */
async function registrationOf(network: DoctorNetwork, name: string): Promise<number | undefined> {
  const bootstrap = await fetchJson(network, BOOTSTRAP);
  const base = serviceOf(bootstrap, name.slice(name.lastIndexOf('.') + 1));
  const object = base && (await fetchJson(network, new URL(`domain/${name}`, base)));
  const events = isObject(object) && Array.isArray(object['events']) ? (object['events'] as unknown[]) : [];
  const registration = events.find((event) => isObject(event) && event['eventAction'] === 'registration');
  const at = isObject(registration) ? Date.parse(String(registration['eventDate'])) : Number.NaN;
  return Number.isNaN(at) ? undefined : at;
}

/** RFC 9224 §4: `{services: [[["com", …], ["https://…/"]], …]}`. */
function serviceOf(bootstrap: unknown, tld: string): URL | undefined {
  const services = isObject(bootstrap) && Array.isArray(bootstrap['services']) ? (bootstrap['services'] as unknown[]) : [];
  for (const service of services) {
    const [tlds, urls] = Array.isArray(service) ? (service as unknown[]) : [];
    if (!Array.isArray(tlds) || !Array.isArray(urls) || !tlds.includes(tld)) continue;
    const url = urls.find((each): each is string => typeof each === 'string' && each.startsWith('https://') && URL.canParse(each));
    if (url !== undefined) return new URL(url);
  }
  return undefined;
}

async function fetchJson({ fetch }: DoctorNetwork, url: URL): Promise<unknown> {
  const answer = await fetch({ host: url.hostname, port: url.port === '' ? 443 : Number(url.port), path: `${url.pathname}${url.search}`, accept: 'application/rdap+json, application/json', bytesMax: BYTES_MAX, timeoutMs: DOCTOR_LIMITS.fetchMs });
  if (answer.kind !== 'response' || answer.status !== 200) return undefined;
  try {
    return JSON.parse(answer.body.toString('utf8'));
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
