import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSeededRandom } from '../../../test/harness/seeded-random.ts';
import { createZoneDns, type Zone } from '../../../test/harness/zone-dns.ts';
import type { DkimReport, SpfReport, SpfResult } from '../../contract/auth-report.ts';
import { parseHeader } from '../../mail/header.ts';
import { authorDomain } from './author-domain.ts';
import { evaluateDmarc } from './evaluate-dmarc.ts';
import { parseDmarcRecord } from './record.ts';
import { TreeWalker, walkTargets } from './tree-walk.ts';

function spf(result: SpfResult, domain: string): SpfReport {
  return { result, domain, identity: 'mailfrom', explanation: '', lookups: 0, voidLookups: 0, trace: [] };
}

function dkim(domain: string, result: DkimReport['result'] = 'pass'): DkimReport {
  return { result, domain };
}

interface Case {
  readonly from?: string;
  readonly zone: Zone;
  readonly spf?: SpfReport;
  readonly dkim?: readonly DkimReport[];
}

async function evaluate({ from = 'example.com', zone, spf: spfReport = spf('none', 'bounce.example.net'), dkim: dkimReports = [] }: Case) {
  const header = parseHeader(Buffer.from(`From: Someone <x@${from}>\r\n\r\n`));
  return evaluateDmarc(createZoneDns(zone), { header, spf: spfReport, dkim: dkimReports });
}

async function alignmentOf(input: Case) {
  const report = await evaluate(input);
  return [report.result, report.spfAligned, report.dkimAligned];
}

function dmarc(...texts: string[]): Zone[string] {
  return { TXT: texts };
}

test('alignment: identical, relaxed and strict', async () => {
  const relaxed: Zone = { '_dmarc.example.com': dmarc('v=DMARC1; p=reject') };
  const strict: Zone = { '_dmarc.example.com': dmarc('v=DMARC1; p=reject; adkim=s; aspf=s') };
  assert.deepEqual(await alignmentOf({ zone: relaxed, spf: spf('pass', 'example.com') }), ['pass', true, false]);
  assert.deepEqual(await alignmentOf({ zone: relaxed, spf: spf('pass', 'bounce.example.com') }), ['pass', true, false]);
  assert.deepEqual(await alignmentOf({ zone: relaxed, dkim: [dkim('other.net'), dkim('mail.example.com')] }), ['pass', false, true]);
  assert.deepEqual(await alignmentOf({ zone: relaxed, from: 'news.example.com', dkim: [dkim('example.com')] }), ['pass', false, true]);
  assert.deepEqual(await alignmentOf({ zone: relaxed, dkim: [dkim('notexample.com')] }), ['fail', false, false]);
  assert.deepEqual(await alignmentOf({ zone: relaxed, dkim: [dkim('com')] }), ['fail', false, false]);
  assert.deepEqual(await alignmentOf({ zone: relaxed, spf: spf('softfail', 'example.com') }), ['fail', false, false]);
  assert.deepEqual(await alignmentOf({ zone: relaxed, dkim: [dkim('example.com', 'fail')] }), ['fail', false, false]);
  assert.deepEqual(await alignmentOf({ zone: strict, spf: spf('pass', 'bounce.example.com'), dkim: [dkim('mail.example.com')] }), ['fail', false, false]);
  assert.deepEqual(await alignmentOf({ zone: strict, dkim: [dkim('example.com')] }), ['pass', false, true]);
});

test('the policy comes from p, sp or np by where the record is and whether the name exists', async () => {
  const zone: Zone = { '_dmarc.example.com': dmarc('v=DMARC1; p=none; sp=quarantine; np=reject'), 'news.example.com': { A: ['192.0.2.1'] } };
  const policy = async (from: string, more: Zone = {}) => {
    const report = await evaluate({ from, zone: { ...zone, ...more } });
    return [report.policyTag, report.policy, report.policyDomain];
  };
  assert.deepEqual(await policy('example.com'), ['p', 'none', 'example.com']);
  assert.deepEqual(await policy('news.example.com'), ['sp', 'quarantine', 'example.com']);
  assert.deepEqual(await policy('nothing.example.com'), ['np', 'reject', 'example.com']);
  assert.deepEqual(await policy('own.example.com', { '_dmarc.own.example.com': dmarc('v=DMARC1; p=quarantine; sp=reject') }), ['p', 'quarantine', 'own.example.com']);
  assert.deepEqual(await policy('x.example.com', { '_dmarc.example.com': dmarc('v=DMARC1; p=reject') }), ['p', 'reject', 'example.com']);
});

