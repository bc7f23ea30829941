import assert from 'node:assert/strict';
import { createHash, X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import { createCertificate, type CertificateAndKey } from '../../net/self-signed.ts';
import { judgeChain } from './judge-chain.ts';
import { matches, tlsaText, usableRecords, type Tlsa } from './tlsa.ts';

const root = createCertificate({ subject: 'Root', isCa: true });
const middle = createCertificate({ subject: 'Middle', isCa: true, issuer: root });
const leaf = createCertificate({ subject: 'mx.a.test', altNames: ['mx.a.test'], issuer: middle });
const self = createCertificate({ subject: 'whoever', altNames: ['other.test'], days: -1 });
const x509 = (made: CertificateAndKey): X509Certificate => new X509Certificate(made.certificatePem);
const spki = (made: CertificateAndKey): Buffer => x509(made).publicKey.export({ type: 'spki', format: 'der' });
const hash = (name: string, bytes: Buffer): Buffer => createHash(name).update(bytes).digest();
const tlsa = (usage: number, selector: number, matchingType: number, data: Buffer): Tlsa => ({ usage, selector, matchingType, data });
const now = Date.now();

function judge(records: Tlsa[], chain: CertificateAndKey[], names = ['mx.a.test'], at = now): string {
  const verdict = judgeChain({ records, chain: chain.map(x509), names, now: at });
  return verdict.kind === 'accepted' ? verdict.by : verdict.failure;
}

test('RFC 7671 §4, RFC 7672 §3.1.3: usages 0 and 1, unknown parameters and wrong lengths are unusable', () => {
  const good = [tlsa(3, 1, 1, Buffer.alloc(32)), tlsa(2, 0, 2, Buffer.alloc(64)), tlsa(2, 0, 0, Buffer.alloc(700))];
  const bad = [tlsa(0, 1, 1, Buffer.alloc(32)), tlsa(1, 1, 1, Buffer.alloc(32)), tlsa(4, 1, 1, Buffer.alloc(32)), tlsa(255, 0, 1, Buffer.alloc(32)), tlsa(3, 2, 1, Buffer.alloc(32)), tlsa(3, 1, 3, Buffer.alloc(32)), tlsa(3, 1, 1, Buffer.alloc(31)), tlsa(3, 1, 2, Buffer.alloc(32)), tlsa(3, 1, 0, Buffer.alloc(0))];
  assert.deepEqual(usableRecords([...bad, ...good]), good);
  assert.equal(tlsaText(tlsa(3, 1, 1, Buffer.from('0aff', 'hex'))), '3 1 1 0aff');
});

test('selectors 0 and 1 with matching types 0, 1 and 2', () => {
  const certificate = x509(leaf);
  for (const [selector, bytes] of [[0, certificate.raw], [1, spki(leaf)]] as const) {
    assert.ok(matches(tlsa(3, selector, 0, bytes), certificate));
    assert.ok(matches(tlsa(3, selector, 1, hash('sha256', bytes)), certificate));
    assert.ok(matches(tlsa(3, selector, 2, hash('sha512', bytes)), certificate));
    assert.ok(!matches(tlsa(3, 1 - selector, 1, hash('sha256', bytes)), certificate));
  }
});

test('DANE-EE: the key alone counts, not name, date or issuer', () => {
  assert.equal(judge([tlsa(3, 1, 1, hash('sha256', spki(self)))], [self]), 'dane-ee');
  assert.equal(judge([tlsa(3, 1, 1, hash('sha256', spki(leaf)))], [leaf]), 'dane-ee');
  assert.equal(judge([tlsa(3, 1, 1, hash('sha256', spki(leaf)))], [self]), 'validation-failure');
  // One of several is enough, as while a key is changed.
  assert.equal(judge([tlsa(3, 1, 1, hash('sha256', spki(leaf))), tlsa(3, 0, 2, hash('sha512', x509(self).raw))], [self]), 'dane-ee');
  // The key of the issuer is not the peer's.
  assert.equal(judge([tlsa(3, 1, 1, hash('sha256', spki(middle)))], [leaf, middle, root]), 'validation-failure');
  assert.equal(judge([tlsa(3, 1, 1, hash('sha256', spki(leaf)))], []), 'validation-failure');
});

test('DANE-TA: a chain of signatures up to the named authority, in any order', () => {
  const byRoot = [tlsa(2, 1, 1, hash('sha256', spki(root)))];
  assert.equal(judge(byRoot, [leaf, middle, root]), 'dane-ta');
  assert.equal(judge(byRoot, [leaf, root, middle]), 'dane-ta');
  assert.equal(judge([tlsa(2, 0, 1, hash('sha256', x509(middle).raw))], [leaf, middle]), 'dane-ta');
  assert.equal(judge(byRoot, [leaf, middle]), 'validation-failure', 'the authority must be sent when only its hash is known');
  assert.equal(judge(byRoot, [leaf, root]), 'validation-failure', 'a link is missing');
  assert.equal(judge(byRoot, [self, root]), 'validation-failure', 'an authority that did not sign proves nothing');
  assert.equal(judge([tlsa(2, 1, 1, hash('sha256', spki(leaf)))], [leaf, middle]), 'validation-failure', 'the peer is not its own authority');
});

test('DANE-TA: an authority or key that the record holds need not be sent', () => {
  assert.equal(judge([tlsa(2, 0, 0, x509(middle).raw)], [leaf]), 'dane-ta');
  assert.equal(judge([tlsa(2, 1, 0, spki(middle))], [leaf]), 'dane-ta');
  assert.equal(judge([tlsa(2, 0, 0, x509(root).raw)], [leaf, middle]), 'dane-ta');
  assert.equal(judge([tlsa(2, 0, 0, x509(root).raw)], [leaf]), 'validation-failure');
  assert.equal(judge([tlsa(2, 0, 0, Buffer.from('rubbish'))], [leaf, middle]), 'validation-failure');
  assert.equal(judge([tlsa(2, 1, 0, spki(self))], [leaf, middle]), 'validation-failure');
});

test('DANE-TA: names, dates and the right to issue count', () => {
  const records = [tlsa(2, 1, 1, hash('sha256', spki(root)))];
  const chain = [leaf, middle, root];
  assert.equal(judge(records, chain, ['mx.b.test']), 'certificate-host-mismatch');
  assert.equal(judge(records, chain, ['mx.b.test', 'mx.a.test']), 'dane-ta');
  assert.equal(judge(records, chain, ['mx.a.test'], now + 4000 * 86_400_000), 'certificate-expired');
  assert.equal(judge(records, chain, ['mx.a.test'], now - 86_400_000), 'certificate-not-trusted');
  const nobody = createCertificate({ subject: 'No authority', issuer: root });
  const below = createCertificate({ subject: 'mx.a.test', altNames: ['mx.a.test'], issuer: nobody });
  assert.equal(judge(records, [below, nobody, root]), 'validation-failure');
  const wide = createCertificate({ subject: 'x', altNames: ['*.a.test'], issuer: root });
  assert.equal(judge(records, [wide, root]), 'dane-ta');
});
