/**
 * A real HTTPS server that plays a DNS provider: it holds zones and answers as the provider's API is documented, strictly:
 * another method, path, field or proof of identity than documented is refused. Faults come from the test.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer as createPlainServer, type IncomingMessage, type Server as PlainServer, type ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { SystemClock, type Clock } from '../../../src/base/clock.ts';
import type { DnsProvider } from '../../../src/contract/dns-publishing.ts';
import { createConnector } from '../../../src/net/connector.ts';
import { createHttpsFetch } from '../../../src/net/https-fetch.ts';
import { createCertificate } from '../../../src/net/self-signed.ts';
import { clientTlsFrom } from '../../../src/net/tls.ts';
import { PROVIDER_TYPES } from '../../../src/publish/providers/index.ts';
import { createZoneDns } from '../zone-dns.ts';

export interface Row {
  readonly id: number;
  /** Whole, without the trailing dot. */
  name: string;
  type: string;
  ttl: number;
  /** As a zone file writes it, a TXT as its bare text. */
  value: string;
}

export interface FakeZone {
  readonly id: string;
  readonly name: string;
  rows: Row[];
}

export interface Question {
  readonly method: string;
  /** Below the base path, decoded. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** As it came, with the query. */
  readonly target: string;
  readonly headers: IncomingMessage['headers'];
  readonly text: string;
  /** Over TLS. */
  readonly secure: boolean;
}

export interface Reply {
  readonly status: number;
  readonly json?: unknown;
  readonly text?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Dialect {
  readonly type: string;
  readonly basePath: string;
  readonly settings: Readonly<Record<string, string>>;
  readonly secrets: Readonly<Record<string, string>>;
  readonly types: readonly string[];
  /** All changes of one apply, or none. */
  readonly atomic: boolean;
  answer(question: Question, world: World): Reply;
}

/** Undefined: answer as usual. */
type Fault = (question: Question) => Reply | 'hang up' | undefined;

export class World {
  readonly zones: FakeZone[] = [];
  readonly asked: Question[] = [];
  fault: Fault = () => undefined;
  #id = 1000;

  zone(name: string): FakeZone {
    const zone: FakeZone = { id: `${7000 + this.zones.length}`, name, rows: [] };
    this.zones.push(zone);
    return zone;
  }

