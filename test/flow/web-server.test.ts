/** The web server of a running server: certificates by name and their renewal, slow clients, what anybody may post. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { connect as connectTls } from 'node:tls';
import { gzipSync } from 'node:zlib';
import { SystemClock } from '../../src/base/clock.ts';
import { silentLog } from '../../src/base/log.ts';
import { REPORT_IN_LIMITS } from '../../src/base/report-in-limits.ts';
import { loadConfig } from '../../src/config/load.ts';
import { createWebServer } from '../../src/face/http/server.ts';
import { TLS_REPORT_PATH } from '../../src/manage/tls/tls-report-route.ts';
import { createCertificate } from '../../src/net/self-signed.ts';
import { DOMAIN, startSmallServer, type SmallServer } from '../harness/small-server.ts';

const STS_HOST = `mta-sts.${DOMAIN}`;
let certificates: string;
let mail: SmallServer;

/** Both files; returns the lines of TOML that name them. */
function writePair(name: string, subject: string): string {
  const { certificatePem, keyPem } = createCertificate({ subject, altNames: [name] });
  const [certificate, key] = [join(certificates, `${name}.pem`), join(certificates, `${name}.key`)];
  writeFileSync(certificate, certificatePem);
  writeFileSync(key, keyPem, { mode: 0o600 });
  return `certificate = "${certificate}"\nkey = "${key}"`;
}

before(async () => {
  certificates = mkdtempSync(join(tmpdir(), 'posthorn-certificates-'));
  mail = await startSmallServer({
    listen: ['http = ["127.0.0.1:0"]', 'https = ["127.0.0.1:0"]'],
    settings: `[tls]\n${writePair(`mail.${DOMAIN}`, 'host 1')}\n[http]\n[[http.certificate]]\n${writePair(STS_HOST, 'policy 1')}`,
  });
});
after(async () => {
  await mail.stop();
  rmSync(certificates, { recursive: true, force: true });
});

const port = (scheme: 'http' | 'https'): number => mail.server.web?.addresses[scheme][0]?.port ?? 0;

/** The common name of the certificate that is shown for a name. */
async function shownFor(servername: string | undefined): Promise<string | undefined> {
  const socket = connectTls({ port: port('https'), host: '127.0.0.1', rejectUnauthorized: false, ...(servername === undefined ? {} : { servername }) });
  await once(socket, 'secureConnect');
  const name = socket.getPeerCertificate().subject.CN;
  socket.destroy();
  return Array.isArray(name) ? name[0] : name;
}

describe('certificates of the web server', () => {
  it('are chosen by the name that is asked for', async () => {
    assert.deepEqual([await shownFor(STS_HOST), await shownFor(`mail.${DOMAIN}`), await shownFor('nobody.example'), await shownFor(undefined)], ['policy 1', 'host 1', 'host 1', 'host 1']);
  });

  it('are renewed by a reload, and a connection that is open goes on', async () => {
    const open = connectTls({ port: port('https'), host: '127.0.0.1', rejectUnauthorized: false, servername: STS_HOST });
    await once(open, 'secureConnect');
    writePair(STS_HOST, 'policy 2');
    writePair(`mail.${DOMAIN}`, 'host 2');
    await mail.server.reload(loadConfig(join(mail.dir, 'posthorn.toml')));
    assert.deepEqual([await shownFor(STS_HOST), await shownFor(`mail.${DOMAIN}`)], ['policy 2', 'host 2']);
    open.write(`GET / HTTP/1.1\r\nHost: ${STS_HOST}\r\nConnection: close\r\n\r\n`);
    assert.match(String((await once(open, 'data'))[0]), /^HTTP\/1\.1 404/);
  });

  it('stay when the new ones cannot be used', async () => {
    writeFileSync(join(certificates, `${STS_HOST}.pem`), 'no certificate');
    await assert.rejects(mail.server.reload(loadConfig(join(mail.dir, 'posthorn.toml'))));
    assert.deepEqual([await shownFor(STS_HOST), await shownFor(`mail.${DOMAIN}`)], ['policy 2', 'host 2']);
  });
});

/** Everything that comes until the other side closes. */
async function allOf(socket: Socket): Promise<string> {
  let text = '';
  socket.on('error', () => {}).setEncoding('latin1').on('data', (piece: string) => (text += piece));
  await once(socket, 'close');
  return text;
}

