import assert from 'node:assert/strict';
import { createHash, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { test } from 'node:test';
import { createSeededRandom } from '../../../test/harness/seeded-random.ts';
import { createZoneDns, type Zone } from '../../../test/harness/zone-dns.ts';
import { BufferSource } from '../../base/byte-source.ts';
import { parseHeader } from '../../mail/header.ts';
import { canonicalField, canonicalSignatureField } from './header-canonical.ts';
import { verifyDkim } from './verify-dkim.ts';

const NOW = Date.UTC(2026, 10, 1);
const SECONDS = NOW / 1000;

async function verify(message: string | Buffer, zone: Zone, now = NOW) {
  const bytes = typeof message === 'string' ? Buffer.from(message, 'latin1') : message;
  return verifyDkim(createZoneDns(zone), new BufferSource(bytes), parseHeader(bytes), { now });
}

/** RFC 8463 Appendix A.3. */
const RFC_8463 = [
  'DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed;',
  ' d=football.example.com; i=@football.example.com;',
  ' q=dns/txt; s=brisbane; t=1528637909; h=from : to :',
  ' subject : date : message-id : from : subject : date;',
  ' bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;',
  ' b=/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11Bus',
  ' Fa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw==',
  'DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed;',
  ' d=football.example.com; i=@football.example.com;',
  ' q=dns/txt; s=test; t=1528637909; h=from : to : subject :',
  ' date : message-id : from : subject : date;',
  ' bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;',
  ' b=F45dVWDfMbQDGHJFlXUNB2HKfbCeLRyhDXgFpEL8GwpsRe0IeIixNTe3',
  ' DhCVlUrSjV4BwcVcOF6+FF3Zo9Rpo1tFOeS9mPYQTnGdaSGsgeefOsk2Jz',
  ' dA+L10TeYt9BgDfQNZtKdN1WO//KgIqXP7OdEFE4LjFYNcUxZQ4FADY+8=',
  'From: Joe SixPack <joe@football.example.com>',
  'To: Suzie Q <suzie@shopping.example.net>',
  'Subject: Is dinner ready?',
  'Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)',
  'Message-ID: <20030712040037.46341.5F8J@football.example.com>',
  '',
  'Hi.',
  '',
  'We lost the game.  Are you hungry yet?',
  '',
  'Joe.',
  '',
].join('\r\n');

const RFC_8463_ZONE: Zone = {
  'brisbane._domainkey.football.example.com': { TXT: ['v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo='] },
  'test._domainkey.football.example.com': {
    TXT: [
      'v=DKIM1; k=rsa; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDkHlOQoBTzWRiGs5V6NpP3idY6Wk08a5qhdR6wy5bdOKb2jLQiY/J16JYi0Qvx/byYzCNb3W91y3FutACDfzwQ/BC/e/8uBsCR+yz1Lxj+PL6lHvqMKrM3rG4hstT5QjvHO9PzoxZyVYLzBfO2EeC3Ip3G+2kryOTIKT+l/K4w3QIDAQAB',
    ],
  },
};

test('both signatures of RFC 8463 appendix A verify', async () => {
  const reports = await verify(RFC_8463, RFC_8463_ZONE);
  assert.deepEqual(
    reports.map(({ result, algorithm, keyBits, selector }) => [result, algorithm, keyBits, selector]),
    [
      ['pass', 'ed25519-sha256', 256, 'brisbane'],
      ['pass', 'rsa-sha256', 1024, 'test'],
    ],
  );
  assert.equal(reports[0]?.signaturePrefix, '/gCrinpc');
});

async function rfcResults(message: string) {
  return (await verify(message, RFC_8463_ZONE)).map((report) => [report.result, report.reason?.split(':')[0]]);
}

test('a changed body, a changed field and an added second From break them, blanks do not', async () => {
  const body = ['fail', 'body hash did not verify'];
  const header = ['fail', 'signature did not verify'];
  assert.deepEqual(await rfcResults(RFC_8463.replace('lost', 'won')), [body, body]);
  assert.deepEqual(await rfcResults(RFC_8463.replace('dinner', 'lunch')), [header, header]);
  assert.deepEqual(await rfcResults(RFC_8463.replace('From: Joe', 'From: eve@example.net\r\nFrom: Joe')), [header, header]);
  assert.deepEqual(await rfcResults(RFC_8463.replace('Is dinner ready?', 'Is  dinner\r\n\tready? ').replace('Joe.\r\n', 'Joe. \r\n\r\n')), [
    ['pass', undefined],
    ['pass', undefined],
  ]);
});

const RSA = generateKeyPairSync('rsa', { modulusLength: 1024 });
const SMALL = generateKeyPairSync('rsa', { modulusLength: 768 });

function published(key: KeyObject, tags = ''): string {
  return `v=DKIM1;${tags} p=${key.export({ format: 'der', type: 'spki' }).toString('base64')}`;
}

/** Signs with whatever tags a test wants, right or wrong; written apart from the signer under test elsewhere. */
function signed(tags: Record<string, string>, options: { key?: KeyObject; body?: string; from?: string } = {}): string {
  const { key = RSA.privateKey, body = 'Hello.\r\n', from = 'From: alice@example.org\r\n' } = options;
  const all: Record<string, string> = { v: '1', a: 'rsa-sha256', c: 'relaxed/relaxed', d: 'example.org', s: 's1', h: 'from', ...tags };
  all['bh'] ??= createHash('sha256').update(body.slice(0, all['l'] === undefined ? undefined : Number(all['l']))).digest('base64');
  const list = Object.entries(all).filter(([, value]) => value !== '-').map(([name, value]) => `${name}=${value}; `).join('');
  const field = Buffer.from(`DKIM-Signature: ${list}b=\r\n`);
  const text = canonicalField(Buffer.from(from), 'relaxed') + canonicalSignatureField(field, 'relaxed');
  const signature = sign('sha256', Buffer.from(text), key).toString('base64');
  return `${field.toString().trimEnd()}${signature}\r\n${from}\r\n${body}`;
}

async function one(message: string, record: string | 'FAIL' | undefined = published(RSA.publicKey), now = NOW) {
  const zone: Zone = record === undefined ? {} : { 's1._domainkey.example.org': record === 'FAIL' ? 'FAIL' : { TXT: [record] } };
  const reports = await verify(message, zone, now);
  assert.equal(reports.length, 1);
  return reports[0] as (typeof reports)[number];
}

/** What is wrong with the signature: tags, and what the report says. */
const SIGNATURE_TAGS: [tags: Record<string, string>, result: string, reason?: RegExp][] = [
  [{}, 'pass'],
  [{ v: '2' }, 'permerror', /version/],
  [{ v: '-' }, 'permerror', /v= is missing/],
  [{ a: 'rsa-sha1' }, 'permerror', /rsa-sha1/],
  [{ a: 'rsa-md5' }, 'permerror', /unknown/],
  [{ a: 'ed25519-sha256' }, 'permerror', /the key is for rsa/],
  [{ c: 'relaxed/strict' }, 'permerror', /canonicalization/],
  [{ d: '-' }, 'permerror', /d= is missing/],
  [{ d: 'org' }, 'permerror', /not a domain/],
  [{ d: 'bank.example(.example.org' }, 'permerror', /not a domain/],
  [{ d: 'bank.example".example.org' }, 'permerror', /not a domain/],
  [{ s: 's1(' }, 'permerror', /not a selector/],
  [{ s: '-' }, 'permerror', /s= is missing/],
  [{ h: 'to:subject' }, 'permerror', /does not cover From/],
  [{ h: ' from : from ' }, 'pass'],
  [{ i: 'bob@example.org' }, 'pass'],
  [{ i: '@mail.example.org' }, 'pass'],
  [{ i: '@example.net' }, 'permerror', /not within/],
  [{ i: '@badexample.org' }, 'permerror', /not within/],
  [{ i: 'j=2Edoe=40example=2Eorg' }, 'pass'],
  [{ i: 'joe@example.=20 org' }, 'permerror', /not within/],
  [{ q: 'dns/txt:other' }, 'pass'],
  [{ q: 'http' }, 'permerror', /query method/],
  [{ t: String(SECONDS - 60), x: String(SECONDS + 60) }, 'pass'],
  [{ x: String(SECONDS - 1) }, 'fail', /expired on 2026-10-31/],
  [{ x: '9'.repeat(30) }, 'pass'],
  [{ t: '200', x: '100' }, 'permerror', /x= is not after t=/],
  [{ t: '200', x: '200' }, 'permerror', /x= is not after t=/],
  [{ t: 'soon' }, 'permerror', /not a number/],
  [{ t: String(SECONDS + 200_000) }, 'policy', /future/],
  [{ l: '8' }, 'pass'],
  [{ l: '4' }, 'policy', /only 4 of 8 body bytes/],
  [{ l: '9' }, 'fail', /more than the body has/],
  [{ bh: '!' }, 'permerror', /bh= is not base64/],
  [{ unknown: 'tag' }, 'pass'],
];

for (const [tags, result, reason] of SIGNATURE_TAGS) {
  test(`DKIM signature with ${JSON.stringify(tags)}: ${result}`, async () => {
    const report = await one(signed(tags));
    assert.equal(report.result, result, report.reason);
    if (reason) assert.match(report.reason ?? '', reason);
    else assert.equal(report.reason, undefined);
  });
}

/** Key records: what is published, and what becomes of a good signature. */
const KEY_RECORDS: [record: string | undefined, result: string, reason?: RegExp][] = [
  [undefined, 'permerror', /no key at s1\._domainkey\.example\.org/],
  ['FAIL', 'temperror', /look-up of the key/],
  [published(RSA.publicKey).replace('v=DKIM1; ', ''), 'pass'],
  [published(RSA.publicKey).replace('DKIM1', 'DKIM2'), 'permerror', /version/],
  [`p=${RSA.publicKey.export({ format: 'der', type: 'spki' }).toString('base64')}; v=DKIM1`, 'permerror', /not its first tag/],
  [`v=DKIM1; p=${RSA.publicKey.export({ format: 'der', type: 'pkcs1' }).toString('base64')}`, 'pass'],
  ['v=DKIM1; p=', 'permerror', /revoked/],
  ['v=DKIM1; k=rsa', 'permerror', /no p=/],
  ['v=DKIM1; k=dsa; p=AAAA', 'permerror', /k=dsa is unknown/],
  ['v=DKIM1; p=AAAA', 'permerror', /cannot be read/],
  ['v=DKIM1; k=ed25519; p=AAAA', 'permerror', /Ed25519 key has 3 bytes/],
  [published(RSA.publicKey, ' h=sha1;'), 'permerror', /does not allow sha256/],
  [published(RSA.publicKey, ' h=sha1 : sha256;'), 'pass'],
  [published(RSA.publicKey, ' s=tlsrpt;'), 'permerror', /not meant for mail/],
  [published(RSA.publicKey, ' s=email;'), 'pass'],
  [published(RSA.publicKey, ' t=s;'), 'pass'],
  [published(RSA.publicKey, ' n=a note; g=*;'), 'pass'],
  [published(SMALL.publicKey), 'fail', /signature did not verify/],
];

for (const [record, result, reason] of KEY_RECORDS) {
  test(`DKIM key ${record?.slice(0, 24)}…: ${result}`, async () => {
    const report = record === undefined ? (await verify(signed({}), {}))[0] : await one(signed({}), record);
    assert.equal(report?.result, result, report?.reason);
    if (reason) assert.match(report?.reason ?? '', reason);
  });
}

test('t=s forbids an identity in a subdomain, t=y only marks', async () => {
  const message = signed({ i: '@mail.example.org' });
  assert.equal((await one(message, published(RSA.publicKey, ' t=s;'))).result, 'permerror');
  const testing = await one(message, published(RSA.publicKey, ' t=y;'));
  assert.equal(testing.result, 'pass');
  assert.equal(testing.testing, true);
});

test('a TLS report may be signed with a key for TLS reports only, other mail may not', async () => {
  const record = published(RSA.publicKey, ' s=tlsrpt;');
  const report = signed({}).replace('\r\nFrom:', '\r\nContent-Type: multipart/report; report-type="tlsrpt"; boundary=x\r\nFrom:');
  assert.equal((await one(report, record)).result, 'pass');
  assert.equal((await one(signed({}), record)).result, 'permerror');
});

test('a key under 1024 bit does not count although it verifies', async () => {
  const report = await one(signed({}, { key: SMALL.privateKey }), published(SMALL.publicKey));
  assert.equal(report.result, 'policy');
  assert.equal(report.reason, 'key too small (768 bit)');
});

test('no signature gives no report, eleven give ten, and equal keys are asked once', async () => {
  assert.deepEqual(await verify('From: a@example.org\r\n\r\nx', {}), []);
  const field = signed({}).slice(0, signed({}).indexOf('From:'));
  const bytes = Buffer.from(field.repeat(11) + signed({}).slice(field.length));
  const dns = createZoneDns({ 's1._domainkey.example.org': { TXT: [published(RSA.publicKey)] } });
  const reports = await verifyDkim(dns, new BufferSource(bytes), parseHeader(bytes), { now: NOW });
  assert.deepEqual(reports.map((report) => report.result), Array.from({ length: 10 }, () => 'pass'));
  assert.equal(dns.asked.length, 1);
});

test('a field that is no tag list is a permerror and says so', async () => {
  for (const value of ['', 'v=1; v=1', '=;', 'x', 'v=1;; a=b']) {
    const [report] = await verify(`DKIM-Signature: ${value}\r\nFrom: a@example.org\r\n\r\nx`, {});
    assert.equal(report?.result, 'permerror');
  }
});

test('fuzz: damaged signatures and keys never throw and never pass', async () => {
  const random = createSeededRandom();
  const good = Buffer.from(signed({ t: String(SECONDS - 5), i: '@example.org' }), 'latin1');
  const field = good.indexOf('From:');
  const record = published(RSA.publicKey);
  for (let round = 0; round < 600; round += 1) {
    const bytes = Buffer.from(good);
    for (let change = 0; change <= random.below(3); change += 1) bytes[random.below(field - 16) + 16] = random.below(256);
    const damaged = random.below(2) === 0 ? record : record.slice(0, random.below(record.length)) + String.fromCharCode(random.below(256));
    const [report] = await verify(bytes, { 's1._domainkey.example.org': { TXT: [damaged] } }).catch((problem: unknown) => {
      throw new Error(`seed ${random.seed}, round ${round}`, { cause: problem });
    });
    // A change of case in a name or of one blank into another is no change in relaxed form.
    const same = report?.result === 'pass' && canonicalField(bytes.subarray(0, field), 'relaxed') !== canonicalField(good.subarray(0, field), 'relaxed');
    if (same) assert.ok(onlyBase64Padding(bytes, good), `seed ${random.seed}, round ${round}: a changed signature passed`);
  }
});

/** Changes inside b= that decode to the same bytes (unused bits, folding blanks) are no changes. */
function onlyBase64Padding(bytes: Buffer, good: Buffer): boolean {
  return signatureBytes(bytes) === signatureBytes(good);
}

function signatureBytes(message: Buffer): string {
  const field = parseHeader(message).fields[0]?.value ?? '';
  return Buffer.from((/(?:^|;)\s*b=([^;]*)/.exec(field)?.[1] ?? '').replace(/\s+/g, ''), 'base64').toString('hex');
}

test('many different l= do not make us hash the body for each', async () => {
  const field = (l: number): string => signed({ l: String(l) }).split('From:')[0] as string;
  const message = `${[1, 2, 3, 4, 5, 6].map(field).join('')}${signed({})}`;
  const reports = await verify(message, { 's1._domainkey.example.org': { TXT: [published(RSA.publicKey)] } });
  assert.equal(reports.filter((report) => /too many signatures/.test(report.reason ?? '')).length, 3);
});

test('what is wrong with the form of a signature is named, and what strangers write stays short', async () => {
  const check = async (value: string): Promise<{ reason?: string; algorithm?: string }> => {
    const bytes = Buffer.from(`DKIM-Signature: ${value}\r\nFrom: a@example.org\r\n\r\nx\r\n`);
    const [report] = await verifyDkim(createZoneDns({}), new BufferSource(bytes), parseHeader(bytes), { now: 0 });
    assert.equal(report?.result, 'permerror');
    return report;
  };
  assert.match((await check('v=1; d=a.example; d=b.example')).reason ?? '', /not a valid tag list: the tag d= occurs twice$/);
  assert.match((await check('v=1;; d=a.example')).reason ?? '', /two semicolons follow each other$/);
  assert.match((await check('v=1; rubbish')).reason ?? '', /"rubbish" has no "="$/);
  const long = await check(`v=1; a=${'x'.repeat(50_000)}; d=${'y'.repeat(50_000)}; s=s; h=from; bh=AA; b=AA`);
  assert.ok((long.reason ?? '').length < 400 && (long.algorithm ?? '').length < 400);
});
