import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import { createZoneDns, type Zone } from '../../../test/harness/zone-dns.ts';
import { BufferSource, type ByteSource } from '../../base/byte-source.ts';
import type { SigningKey } from '../../contract/directory.ts';
import { parseHeader } from '../../mail/header.ts';
import { createMessageBodyHasher } from '../../verify/dkim/body-hasher.ts';
import { verifyDkim } from '../../verify/dkim/verify-dkim.ts';
import { downgradeTo7Bit } from '../../mail/downgrade.ts';
import { signAgain } from './sign-again.ts';
import { createSigner } from './signer.ts';

const RSA = generateKeyPairSync('rsa', { modulusLength: 2048 });
const ED25519 = generateKeyPairSync('ed25519');
const MESSAGE = Buffer.from('From: Alice <alice@news.example.org>\r\nSubject: x\r\n\r\nHello  you.\r\n');
const NOW = Date.UTC(2026, 10, 1);

const KEYS: readonly SigningKey[] = [
  { domain: 'example.org', selector: 's1e', algorithm: 'ed25519-sha256', privateKey: ED25519.privateKey },
  { domain: 'example.org', selector: 's1r', algorithm: 'rsa-sha256', privateKey: RSA.privateKey },
];

const ZONE: Zone = {
  's1r._domainkey.example.org': { TXT: [`v=DKIM1; p=${RSA.publicKey.export({ format: 'der', type: 'spki' }).toString('base64')}`] },
  's1e._domainkey.example.org': { TXT: [`v=DKIM1; k=ed25519; p=${ED25519.publicKey.export({ format: 'der', type: 'spki' }).subarray(12).toString('base64')}`] },
};

function signerFor(sign: readonly ('rsa' | 'ed25519')[], asked: string[] = []) {
  const keys = {
    none: false,
    async forDomain(domain: string) {
      asked.push(domain);
      return KEYS.filter((key) => key.domain === domain);
    },
  };
  return createSigner({ keys, config: { dkim: { sign } }, clock: { now: () => NOW } });
}

function input(fromDomain: string) {
  return { header: parseHeader(MESSAGE), content: new BufferSource(MESSAGE), fromDomain };
}

test('signs with both algorithms, RSA first, and both verify', async () => {
  const { fields, signatures } = await signerFor(['ed25519', 'rsa']).sign(input('example.org'));
  assert.deepEqual(signatures, [
    { domain: 'example.org', selector: 's1r', algorithm: 'rsa-sha256' },
    { domain: 'example.org', selector: 's1e', algorithm: 'ed25519-sha256' },
  ]);
  const signed = Buffer.concat([fields, MESSAGE]);
  const reports = await verifyDkim(createZoneDns(ZONE), new BufferSource(signed), parseHeader(signed), { now: NOW });
  assert.deepEqual(reports.map(({ result, selector }) => [result, selector]), [['pass', 's1r'], ['pass', 's1e']]);
});

test('the configuration chooses the algorithms', async () => {
  const wanted: [('rsa' | 'ed25519')[], string[]][] = [[['rsa'], ['rsa-sha256']], [['ed25519'], ['ed25519-sha256']], [[], []]];
  for (const [sign, algorithms] of wanted) {
    const { signatures } = await signerFor(sign).sign(input('example.org'));
    assert.deepEqual(signatures.map(({ algorithm }) => algorithm), algorithms);
  }
});

test('a subdomain is signed by its closest parent with keys, a stranger not at all', async () => {
  const asked: string[] = [];
  const signer = signerFor(['rsa'], asked);
  assert.equal((await signer.sign(input('deep.News.example.org'))).signatures[0]?.domain, 'example.org');
  assert.deepEqual(asked, ['deep.news.example.org', 'news.example.org', 'example.org']);
  const stranger = await signer.sign(input('example.net'));
  assert.deepEqual([stranger.fields.length, stranger.signatures], [0, []]);
});