/** Records as published, and what they mean: [p, sp, psd, testMode]; 'empty' for none to act on, undefined for no record. */
const RECORDS: [text: string, meaning: [string, string | undefined, string, boolean] | 'empty' | undefined][] = [
  ['v=DMARC1; p=reject', ['reject', undefined, 'u', false]],
  ['v = DMARC1 ; p = Quarantine ;', ['quarantine', undefined, 'u', false]],
  ['v=DMARC1', 'empty'],
  ['v=DMARC1; adkim=s; sp=reject', 'empty'],
  ['v=DMARC1; rua=mailto:', 'empty'],
  ['v=DMARC1; sp=reject; rua=mailto:a@example.com', ['none', 'reject', 'u', false]],
  ['v=DMARC1; rua=mailto:a@example.com', ['none', undefined, 'u', false]],
  ['v=DMARC1; sp=reject; p=none', ['none', 'reject', 'u', false]],
  ['v=DMARC1; p=bogus', 'empty'],
  ['v=DMARC1; p=bogus; rua=mailto:a@example.com', ['none', undefined, 'u', false]],
  ['v=DMARC1; p=reject; sp=bogus; rua=mailto:a@example.com', ['none', undefined, 'u', false]],
  ['v=DMARC1; p=reject; rua=not-a-uri; np=x', 'empty'],
  ['v=dmarc1; p=reject', undefined],
  ['v=DMARC10; p=reject', undefined],
  ['p=reject; v=DMARC1', undefined],
  ['v=DMARC1; p=reject; pct=0; rf=afrf; ri=60; whatever=x', ['reject', undefined, 'u', false]],
  ['v=DMARC1; p=reject; t=y; psd=n', ['reject', undefined, 'n', true]],
  ['v=DMARC1; p=reject; t=maybe; psd=q', ['reject', undefined, 'u', false]],
  ['v=DMARC1; p=reject; p=none', ['reject', undefined, 'u', false]],
];

for (const [text, meaning] of RECORDS) {
  test(`DMARC record ${text}`, () => {
    const record = parseDmarcRecord(text);
    assert.deepEqual(record?.empty ? 'empty' : record && [record.p, record.sp, record.psd, record.testMode], meaning);
  });
}

test('two records are as good as none, other TXT records do not matter', async () => {
  assert.equal((await evaluate({ zone: { '_dmarc.example.com': dmarc('v=DMARC1; p=none', 'v=DMARC1; p=reject') } })).result, 'none');
  assert.equal((await evaluate({ zone: { '_dmarc.example.com': dmarc('hello', 'v=DMARC1; p=reject') } })).result, 'fail');
  assert.equal((await evaluate({ zone: {} })).result, 'none');
});

test('the walk asks at most eight names and jumps over the middle of long ones (RFC 9989 §4.10)', () => {
  assert.deepEqual(walkTargets('a.mail.example.com'), ['a.mail.example.com', 'mail.example.com', 'example.com', 'com']);
  assert.deepEqual(walkTargets('a.b.c.d.e.f.g.h.i.j.mail.example.com'), [
    'a.b.c.d.e.f.g.h.i.j.mail.example.com',
    'g.h.i.j.mail.example.com',
    'h.i.j.mail.example.com',
    'i.j.mail.example.com',
    'j.mail.example.com',
    'mail.example.com',
    'example.com',
    'com',
  ]);
  assert.equal(walkTargets('1.2.3.4.5.6.7.8').length, 8);
});

/** RFC 9989 §4.10.2: records that exist, the start, the organizational domain. */
const ORGANIZATIONAL: [records: Record<string, string>, start: string, organizational: string][] = [
  [{ 'mail.example.com': '', 'example.com': '' }, 'a.mail.example.com', 'example.com'],
  [{ 'mail.example.com': 'psd=n', 'example.com': '' }, 'a.mail.example.com', 'mail.example.com'],
  [{ com: 'psd=y' }, 'a.mail.example.com', 'example.com'],
  [{ 'co.uk': 'psd=y', 'shop.co.uk': '' }, 'www.shop.co.uk', 'shop.co.uk'],
  [{ 'co.uk': 'psd=y', 'www.shop.co.uk': '' }, 'www.shop.co.uk', 'shop.co.uk'],
  [{ 'example.com': 'psd=y' }, 'example.com', 'example.com'],
  [{ 'bank.example': 'psd=y', example: '' }, 'bank.example', 'bank.example'],
  [{ 'mail.example.com': 'psd=n', 'example.com': '' }, 'mail.example.com', 'mail.example.com'],
  [{ 'mail.example.com': '' }, 'mail.example.com', 'mail.example.com'],
  [{}, 'a.mail.example.com', 'a.mail.example.com'],
];