  row(zone: FakeZone, name: string, type: string, ttl: number, value: string): Row {
    const row: Row = { id: (this.#id += 1), name, type, ttl, value };
    zone.rows.push(row);
    return row;
  }

  /** `TYPE name TTL value`, sorted. */
  published(zone: FakeZone): string[] {
    return zone.rows.map(({ name, type, ttl, value }) => `${type} ${name} ${ttl} ${value}`).toSorted();
  }

  get changes(): Question[] {
    return this.asked.filter(({ method }) => method !== 'GET');
  }
}

export const refuse = (status: number, json: unknown): Reply => ({ status, json });

/** Sets of a zone, as whole-set APIs show them. */
export function setsOf(zone: FakeZone): { name: string; type: string; ttl: number; values: string[] }[] {
  const sets = new Map<string, { name: string; type: string; ttl: number; values: string[] }>();
  for (const { name, type, ttl, value } of zone.rows) {
    const set = sets.get(`${name} ${type}`) ?? { name, type, ttl, values: [] };
    set.values.push(value);
    sets.set(`${name} ${type}`, set);
  }
  return [...sets.values()];
}

export const relative = (name: string, zone: string, apex: string): string => (name === zone ? apex : name.slice(0, -zone.length - 1));
export const absolute = (name: string, zone: string, apex: string): string => (name === apex ? zone : `${name}.${zone}`);

/** The bare text of quoted strings; refuses what is not quoted or longer than 255 octets. */
export function unquote(text: string, radix: 8 | 10 = 10): string | undefined {
  const octets: number[] = [];
  const strings = text.match(/"(?:[^"\\]|\\.)*"/gs);
  if (!strings || strings.join(' ') !== text) return undefined;
  for (const string of strings) {
    const one = [...string.slice(1, -1).matchAll(/\\(\d{3})|\\(.)|([^\\])/gs)].map(([, code, escaped, plain]) => (code === undefined ? (escaped ?? plain ?? '').charCodeAt(0) : Number.parseInt(code, radix)));
    if (one.length > 255 || one.some((octet) => octet > 255)) return undefined;
    octets.push(...one);
  }
  return Buffer.from(octets).toString();
}

export function quote(text: string, radix: 8 | 10 = 10): string {
  const bytes = Buffer.from(text);
  const strings: string[] = [];
  for (let at = 0; at < bytes.length; at += 255) {
    strings.push(`"${[...bytes.subarray(at, at + 255)].map((octet) => (octet < 32 || octet > 126 ? `\\${octet.toString(radix).padStart(3, '0')}` : octet === 34 || octet === 92 ? `\\${String.fromCharCode(octet)}` : String.fromCharCode(octet))).join('')}"`);
  }
  return strings.join(' ');
}

const ca = createCertificate({ subject: 'Test CA', isCa: true });
const made = createCertificate({ subject: 'api.test', altNames: ['api.test'], issuer: ca });

export interface Playing {
  readonly world: World;
  readonly provider: DnsProvider;
  /** What the adapter waited, in ms. */
  readonly waits: number[];
  readonly secrets: readonly string[];
  stop(): void;
}

export async function play(dialect: Dialect): Promise<Playing> {
  const world = new World();
  const server = createServer({ cert: made.certificatePem, key: made.keyPem }, (request, response) => void respond(dialect, world, request, response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const clock = new SystemClock();
  const fetch = createHttpsFetch({
    dns: createZoneDns({ 'api.test': { A: ['127.0.0.1'] } }), clock, connector: createConnector({ clock, allow: (address) => address.startsWith('127.') }),
    clientTls: async () => clientTlsFrom(ca.certificatePem), protocols: () => ['ipv4'],
  });
  const waits: number[] = [];
  const factory = PROVIDER_TYPES[dialect.type];
  assert.ok(factory, dialect.type);
  const provider = factory({
    label: 'mine', settings: { ...dialect.settings, url: `https://api.test:${(server.address() as AddressInfo).port}${dialect.basePath}` }, zones: [], fetch,
    connector: createConnector({ clock }), clock: hurried(waits), readSecret: async (setting) => dialect.secrets[setting] ?? assert.fail(setting),
  });
  return { world, provider, waits, secrets: Object.values(dialect.secrets), stop: () => stop(server) };
}

function stop(server: Server | PlainServer): void {
  server.close();
  server.closeAllConnections();
}

/** The same in the clear, for a whole program that is told where the API is. */
export async function serveApi(dialect: Dialect): Promise<{ readonly world: World; readonly url: string; stop(): void }> {
  const world = new World();
  const server = createPlainServer((request, response) => void respond(dialect, world, request, response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { world, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}${dialect.basePath}`, stop: () => stop(server) };
}

/** Time passes by waiting only, and at once. */
function hurried(waits: number[]): Clock {
  let passedMs = 0;
  return {
    now: () => Date.now() + passedMs,
    monotonic: () => passedMs,
    timer: (delayMs, fire) => {
      waits.push(delayMs);
      passedMs += delayMs;
      const soon = setImmediate(fire);
      return { cancel: () => clearImmediate(soon) };
    },
  };
}

async function respond(dialect: Dialect, world: World, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const pieces: Buffer[] = [];
  for await (const piece of request as AsyncIterable<Buffer>) pieces.push(piece);
  const target = request.url ?? '';
  const url = new URL(target, 'https://api.test');
  const question: Question = {
    method: request.method ?? '', path: decodeURIComponent(url.pathname.slice(dialect.basePath.length)), query: url.searchParams, target, headers: request.headers, text: Buffer.concat(pieces).toString(), secure: 'encrypted' in request.socket,
  };
  world.asked.push(question);
  const reply = url.pathname.startsWith(dialect.basePath) ? (world.fault(question) ?? dialect.answer(question, world)) : refuse(404, {});
  if (reply === 'hang up') return void request.socket.destroy();
  const body = reply.text ?? (reply.json === undefined ? '' : JSON.stringify(reply.json));
  response.writeHead(reply.status, { 'content-type': reply.text === undefined ? 'application/json' : 'text/xml', ...reply.headers }).end(body);
}

/** A page of a list that is asked for by number. */
export function pageOf<T>(items: readonly T[], query: URLSearchParams, size: string, sizeMax: number): { items: readonly T[]; page: number; pages: number } | undefined {
  const [page, perPage] = [Number(query.get('page') ?? 1), Number(query.get(size) ?? 25)];
  if (!(page >= 1) || !(perPage >= 1 && perPage <= sizeMax)) return undefined;
  return { items: items.slice((page - 1) * perPage, page * perPage), page, pages: Math.max(1, Math.ceil(items.length / perPage)) };
}

export function jsonOf(question: Question): Record<string, unknown> | undefined {
  if (question.headers['content-type'] !== 'application/json') return undefined;
  try {
    return JSON.parse(question.text) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}

/** True when the object has these keys and no others; `?` marks those that may be missing. */
export function hasOnly(body: Record<string, unknown>, ...keys: readonly string[]): boolean {
  const optional = keys.filter((key) => key.endsWith('?')).map((key) => key.slice(0, -1));
  const needed = keys.filter((key) => !key.endsWith('?'));
  return needed.every((key) => body[key] !== undefined) && Object.keys(body).every((key) => needed.includes(key) || optional.includes(key));
}
