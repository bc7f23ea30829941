/**
 * Ports and loopback networks for servers of other processes, which have to be named before they listen.
 *
 * Between the look and the server's start nobody else may get them: ports are below the range that the kernel hands out by
 * itself, and each has a name that one test process holds until it ends (an abstract socket, which Linux has).
 */
import { once } from 'node:events';
import { createServer, type ListenOptions, type Server } from 'node:net';

const LOWEST = 30_000;
/** Linux hands out ports from here on (net.ipv4.ip_local_port_range). */
const END = 32_768;
const NETWORKS = 200;
const ATTEMPTS = 200;

/** A port of `address` that nobody listens on, and that no other test process is given while this one runs. */
export async function freePort(address = '127.0.0.1'): Promise<number> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const port = LOWEST + Math.floor(Math.random() * (END - LOWEST));
    if (!(await isOurs(`port-${port}`))) continue;
    const server = await listening({ host: address, port });
    if (!server) continue;
    server.close();
    await once(server, 'close');
    return port;
  }
  throw new Error(`no free port of ${address} was found`);
}

/** `127.N.0.0` that no other test process is given while this one runs; another one at each call. */
export async function freeLoopback(): Promise<string> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const network = 20 + ((process.pid + attempt) % NETWORKS);
    if (await isOurs(`network-${network}`)) return `127.${network}.0.0`;
  }
  throw new Error('no free loopback network was found');
}

async function isOurs(name: string): Promise<boolean> {
  return process.platform !== 'linux' || (await listening({ path: `\0posthorn-test-${name}` })) !== undefined;
}

/** Keeps no process alive; undefined when the place is taken. */
async function listening(where: ListenOptions): Promise<Server | undefined> {
  const server = createServer().listen(where);
  try {
    await once(server, 'listening');
    return server.unref();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') return undefined;
    throw error;
  }
}