for (const [records, start, organizational] of ORGANIZATIONAL) {
  test(`organizational domain of ${start} with ${JSON.stringify(records)} is ${organizational}`, async () => {
    const zone: Zone = Object.fromEntries(Object.entries(records).map(([name, tags]) => [`_dmarc.${name}`, dmarc(`v=DMARC1; p=none; ${tags}`)]));
    assert.equal((await new TreeWalker(createZoneDns(zone)).walk(start)).organizationalDomain, organizational);
  });
}

test('a mistyped policy turns DMARC off for its domain; the parent does not take over', async () => {
  const zone: Zone = { '_dmarc.mail.example.com': dmarc('v=DMARC1; p=rejct'), '_dmarc.example.com': dmarc('v=DMARC1; p=reject') };
  assert.equal((await evaluate({ from: 'mail.example.com', zone })).result, 'none');
  assert.equal((await evaluate({ from: 'example.com', zone })).result, 'fail');
  assert.equal((await evaluate({ from: 'x.example.com', zone: { '_dmarc.example.com': dmarc('v=DMARC1; adkim=s') } })).result, 'none');
});

test('two records at the author domain are discarded, and its parent gives the policy', async () => {
  const zone: Zone = { '_dmarc.mail.example.com': dmarc('v=DMARC1; p=reject', 'v=DMARC1; p=none'), '_dmarc.example.com': dmarc('v=DMARC1; p=none; sp=quarantine') };
  const report = await evaluate({ from: 'mail.example.com', zone });
  assert.deepEqual([report.result, report.policy, report.policyDomain], ['fail', 'quarantine', 'example.com']);
});

/** RFC 9989 §4.10.1, §4.10.2: below a public suffix, which publishes psd=y: From, SPF, DKIM, result, policy, its domain. */
const BELOW_A_SUFFIX: [own: string, from: string, spf: string, dkim: string, result: string, policy: string, at: string][] = [
  ['p=quarantine', 'giant.bank.example', 'mail.giant.bank.example', 'mail.mega.bank.example', 'pass', 'quarantine', 'giant.bank.example'],
  ['', 'mail.giant.bank.example', 'x.test', 'giant.bank.example', 'pass', 'none', 'bank.example'],
  ['', 'giant.bank.example', 'bank.example', 'mega.bank.example', 'fail', 'none', 'bank.example'],
  ['', 'bank.example', 'mail.bank.example', 'x.test', 'fail', 'reject', 'bank.example'],
  ['p=none', 'giant.bank.example', 'x.test', 'x.test', 'fail', 'none', 'giant.bank.example'],
];

for (const [own, from, spfDomain, dkimDomain, result, policy, at] of BELOW_A_SUFFIX) {
  test(`below a public suffix: From ${from}, SPF ${spfDomain}, DKIM ${dkimDomain}, own record "${own}": ${result}`, async () => {
    const zone: Zone = { '_dmarc.bank.example': dmarc('v=DMARC1; p=reject; sp=none; psd=y'), ...(own && { '_dmarc.giant.bank.example': dmarc(`v=DMARC1; ${own}`) }) };
    const report = await evaluate({ from, zone, spf: spf('pass', spfDomain), dkim: [dkim(dkimDomain)] });
    assert.deepEqual([report.result, report.policy, report.policyDomain], [result, policy, at]);
  });
}

test('a public suffix gives the policy when nobody below it does', async () => {
  const zone: Zone = { '_dmarc.bank': dmarc('v=DMARC1; psd=y; p=reject') };
  const report = await evaluate({ from: 'mail.some.bank', zone, spf: spf('pass', 'other.bank') });
  assert.deepEqual([report.result, report.policyDomain, report.organizationalDomain], ['fail', 'bank', 'some.bank']);
});

test('two names with separate organizational domains are not aligned although one lies in the other', async () => {
  const zone: Zone = { '_dmarc.example.com': dmarc('v=DMARC1; p=reject'), '_dmarc.dept.example.com': dmarc('v=DMARC1; p=reject; psd=n') };
  assert.equal((await evaluate({ zone, dkim: [dkim('a.dept.example.com')] })).result, 'fail');
  assert.equal((await evaluate({ from: 'dept.example.com', zone, dkim: [dkim('example.com')] })).result, 'fail');
  assert.equal((await evaluate({ from: 'dept.example.com', zone, dkim: [dkim('a.dept.example.com')] })).result, 'pass');
});

