/** A name server made by hand on UDP and TCP of one loopback port: honest, broken or hostile, as a test says. */
import assert from 'node:assert/strict';
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { after } from 'node:test';
import dnsPacket, { type Answer, type Packet } from 'dns-packet';
import type { HostPort } from '../../src/config/config.ts';

export interface Asked {
  readonly name: string;
  readonly type: string;
  readonly tcp: boolean;
  readonly edns: boolean;
  readonly flags: number;
}

export type Replies = Packet & { rcode?: number; raw?: (query: Buffer) => Buffer | Buffer[] };
export type Behaviour = (asked: Asked, count: number) => Replies | 'silence';

export interface NameServer extends HostPort {
  readonly asked: Asked[];
}

const cleanups: (() => void)[] = [];
after(() => cleanups.forEach((cleanup) => cleanup()));

export const soa = (minimum: number, ttl = 3600): Answer => ({
  type: 'SOA', name: 'example.test', ttl, data: { mname: 'ns.example.test', rname: 'root.example.test', serial: 1, refresh: 1, retry: 1, expire: 1, minimum },
});
export const a = (name: string, data: string, ttl = 300): Answer => ({ type: 'A', name, ttl, data });
export const cname = (name: string, data: string, ttl = 300): Answer => ({ type: 'CNAME', name, ttl, data });

export function answerBytes(query: Buffer, reply: Replies): Buffer[] {
  if (reply.raw) {
    const raw = reply.raw(query);
    return Array.isArray(raw) ? raw : [raw];
  }
  const parsed = dnsPacket.decode(query);
  const { rcode = 0, flags = 0, ...rest } = reply;
  return [dnsPacket.encode({ type: 'response', id: parsed.id ?? 0, questions: parsed.questions ?? [], ...rest, flags: flags | rcode })];
}

/** `overTcp` false: nobody answers there. */
export async function nameServer(behaviour: Behaviour, overTcp = true): Promise<NameServer> {
  const asked: Asked[] = [];
  const react = (query: Buffer, tcp: boolean): Buffer[] => {
    const parsed = dnsPacket.decode(query);
    const question = parsed.questions?.[0];
    assert.ok(question);
    const entry = { name: question.name, type: question.type, tcp, edns: (parsed.additionals?.length ?? 0) > 0, flags: query.readUInt16BE(2) };
    asked.push(entry);
    const reply = behaviour(entry, asked.length);
    return reply === 'silence' ? [] : answerBytes(query, reply);
  };
  const udp = createSocket('udp4');
  udp.on('message', (query: Buffer, from: RemoteInfo) => react(query, false).forEach((bytes) => udp.send(bytes, from.port, from.address)));
  const tcp: Server = createServer((socket) => {
    socket.on('error', () => {});
    if (!overTcp) return void socket.destroy();
    socket.on('data', (bytes) => {
      for (const reply of react(bytes.subarray(2), true)) {
        const length = Buffer.alloc(2);
        length.writeUInt16BE(reply.length);
        // In two pieces, so that reassembly is tried.
        socket.write(Buffer.concat([length, reply.subarray(0, 5)]));
        setImmediate(() => socket.write(reply.subarray(5)));
      }
    });
  });
  const port = await bindBoth(udp, tcp);
  cleanups.push(() => {
    udp.close();
    tcp.close();
  });
  return { address: '127.0.0.1', port, asked };
}

/** One number for both; TCP first, since outgoing connections of others take numbers there. */
async function bindBoth(udp: Socket, tcp: Server): Promise<number> {
  for (;;) {
    tcp.listen(0, '127.0.0.1');
    await once(tcp, 'listening');
    const { port } = tcp.address() as { port: number };
    udp.bind(port, '127.0.0.1');
    const bound = await once(udp, 'listening').then(() => true, () => false);
    if (bound) return port;
    await new Promise((resolve) => tcp.close(resolve));
  }
}
