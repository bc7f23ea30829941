/** The web server against clients that mean no good. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { SystemClock } from '../../base/clock.ts';
import { HTTP_SERVER_LIMITS } from '../../base/http-limits.ts';
import { silentLog } from '../../base/log.ts';
import type { HttpRoute, HttpRouteRequest } from '../../contract/http-route.ts';
import { requestFacts } from './request-facts.ts';
import { chooseRoutes } from './route-table.ts';
import { createWebServer, type WebServer } from './server.ts';

let server: WebServer;
let port: number;
const seen: HttpRouteRequest[] = [];

const route = (method: 'GET' | 'POST', path: string, extra: Partial<HttpRoute> = {}): HttpRoute => ({
  method,
  path,
  handle: async (request) => {
    seen.push(request);
    return { status: 200, body: `${path} ${request.body.length}` };
  },
  ...extra,
});

before(async () => {
  server = createWebServer({
    routes: () => [
      route('GET', '/a'),
      route('POST', '/take', { bodyBytesMax: 100 }),
      route('GET', '/below/*'),
      route('GET', '/below/exact'),
      route('GET', '/hosted', { host: (name) => name === 'only.example' }),
      route('GET', '/broken', { handle: () => Promise.reject(new Error('secret detail')) }),
    ],
    clock: new SystemClock(),
    log: silentLog,
    isProxy: (address) => address === '127.0.0.2',
    clientKey: (address) => address,
  });
  ({ port } = await server.listen('http', { address: '127.0.0.1', port: 0 }));
});
after(() => server.close(100));

/** What comes back when these bytes are all that is sent. */
async function raw(bytes: string, localAddress = '127.0.0.1'): Promise<string> {
  const socket = connect({ port, host: '127.0.0.1', localAddress });
  socket.on('error', () => {});
  let text = '';
  socket.setEncoding('latin1').on('data', (piece: string) => (text += piece));
  socket.write(bytes);
  await new Promise((resolve) => socket.once('close', resolve));
  return text;
}

const get = (path: string, fields = '', from?: string): Promise<string> => raw(`GET ${path} HTTP/1.1\r\nHost: Mail.Example:80\r\n${fields}Connection: close\r\n\r\n`, from);
const statusOf = (answer: string): number => Number(answer.slice(9, 12));

it('lets nobody keep others out who only holds places', async () => {
  const { connectionsMax, connectionsPerClientMax } = HTTP_SERVER_LIMITS;
  const idle = Array.from({ length: connectionsMax }, (_, index) => connect({ port, host: '127.0.0.1', localAddress: `127.0.9.${1 + Math.floor(index / connectionsPerClientMax)}` }).on('error', () => {}));
  await Promise.all(idle.map((socket) => once(socket, 'connect')));
  assert.equal(statusOf(await get('/a')), 200);
  for (const socket of idle) socket.destroy();
});

