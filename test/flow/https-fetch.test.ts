import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import { createServer as createTcpServer, type AddressInfo, type Server } from 'node:net';
import { after, test } from 'node:test';
import { AdjustableClock } from '../../src/base/clock.ts';
import { SMTP_CLIENT_LIMITS } from '../../src/base/limits.ts';
import type { HttpsAnswer, HttpsRequest } from '../../src/contract/https-fetch.ts';
import { createConnector } from '../../src/net/connector.ts';
import { createHttpsFetch } from '../../src/net/https-fetch.ts';
import { createCertificate, type CertificateAndKey } from '../../src/net/self-signed.ts';
import { clientTlsFrom } from '../../src/net/tls.ts';
import { createZoneDns } from '../harness/zone-dns.ts';

const ca = createCertificate({ subject: 'Test CA', isCa: true });
const good = createCertificate({ subject: 'web.test', altNames: ['web.test'], issuer: ca });
const servers: Server[] = [];
after(() => {
  for (const server of servers) server.close();
});

async function listen(server: Server): Promise<number> {
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

const web = (handler: (request: IncomingMessage, response: ServerResponse) => void, made: CertificateAndKey = good): Promise<number> =>
  listen(createServer({ cert: made.certificatePem, key: made.keyPem }, handler));

/** No longer than a connection may take to open, so that it is what comes first. */
const TIMEOUT_MS = SMTP_CLIENT_LIMITS.connectTimeoutMs;
const clock = new AdjustableClock();
const dns = createZoneDns({ 'web.test': { A: ['127.0.0.1'] }, 'far.test': { A: ['192.0.2.1'] }, 'broken.test': 'FAIL' });
const fetch = createHttpsFetch({
  dns,
  clock,
  connector: createConnector({ clock, allow: (address) => address.startsWith('127.') }),
  clientTls: async () => clientTlsFrom(ca.certificatePem),
  protocols: () => ['ipv4'],
});
const ask = (port: number, changes: Partial<HttpsRequest> = {}): Promise<HttpsAnswer> => fetch({ host: 'web.test', port, path: '/x', bytesMax: 1000, timeoutMs: TIMEOUT_MS, ...changes });
const reason = (answer: HttpsAnswer): string => (answer.kind === 'failure' ? answer.reason : `${answer.status} ${answer.mediaType} ${answer.body.toString()}`);

test('a document, with the request as it should be', async () => {
  let asked: IncomingMessage | undefined;
  const port = await web((request, response) => {
    asked = request;
    response.writeHead(200, { 'content-type': 'Text/Plain; charset=utf-8' }).end('hello');
  });
  assert.equal(reason(await ask(port)), '200 text/plain hello');
  assert.deepEqual([asked?.method, asked?.url, asked?.headers.host], ['GET', '/x', `web.test:${port}`]);
});

test('redirects are told, not followed', async () => {
  let requests = 0;
  const port = await web((_request, response) => {
    requests += 1;
    response.writeHead(302, { location: '/y' }).end();
  });
  assert.equal(reason(await ask(port)), '302  ');
  assert.equal(requests, 1);
});

test('certificates: unknown authority, expired, another name', async () => {
  const handler = (_request: IncomingMessage, response: ServerResponse): void => void response.end('no');
  for (const made of [
    createCertificate({ subject: 'web.test', altNames: ['web.test'] }),
    createCertificate({ subject: 'web.test', altNames: ['web.test'], issuer: ca, days: -1 }),
    createCertificate({ subject: 'other.test', altNames: ['other.test'], issuer: ca }),
  ]) assert.equal(reason(await ask(await web(handler, made))), 'certificate');
});

test('too much, in one piece or without end', async () => {
  const large = await web((_request, response) => void response.end('x'.repeat(1001)));
  assert.equal(reason(await ask(large)), 'too-large');
  const endless = await web((_request, response) => {
    const more = (): void => void response.write('x'.repeat(500), () => setImmediate(more));
    more();
    response.on('error', () => {});
  });
  assert.equal(reason(await ask(endless)), 'too-large');
});

test('a server that says nothing, in the handshake or after it, is left in time', async () => {
  const stalled = await listen(createTcpServer((socket) => socket.on('error', () => {})));
  const silent = await web(() => {});
  for (const port of [stalled, silent]) {
    const asked = ask(port);
    // Any moment of the exchange will do.
    setImmediate(() => clock.advance(TIMEOUT_MS + 1));
    assert.equal(reason(await asked), 'timeout');
  }
});

test('connections that fail or end early', async () => {
  const closing = await web((_request, response) => {
    response.writeHead(200, { 'content-type': 'text/plain', 'content-length': 10 });
    response.write('half');
    setImmediate(() => response.destroy());
  });
  assert.equal(reason(await ask(closing)), 'connect');
  const plain = await listen(createTcpServer((socket) => void socket.end('HTTP/1.1 200 OK\r\n\r\n')));
  assert.equal(reason(await ask(plain)), 'connect');
  assert.equal(reason(await ask(1)), 'connect');
});

test('names that lead nowhere, and the fence', async () => {
  assert.equal(reason(await ask(1, { host: 'none.test' })), 'dns');
  assert.equal(reason(await ask(1, { host: 'broken.test' })), 'dns');
  assert.equal(reason(await ask(443, { host: 'far.test' })), 'connect');
});

test('an abort rejects with its reason', async () => {
  const port = await web(() => {});
  const stopping = new AbortController();
  const asked = ask(port, { signal: stopping.signal });
  stopping.abort(new Error('stop'));
  await assert.rejects(asked, /stop/);
});
