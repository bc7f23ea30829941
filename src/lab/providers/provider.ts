/** A simulated provider at its address: listens, and gives each connection a session. */
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { Channel } from './channel.ts';
import type { Receiver } from './receiver.ts';
import { ProviderSession } from './session.ts';

export interface RunningProvider {
  readonly receiver: Receiver;
  readonly address: string;
  readonly port: number;
  /** Ends at once what is under way. */
  stop(): Promise<void>;
}

/** Port 0 takes a free one. `seenAs`: what a router on the way makes of an address. Rejects with the system's error when the address cannot be bound. */
export async function startProvider(receiver: Receiver, address: string, port: number, seenAs = (from: string): string => from): Promise<RunningProvider> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    const session = new ProviderSession(receiver, new Channel(socket, receiver.clock, seenAs));
    session.run().catch((error: unknown) => {
      receiver.log.error('lab.provider.bug', { provider: receiver.profile.name, error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
      socket.destroy();
    });
  });
  server.listen(port, address);
  await once(server, 'listening');
  const bound = server.address();
  if (bound === null || typeof bound === 'string') throw new Error('the provider has no port');
  return {
    receiver,
    address,
    port: bound.port,
    async stop() {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
