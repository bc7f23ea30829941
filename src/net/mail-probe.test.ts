import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { describe, it } from 'node:test';
import { createServer, type TlsOptions } from 'node:tls';
import { SystemClock } from '../base/clock.ts';
import { createConnector } from './connector.ts';
import { createMailProbe } from './mail-probe.ts';
import { createCertificate } from './self-signed.ts';
import { createClientTls } from './tls.ts';

const clock = new SystemClock();
const probe = createMailProbe({ connector: createConnector({ clock }), clock, clientTls: () => createClientTls({}) });
const { certificatePem: cert, keyPem: key } = createCertificate({ subject: 'mail.example.org', altNames: ['mail.example.org'] });

async function oldTlsOf(options: TlsOptions): Promise<boolean | undefined> {
  const server = createServer({ cert, key, ...options }, (socket) => socket.on('error', () => {}).resume());
  server.on('tlsClientError', () => {});
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    const { port } = server.address() as AddressInfo;
    const answer = await probe({ address: '127.0.0.1', port, host: 'mail.example.org', helo: 'probe.example.org', implicitTls: true, oldTls: true });
    assert.equal(answer.kind, 'answer');
    assert.ok(answer.kind === 'answer' && answer.tls?.peer.names('mail.example.org') && answer.tls.peer.distrust);
    return answer.kind === 'answer' ? answer.tls?.oldTls : undefined;
  } finally {
    server.close();
  }
}

describe('a probe of a mail port', () => {
  it('sees the certificate, and that old versions of TLS are refused', async () => assert.equal(await oldTlsOf({ minVersion: 'TLSv1.2' }), false));

  it('sees that old versions of TLS are taken', async () => assert.equal(await oldTlsOf({ minVersion: 'TLSv1', ciphers: 'ALL:@SECLEVEL=0' }), true));

  it('tells a closed port from trouble of our own', async () => {
    const request = { host: 'mail.example.org', helo: 'probe.example.org' };
    assert.deepEqual(await probe({ ...request, address: '127.0.0.1', port: 9 }), { kind: 'failure', step: 'connect', reason: 'refused', detail: 'Connection refused' });
    const foreign = await probe({ ...request, address: '127.0.0.1', port: 9, localAddress: '192.0.2.1' });
    assert.equal(foreign.kind === 'failure' && foreign.reason, 'local');
  });
});
