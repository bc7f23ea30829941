/** The listeners of one thread, with the certificate they show: all of a server that has one thread, or those of a session thread. */
import type { SecureContext } from 'node:tls';
import type { Config, HostPort } from '../config/config.ts';
import type { SmtpServerPorts, SmtpService } from '../flow/accept/options.ts';
import { createSmtpServer, type SmtpServer } from '../flow/accept/server.ts';
import type { ConnectionTally } from '../flow/accept/tally.ts';
import { loadServerContext } from '../net/tls.ts';

export const PUBLIC_SERVICES = ['smtp', 'submission', 'submissions', 'lmtp'] as const;
export type PublicService = (typeof PUBLIC_SERVICES)[number];
export type PublicAddresses = Readonly<Record<PublicService, readonly HostPort[]>>;

export interface FrontOptions {
  readonly config: Config;
  readonly ports: SmtpServerPorts;
  /** Counts the connections of a service, and says that other threads listen on the same addresses. Default: nobody else does. */
  readonly tallyOf?: (service: PublicService) => ConnectionTally;
}

export interface Front {
  /** Resolves to the addresses really listened on (a port 0 is resolved); rejects with the system's error. */
  listenPublic(where: Partial<PublicAddresses>): Promise<PublicAddresses>;
  /** The socket that the `sendmail` drop-in hands mail to. */
  listenLocal(path: string): Promise<void>;
  /** Sockets that other servers of this machine hand mail to by LMTP. */
  listenLmtp(paths: readonly string[]): Promise<void>;
  /** Takes a new certificate; a failure leaves the old one in place. */
  loadCertificate(next: Pick<Config, 'tls'>): Promise<void>;
  /** Lets open transactions finish within `drainMs` milliseconds. */
  close(drainMs: number): Promise<void>;
}

/** Rejects when the certificate cannot be used. */
export async function createFront({ config, ports, tallyOf }: FrontOptions): Promise<Front> {
  const servers: SmtpServer[] = [];
  let context: SecureContext | undefined;
  const loadCertificate = async ({ tls }: Pick<Config, 'tls'>): Promise<void> => {
    context = tls.certificate && tls.key ? await loadServerContext({ certificate: tls.certificate, key: tls.key }) : undefined;
  };
  const open = (service: SmtpService, where: readonly HostPort[] | string, tally?: ConnectionTally): Promise<readonly HostPort[]> => {
    const sharing = tally === undefined ? {} : { tally, sharesAddresses: true };
    const server = createSmtpServer({ service, listen: where, hostname: config.hostname, config, secureContext: () => context, ports, ...sharing });
    servers.push(server);
    return server.listen();
  };
  await loadCertificate(config);
  return {
    listenPublic: async (where) => {
      const addresses: Record<PublicService, readonly HostPort[]> = { smtp: [], submission: [], submissions: [], lmtp: [] };
      for (const service of PUBLIC_SERVICES) {
        const wanted = where[service] ?? [];
        if (wanted.length > 0) addresses[service] = await open(service, wanted, tallyOf?.(service));
      }
      return addresses;
    },
    listenLocal: async (path) => void (await open('local', path)),
    listenLmtp: async (paths) => {
      for (const path of paths) await open('lmtp', path);
    },
    loadCertificate,
    close: async (drainMs) => void (await Promise.all(servers.map((server) => server.close(drainMs)))),
  };
}
