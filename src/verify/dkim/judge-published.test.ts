/** Published keys as people get them wrong. */
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { describe, it } from 'node:test';
import type { DnsAnswer } from '../../contract/dns.ts';
import { judgePublishedKey, keyRecordOf, type OwnKey } from './judge-published.ts';

const keyOf = (bits: number): { spki: string; pkcs1: string } => {
  const { publicKey } = generateKeyPairSync('rsa', { modulusLength: bits });
  return { spki: publicKey.export({ format: 'der', type: 'spki' }).toString('base64'), pkcs1: publicKey.export({ format: 'der', type: 'pkcs1' }).toString('base64') };
};
const KEY = keyOf(2048);
const OTHER = keyOf(2048);
const SHORT = keyOf(1024);
const ED = generateKeyPairSync('ed25519').publicKey.export({ format: 'der', type: 'spki' }).subarray(-32).toString('base64');
const NAME = 's1._domainkey.example.org';
const OWN: OwnKey = { domain: 'example.org', selector: 's1', algorithm: 'rsa-sha256', publicKey: KEY.spki };
const SECOND: OwnKey = { ...OWN, selector: 's2', publicKey: OTHER.spki };

const found = (...records: readonly (readonly string[])[]): DnsAnswer<'TXT'> => ({ kind: 'found', records, ttlSeconds: 300, secure: false, canonicalName: NAME });
const text = (record: string): DnsAnswer<'TXT'> => found(record.match(/[\s\S]{1,255}/g) ?? ['']);

describe('a published DKIM key is right', () => {
  for (const [name, record] of [
    ['as we write it', `v=DKIM1; k=rsa; p=${KEY.spki}`],
    ['without v= and k=', `p=${KEY.spki}`],
    ['in another order, with blanks and folds', `v=DKIM1 ;p= ${KEY.spki.slice(0, 100)} \t ${KEY.spki.slice(100)} ; h=sha256:sha1; s=email; n=a note;`],
    ['as RSAPublicKey', `v=DKIM1; p=${KEY.pkcs1}`],
    ['with t=s', `v=DKIM1; t=s; p=${KEY.spki}`],
  ] as const) {
    it(name, () => {
      const judged = judgePublishedKey(OWN, text(record), [OWN, SECOND]);
      assert.deepEqual([judged.state, judged.bits, judged.findings.map(({ level }) => level)], ['right', 2048, ['pass']]);
    });
  }

  it('under an alias, which is told', () => {
    const judged = judgePublishedKey(OWN, { ...text(`p=${KEY.spki}`), canonicalName: 'keys.host.example' } as DnsAnswer<'TXT'>);
    assert.deepEqual([judged.state, judged.delegatedTo], ['right', 'keys.host.example']);
  });

  it('with Ed25519', () => {
    const own: OwnKey = { ...OWN, algorithm: 'ed25519-sha256', publicKey: ED };
    assert.equal(judgePublishedKey(own, text(`v=DKIM1; k=ed25519; p=${ED}`)).state, 'right');
    assert.equal(judgePublishedKey(own, text(`v=DKIM1; p=${KEY.spki}`)).state, 'wrong');
  });

  it('but to be changed', () => {
    const testing = judgePublishedKey(OWN, text(`v=DKIM1; t=y; p=${KEY.spki}`));
    assert.deepEqual([testing.state, testing.findings[0]?.level], ['right', 'warn']);
    assert.match(judgePublishedKey({ ...OWN, publicKey: SHORT.spki }, text(`p=${SHORT.spki}`)).findings[0]?.text ?? '', /1024 bits/);
  });
});

describe('a published DKIM key is wrong, and the finding says why', () => {
  for (const [name, record, pattern] of [
    ['of another selector', `v=DKIM1; p=${OTHER.spki}`, /holds the key of s2/],
    ['of somebody else', `v=DKIM1; p=${SHORT.spki}`, /not the one that this server signs with/],
    ['cut off after the first string', `v=DKIM1; k=rsa; p=${KEY.spki.slice(0, 220)}`, /second string was lost/],
    ['with its beginning lost', `v=DKIM1; k=rsa; p=${KEY.spki.slice(120)}`, /first string was lost/],
    ['with backslashes', `v=DKIM1\\; k=rsa\\; p=${KEY.spki}`, /backslashes/],
    ['with quotes inside', `"v=DKIM1; k=rsa; p=${KEY.spki.slice(0, 100)}" "${KEY.spki.slice(100)}"`, /quotation marks/],
    ['with typographic quotes', `\u201cv=DKIM1; p=${KEY.spki}\u201d`, /quotation marks/],
    ['as a whole line', `s1._domainkey IN TXT v=DKIM1; p=${KEY.spki}`, /whole line/],
    ['from a web page', `v=DKIM1; p=${KEY.spki.slice(0, 50)}&quot;`, /web page/],
    ['of another version', `v=DKIM2; p=${KEY.spki}`, /version/],
    ['for other services', `v=DKIM1; s=tlsrpt; p=${KEY.spki}`, /not meant for mail/],
    ['of an unknown kind', `v=DKIM1; k=dsa; p=${KEY.spki}`, /unknown/],
    ['without SHA-256', `v=DKIM1; h=sha1; p=${KEY.spki}`, /SHA-256/],
    ['no key at all', 'hello', /no usable key/],
    ['SPF', 'v=spf1 -all', /no usable key/],
  ] as const) {
    it(name, () => {
      const judged = judgePublishedKey(OWN, text(record), [OWN, SECOND]);
      assert.equal(judged.state, 'wrong');
      assert.match(judged.findings[0]?.text ?? '', pattern);
      assert.equal(judged.findings[0]?.record, keyRecordOf(OWN));
    });
  }

  it('withdrawn, missing, or unknown', () => {
    assert.equal(judgePublishedKey(OWN, text('v=DKIM1; p=')).state, 'revoked');
    assert.equal(judgePublishedKey(OWN, { kind: 'nxdomain', secure: false }).state, 'missing');
    assert.deepEqual(judgePublishedKey(OWN, { kind: 'failure', reason: 'timeout', detail: '' }).findings.map(({ level }) => level), ['unknown']);
  });

  it('twice', () => {
    const two = judgePublishedKey(OWN, found([`p=${SHORT.spki}`], [`p=${KEY.spki.slice(0, 200)}`, KEY.spki.slice(200)]));
    assert.deepEqual([two.state, two.findings[0]?.level], ['wrong', 'fail']);
    assert.match(two.findings[0]?.text ?? '', /2 TXT records/);
  });
});