test('DNS trouble: unknown policy, unknown key and unknown SPF are temperror, unless they cannot matter', async () => {
  const zone: Zone = { '_dmarc.example.com': dmarc('v=DMARC1; p=reject') };
  const down = await evaluate({ zone: { '_dmarc.example.com': 'FAIL' } });
  assert.deepEqual([down.result, down.policy], ['temperror', undefined]);
  const aligned = await evaluate({ zone: { '_dmarc.example.com': 'FAIL' }, dkim: [dkim('example.com')] });
  assert.deepEqual([aligned.result, aligned.dkimAligned], ['temperror', true]);
  assert.equal((await evaluate({ zone, dkim: [dkim('example.com', 'temperror')] })).result, 'temperror');
  assert.equal((await evaluate({ zone, spf: spf('temperror', 'bounce.example.com') })).result, 'temperror');
  assert.equal((await evaluate({ zone, dkim: [dkim('other.com', 'temperror')] })).result, 'fail');
  assert.equal((await evaluate({ zone, spf: spf('temperror', 'other.net') })).result, 'fail');
  assert.equal((await evaluate({ zone, spf: spf('temperror', 'example.com'), dkim: [dkim('example.com')] })).result, 'pass');
});

test('an aligned pass of the very domain costs one question', async () => {
  const report = await evaluate({ zone: { '_dmarc.example.com': dmarc('v=DMARC1; p=none') }, spf: spf('pass', 'example.com') });
  assert.deepEqual(report.walk, ['_dmarc.example.com']);
});

/** Header, and the author domain or what is wrong. */
const AUTHORS: [header: string, author: string][] = [
  ['From: a@Example.COM', 'example.com'],
  ['From: "a, b" <a@example.com>, c@EXAMPLE.com', 'example.com'],
  ['From: a@example.com, b@example.net', 'several-domains'],
  ['From: a@example.com\r\nFrom: a@example.com', 'several-from'],
  ['Subject: x', 'no-from'],
  ['From:', 'no-address'],
  ['From: undisclosed:;', 'no-address'],
  ['From: joe', 'bad-domain'],
  ['From: joe@exa..mple.com', 'bad-domain'],
  ['From: "paypal@paypal.com" <x@evil.example>', 'evil.example'],
  ['From: x@evil.example <paypal@paypal.com>', 'paypal.com'],
  ['From: a@b\u00fccher.example', 'xn--bcher-kva.example'],
  ['From: Doe, John <joe@example.com>', 'example.com'],
  ['From: <a@paypal.com,x.evil.example>', 'bad-domain'],
  ['From: <a@"paypal.com".evil.example>', 'bad-domain'],
  ['From: a@paypal.com evil', 'bad-domain'],
  ['From: a@paypal.com@evil.example', 'bad-domain'],
  ['From: <a@paypal.com> <b@evil.example>', 'several-domains'],
  ['From: <b@evil.example>a@paypal.com', 'several-domains'],
  ['From: =?utf-8?q?a=40paypal.com?=, b@evil.example', 'several-domains'],
  [' From: a@paypal.com\r\nFrom: b@evil.example', 'several-from'],
  ['From\r\n : a@paypal.com\r\nFrom: b@evil.example', 'several-from'],
];

for (const [header, author] of AUTHORS) {
  test(`author of ${JSON.stringify(header)}: ${author}`, () => {
    const found = authorDomain(parseHeader(Buffer.from(`${header}\r\n\r\n`)).fields);
    assert.equal(found.kind === 'domain' ? found.domain : found.problem, author);
  });
}

test('fuzz: no record and no From makes the evaluation throw', async () => {
  const random = createSeededRandom();
  const pieces = ['v=DMARC1', ';', 'p=', 'reject', ' ', 'sp=none', 'np', '=', 'psd=y', '\u0000', '\u00e9', 'rua=mailto:x@y', ',', '<', '>', '@', 'a.example', '"', '(', '..'];
  const text = () => Array.from({ length: random.below(14) }, () => random.pick(pieces)).join('');
  for (let round = 0; round < 1000; round += 1) {
    const header = parseHeader(Buffer.from(`From: ${text()}@sub.example.com\r\n\r\n`));
    const zone: Zone = { '_dmarc.sub.example.com': dmarc(text()), '_dmarc.example.com': dmarc(`v=DMARC1;${text()}`), '_dmarc.com': dmarc(text()) };
    await evaluateDmarc(createZoneDns(zone), { header, spf: spf('none', 'x.example'), dkim: [] }).catch((problem: unknown) => {
      throw new Error(`seed ${random.seed}, round ${round}`, { cause: problem });
    });
  }
});
