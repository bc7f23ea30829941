/** The addresses to listen on: one that another program has must be an error, which SO_REUSEPORT would hide. */
import { createServer } from 'node:net';
import type { AddressInfo, ListenOptions } from 'node:net';
import type { HostPort } from '../config/config.ts';

export function listenOptions({ address, port }: HostPort): ListenOptions {
  return { host: address, port, ipv6Only: address.includes(':') };
}

/** Listens for a moment, alone. Resolves to the address as the system has it (a port 0 is resolved); rejects with its error. */
export function claimAddress(where: HostPort): Promise<HostPort> {
  const server = createServer();
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(listenOptions(where), () => {
      const { address, port } = server.address() as AddressInfo;
      server.close(() => resolve({ address, port }));
    });
  });
}
