import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import { authenticate } from 'mailauth';
import { createZoneDns, type Zone } from '../../../test/harness/zone-dns.ts';
import { BufferSource } from '../../base/byte-source.ts';
import type { ArcReport } from '../../contract/auth-report.ts';
import type { SigningKey } from '../../contract/directory.ts';
import { parseHeader } from '../../mail/header.ts';
import { verifyArc } from '../../verify/arc/verify-arc.ts';
import { createArcSealer, type Sealed } from './arc-sealer.ts';

const NOW = Date.UTC(2026, 10, 20);
const PAIR = generateKeyPairSync('rsa', { modulusLength: 2048 });
const RECORD = `v=DKIM1; p=${PAIR.publicKey.export({ format: 'der', type: 'spki' }).toString('base64')}`;
const DOMAINS = ['one.test', 'two.test', 'three.test'];
const ZONE: Zone = Object.fromEntries(DOMAINS.map((domain) => [`k._domainkey.${domain}`, { TXT: [RECORD] }]));
const DNS = createZoneDns(ZONE);
const KEYS: readonly SigningKey[] = DOMAINS.map((domain) => ({ domain, selector: 'k', algorithm: 'rsa-sha256', privateKey: PAIR.privateKey }));
const sealer = createArcSealer({ keys: { none: false, forDomain: async (domain) => KEYS.filter((key) => key.domain === domain) }, clock: { now: () => NOW } });
const MESSAGE = Buffer.from(
  'DKIM-Signature: v=1; a=rsa-sha256; d=author.test; s=x; h=from; bh=eA==; b=eA==\r\nFrom: Alice <alice@author.test>\r\nTo: bob@one.test\r\nSubject: Hello  there\r\nDate: Fri, 20 Nov 2026 00:00:00 +0000\r\nMessage-ID: <1@author.test>\r\n\r\nHello  Bob.\r\n',
);

async function seal(message: Buffer, domain: string, arc: ArcReport): Promise<Sealed> {
  const authenticationResults = Buffer.from(`Authentication-Results: mx.${domain};\r\n\tspf=pass smtp.mailfrom=alice@author.test;\r\n\tdmarc=pass (p=reject) header.from=author.test\r\n`);
  return sealer.seal({ header: parseHeader(message), content: new BufferSource(message), arc, authenticationResults, domains: [`unknown.${domain}`, domain] });
}

async function sealed(message: Buffer, domain: string): Promise<Buffer> {
  const made = await seal(message, domain, await verify(message));
  assert.equal(made.kind, 'sealed');
  return Buffer.concat([made.fields, Buffer.from(`Received: from x by mx.${domain}; Fri, 20 Nov 2026 00:00:00 +0000\r\n`), message]);
}

function verify(message: Buffer): Promise<ArcReport> {
  return verifyArc(DNS, new BufferSource(message), parseHeader(message), { now: NOW });
}

/** What mailauth says of the chain. */
async function mailauthResult(message: Buffer): Promise<string | undefined> {
  const { arc } = await authenticate(message, {
    ip: '192.0.2.1', helo: 'mx.test', sender: 'alice@author.test', mta: 'mx.test',
    resolver: (async (name: string) => {
      if (DOMAINS.some((domain) => name === `k._domainkey.${domain}`)) return [[RECORD]];
      throw Object.assign(new Error('not found'), { code: 'ENOTFOUND' });
    }) as never,
  });
  return (arc as { status?: { result?: string } }).status?.result;
}

test('three forwarders in a row make a chain that we and mailauth believe', async () => {
  let message: Buffer = MESSAGE;
  for (const [index, domain] of DOMAINS.entries()) {
    message = await sealed(message, domain);
    const report = await verify(message);
    assert.deepEqual([report.cv, report.instances, report.sealer, report.reason], ['pass', index + 1, domain, undefined]);
    assert.equal(await mailauthResult(message), 'pass');
  }
  const report = await verify(message);
  assert.match(report.sets?.[0]?.results ?? '', /^mx\.one\.test;\s+spf=pass/);
  for (const line of message.toString('latin1').split('\r\n')) assert.ok(line.length <= 100, line);
});

test('a change of body or subject breaks it for both', async () => {
  const message = (await sealed(MESSAGE, 'one.test')).toString('latin1');
  for (const changed of [message.replace('Hello  Bob', 'Hello Eve'), message.replace('Hello  there', 'Hello here'), message.replace('dmarc=pass', 'dmarc=fail')]) {
    const bytes = Buffer.from(changed, 'latin1');
    assert.equal((await verify(bytes)).cv, 'fail');
    assert.notEqual(await mailauthResult(bytes), 'pass');
  }
});

test('a broken chain is sealed as broken, once', async () => {
  const broken = Buffer.from((await sealed(MESSAGE, 'one.test')).toString('latin1').replace('Hello  Bob', 'Hello Eve'), 'latin1');
  const told = await sealed(broken, 'two.test');
  assert.match(told.toString('latin1'), /^ARC-Seal: i=2; a=rsa-sha256; cv=fail; d=two\.test;/);
  const report = await verify(told);
  assert.equal(report.cv, 'fail');
  assert.deepEqual(await seal(told, 'three.test', report), { kind: 'unsealed', reason: 'an earlier sealer found the chain broken' });
});

test('our set never joins one that lacks its seal', async () => {
  const sealless = Buffer.from((await sealed(MESSAGE, 'one.test')).toString('latin1').replace(/^ARC-Seal:.*\r\n(?:[ \t].*\r\n)*/m, ''), 'latin1');
  assert.match((await sealed(sealless, 'two.test')).toString('latin1'), /^ARC-Seal: i=2; a=rsa-sha256; cv=fail;/);
});

test('without a key, or without an answer about the chain, there is no seal', async () => {
  assert.deepEqual(await seal(MESSAGE, 'nobody.test', { cv: 'none', instances: 0 }), { kind: 'unsealed', reason: 'no DKIM key for unknown.nobody.test or nobody.test' });
  assert.equal((await seal(MESSAGE, 'one.test', { cv: 'temperror', instances: 1 })).kind, 'unsealed');
});
