import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SpfResult } from '../../contract/auth-report.ts';
import { createSeededRandom } from '../../../test/harness/seeded-random.ts';
import { createZoneDns, type Zone } from '../../../test/harness/zone-dns.ts';
import { checkSpf, type SpfInput } from './check-spf.ts';

/** RFC 7208 Appendix A: the zone of its examples. */
const RFC_ZONE: Zone = {
  'example.com': {
    A: ['192.0.2.10', '192.0.2.11'],
    MX: [
      { preference: 10, exchange: 'mail-a.example.com' },
      { preference: 20, exchange: 'mail-b.example.com' },
    ],
  },
  'amy.example.com': { A: ['192.0.2.65'] },
  'bob.example.com': { A: ['192.0.2.66'] },
  'mail-a.example.com': { A: ['192.0.2.129'] },
  'mail-b.example.com': { A: ['192.0.2.130'] },
  'example.net': { MX: [{ preference: 10, exchange: 'mail-c.example.net' }] },
  'mail-c.example.net': { A: ['192.0.2.140'] },
  'example.org': { MX: [{ preference: 10, exchange: 'mail-c.example.net' }] },
  '10.2.0.192.in-addr.arpa': { PTR: ['example.com'] },
  '11.2.0.192.in-addr.arpa': { PTR: ['example.com'] },
  '65.2.0.192.in-addr.arpa': { PTR: ['amy.example.com'] },
  '66.2.0.192.in-addr.arpa': { PTR: ['bob.example.com'] },
  '129.2.0.192.in-addr.arpa': { PTR: ['mail-a.example.com'] },
  '130.2.0.192.in-addr.arpa': { PTR: ['mail-b.example.com'] },
  '140.2.0.192.in-addr.arpa': { PTR: ['mail-c.example.net'] },
  '4.0.0.10.in-addr.arpa': { PTR: ['bob.example.com'] },
  'mary.mobile-users._spf.example.com': { A: ['127.0.0.2'] },
  'fred.mobile-users._spf.example.com': { A: ['127.0.0.2'] },
  '15.15.168.192.joel.remote-users._spf.example.com': { A: ['127.0.0.2'] },
  '16.15.168.192.joel.remote-users._spf.example.com': { A: ['127.0.0.2'] },
};

function withRecord(domain: string, record: string, zone: Zone = RFC_ZONE): Zone {
  const entry = zone[domain];
  return { ...zone, [domain]: { ...(entry === 'FAIL' ? {} : entry), TXT: [record] } };
}

async function check(zone: Zone, input: Partial<SpfInput> & { ip: string }) {
  return checkSpf(createZoneDns(zone), { sender: 'strong-bad@example.com', helo: 'mail.example.com', ...input });
}

/** RFC 7208 Appendix A.1 to A.3: record of example.com, client, result. */
const APPENDIX_A: [record: string, ip: string, result: SpfResult][] = [
  ['v=spf1 +all', '203.0.113.9', 'pass'],
  ['v=spf1 a -all', '192.0.2.10', 'pass'],
  ['v=spf1 a -all', '192.0.2.11', 'pass'],
  ['v=spf1 a -all', '192.0.2.65', 'fail'],
  ['v=spf1 a:example.org -all', '192.0.2.10', 'fail'],
  ['v=spf1 mx -all', '192.0.2.129', 'pass'],
  ['v=spf1 mx -all', '192.0.2.130', 'pass'],
  ['v=spf1 mx -all', '192.0.2.10', 'fail'],
  ['v=spf1 mx:example.org -all', '192.0.2.140', 'pass'],
  ['v=spf1 mx mx:example.org -all', '192.0.2.129', 'pass'],
  ['v=spf1 mx mx:example.org -all', '192.0.2.140', 'pass'],
  ['v=spf1 mx/30 mx:example.org/30 -all', '192.0.2.131', 'pass'],
  ['v=spf1 mx/30 mx:example.org/30 -all', '192.0.2.143', 'pass'],
  ['v=spf1 mx/30 mx:example.org/30 -all', '192.0.2.144', 'fail'],
  ['v=spf1 ptr -all', '192.0.2.10', 'pass'],
  ['v=spf1 ptr -all', '192.0.2.65', 'pass'],
  ['v=spf1 ptr -all', '192.0.2.140', 'fail'],
  ['v=spf1 ptr -all', '10.0.0.4', 'fail'],
  ['v=spf1 ip4:192.0.2.128/28 -all', '192.0.2.65', 'fail'],
  ['v=spf1 ip4:192.0.2.128/28 -all', '192.0.2.129', 'pass'],
];

