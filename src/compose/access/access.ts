/**
 * The users' side of a server: IMAP, POP3 and ManageSieve on their listeners, with the certificate they show. The same in
 * the main thread (the lab) and in the access thread.
 */
import { join } from 'node:path';
import type { SecureContext } from 'node:tls';
import { createAccessFrame } from '../../access/connection/listener.ts';
import type { Config } from '../../config/config.ts';
import { loadServerContext } from '../../net/tls.ts';
import type { AccessAddresses } from './access-addresses.ts';
import { createProtocols, type AccessPorts } from './protocols.ts';

export interface Access {
  /** Resolves to the addresses really listened on (a port 0 is resolved); rejects with the system's error. */
  listen(where: AccessAddresses): Promise<AccessAddresses>;
  /** Takes a new certificate; a failure leaves the old one in place. */
  loadCertificate(next: Pick<Config, 'tls'>): Promise<void>;
  /** Lets commands finish within `drainMs` milliseconds. */
  close(drainMs: number): Promise<void>;
}

/** Rejects when the certificate cannot be used. */
export async function createAccess({ config, clock, log, login, store }: AccessPorts): Promise<Access> {
  let context: SecureContext | undefined;
  const loadCertificate = async ({ tls }: Pick<Config, 'tls'>): Promise<void> => {
    context = tls.certificate && tls.key ? await loadServerContext({ certificate: tls.certificate, key: tls.key }) : undefined;
  };
  await loadCertificate(config);
  const frame = await createAccessFrame({
    config, clock, log,
    secureContext: () => context,
    uploadsDir: join(config.dataDir, 'uploads'),
    standing: { accountsVersion: () => store.directory.version, withdrawn: (sessions) => login.withdrawn(sessions) },
  });
  const { imap, pop3, sieve, close } = createProtocols({ config, clock, log, login, store });
  return {
    listen: async (where) => ({
      imap: await frame.listen(imap, where.imap, 'on-request'),
      imaps: await frame.listen(imap, where.imaps, 'at-once'),
      pop3: await frame.listen(pop3, where.pop3, 'on-request'),
      pop3s: await frame.listen(pop3, where.pop3s, 'at-once'),
      sieve: await frame.listen(sieve, where.sieve, 'on-request'),
    }),
    loadCertificate,
    close: async (drainMs) => {
      await frame.close(drainMs);
      close();
    },
  };
}
