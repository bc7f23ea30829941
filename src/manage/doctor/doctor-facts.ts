/** What this server knows of itself that examinations need. */
import type { Clock } from '../../base/clock.ts';
import type { Config, HostPort } from '../../config/config.ts';
import type { DomainKey, SendingAddress, ServerFacts, ServiceListener } from '../../doctor/check.ts';
import { domainKey } from '../../store/clients/directory.ts';
import { tlsDay } from '../../store/clients/tls-results.ts';
import { createDirectory } from '../../store/directory.ts';
import { createSigningKeys } from '../../store/signing-keys.ts';
import type { Store } from '../../store/store.ts';
import { machineAddresses, publicAddresses } from '../dns/dns.ts';
import { policiesOf } from '../dns/dns-policy.ts';
import { sampleHandling, sampleMessage } from './doctor-samples.ts';
import { serverFigures, type ServerFigures } from './doctor-figures.ts';

export interface DoctorFacts {
  /** When this was so by the clock of the server, which runs ahead in a lab. Milliseconds since 1970. */
  readonly now: number;
  readonly hostname: string;
  readonly addresses: readonly SendingAddress[];
  readonly domains: readonly DoctorDomain[];
  readonly server: ServerFacts;
  readonly figures: ServerFigures;
}

export interface DoctorDomain {
  readonly domain: string;
  readonly keys: readonly DomainKey[];
  /** As a submission would leave it, base64. */
  readonly sample: string;
  /** Absent: its mail may come here. */
  readonly use?: 'send-only' | 'none';
  /** Role addresses that nobody gets. */
  readonly unreachable: readonly string[];
}

const ROLES = ['postmaster', 'abuse'] as const;

export async function doctorFacts({ store, config, clock }: { readonly store: Store; readonly config: Config; readonly clock: Clock }): Promise<DoctorFacts> {
  const hostname = domainKey(config.hostname);
  const [{ domains }, outboundTls, identities, policies] = await Promise.all([store.directory.snapshot(), encryptedShare(store, clock.now()), store.examinations.identities(clock.now() - MONTH_MS), policiesOf({ store, config })]);
  const samples = { store, config, keys: createSigningKeys({ store }), now: clock.now() };
  const directory = createDirectory({ store, hostname: config.hostname, origin: config.origin });
  return {
    now: clock.now(),
    hostname,
    figures: await serverFigures({ store, config, clock, directory }, domains.map(({ name }) => name)),
    addresses: publicAddresses(config).map(({ address, helo }) => ({ address, helo: helo ?? hostname })),
    domains: await Promise.all(domains.map(async ({ name }): Promise<DoctorDomain> => {
      const keys = (await store.keys.list(name)).filter(({ state }) => state === 'active').map(({ selector, algorithm, publicKey, createdAt }) => ({ selector, algorithm, publicKey, createdAt }));
      const reached = await Promise.all(ROLES.map(async (role) => ['mailbox', 'alias'].includes((await directory.resolve(`${role}@${name}`)).kind)));
      const { use } = policies(name).policy;
      return { domain: name, keys, ...(use === 'send-only' || use === 'none' ? { use } : {}), sample: (await sampleMessage(samples, name)).toString('base64'), unreachable: ROLES.filter((_, at) => !reached[at]) };
    })),
    server: { handling: await sampleHandling(samples), listeners: listenersOf(config), trusted: config.networks.trusted, ...(config.relay ? { relay: config.relay.host } : {}), namesWithoutMail: config.dns.policy?.namesWithoutMail ?? [], ...(outboundTls ? { outboundTls } : {}), identities },
  };
}

const SERVICES = ['smtp', 'submission', 'submissions', 'imap', 'imaps', 'pop3', 'pop3s', 'sieve'] as const;

function listenersOf({ listen }: Config): readonly ServiceListener[] {
  return SERVICES.flatMap((service) => (listen[service] ?? []).flatMap(({ address, port }: HostPort) => dialled(address).map((each) => ({ service, address: each, port }))));
}

/** Who listens everywhere can be reached at the public addresses, behind NAT on the loopback interface. */
function dialled(address: string): readonly string[] {
  if (address !== '0.0.0.0' && address !== '::') return [address];
  const isSix = address === '::';
  const own = machineAddresses().filter((each) => each.includes(':') === isSix);
  return own.length > 0 ? own : [isSix ? '::1' : '127.0.0.1'];
}

const DAY_MS = 86_400_000;
const MONTH_MS = 30 * DAY_MS;

/** Of yesterday and today. */
async function encryptedShare(store: Store, now: number): Promise<ServerFacts['outboundTls']> {
  const days = await Promise.all([now - DAY_MS, now].map((at) => store.tlsResults.list(tlsDay(at))));
  let sessions = 0;
  let plain = 0;
  for (const row of days.flat()) {
    sessions += row.sessions;
    if (row.failure === 'starttls-not-supported') plain += row.sessions;
  }
  return sessions === 0 ? undefined : { sessions, encrypted: sessions - plain };
}
