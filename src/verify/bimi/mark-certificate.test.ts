import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import { oid, octetString, sequence, tagged } from '../../net/der.ts';
import { createCertificate, type CertificateAndKey } from '../../net/self-signed.ts';
import { judgeMark, type MarkQuestion } from './check-bimi.ts';
import { certificatesIn } from './mark-chain.ts';

const NOW = Date.now();
const LOGO = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>');
const SHA256 = '2.16.840.1.101.3.4.2.1';

const ia5 = (text: string): Buffer => Buffer.concat([Buffer.from([0x16, 0x82, text.length >> 8, text.length & 0xff]), Buffer.from(text, 'latin1')]);

/** subjectLogo with one picture (RFC 9399 §4.1). */
function logotype(address: string, digested: Buffer): Buffer {
  const hash = sequence(sequence(oid(SHA256)), octetString(createHash('sha256').update(digested).digest()));
  return sequence(tagged(2, true, tagged(0, true, sequence(sequence(sequence(ia5('image/svg+xml'), sequence(hash), sequence(ia5(address))))))));
}

const embedded = (logo: Buffer): Buffer => {
  const packed = gzipSync(logo);
  return logotype(`data:image/svg+xml;base64,${packed.toString('base64')}`, packed);
};

const root = createCertificate({ subject: 'Mark Root', isCa: true });
const issuing = createCertificate({ subject: 'Mark CA', isCa: true, issuer: root });
const other = createCertificate({ subject: 'Another CA', isCa: true });

function mark(content: Buffer | undefined, issuer: CertificateAndKey = issuing): string {
  return createCertificate({ subject: 'Example', altNames: ['example.org'], issuer, purposes: ['1.3.6.1.5.5.7.3.31'], further: content ? [['1.3.6.1.5.5.7.1.12', content]] : [] }).certificatePem;
}

function told(pem: string, more: Partial<MarkQuestion> = {}): string[] {
  return judgeMark(Buffer.from(pem), { address: 'https://example.org/mark.pem', domain: 'example.org', now: NOW, logo: LOGO, ...more }).map(({ level, text }) => `${level}: ${text}`);
}

const roots = certificatesIn(Buffer.from(root.certificatePem));

describe('the chain of a mark certificate', () => {
  const whole = mark(embedded(LOGO)) + issuing.certificatePem;

  it('is unknown without roots, good with the right ones, bad with others', () => {
    assert.match(told(whole)[1] ?? '', /^unknown: .*up to "Mark Root"/);
    assert.match(told(whole, { roots })[1] ?? '', /^pass: /);
    assert.match(told(whole + root.certificatePem, { roots })[1] ?? '', /^pass: /);
    assert.match(told(whole, { roots: certificatesIn(Buffer.from(other.certificatePem)) })[1] ?? '', /^fail: .*none of the roots/);
    assert.deepEqual(told(whole, { decidedOnly: true }).map((line) => line.slice(0, 4)), ['pass', 'pass']);
  });

  it('that is missing, in another order or forged is told', () => {
    assert.match(told(mark(embedded(LOGO)))[1] ?? '', /^warn: .*alone/);
    assert.match(told(mark(embedded(LOGO)) + root.certificatePem + issuing.certificatePem)[1] ?? '', /^fail: .*broken/);
    const forged = createCertificate({ subject: 'Mark CA', isCa: true });
    assert.match(told(mark(embedded(LOGO)) + forged.certificatePem)[1] ?? '', /^fail: .*broken/);
    const old = createCertificate({ subject: 'Old CA', isCa: true, issuer: root, days: -1 });
    assert.match(told(mark(embedded(LOGO), old) + old.certificatePem)[1] ?? '', /^fail: .*not valid now/);
  });
});

describe('the logo in a mark certificate', () => {
  const of = (content: Buffer | undefined, logo: Buffer | undefined = LOGO): string => told(mark(content) + issuing.certificatePem, { roots, logo }).at(-1) ?? '';

  it('packed, plain, or by its digest is the published one', () => {
    assert.match(of(embedded(LOGO)), /^pass: /);
    assert.match(of(logotype(`data:image/svg+xml;base64,${LOGO.toString('base64')}`, LOGO)), /^pass: /);
    assert.match(of(logotype('https://ca.example/logo.svg', LOGO)), /^pass: /);
  });

  it('that differs, is missing, or cannot be compared is told', () => {
    assert.match(of(embedded(Buffer.from('<svg/>'))), /^fail: .*another one/);
    assert.match(of(undefined), /^fail: .*no logo/);
    assert.match(of(logotype('https://ca.example/logo.svg', Buffer.from('x'))), /^unknown: .*digest/);
    assert.match(told(mark(embedded(LOGO)) + issuing.certificatePem, { logo: undefined }).at(-1) ?? '', /^unknown: /);
  });

  it('made to be endless or broken does no harm', () => {
    const bomb = gzipSync(Buffer.alloc(30_000_000));
    assert.match(of(logotype(`data:image/svg+xml;base64,${bomb.toString('base64').slice(0, 60_000)}`, bomb)), /^unknown: /);
    assert.match(of(Buffer.from('3084ffffffff', 'hex')), /^fail: .*no logo/);
  });
});
