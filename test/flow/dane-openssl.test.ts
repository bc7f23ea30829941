/** OpenSSL's own DANE verification and ours must say the same of the same chains and records. */
import assert from 'node:assert/strict';
import { createHash, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { createServer } from 'node:tls';
import { createCertificate, type CertificateAndKey } from '../../src/net/self-signed.ts';
import { judgeChain } from '../../src/verify/dane/judge-chain.ts';
import { tlsaText, type Tlsa } from '../../src/verify/dane/tlsa.ts';
import { runCommand } from '../harness/lab-process.ts';
import { missingTool } from '../harness/missing-tool.ts';

const NAME = 'mx.a.test';
const root = createCertificate({ subject: 'Root', isCa: true });
const other = createCertificate({ subject: 'Other', isCa: true });
const leaf = createCertificate({ subject: NAME, altNames: [NAME], issuer: root });
const foreign = createCertificate({ subject: 'x', altNames: ['x.test'], issuer: root });
const expired = createCertificate({ subject: NAME, altNames: [NAME], issuer: root, days: -1 });
const raw = (made: CertificateAndKey): Buffer => new X509Certificate(made.certificatePem).raw;
const key = (made: CertificateAndKey): Buffer => new X509Certificate(made.certificatePem).publicKey.export({ type: 'spki', format: 'der' });
const digest = (bytes: Buffer, name = 'sha256'): Buffer => createHash(name).update(bytes).digest();
const tlsa = (usage: number, selector: number, matchingType: number, data: Buffer): Tlsa => ({ usage, selector, matchingType, data });

const CASES: readonly (readonly [what: string, accepted: boolean, chain: readonly CertificateAndKey[], record: Tlsa])[] = [
  ['EE by key', true, [leaf], tlsa(3, 1, 1, digest(key(leaf)))],
  ['EE by certificate, SHA-512', true, [leaf], tlsa(3, 0, 2, digest(raw(leaf), 'sha512'))],
  ['EE by whole key', true, [leaf], tlsa(3, 1, 0, key(leaf))],
  ['EE, expired', true, [expired], tlsa(3, 1, 1, digest(key(expired)))],
  ['EE, another name', true, [foreign], tlsa(3, 1, 1, digest(key(foreign)))],
  ['EE, another key', false, [leaf], tlsa(3, 1, 1, digest(key(root)))],
  ['TA by key', true, [leaf, root], tlsa(2, 1, 1, digest(key(root)))],
  ['TA by certificate', true, [leaf, root], tlsa(2, 0, 1, digest(raw(root)))],
  ['TA not sent', false, [leaf], tlsa(2, 0, 1, digest(raw(root)))],
  ['TA in the record', true, [leaf], tlsa(2, 0, 0, raw(root))],
  ['TA key in the record', true, [leaf], tlsa(2, 1, 0, key(root))],
  ['TA, another one', false, [leaf, root], tlsa(2, 1, 1, digest(key(other)))],
  ['TA sent that did not sign', false, [leaf, other], tlsa(2, 1, 1, digest(key(other)))],
  ['TA, expired', false, [expired, root], tlsa(2, 1, 1, digest(key(root)))],
  ['TA, another name', false, [foreign, root], tlsa(2, 1, 1, digest(key(root)))],
  ['TA that is the peer itself', false, [leaf, root], tlsa(2, 1, 1, digest(key(leaf)))],
];

async function askOpenssl(chain: readonly CertificateAndKey[], record: Tlsa): Promise<boolean> {
  const server = createServer({ cert: chain.map(({ certificatePem }) => certificatePem).join(''), key: chain[0]?.keyPem ?? '' }, (socket) => socket.on('error', () => {}));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const where = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const { stdout, stderr } = await runCommand('openssl', ['s_client', '-brief', '-connect', where, '-dane_tlsa_domain', NAME, '-dane_tlsa_rrdata', tlsaText(record), '-dane_ee_no_namechecks']);
  server.close();
  return /^Verification: OK$/m.test(stdout + stderr);
}

test('the same verdict as OpenSSL', { skip: missingTool('openssl') }, async () => {
  for (const [what, accepted, chain, record] of CASES) {
    const verdict = judgeChain({ records: [record], chain: chain.map(({ certificatePem }) => new X509Certificate(certificatePem)), names: [NAME], now: Date.now() });
    assert.equal(verdict.kind === 'accepted', accepted, `ours: ${what}`);
    assert.equal(await askOpenssl(chain, record), accepted, `OpenSSL: ${what}`);
  }
});
