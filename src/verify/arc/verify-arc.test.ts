import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import { authenticate } from 'mailauth';
import { createSeededRandom } from '../../../test/harness/seeded-random.ts';
import { createZoneDns, type Zone } from '../../../test/harness/zone-dns.ts';
import { BufferSource } from '../../base/byte-source.ts';
import { parseHeader } from '../../mail/header.ts';
import { collectArcSets } from './arc-set.ts';
import { verifyArc } from './verify-arc.ts';

const PAIR = generateKeyPairSync('rsa', { modulusLength: 1024 });
const RECORD = `v=DKIM1; k=rsa; p=${PAIR.publicKey.export({ format: 'der', type: 'spki' }).toString('base64')}`;
const ZONE: Zone = {
  'arc._domainkey.first.example': { TXT: [RECORD] },
  'arc._domainkey.second.example': { TXT: [RECORD] },
  'arc._domainkey.third.example': { TXT: [RECORD] },
};
const PLAIN = 'From: alice@example.org\r\nTo: list@first.example\r\nSubject: Hello\r\nDate: Sun, 1 Nov 2026 00:00:00 +0000\r\nMessage-ID: <1@example.org>\r\n\r\nHello  list.\r\n';

/** The resolver form that mailauth asks for. */
async function resolver(name: string, type: string): Promise<string[][]> {
  const entry = ZONE[name];
  const texts = entry === undefined || entry === 'FAIL' || type !== 'TXT' ? undefined : entry.TXT;
  if (!texts || texts === 'FAIL') throw Object.assign(new Error('not found'), { code: 'ENOTFOUND' });
  return texts.map((text) => [text as string]);
}

/** mailauth seals the message as `domain`, after looking at it itself. */
async function seal(message: string, domain: string): Promise<string> {
  const { headers } = await authenticate(message, {
    ip: '192.0.2.1',
    helo: 'mail.example.org',
    sender: 'alice@example.org',
    mta: `mx.${domain}`,
    resolver: resolver as never,
    seal: { signingDomain: domain, selector: 'arc', privateKey: PAIR.privateKey.export({ format: 'pem', type: 'pkcs8' }).toString() },
  });
  const arc = headers.split(/\r?\n(?![ \t])/).filter((field) => /^ARC-/i.test(field));
  assert.equal(arc.length, 3, headers);
  return `${arc.map((field) => field.replace(/\r?\n/g, '\r\n')).join('\r\n')}\r\n${message}`;
}

async function sealed(count: number): Promise<string> {
  let message = PLAIN;
  for (const domain of ['first.example', 'second.example', 'third.example'].slice(0, count)) message = await seal(message, domain);
  return message;
}

async function verify(message: string, zone: Zone = ZONE) {
  const bytes = Buffer.from(message, 'latin1');
  return verifyArc(createZoneDns(zone), new BufferSource(bytes), parseHeader(bytes), { now: Date.now() });
}

test('no ARC field is cv=none', async () => {
  assert.deepEqual(await verify(PLAIN), { cv: 'none', instances: 0 });
});

for (const count of [1, 2, 3]) {
  test(`a chain of ${count} that mailauth sealed passes`, async () => {
    const report = await verify(await sealed(count));
    assert.deepEqual([report.cv, report.reason, report.instances], ['pass', undefined, count]);
    assert.equal(report.sets?.[0]?.sealer, 'first.example');
    assert.match(report.firstResults ?? '', /^mx\.first\.example;/);
  });
}

