import assert from 'node:assert/strict';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { connect, createServer } from 'node:tls';
import { createCertificate, publicKeyDigest } from './self-signed.ts';

test('a self-signed certificate names its hosts and verifies with its own key', () => {
  const made = createCertificate({ subject: 'mail.example.org', altNames: ['mail.example.org', '127.0.0.1', '2001:db8::1'] });
  const certificate = new X509Certificate(made.certificatePem);
  assert.equal(certificate.checkHost('mail.example.org'), 'mail.example.org');
  assert.equal(certificate.checkIP('127.0.0.1'), '127.0.0.1');
  assert.ok(certificate.subjectAltName?.includes('2001:DB8:0:0:0:0:0:1'));
  assert.equal(certificate.verify(certificate.publicKey), true);
  assert.equal(certificate.checkPrivateKey(createPrivateKey(made.keyPem)), true);
  assert.equal(certificate.ca, false);
});

test('the days may be negative, which makes an expired certificate', () => {
  const made = new X509Certificate(createCertificate({ subject: 'old', days: -3 }).certificatePem);
  assert.ok(Date.parse(made.validTo) < Date.now());
  assert.ok(Date.parse(made.validFrom) < Date.parse(made.validTo));
});

test('dates from 2050 on use the longer form', () => {
  const made = createCertificate({ subject: 'far', days: 1, nowMs: Date.UTC(2060, 0, 1) });
  assert.equal(new Date(new X509Certificate(made.certificatePem).validTo).getUTCFullYear(), 2060);
});

test('only what a CA signed is trusted through that CA, in a real handshake', async () => {
  const ca = createCertificate({ subject: 'Test CA', isCa: true });
  assert.equal(new X509Certificate(ca.certificatePem).ca, true);
  const good = createCertificate({ subject: 'a', altNames: ['mx.example.net'], issuer: ca });
  const stray = createCertificate({ subject: 'a', altNames: ['mx.example.net'] });
  assert.equal(await handshake(good, ca.certificatePem, 'mx.example.net'), true);
  assert.equal(await handshake(good, ca.certificatePem, 'other.example.net'), false);
  assert.equal(await handshake(stray, ca.certificatePem, 'mx.example.net'), false);
});

test('the digest for TLSA covers the public key alone', () => {
  const made = createCertificate({ subject: 'x' });
  assert.match(publicKeyDigest(made.certificatePem), /^[0-9a-f]{64}$/);
});

async function handshake(server: { certificatePem: string; keyPem: string }, ca: string, servername: string): Promise<boolean> {
  const listener = createServer({ cert: server.certificatePem, key: server.keyPem }, (socket) => socket.end());
  listener.on('tlsClientError', () => {});
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const { port } = listener.address() as AddressInfo;
  const socket = connect({ host: '127.0.0.1', port, ca, servername });
  try {
    await once(socket, 'secureConnect');
    return socket.authorized;
  } catch {
    return false;
  } finally {
    socket.destroy();
    listener.close();
  }
}