test('a body hash made on arrival gives the same signature as one made here', async () => {
  const hasher = createMessageBodyHasher();
  hasher.update(MESSAGE);
  const signer = signerFor(['rsa']);
  const made = await signer.sign(input('example.org'));
  const given = await signer.sign({ ...input('example.org'), relaxedBodyHash: hasher.digest() });
  assert.equal(given.fields.toString(), made.fields.toString());
});

test('a key that cannot sign rejects, so that nothing leaves unsigned', async () => {
  const broken: SigningKey = { domain: 'example.org', selector: 'x', algorithm: 'rsa-sha256', privateKey: ED25519.privateKey };
  const signer = createSigner({ keys: { none: false, forDomain: async () => [broken] }, config: { dkim: { sign: ['rsa'] } } });
  await assert.rejects(signer.sign(input('example.org')));
});

test('a body hash of another body than the header leaves is not used', async () => {
  const message = Buffer.from('From: alice@example.org\n\nbare\r\n\r\nrest\r\n');
  const hasher = createMessageBodyHasher();
  hasher.update(message);
  const { fields } = await signerFor(['rsa']).sign({ header: parseHeader(message), content: new BufferSource(message), fromDomain: 'example.org', relaxedBodyHash: hasher.digest() });
  const signed = Buffer.concat([fields, message]);
  const [report] = await verifyDkim(createZoneDns(ZONE), new BufferSource(signed), parseHeader(signed), { now: NOW });
  assert.equal(report?.result, 'pass');
});

/** As a file gives them: never the whole in memory. */
function inPieces(bytes: Buffer): ByteSource {
  return {
    size: bytes.length,
    inMemory: undefined,
    async *chunks(start = 0, end = bytes.length) {
      for (let at = start; at < end; at += 7) yield bytes.subarray(at, Math.min(end, at + 7));
    },
    read: async (start, end) => bytes.subarray(start, end),
  };
}

test('a message in a file is signed and verified in pieces', async () => {
  const { fields } = await signerFor(['rsa', 'ed25519']).sign({ header: parseHeader(MESSAGE), content: inPieces(MESSAGE), fromDomain: 'example.org' });
  const signed = Buffer.concat([fields, MESSAGE]);
  const reports = await verifyDkim(createZoneDns(ZONE), inPieces(signed), parseHeader(signed), { now: NOW });
  assert.deepEqual(reports.map(({ result }) => result), ['pass', 'pass']);
});

test('a message converted to 7-bit is signed again, and what it brought along stays', async () => {
  const signer = signerFor(['rsa', 'ed25519']);
  const foreign = 'DKIM-Signature: v=1; a=rsa-sha256; d=other.test; s=x; h=from; bh=eA==; b=eA==\r\n';
  const unsigned = Buffer.from(`Received: by mail.example.org\r\n${foreign}From: alice@example.org\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\nGr\u00fc\u00dfe\r\n`);
  const { fields } = await signer.sign({ header: parseHeader(unsigned), content: new BufferSource(unsigned), fromDomain: 'example.org' });
  // oxlint-disable-next-line consistent-function-scoping -- says here what is compared below
  const results = async (bytes: Buffer) => (await verifyDkim(createZoneDns(ZONE), new BufferSource(bytes), parseHeader(bytes), { now: NOW })).map(({ result, domain }) => [result, domain]);
  const converted = downgradeTo7Bit(Buffer.concat([fields, unsigned])) ?? assert.fail();
  assert.deepEqual((await results(converted)).map(([result]) => result), ['fail', 'fail', 'permerror']);
  const again = await signAgain(signer, converted, 'alice@example.org');
  assert.deepEqual(await results(again), [['pass', 'example.org'], ['pass', 'example.org'], ['permerror', 'other.test']]);
  assert.deepEqual(again.subarray(parseHeader(again).bodyOffset), converted.subarray(parseHeader(converted).bodyOffset));
});

test('a message that was not signed is not signed for the conversion', async () => {
  const bytes = Buffer.from('Received: by mail.example.org\r\nFrom: alice@example.org\r\n\r\nx\r\n');
  assert.equal(await signAgain(signerFor(['rsa']), bytes, 'alice@example.org'), bytes);
});