for (const [record, ip, result] of APPENDIX_A) {
  test(`RFC 7208 appendix A: ${record} gives ${result} for ${ip}`, async () => {
    assert.equal((await check(withRecord('example.com', record), { ip })).result, result);
  });
}

test('RFC 7208 appendix A.4: multiple requirements by macros', async () => {
  const record = 'v=spf1 mx exists:%{l}.mobile-users._spf.%{d} exists:%{i}.%{l}.remote-users._spf.%{d} -all';
  const zone = { ...withRecord('example.com', record), '192.168.15.15.joel.remote-users._spf.example.com': { A: ['127.0.0.2'] } };
  assert.equal((await check(zone, { ip: '10.1.1.1', sender: 'mary@example.com' })).result, 'pass');
  assert.equal((await check(zone, { ip: '192.168.15.15', sender: 'joel@example.com' })).result, 'pass');
  assert.equal((await check(zone, { ip: '192.168.15.99', sender: 'joel@example.com' })).result, 'fail');
});

/** Syntax: a mistake anywhere is a permerror, even behind a mechanism that matches. */
const SYNTAX: [record: string, result: SpfResult][] = [
  ['v=spf1', 'neutral'],
  ['v=spf1 ', 'neutral'],
  ['V=SPF1 +ALL', 'pass'],
  ['v=spf10 -all', 'none'],
  ['v=spf1\t-all', 'none'],
  ['v=spf1 all.', 'permerror'],
  ['v=spf1 all:x', 'permerror'],
  ['v=spf1 -all moo', 'permerror'],
  ['v=spf1 all -', 'permerror'],
  ['v=spf1 ip4', 'permerror'],
  ['v=spf1 ip4:1.2.3', 'permerror'],
  ['v=spf1 ip4:1.2.3.4/33', 'permerror'],
  ['v=spf1 ip4:1.2.3.4/032', 'permerror'],
  ['v=spf1 ip4:1.2.3.4//32', 'permerror'],
  ['v=spf1 ip4:1.2.3.4:8080', 'permerror'],
  ['v=spf1 ip4:0.0.0.0/0', 'pass'],
  ['v=spf1 ip6::: ?all', 'neutral'],
  ['v=spf1 ip6:::1.1.1.1//33', 'permerror'],
  ['v=spf1 ip6:::1.1.1.1/129', 'permerror'],
  ['v=spf1 ip6:cafe:babe::/33 ?all', 'neutral'],
  ['v=spf1 a:', 'permerror'],
  ['v=spf1 a/', 'permerror'],
  ['v=spf1 a/0 -all', 'pass'],
  ['v=spf1 a/33', 'permerror'],
  ['v=spf1 a//129', 'permerror'],
  ['v=spf1 a:example.com:8080', 'permerror'],
  ['v=spf1 a:museum', 'permerror'],
  ['v=spf1 a:111.222.33.44', 'permerror'],
  ['v=spf1 a:example.-com', 'permerror'],
  ['v=spf1 a:foo:bar/baz.example.com', 'neutral'],
  ['v=spf1 mx:abc.com/-1', 'permerror'],
  ['v=spf1 include', 'permerror'],
  ['v=spf1 include:example.com/24', 'permerror'],
  ['v=spf1 exists', 'permerror'],
  ['v=spf1 exists:', 'permerror'],
  ['v=spf1 ptr:', 'permerror'],
  ['v=spf1 ptr/24', 'permerror'],
  ['v=spf1 redirect:foo.example.com', 'permerror'],
  ['v=spf1 redirect=', 'permerror'],
  ['v=spf1 exp= -all', 'permerror'],
  ['v=spf1 exp=a.example.com exp=b.example.com -all', 'permerror'],
  ['v=spf1 redirect=a.example.com redirect=b.example.com ?all', 'permerror'],
  ['v=spf1 =all', 'permerror'],
  ['v=spf1 1abc=x ?all', 'permerror'],
  ['v=spf1 tom_-.0=%{l} ?all', 'neutral'],
  ['v=spf1 mod=%{z} ?all', 'permerror'],
  ['v=spf1 a:%{l}.%{o}%', 'permerror'],
  ['v=spf1 exists:%{i0}.example.com', 'permerror'],
  ['v=spf1 exists:%{c}.example.com', 'permerror'],
  ['v=spf1 exists:%(ir).sbl.example.com', 'permerror'],
  ['v=spf1 a:example.c\u00f6m', 'permerror'],
];

