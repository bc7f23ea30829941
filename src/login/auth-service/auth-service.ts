/**
 * Log-ins for other programs on this machine, in the protocol of Dovecot, so that Postfix, Exim and whatever else knows
 * that protocol can ask Posthorn who somebody is.
 *
 * Policy: only on loopback addresses and Unix sockets, since whoever asks may claim any client address. A socket gets mode
 * 0660 with owner and group of the folder that it lies in, so that the program that owns the folder (`/var/spool/postfix/
 * private`) can use it. A socket file left behind is replaced when nobody listens on it.
 */
import { once } from 'node:events';
import { chmod, chown, rm, stat } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { dirname } from 'node:path';
import { ACCOUNT_LIMITS } from '../../base/account-limits.ts';
import { Failure } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import type { HostPort } from '../../config/config.ts';
import type { Login } from '../../contract/directory.ts';
import { AuthSession } from './auth-session.ts';

export interface AuthServiceOptions {
  readonly login: Login;
  readonly log: Log;
}

export interface AuthService {
  /** Resolves to where it listens, ports resolved; rejects with the system's error. */
  listen(where: readonly (HostPort | string)[]): Promise<readonly (HostPort | string)[]>;
  close(): Promise<void>;
}

export function createAuthService({ login, log }: AuthServiceOptions): AuthService {
  const servers = new Set<Server>();
  const clients = new Set<Socket>();
  let connections = 0;
  const take = (socket: Socket): void => {
    if (clients.size >= ACCOUNT_LIMITS.authClientsMax) return void socket.destroy();
    clients.add(socket);
    connections += 1;
    socket.on('error', () => {});
    socket.once('close', () => clients.delete(socket));
    new AuthSession({ socket, login, log, connection: connections }).start();
  };
  const open = async (where: HostPort | string): Promise<HostPort | string> => {
    const server = createServer(take);
    if (typeof where === 'string') await removeStale(where);
    server.listen(typeof where === 'string' ? { path: where } : { host: where.address, port: where.port });
    await once(server, 'listening');
    servers.add(server);
    if (typeof where !== 'string') return { address: where.address, port: (server.address() as { port: number }).port };
    await handOver(where);
    return where;
  };
  return {
    listen: (where) => Promise.all(where.map(open)),
    close: async () => {
      const closed = [...servers].map((server) => new Promise<void>((resolve) => server.close(() => resolve())));
      for (const socket of clients) socket.destroy();
      await Promise.all(closed);
    },
  };
}

async function removeStale(path: string): Promise<void> {
  const found = await stat(path).catch(() => undefined);
  if (!found) return;
  if (!found.isSocket()) throw new Failure('listen-path-taken', `${path} is there already and no socket: move it, or choose another path for listen.auth`, { temporary: false });
  const answers = await new Promise<boolean>((resolve) => {
    const probe = connect(path, () => resolve(true));
    probe.once('error', () => resolve(false));
    probe.once('close', () => resolve(false));
    probe.setTimeout(1000, () => probe.destroy());
    probe.once('connect', () => probe.destroy());
  });
  if (answers) throw new Failure('listen-path-taken', `another program listens on ${path}`, { temporary: false });
  await rm(path, { force: true });
}

/** To whom the folder belongs; who may not give it away leaves it as it is. */
async function handOver(path: string): Promise<void> {
  const { uid, gid } = await stat(dirname(path));
  if (process.getuid?.() === 0) await chown(path, uid, gid);
  await chmod(path, 0o660);
}
