/** Whether this process could listen on an address and port: tried by doing so for a moment. */
import { createServer } from 'node:net';

export type ListenProbe = 'free' | 'in-use' | 'forbidden' | 'no-such-address' | 'failed';

/** Never rejects. */
export function probeListen(address: string, port: number): Promise<ListenProbe> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => resolve(meaningOf(error.code)));
    // Each family by itself, as the server listens: `::` must not collide with what holds `0.0.0.0`.
    server.listen({ host: address, port, exclusive: true, ipv6Only: address.includes(':') }, () => server.close(() => resolve('free')));
  });
}

function meaningOf(code: string | undefined): ListenProbe {
  switch (code) {
    case 'EADDRINUSE':
      return 'in-use';
    case 'EACCES':
    case 'EPERM':
      return 'forbidden';
    case 'EADDRNOTAVAIL':
    case 'EAFNOSUPPORT':
      return 'no-such-address';
    default:
      return 'failed';
  }
}