for (const [record, result] of SYNTAX) {
  test(`SPF syntax: ${JSON.stringify(record)} gives ${result}`, async () => {
    assert.equal((await check(withRecord('example.com', record), { ip: '198.51.100.7' })).result, result);
  });
}

test('SPF looks for a record by the rules of selection', async () => {
  const ip = '192.0.2.1';
  const result = async (entry: Zone[string]) => (await check({ 'example.com': entry }, { ip })).result;
  assert.equal(await result({ TXT: ['v=spf1 +all', 'v=spf1 -all'] }), 'permerror');
  assert.equal(await result({ TXT: ['something else', 'v=spf1 -all'] }), 'fail');
  assert.equal(await result({ TXT: [['v=spf1 ip4:192.0', '.2.1 -all']] }), 'pass');
  assert.equal(await result({ A: ['192.0.2.1'] }), 'none');
  assert.equal(await result('FAIL'), 'temperror');
  assert.equal((await check({}, { ip })).result, 'none');
});

test('SPF has no policy for names that are none', async () => {
  for (const sender of ['a@localhost', 'a@a..example.com', `a@${'x'.repeat(64)}.example.com`, 'a@[192.0.2.1]']) {
    assert.equal((await check(RFC_ZONE, { ip: '192.0.2.1', sender })).result, 'none', sender);
  }
});

test('a null sender is checked as postmaster at the HELO name', async () => {
  const zone: Zone = { 'mail.example.net': { TXT: ['v=spf1 exists:%{l}.%{o}.ok.example.net -all'] }, 'postmaster.mail.example.net.ok.example.net': { A: ['127.0.0.2'] } };
  const report = await check(zone, { ip: '192.0.2.1', sender: '', helo: 'mail.example.net' });
  assert.equal(report.result, 'pass');
  assert.equal(report.identity, 'helo');
  assert.equal(report.domain, 'mail.example.net');
});

test('include matches on pass only, and hands errors up', async () => {
  const zone: Zone = {
    'ok.example.net': { TXT: ['v=spf1 ip4:192.0.2.1 -all'] },
    'soft.example.net': { TXT: ['v=spf1 ~all'] },
    'bad.example.net': { TXT: ['v=spf1 moo'] },
    'down.example.net': 'FAIL',
  };
  const result = async (record: string) => (await check({ ...zone, 'example.com': { TXT: [record] } }, { ip: '192.0.2.1' })).result;
  assert.equal(await result('v=spf1 -include:ok.example.net ?all'), 'fail');
  assert.equal(await result('v=spf1 include:soft.example.net ?all'), 'neutral');
  assert.equal(await result('v=spf1 include:bad.example.net +all'), 'permerror');
  assert.equal(await result('v=spf1 include:down.example.net +all'), 'temperror');
  assert.equal(await result('v=spf1 include:nowhere.example.net +all'), 'permerror');
  assert.equal(await result('v=spf1 include:example.com +all'), 'permerror');
});

test('redirect applies when nothing matched and there is no all', async () => {
  const zone: Zone = { 'r.example.net': { TXT: ['v=spf1 -all exp=why.example.net'] }, 'why.example.net': { TXT: ['%{i} is not one of %{d}\'s'] } };
  const check1 = async (record: string) => check({ ...zone, 'example.com': { TXT: [record] } }, { ip: '192.0.2.1' });
  const redirected = await check1('v=spf1 redirect=r.example.net');
  assert.equal(redirected.result, 'fail');
  assert.equal(redirected.publishedExplanation, "192.0.2.1 is not one of r.example.net's");
  assert.equal((await check1('v=spf1 redirect=r.example.net ?all')).result, 'neutral');
  assert.equal((await check1('v=spf1 redirect=none.example.net')).result, 'permerror');
});

