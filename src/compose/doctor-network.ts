/** What the doctor asks the network, wired: in the server with its connector, in a command with one of its own. */
import { readFile } from 'node:fs/promises';
import type { Clock } from '../base/clock.ts';
import { DOCTOR_LIMITS } from '../base/doctor-limits.ts';
import { Failure } from '../base/errors.ts';
import { isLoopbackAddress, isPublicAddress } from '../base/public-address.ts';
import type { Config, HostPort } from '../config/config.ts';
import { DEFAULT_DOCTOR, type DoctorConfig } from '../config/doctor-config.ts';
import type { Dns } from '../contract/dns.ts';
import type { DoctorNetwork, OutsideAnswer, OutsideProber } from '../contract/doctor-network.ts';
import type { HttpsFetch } from '../contract/https-fetch.ts';
import { createAskServer } from '../net/ask-server.ts';
import { createConnector, type Connector } from '../net/connector.ts';
import { createHttpsFetch } from '../net/https-fetch.ts';
import { createMailProbe } from '../net/mail-probe.ts';
import { createClientTls, type ClientTls } from '../net/tls.ts';

export interface DoctorNetworkPorts {
  /** Absent: none was found; the defaults then. */
  readonly config: Config | undefined;
  /** Recursive ones; empty: the system's. */
  readonly servers: readonly HostPort[];
  readonly dns: Dns;
  readonly clock: Clock;
  /** Default: one that may connect anywhere. */
  readonly connector?: Connector;
}

export interface OpenDoctorNetwork extends DoctorNetwork {
  /** Ends what is under way. */
  close(): void;
}

/** The settings are read at each use: a reload may bring others. */
export async function createDoctorNetwork({ config, servers, dns, clock, connector = createConnector({ clock }) }: DoctorNetworkPorts): Promise<OpenDoctorNetwork> {
  const ending = new AbortController();
  const settings = (): DoctorConfig => config?.doctor ?? DEFAULT_DOCTOR;
  let made: Promise<ClientTls> | undefined;
  const clientTls = (): Promise<ClientTls> => (made ??= createClientTls(config?.outbound ?? {}));
  const direct = createHttpsFetch({ dns, connector, clock, clientTls, protocols: () => config?.outbound.protocols ?? ['ipv4', 'ipv6'] });
  // In the lab one port serves what is at 443 on the internet.
  const fetch: HttpsFetch = (request) => direct(request.port === HTTPS_PORT && isLab(config) ? { ...request, port: config.outboundTls.mtaStsPort } : request);
  const linkFetch = createHttpsFetch({ dns, connector: connectorForLinks(connector, config), clock, clientTls, protocols: () => config?.outbound.protocols ?? ['ipv4', 'ipv6'] });
  return {
    fetch,
    linkFetch,
    askServer: createAskServer({ servers, dnsPort: settings().nameServerPort, clock, signal: ending.signal }),
    probe: createMailProbe({ connector, clock, clientTls }),
    simulated: isLab(config),
    get outside() {
      const { prober } = settings();
      return prober === undefined ? undefined : createOutsideProber(fetch, new URL(prober));
    },
    get mailPort() {
      return config?.outbound.port ?? 25;
    },
    get policyPort() {
      return config?.outboundTls.mtaStsPort ?? 443;
    },
    get safeBrowsingKey() {
      const { safeBrowsingKeyFile: file } = settings();
      return file === undefined ? undefined : async () => (await readFile(file, 'utf8')).trim();
    },
    close: () => ending.abort(),
  };
}

function isLab(config: Config | undefined): config is Config {
  return config !== undefined && (config.outboundTls.mtaStsPort ?? HTTPS_PORT) !== HTTPS_PORT;
}

/** Strangers write links: none of them leads into this machine's own networks. In the lab the internet is 127.0.0.0/8. */
function connectorForLinks(connector: Connector, config: Config | undefined): Connector {
  const allowed = isLab(config) ? isLoopbackAddress : isPublicAddress;
  return {
    connect: async (request) => {
      if (!allowed(request.address)) throw new Failure('private-address', 'a private address, where no link may lead', { temporary: false });
      return connector.connect(request);
    },
  };
}

const HTTPS_PORT = 443;
const ANSWER_BYTES_MAX = 4096;

/** Speaks with `posthorn prober`; see docs/guides/doctor.md. */
function createOutsideProber(fetch: HttpsFetch, url: URL): OutsideProber {
  const secure = url.protocol === 'https:';
  const port = url.port === '' ? (secure ? 443 : 80) : Number(url.port);
  const request = { host: url.hostname.replace(/^\[|\]$/g, ''), port, path: `${url.pathname}${url.search}`, method: 'POST', secure, body: { mediaType: 'application/json', text: '{}' }, accept: 'application/json', bytesMax: ANSWER_BYTES_MAX, timeoutMs: DOCTOR_LIMITS.probeMs + DOCTOR_LIMITS.fetchMs } as const;
  return async () => {
    const answer = await fetch(request);
    if (answer.kind === 'failure') return { kind: 'failure', detail: `the prober ${url.host} did not answer: ${answer.detail}` };
    if (answer.status !== 200) return { kind: 'failure', detail: `the prober ${url.host} answered with HTTP status ${answer.status}` };
    return readAnswer(answer.body) ?? { kind: 'failure', detail: `what the prober ${url.host} answered cannot be read` };
  };
}

function readAnswer(body: Buffer): OutsideAnswer | undefined {
  try {
    const { address, open, greeting, detail } = JSON.parse(body.toString('utf8')) as Record<string, unknown>;
    if (typeof address !== 'string' || typeof open !== 'boolean') return undefined;
    return open ? { kind: 'open', address, greeting: typeof greeting === 'string' ? greeting : '' } : { kind: 'closed', address, detail: typeof detail === 'string' ? detail : 'no connection' };
  } catch {
    return undefined;
  }
}