describe('the web server', () => {
  it('answers a route, and tells neither program nor version', async () => {
    const answer = await get('/a?x=1');
    assert.equal(statusOf(answer), 200);
    assert.doesNotMatch(answer, /server:|posthorn|node|x-powered/i);
    for (const field of ['x-content-type-options: nosniff', "content-security-policy: default-src 'none'", 'referrer-policy']) assert.ok(answer.includes(field), field);
    assert.deepEqual([seen.at(-1)?.host, seen.at(-1)?.path, seen.at(-1)?.query.get('x')], ['mail.example', '/a', '1']);
  });

  it('serves HEAD without a body, and says which methods there are', async () => {
    const head = await raw('HEAD /a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
    assert.ok(head.includes('content-length: 4') && head.endsWith('\r\n\r\n'));
    const wrong = await raw('DELETE /a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
    assert.equal(statusOf(wrong), 405);
    assert.match(wrong, /allow: GET, HEAD/);
  });

  it('takes the path as it is, without going up', async () => {
    assert.equal(statusOf(await get('/below/../a')), 200);
    assert.equal(seen.at(-1)?.path, '/below/../a');
    assert.equal(statusOf(await get('/%61')), 404);
  });

  it('limits bodies, however they are announced', async () => {
    const post = (fields: string, body: string): Promise<string> => raw(`POST /take HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${fields}\r\n${body}`);
    assert.equal(statusOf(await post('Content-Length: 100\r\n', 'x'.repeat(100))), 200);
    assert.equal(statusOf(await post('Content-Length: 101\r\n', 'x'.repeat(101))), 413);
    assert.equal(statusOf(await post('Content-Length: 99999999999\r\n', '')), 413);
    assert.equal(statusOf(await post('Transfer-Encoding: chunked\r\n', `c8\r\n${'x'.repeat(200)}\r\n0\r\n\r\n`)), 413);
    assert.equal(statusOf(await post('Content-Length: 99999\r\nExpect: 100-continue\r\n', '')), 413);
  });

  it('refuses what is no request, or hides one', async () => {
    for (const bytes of [
      'GET / HTTP/1.1\r\n\r\n', 'rubbish\r\n\r\n', 'GET / HTTP/1.1\r\nHost: a b\r\nConnection: close\r\n\r\n', 'POST /take HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n0\r\n\r\n',
      'GET /a HTTP/1.1\r\nHost: x\r\nHost: y\r\nConnection: close\r\n\r\n',
    ]) assert.equal(statusOf(await raw(bytes)), 400, bytes);
    assert.equal(statusOf(await get('/a', `X: ${'x'.repeat(HTTP_SERVER_LIMITS.headBytesMax)}\r\n`)), 431);
  });

  it('tells nobody why it failed', async () => {
    const answer = await get('/broken');
    assert.equal(statusOf(answer), 500);
    assert.doesNotMatch(answer, /secret/);
  });

  it('believes proxies of the configuration, and nobody else, about the client', async () => {
    await get('/a', 'X-Forwarded-For: 192.0.2.66, 192.0.2.7\r\nX-Forwarded-Proto: https\r\n');
    assert.deepEqual([seen.at(-1)?.clientAddress, seen.at(-1)?.secure], ['127.0.0.1', false]);
    await get('/a', 'X-Forwarded-For: 192.0.2.66, 192.0.2.7\r\nX-Forwarded-Proto: https\r\n', '127.0.0.2');
    assert.deepEqual([seen.at(-1)?.clientAddress, seen.at(-1)?.secure], ['192.0.2.7', true]);
  });

  it('takes only so many connections of one client', async () => {
    const idle = Array.from({ length: HTTP_SERVER_LIMITS.connectionsPerClientMax }, () => connect({ port, host: '127.0.0.1', localAddress: '127.0.0.9' }));
    await Promise.all(idle.map((socket) => once(socket, 'connect')));
    assert.equal(await get('/a', '', '127.0.0.9'), '');
    assert.equal(statusOf(await get('/a', '', '127.0.0.8')), 200);
    for (const socket of idle) socket.destroy();
  });
});

describe('routes', () => {
  it('are chosen by path, the closest first, and by host', () => {
    const routes = [route('GET', '/below/*'), route('GET', '/below/exact'), route('GET', '/hosted', { host: (name) => name === 'only.example' })];
    const chosen = chooseRoutes(routes, { method: 'GET', host: 'x', path: '/below/exact' });
    assert.deepEqual(chosen.kind === 'routes' && chosen.routes.map(({ path }) => path), ['/below/exact', '/below/*']);
    assert.equal(chooseRoutes(routes, { method: 'GET', host: 'x', path: '/hosted' }).kind, 'none');
    assert.equal(chooseRoutes(routes, { method: 'GET', host: 'only.example', path: '/hosted' }).kind, 'routes');
  });
});

describe('facts of a request', () => {
  it('take an absolute target before the Host field', () => {
    const facts = requestFacts({ target: 'http://One.example/p?q=1', headers: { host: 'two.example' }, peer: '::ffff:192.0.2.1', encrypted: false }, () => false);
    assert.deepEqual([facts?.host, facts?.path, facts?.clientAddress], ['one.example', '/p', '192.0.2.1']);
  });

  it('refuse targets and hosts that are none', () => {
    for (const [target, host] of [['*', 'x'], ['a', 'x'], ['/', ''], ['/', 'a/b'], ['/', 'a\u0000'], ['ftp://x/', 'x']] as const) {
      assert.equal(requestFacts({ target, headers: { host }, peer: '192.0.2.1', encrypted: false }, () => false), undefined, `${target} ${host}`);
    }
  });
});