test('the published explanation is that of the record that failed, never that of an include', async () => {
  const zone: Zone = {
    'example.com': { TXT: ['v=spf1 include:inc.example.com -all exp=e.example.com'] },
    'inc.example.com': { TXT: ['v=spf1 -all exp=wrong.example.com'] },
    'wrong.example.com': { TXT: ['wrong'] },
    'e.example.com': { TXT: ['See http://example.com/why?s=%{S}&ip=%{I} at %{r} %%%_%-'] },
  };
  const report = await check(zone, { ip: '192.0.2.1', sender: 'a+b c@example.com', receiver: 'mx.example.org' });
  assert.equal(report.publishedExplanation, 'See http://example.com/why?s=a%2Bb%20c%40example.com&ip=192.0.2.1 at mx.example.org % %20');
});

test('an explanation that is not plain ASCII, doubled or missing is left out', async () => {
  for (const TXT of [['caf\u00e9'], ['one', 'two'], ['%{bad'], []]) {
    const zone: Zone = { 'example.com': { TXT: ['v=spf1 -all exp=e.example.com'] }, 'e.example.com': { TXT } };
    const report = await check(zone, { ip: '192.0.2.1' });
    assert.equal(report.result, 'fail');
    assert.equal(report.publishedExplanation, undefined);
  }
});

function manyTerms(count: number): string {
  return Array.from({ length: count }, (_, index) => `a:h${index}.example.net`).join(' ');
}

function mxZone(count: number): Zone {
  return {
    'example.com': { TXT: ['v=spf1 mx ~all'], MX: Array.from({ length: count }, (_, index) => ({ preference: index, exchange: `m${index}.example.com` })) },
    ...Object.fromEntries(Array.from({ length: count }, (_, index) => [`m${index}.example.com`, { A: [`198.51.100.${index}`] }])),
  };
}

test('limits: ten terms are allowed, the eleventh is a permerror', async () => {
  const hosts: Zone = Object.fromEntries(Array.from({ length: 12 }, (_, index) => [`h${index}.example.net`, { A: ['198.51.100.1'] }]));
  const ten = await check({ ...hosts, 'example.com': { TXT: [`v=spf1 ${manyTerms(10)} ~all`] } }, { ip: '192.0.2.1' });
  assert.equal(ten.result, 'softfail');
  assert.equal(ten.lookups, 10);
  const eleven = await check({ ...hosts, 'example.com': { TXT: [`v=spf1 ${manyTerms(11)} ~all`] } }, { ip: '192.0.2.1' });
  assert.equal(eleven.result, 'permerror');
  assert.match(eleven.explanation, /more than 10/);
});

test('limits: two void look-ups are allowed, the third is a permerror', async () => {
  const two = 'v=spf1 a:v1.example.net mx:v2.example.net';
  assert.equal((await check({ 'example.com': { TXT: [`${two} ~all`] } }, { ip: '192.0.2.1' })).result, 'softfail');
  assert.equal((await check({ 'example.com': { TXT: [`${two} exists:v3.example.net ~all`] } }, { ip: '192.0.2.1' })).result, 'permerror');
});

test('limits: more than ten MX hosts are a permerror', async () => {
  assert.equal((await check(mxZone(10), { ip: '198.51.100.9' })).result, 'pass');
  assert.equal((await check(mxZone(11), { ip: '198.51.100.1' })).result, 'permerror');
});

test('limits: only the first ten PTR names are looked at', async () => {
  const names = Array.from({ length: 11 }, (_, index) => `n${index}.example.com`);
  const zone: Zone = {
    'example.com': { TXT: ['v=spf1 ptr ~all'] },
    '1.2.0.192.in-addr.arpa': { PTR: names },
    'n10.example.com': { A: ['192.0.2.1'] },
  };
  assert.equal((await check(zone, { ip: '192.0.2.1' })).result, 'softfail');
  assert.equal((await check({ ...zone, 'n9.example.com': { A: ['192.0.2.1'] } }, { ip: '192.0.2.1' })).result, 'pass');
});

