/**
 * The lab's name server: UDP and TCP on one loopback address and port.
 *
 * Policy: faults are asked for per query, so that the weather can change between two packets. `drop` says nothing, as a
 * server that is down; `slow` answers late. TCP connections carry several queries (RFC 7766 §6.2.1), are bounded in
 * number by the kernel's backlog only, and close when idle.
 */
import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import type { Clock } from '../../base/clock.ts';
import type { Log } from '../../base/log.ts';
import { interpretQuery, respond, type DnsFault, type DnsQuestion } from './responder.ts';
import type { SignedMessages } from './signed.ts';
import type { Zones } from './zones.ts';

export interface DnsServerOptions {
  readonly host: string;
  readonly port: number;
  readonly zones: Zones;
  readonly clock: Clock;
  readonly log: Log;
  /** Asked for every query. */
  readonly fault: (question: DnsQuestion) => DnsFault;
  /** Absent: signed messages are read as others, updates are not known. */
  readonly signed?: SignedMessages;
}

export interface DnsServer {
  readonly host: string;
  readonly port: number;
  stop(): Promise<void>;
}

const SLOW_ANSWER_MS = 3_000;
const TCP_IDLE_MS = 10_000;
const TCP_QUERY_BYTES_MAX = 4096;

/** Rejects with the system's error when the address cannot be bound. */
export async function startDnsServer(options: DnsServerOptions): Promise<DnsServer> {
  const tcp = createServer();
  const connections = new Set<Socket>();
  tcp.on('connection', (socket) => {
    connections.add(socket);
    socket.on('close', () => connections.delete(socket));
    serveTcp(options, socket);
  });
  tcp.listen(options.port, options.host);
  await once(tcp, 'listening');
  const port = boundPort(tcp);
  const udp = createSocket('udp4');
  udp.on('message', (bytes, peer) => {
    answer(options, bytes, 'udp', (response) => udp.send(response, peer.port, peer.address, () => {}));
  });
  udp.on('error', (error) => options.log.warn('lab.dns.socket-error', { error: error.message }));
  try {
    udp.bind(port, options.host);
    await once(udp, 'listening');
  } catch (error) {
    tcp.close();
    throw error;
  }
  return { host: options.host, port, stop: () => stop(tcp, udp, connections) };
}

function boundPort(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the DNS listener has no port');
  return address.port;
}

async function stop(tcp: Server, udp: UdpSocket, connections: Set<Socket>): Promise<void> {
  for (const socket of connections) socket.destroy();
  const closed = [once(tcp, 'close'), once(udp, 'close')];
  tcp.close();
  udp.close();
  await Promise.all(closed);
}

function answer(options: DnsServerOptions, bytes: Buffer, transport: 'udp' | 'tcp', send: (response: Buffer) => void): void {
  if (options.signed?.concerns(bytes)) {
    options.signed.answer(bytes, transport).then(send, (error: unknown) => options.log.warn('lab.dns.signed-failed', { error: String(error) }));
    return;
  }
  const interpretation = interpretQuery(bytes);
  if (interpretation.kind === 'bad') {
    if (interpretation.response) send(interpretation.response);
    return;
  }
  const { question, packet } = interpretation;
  const fault = options.fault(question);
  options.log.debug('lab.dns.query', { name: question.name, type: question.type, transport, fault });
  if (fault === 'drop') return;
  const response = respond(options.zones, packet, transport, fault);
  if (fault === 'slow') options.clock.timer(SLOW_ANSWER_MS, () => send(response));
  else send(response);
}

function serveTcp(options: DnsServerOptions, socket: Socket): void {
  let pending = Buffer.alloc(0);
  socket.setTimeout(TCP_IDLE_MS, () => socket.destroy());
  socket.on('error', () => socket.destroy());
  socket.on('data', (chunk) => {
    pending = Buffer.concat([pending, chunk]);
    while (pending.length >= 2) {
      const length = pending.readUInt16BE(0);
      if (length > TCP_QUERY_BYTES_MAX) return socket.destroy();
      if (pending.length < 2 + length) return;
      const query = pending.subarray(2, 2 + length);
      pending = pending.subarray(2 + length);
      answer(options, query, 'tcp', (response) => {
        const prefix = Buffer.alloc(2);
        prefix.writeUInt16BE(response.length, 0);
        if (socket.writable) socket.write(Buffer.concat([prefix, response]));
      });
    }
  });
}
