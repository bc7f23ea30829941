/** `posthorn prober`: a web server with one page, which tries the port 25 of whoever asks. Needs neither store nor configuration. */
import { hostname } from 'node:os';
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { ProberOptions } from '../face/cli/ports.ts';
import { createWebServer } from '../face/http/server.ts';
import { proberRoute } from '../manage/doctor/prober-route.ts';
import { createConnector } from '../net/connector.ts';
import { createMailProbe } from '../net/mail-probe.ts';
import { clientKey, NetworkList } from '../net/network-list.ts';
import { createClientTls, loadServerOptions } from '../net/tls.ts';

/** Resolves, when it listens, to the address that it listens on. Rejects when it is taken, or the certificate cannot be used. */
export async function startProber({ listen, files, mailPort, trustedProxies }: ProberOptions, { clock, log }: { readonly clock: Clock; readonly log: Log }): Promise<{ readonly url: string; close(): Promise<void> }> {
  const probe = createMailProbe({ connector: createConnector({ clock }), clock, clientTls: () => createClientTls({}) });
  const proxies = new NetworkList(() => trustedProxies);
  const route = proberRoute({ clock, probe, mailPort: () => mailPort, clientKey, hostname: hostname() });
  const server = createWebServer({ routes: () => [route], clock, log, isProxy: (address) => proxies.has(address), clientKey, ...(files ? { tls: await loadServerOptions(files) } : {}) });
  const scheme = files ? 'https' : 'http';
  const { address, port } = await server.listen(scheme, listen);
  return { url: `${scheme}://${address.includes(':') ? `[${address}]` : address}:${port}${route.path}`, close: () => server.close(0) };
}