test('DNS trouble: temperror in a, mx and exists, no match in ptr', async () => {
  const zone: Zone = { 'down.example.net': 'FAIL', '1.2.0.192.in-addr.arpa': 'FAIL' };
  const result = async (record: string) => (await check({ ...zone, 'example.com': { TXT: [record] } }, { ip: '192.0.2.1' })).result;
  for (const term of ['a', 'mx', 'exists']) assert.equal(await result(`v=spf1 ${term}:down.example.net +all`), 'temperror');
  assert.equal(await result('v=spf1 ptr:example.com ?all'), 'neutral');
  assert.equal(await result('v=spf1 ip4:192.0.2.1 a:down.example.net'), 'pass');
});

test('IPv6 clients use AAAA, the second prefix length and nibbles', async () => {
  const zone: Zone = {
    'example.com': { TXT: ['v=spf1 a//64 exists:%{ir}.%{v}.example.net -all'], A: ['192.0.2.1'], AAAA: ['2001:db8:1:2::1'] },
    '1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.example.net': { A: ['127.0.0.2'] },
  };
  assert.equal((await check(zone, { ip: '2001:db8:1:2:ffff::9' })).result, 'pass');
  assert.equal((await check(zone, { ip: '2001:db8::1' })).result, 'pass');
  assert.equal((await check(zone, { ip: '2001:db8:9::1' })).result, 'fail');
  assert.equal((await check({ 'example.com': { TXT: ['v=spf1 ip4:192.0.2.0/24 -all'] } }, { ip: '::ffff:192.0.2.7' })).result, 'pass');
  assert.equal((await check({ 'example.com': { TXT: ['v=spf1 ip6:::ffff:192.0.2.7 ?all'] } }, { ip: '192.0.2.7' })).result, 'neutral');
});

/** RFC 7208 §7.4: sender strong-bad@email.example.com from 192.0.2.3. */
const MACROS: [macro: string, expanded: string][] = [
  ['%{s}', 'strong-bad@email.example.com'],
  ['%{o}', 'email.example.com'],
  ['%{d}', 'email.example.com'],
  ['%{d4}', 'email.example.com'],
  ['%{d3}', 'email.example.com'],
  ['%{d2}', 'example.com'],
  ['%{d1}', 'com'],
  ['%{dr}', 'com.example.email'],
  ['%{d2r}', 'example.email'],
  ['%{l}', 'strong-bad'],
  ['%{l-}', 'strong.bad'],
  ['%{lr}', 'strong-bad'],
  ['%{lr-}', 'bad.strong'],
  ['%{l1r-}', 'strong'],
  ['%{ir}.%{v}._spf.%{d2}', '3.2.0.192.in-addr._spf.example.com'],
  ['%{lr-}.lp._spf.%{d2}', 'bad.strong.lp._spf.example.com'],
  ['%{lr-}.lp.%{ir}.%{v}._spf.%{d2}', 'bad.strong.lp.3.2.0.192.in-addr._spf.example.com'],
  ['%{ir}.%{v}.%{l1r-}.lp._spf.%{d2}', '3.2.0.192.in-addr.strong.lp._spf.example.com'],
  ['%{d2}.trusted-domains.example.net', 'example.com.trusted-domains.example.net'],
];

for (const [macro, expanded] of MACROS) {
  test(`RFC 7208 §7.4: ${macro} expands to ${expanded}`, async () => {
    const zone: Zone = { 'email.example.com': { TXT: [`v=spf1 -all exp=e.example.com`] }, 'e.example.com': { TXT: [macro] } };
    const report = await check(zone, { ip: '192.0.2.3', sender: 'strong-bad@email.example.com' });
    assert.equal(report.publishedExplanation, expanded);
  });
}

test('%{p} is a validated name, or unknown', async () => {
  const zone: Zone = { ...RFC_ZONE, 'example.com': { A: ['192.0.2.10'], TXT: ['v=spf1 -all exp=e.example.com'] }, 'e.example.com': { TXT: ['%{p}'] } };
  assert.equal((await check(zone, { ip: '192.0.2.10' })).publishedExplanation, 'example.com');
  assert.equal((await check(zone, { ip: '10.0.0.4' })).publishedExplanation, 'unknown');
});

