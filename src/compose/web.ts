/** The web server of a server: its listeners, and the certificates that it shows. */
import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createSecureContext, type SecureContext, type SecureContextOptions } from 'node:tls';
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { Config, HostPort } from '../config/config.ts';
import { DEFAULT_HTTP } from '../config/http-settings.ts';
import type { HttpRoute } from '../contract/http-route.ts';
import { createWebServer, type WebServer } from '../face/http/server.ts';
import { clientKey, NetworkList } from '../net/network-list.ts';
import { loadServerOptions } from '../net/tls.ts';

export interface WebOptions {
  /** The live one. */
  readonly config: Config;
  readonly clock: Clock;
  readonly log: Log;
  readonly routes: readonly HttpRoute[];
}

export interface RunningWeb {
  readonly addresses: { readonly http: readonly HostPort[]; readonly https: readonly HostPort[] };
  /** Takes new certificates; a failure leaves the old ones in place. */
  loadCertificates(next: Pick<Config, 'tls' | 'http'>): Promise<void>;
  close(drainMs: number): Promise<void>;
}

interface Certificates {
  readonly first: SecureContextOptions | undefined;
  readonly others: readonly { readonly certificate: X509Certificate; readonly context: SecureContext }[];
}

/** Undefined when no listener is configured. Rejects when a certificate cannot be used or an address is taken. */
export async function startWeb({ config, clock, log, routes }: WebOptions): Promise<RunningWeb | undefined> {
  const { http = [], https = [] } = config.listen;
  if (http.length === 0 && https.length === 0) return undefined;
  let certificates = await readCertificates(config);
  const proxies = new NetworkList(() => (config.http ?? DEFAULT_HTTP).trustedProxies);
  const server: WebServer = createWebServer({
    routes: () => routes,
    clock,
    log,
    isProxy: (address) => proxies.has(address),
    clientKey,
    ...(certificates.first && { tls: certificates.first }),
    contextFor: (name) => certificates.others.find(({ certificate }) => certificate.checkHost(name) !== undefined)?.context,
  });
  try {
    const listen = (scheme: 'http' | 'https', all: readonly HostPort[]): Promise<readonly HostPort[]> => Promise.all(all.map((where) => server.listen(scheme, where)));
    return {
      addresses: { http: await listen('http', http), https: await listen('https', https) },
      async loadCertificates(next) {
        certificates = await readCertificates(next);
        if (certificates.first) server.loadCertificate(certificates.first);
      },
      close: (drainMs) => server.close(drainMs),
    };
  } catch (error) {
    await server.close(0);
    throw error;
  }
}

async function readCertificates({ tls, http = DEFAULT_HTTP }: Pick<Config, 'tls' | 'http'>): Promise<Certificates> {
  const first = tls.certificate && tls.key ? await loadServerOptions({ certificate: tls.certificate, key: tls.key }) : undefined;
  const others = await Promise.all(
    http.certificates.map(async (files) => {
      const options = await loadServerOptions(files);
      return { certificate: new X509Certificate(await readFile(files.certificate)), context: createSecureContext(options) };
    }),
  );
  return { first, others };
}