describe('a web server with slow clients', () => {
  const patience = { headersTimeout: 100, requestTimeout: 200, connectionsCheckingInterval: 20 };
  const options = { routes: () => [{ method: 'POST', path: '/take', bodyBytesMax: 100, handle: async () => ({ status: 200 }) } as const], clock: new SystemClock(), log: silentLog, isProxy: () => false, clientKey: (address: string) => address };

  it('answers 408 to a header and a body that never end', async () => {
    const server = createWebServer({ ...options, patience });
    const where = await server.listen('http', { address: '127.0.0.1', port: 0 });
    for (const bytes of ['GET /take HTTP/1.1\r\nHost: x\r\n', 'POST /take HTTP/1.1\r\nHost: x\r\nContent-Length: 50\r\n\r\nab']) {
      const socket = connect(where.port, '127.0.0.1');
      socket.write(bytes);
      assert.match(await allOf(socket), /^HTTP\/1\.1 408 /);
    }
    await server.close(0);
  });

  it('stops although some are in the middle of their TLS handshake, or say nothing', async () => {
    const { certificatePem, keyPem } = createCertificate({ subject: 'x' });
    const server = createWebServer({ ...options, tls: { cert: certificatePem, key: keyPem } });
    const silent = await Promise.all((['http', 'https'] as const).map(async (scheme) => {
      const where = await server.listen(scheme, { address: '127.0.0.1', port: 0 });
      const socket = connect(where.port, '127.0.0.1');
      await once(socket, 'connect');
      return socket;
    }));
    const closed = Promise.all(silent.map(allOf));
    // They have no request that could be waited for.
    await server.close(60_000);
    await closed;
  });
});

describe('a web server that stops', () => {
  it('answers what it was asked before', async () => {
    let finish = (): void => {};
    const asked = new Promise<void>((begun) => {
      finish = begun;
    });
    let release = (): void => {};
    const handle = async (): Promise<{ status: number; body: string }> => {
      finish();
      await new Promise<void>((resolve) => (release = resolve));
      return { status: 200, body: 'whole' };
    };
    const server = createWebServer({ routes: () => [{ method: 'GET', path: '/slow', handle }], clock: new SystemClock(), log: silentLog, isProxy: () => false, clientKey: (address) => address });
    const where = await server.listen('http', { address: '127.0.0.1', port: 0 });
    const socket = connect(where.port, '127.0.0.1');
    socket.write('GET /slow HTTP/1.1\r\nHost: x\r\n\r\n');
    const answer = allOf(socket);
    await asked;
    const closed = server.close(60_000);
    release();
    assert.match(await answer, /^HTTP\/1\.1 200 [^]*whole$/);
    await closed;
  });
});

describe('TLS reports by HTTPS', () => {
  const report = (id: string): string => JSON.stringify({
    'organization-name': 'Sender', 'report-id': id, 'contact-info': 'x@sender.example',
    'date-range': { 'start-datetime': new Date(Date.now() - 86_400_000).toISOString(), 'end-datetime': new Date().toISOString() },
    policies: [{ policy: { 'policy-type': 'sts', 'policy-domain': DOMAIN }, summary: { 'total-successful-session-count': 3, 'total-failure-session-count': 1 } }],
  });
  const post = async (body: string | Buffer): Promise<Response> => fetch(`http://127.0.0.1:${port('http')}${TLS_REPORT_PATH}`, { method: 'POST', body: typeof body === 'string' ? body : new Uint8Array(body) });

  it('are taken as they are and packed, many at once', async () => {
    const answers = await Promise.all(['a', 'b', 'c'].flatMap((id) => [post(report(id)), post(gzipSync(report(`${id} packed`)))]));
    assert.deepEqual(answers.map(({ status }) => status), answers.map(() => 201));
  });

  it('are nothing else: no archive, no XML, no bomb', async () => {
    for (const [what, body] of [
      ['nothing', ''], ['text', 'hello'], ['other JSON', '{"a":1}'], ['a DMARC report', '<feedback></feedback>'], ['a packed DMARC report', gzipSync('<feedback></feedback>')],
      ['a zip archive', Buffer.from('PK\u0003\u0004rest')], ['half of a gzip file', gzipSync(report('x')).subarray(0, 40)],
      ['a bomb', gzipSync(Buffer.alloc(50_000_000, 0x20))], ['more than is read', gzipSync(`{"x":"${'a1'.repeat(REPORT_IN_LIMITS.httpJsonBytesMax)}"}`)],
    ] as const) {
      const answer = await post(body);
      assert.equal(answer.status, 400, what);
      assert.match(await answer.text(), /^this is no TLS report: .+\n$/, what);
    }
    assert.equal((await post('x'.repeat(REPORT_IN_LIMITS.httpBodyBytesMax + 1))).status, 413);
  });
});