test('a name that grows too long loses labels at the left', async () => {
  const long = 'x'.repeat(60);
  const zone: Zone = {
    'example.com': { TXT: [`v=spf1 exists:${[long, long, long, long].join('.')}.%{d} -all`] },
    [`${[long, long, long].join('.')}.example.com`]: { A: ['127.0.0.2'] },
  };
  assert.equal((await check(zone, { ip: '192.0.2.1' })).result, 'pass');
});

test('a draft record stands in for the published one', async () => {
  const report = await check(withRecord('example.com', 'v=spf1 -all'), { ip: '192.0.2.1', record: 'v=spf1 ip4:192.0.2.1 -all' });
  assert.equal(report.result, 'pass');
  assert.equal((await check(RFC_ZONE, { ip: '192.0.2.1', record: 'no spf' })).result, 'permerror');
});

test('the trace names each mechanism, its look-ups and the running counts', async () => {
  const zone: Zone = {
    'example.com': { TXT: ['v=spf1 a include:inc.example.net -all'], A: ['198.51.100.1'] },
    'inc.example.net': { TXT: ['v=spf1 mx ip4:192.0.2.0/24 -all'] },
  };
  const report = await check(zone, { ip: '192.0.2.1' });
  assert.equal(report.mechanism, 'include:inc.example.net');
  assert.match(report.explanation, /192\.0\.2\.1 may send for example\.com by "include:inc\.example\.net"/);
  assert.deepEqual(
    report.trace.map(({ depth, term, outcome, lookups, lookupCount, voidLookupCount }) => [depth, term, outcome, lookups, lookupCount, voidLookupCount]),
    [
      [0, 'record', 'record', ['TXT example.com'], 0, 0],
      [0, 'a', 'no-match', ['A example.com'], 1, 0],
      [0, 'include:inc.example.net', 'match', [], 1, 0],
      [1, 'record', 'record', ['TXT inc.example.net'], 2, 0],
      [1, 'mx', 'no-match', ['MX inc.example.net'], 3, 1],
      [1, 'ip4:192.0.2.0/24', 'match', [], 3, 1],
      [0, '-all', 'skipped', [], 3, 1],
    ],
  );
});

test('fuzz: no record makes the evaluation throw', async () => {
  const random = createSeededRandom();
  const pieces = ['a', 'mx', 'ptr', 'all', 'ip4:', 'ip6:', 'include:', 'exists:', 'redirect=', 'exp=', '%{', 'l', 'i', 'r', '}', '.', '/', '24', ':', '-', '~', ' ', '%', 'example.com', '\u0000', '\u00ff', '::1', '1.2.3.4'];
  for (let round = 0; round < 1500; round += 1) {
    const record = `v=spf1 ${Array.from({ length: 1 + random.below(12) }, () => random.pick(pieces)).join('')}`;
    const report = await check(withRecord('example.com', record), { ip: '192.0.2.1' }).catch((problem: unknown) => {
      throw new Error(`seed ${random.seed}: ${JSON.stringify(record)}`, { cause: problem });
    });
    assert.ok(report.explanation.length > 0);
  }
});

test('a name that is none is told as it was given', async () => {
  const { result, explanation } = await checkSpf(createZoneDns({}), { ip: '192.0.2.1', sender: 'a@b.example', helo: '', domain: 'exa mple.org' });
  assert.deepEqual([result, explanation], ['none', 'No SPF policy: "exa mple.org" is not a domain name.']);
  const long = await checkSpf(createZoneDns({}), { ip: '192.0.2.1', sender: `a@${'x'.repeat(5000)}.org`, helo: '' });
  assert.ok(long.explanation.length < 200);
});

test('a term of any length makes a short sentence', async () => {
  const zone: Zone = { 'wrong.example': { TXT: [`v=spf1 exists:%{l}${'a'.repeat(50_000)}`] }, 'long.example': { TXT: [`v=spf1 ?exists:${'a'.repeat(50_000)}.example -all`] } };
  for (const domain of ['wrong.example', 'long.example']) {
    const { explanation } = await checkSpf(createZoneDns(zone), { ip: '192.0.2.1', sender: `a@${domain}`, helo: '' });
    assert.ok(explanation.length < 500, explanation.slice(0, 200));
  }
});
