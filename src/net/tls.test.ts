import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { connect, createServer, type TLSSocket } from 'node:tls';
import { createCertificate } from './self-signed.ts';
import { clientTlsFrom, createClientTls, loadServerOptions, tlsFacts } from './tls.ts';

const folder = mkdtempSync(join(tmpdir(), 'posthorn-tls-'));
after(() => rmSync(folder, { recursive: true }));
const ca = createCertificate({ subject: 'Test CA', isCa: true });
const own = createCertificate({ subject: 'mx.test', altNames: ['mx.test', '127.0.0.1'], issuer: ca });
const file = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};
const files = { certificate: file('cert', own.certificatePem), key: file('key', own.keyPem) };

test('wrong certificate files are refused in words', async () => {
  await assert.rejects(loadServerOptions({ ...files, key: join(folder, 'none') }), { code: 'tls-files', message: /cannot read the TLS key/ });
  await assert.rejects(loadServerOptions({ ...files, key: file('ca-key', ca.keyPem) }), { code: 'tls-files', message: /do not work together/ });
  await assert.rejects(loadServerOptions({ ...files, certificate: file('junk', 'junk') }), { code: 'tls-files' });
  await assert.rejects(createClientTls({ caFile: join(folder, 'none') }), { code: 'tls-files' });
});

test('the client verifies chain and name where it must, and records both where it need not', async () => {
  const server = createServer({ ...(await loadServerOptions(files)) });
  server.on('tlsClientError', () => {});
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const known = clientTlsFrom(ca.certificatePem);
  const attempt = async (tls: typeof known, name: string, mode: 'opportunistic' | 'verify'): Promise<boolean | undefined | string> => {
    const socket: TLSSocket = connect({ ...tls.connectOptions(name, mode), port, host: '127.0.0.1' });
    try {
      await once(socket, 'secureConnect');
      const facts = tlsFacts(socket, 'client');
      assert.deepEqual([facts.version, facts.cipher.startsWith('TLS_')], ['TLSv1.3', true]);
      return facts.verified;
    } catch (error) {
      return (error as NodeJS.ErrnoException).code ?? 'error';
    } finally {
      socket.destroy();
    }
  };
  assert.equal(await attempt(known, 'mx.test', 'verify'), true);
  assert.equal(await attempt(known, '127.0.0.1', 'verify'), true);
  assert.equal(await attempt(known, 'other.test', 'verify'), 'ERR_TLS_CERT_ALTNAME_INVALID');
  assert.equal(await attempt(clientTlsFrom(), 'mx.test', 'verify'), 'UNABLE_TO_VERIFY_LEAF_SIGNATURE');
  assert.equal(await attempt(known, 'mx.test', 'opportunistic'), true);
  assert.equal(await attempt(known, 'other.test', 'opportunistic'), false);
  assert.equal(await attempt(clientTlsFrom(), 'mx.test', 'opportunistic'), false);
  server.close();
});

test('a client that renegotiates is not served', async () => {
  const server = createServer({ ...(await loadServerOptions(files)) }, (socket) => socket.on('error', () => {}));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const socket = connect({ port: (server.address() as AddressInfo).port, host: '127.0.0.1', rejectUnauthorized: false, maxVersion: 'TLSv1.2' });
  await once(socket, 'secureConnect');
  const outcome = await new Promise<string>((resolve) => {
    socket.on('error', () => resolve('refused')).on('close', () => resolve('refused'));
    socket.renegotiate({ rejectUnauthorized: false }, (error) => resolve(error ? 'refused' : 'done'));
  });
  assert.equal(outcome, 'refused');
  socket.destroy();
  server.close();
});