/** What is done to a sound chain of two, and the reason of the failure. */
const DAMAGE: [name: string, change: (message: string) => string, reason: RegExp][] = [
  ['changed body', (m) => m.replace('Hello  list', 'Hello mob'), /message signature 2: body hash/],
  ['changed Subject', (m) => m.replace('Subject: Hello', 'Subject: Bye'), /message signature 2 did not verify/],
  ['changed results of the first hop', (m) => m.replace(/(mx\.first\.example;)/, '$1 x=y;'), /seal [12] did not verify/],
  ['one field missing', (m) => m.replace(/ARC-Seal: i=1;[^]*?\r\n(?![ \t])/, ''), /set 1 is not complete/],
  ['a doubled field', (m) => m.replace(/(ARC-Seal: i=1;[^]*?\r\n)(?![ \t])/, '$1$1'), /occurs twice/],
  ['a gap', (m) => m.replace(/i=2;/g, 'i=3;'), /set 2 is not complete/],
  ['instance 0', (m) => m.replace(/i=1;/g, 'i=0;'), /no instance from 1 to 50/],
  ['instance 51', (m) => m.replace(/i=2;/g, 'i=51;'), /no instance from 1 to 50/],
  ['cv=none in the second', (m) => m.replace(/cv=pass/, 'cv=none'), /seal 2 has cv=none/],
  ['cv=fail in the newest', (m) => m.replace(/cv=pass/, 'cv=fail'), /already broken for second\.example/],
  ['cv of nonsense', (m) => m.replace(/cv=pass/, 'cv=maybe'), /cv=maybe/],
  ['t= of no digits in a seal', (m) => m.replace(/(ARC-Seal: i=2;[^]*?t=)\d+/, '$1now'), /the seal has t=now/],
  ['an instance that does not come first in the results', (m) => m.replace(/(ARC-Authentication-Results:\s*)i=2;\s*([^;]+;)/, '$1$2 i=2;'), /ARC-Authentication-Results has no instance/],
  ['h= in a seal', (m) => m.replace(/cv=pass;/, 'cv=pass; h=from;'), /h= or bh=/],
];

for (const [name, change, reason] of DAMAGE) {
  test(`a chain with ${name} fails`, async () => {
    const sound = await sealed(2);
    const damaged = change(sound);
    assert.notEqual(damaged, sound);
    const report = await verify(damaged);
    assert.equal(report.cv, 'fail');
    assert.match(report.reason ?? '', reason);
    assert.equal(report.sets, undefined);
  });
}

test('a missing key fails, an unanswered one is temperror, and a definite failure counts more', async () => {
  const message = await sealed(2);
  const { 'arc._domainkey.first.example': first, ...rest } = ZONE;
  assert.ok(first);
  assert.equal((await verify(message, rest)).cv, 'fail');
  assert.equal((await verify(message, { ...rest, 'arc._domainkey.first.example': 'FAIL' })).cv, 'temperror');
  const damaged = message.replace('Subject: Hello', 'Subject: Bye');
  assert.equal((await verify(damaged, { ...rest, 'arc._domainkey.first.example': 'FAIL' })).cv, 'fail');
});

/** Sets of the right structure, with signatures that are none. */
function hollowSets(count: number): Buffer {
  const sets = Array.from({ length: count }, (_, index) => {
    const i = index + 1;
    const own = `ARC-Seal: i=${i}; a=rsa-sha256; cv=${i === 1 ? 'none' : 'pass'}; d=first.example; s=arc; b=AAAA\r\n`;
    return `${own}ARC-Message-Signature: i=${i}; a=rsa-sha256\r\nARC-Authentication-Results: i=${i}; x; none\r\n`;
  });
  return Buffer.from(`${sets.join('')}\r\n`);
}

test('fifty sets are read, and a broken structure costs no look-up', async () => {
  assert.equal(collectArcSets(parseHeader(hollowSets(50)).fields).kind, 'sets');
  const bytes = hollowSets(51);
  const dns = createZoneDns(ZONE);
  assert.equal((await verifyArc(dns, new BufferSource(bytes), parseHeader(bytes))).cv, 'fail');
  assert.deepEqual(dns.asked, []);
});

test('fuzz: damaged chains never throw', async () => {
  const random = createSeededRandom();
  const good = Buffer.from(await sealed(2), 'latin1');
  const header = good.indexOf('From: alice');
  for (let round = 0; round < 300; round += 1) {
    const bytes = Buffer.from(good);
    for (let change = 0; change <= random.below(4); change += 1) bytes[random.below(header)] = random.below(256);
    await verify(bytes.toString('latin1')).catch((problem: unknown) => {
      throw new Error(`seed ${random.seed}, round ${round}`, { cause: problem });
    });
  }
});
