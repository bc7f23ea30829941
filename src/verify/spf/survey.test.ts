import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createZoneDns, type Zone } from '../../../test/harness/zone-dns.ts';
import { countAddresses, difference, networksOf, networkSet, union } from './address-set.ts';
import { checkSpf } from './check-spf.ts';
import { flattenSpf } from './flatten.ts';
import { layOut, textStrings } from './record-layout.ts';
import { parseIp, type IpBytes } from '../ip-address.ts';
import { surveySpf } from './survey.ts';

const ZONE: Zone = {
  'example.org': { TXT: ['v=spf1 ip4:192.0.2.0/25 ip4:192.0.2.128/25 mx a:web.example.org/30 include:a.example.net ~all'], MX: [{ preference: 10, exchange: 'mail.example.org' }] },
  'mail.example.org': { A: ['198.51.100.7'], AAAA: ['2001:db8::7'] },
  'web.example.org': { A: ['198.51.100.9'] },
  'a.example.net': { TXT: ['v=spf1 -ip4:203.0.113.5 ip4:203.0.113.0/24 include:b.example.net ?all'] },
  'b.example.net': { TXT: ['v=spf1 ip6:2001:db8:1::/48 exists:%{i}.example.net redirect=c.example.net'] },
  'c.example.net': { TXT: ['v=spf1 +all'] },
  'clean.example': { TXT: ['v=spf1 include:plain.example redirect=rest.example'] },
  'plain.example': { TXT: ['v=spf1 -ip4:192.0.2.77 ip4:192.0.2.64/26 ip4:10.0.0.0/8 -all'] },
  'rest.example': { TXT: ['v=spf1 ip6:2001:db8::/64 ip4:198.51.100.0/24 -all'] },
  'circle.example': { TXT: ['v=spf1 include:circle.example -all'] },
  'two.example': { TXT: ['v=spf1 -all', 'v=spf1 ~all'] },
  'down.example': { TXT: ['v=spf1 include:fails.example -all'] },
  'fails.example': 'FAIL',
  'void.example': { TXT: ['v=spf1 a:gone1.example mx:gone2.example a:gone3.example -all'] },
};

const address = (text: string): IpBytes => parseIp(text) as IpBytes;

describe('sets of addresses', () => {
  it('are counted and written as few networks', () => {
    const half = (text: string) => networkSet(address(text), 25);
    const whole = union(half('192.0.2.0'), half('192.0.2.128'));
    assert.deepEqual(networksOf(whole, 4), ['192.0.2.0/24']);
    assert.equal(countAddresses(whole), 256n);
    assert.deepEqual(networksOf(difference(whole, networkSet(address('192.0.2.1'), 32)), 4), ['192.0.2.0', '192.0.2.2/31', '192.0.2.4/30', '192.0.2.8/29', '192.0.2.16/28', '192.0.2.32/27', '192.0.2.64/26', '192.0.2.128/25']);
    assert.deepEqual(networksOf(networkSet(address('2001:db8::1'), 48), 6), ['2001:db8::/48']);
    assert.deepEqual(networksOf(networkSet(address('0.0.0.0'), 0), 4), ['0.0.0.0/0']);
  });
});

describe('a survey of an SPF record', () => {
  it('counts look-ups through includes, covers addresses, and says what depends on the sender', async () => {
    const survey = await surveySpf(createZoneDns(ZONE), 'example.org');
    assert.equal(survey.problem, undefined);
    assert.deepEqual(survey.terms.map(({ type, lookups }) => [type, lookups]), [['ip4', 0], ['ip4', 0], ['mx', 1], ['a', 1], ['include', 4], ['all', 0]]);
    assert.equal(survey.lookups, 6);
    assert.equal(survey.passes, undefined);
    const [, , mx, a, include] = survey.terms;
    assert.deepEqual(networksOf(mx?.covers?.[4] ?? [], 4), ['198.51.100.7']);
    assert.deepEqual(networksOf(mx?.covers?.[6] ?? [], 6), ['2001:db8::7']);
    assert.deepEqual(networksOf(a?.covers?.[4] ?? [], 4), ['198.51.100.8/30']);
    assert.equal(include?.record?.terms[2]?.record?.terms[1]?.type, 'exists');
    assert.match(include?.meaning ?? '', /^whoever the record of a\.example\.net lets pass may send$/);
  });

  it('names circles, doubled records, records that are not there, void look-ups and look-ups that fail', async () => {
    const dns = createZoneDns(ZONE);
    assert.match((await surveySpf(dns, 'circle.example')).terms[0]?.problem ?? '', /a circle: circle\.example → circle\.example/);
    assert.match((await surveySpf(dns, 'two.example')).problem ?? '', /publishes 2 SPF records/);
    assert.match((await surveySpf(dns, 'none.example')).problem ?? '', /publishes no SPF record/);
    assert.match((await surveySpf(dns, 'down.example')).terms[0]?.problem ?? '', /failed \(servfail\)/);
    assert.equal((await surveySpf(dns, 'void.example')).voids, 3);
    assert.match((await surveySpf(dns, 'example.org', 'v=spf1 ipv4:1.2.3.4 -all')).problem ?? '', /syntax error in "ipv4:1\.2\.3\.4"/);
  });
});

describe('a flattened record', () => {
  it('says the same about every address, and costs no look-ups', async () => {
    const dns = createZoneDns(ZONE);
    const flat = flattenSpf(await surveySpf(dns, 'clean.example'));
    assert.ok(flat);
    assert.deepEqual([flat.lookupsBefore, flat.lookupsAfter, flat.records.length], [2, 0, 1]);
    assert.deepEqual(flat.frozen, ['plain.example', 'rest.example']);
    const text = flat.records[0]?.text ?? '';
    assert.ok(text.endsWith(' -all'), text);
    for (const ip of ['192.0.2.64', '192.0.2.76', '192.0.2.77', '192.0.2.78', '192.0.2.127', '192.0.2.128', '10.1.2.3', '11.0.0.0', '198.51.100.255', '198.51.101.0', '2001:db8::1', '2001:db8:0:1::']) {
      const question = { ip, sender: 'a@clean.example', helo: 'x.example' };
      const [before, after] = await Promise.all([checkSpf(dns, question), checkSpf(dns, { ...question, record: text })]);
      assert.equal(after.result, before.result, ip);
    }
  });

  it('keeps what depends on the sender, and is not made of what could not be looked up', async () => {
    const dns = createZoneDns(ZONE);
    const flat = flattenSpf(await surveySpf(dns, 'example.org'));
    assert.deepEqual(flat?.records.map(({ text }) => text), ['v=spf1 ip4:192.0.2.0/24 ip4:198.51.100.7 ip4:198.51.100.8/30 ip6:2001:db8::7 include:a.example.net ~all']);
    assert.deepEqual(flat?.kept, [{ term: 'include:a.example.net', why: 'something behind it depends on the sender' }]);
    assert.equal(flattenSpf(await surveySpf(dns, 'down.example')), undefined);
    assert.equal(flattenSpf(await surveySpf(dns, 'two.example')), undefined);
  });

  it('that is too long goes into several records, each within its bounds', () => {
    const terms = Array.from({ length: 100 }, (_, at) => `ip4:198.51.${at}.1`);
    const records = layOut('example.org', [...terms, '~all']);
    assert.equal(records[0]?.text, `v=spf1 ${records.slice(1).map(({ name }) => `include:${name}`).join(' ')} ~all`);
    assert.deepEqual(records.slice(1).flatMap(({ text }) => text.split(' ').slice(1, -1)), terms);
    for (const { text, strings } of records) {
      assert.ok(text.length <= 450);
      assert.ok(strings.every((part) => part.length <= 255));
      assert.equal(strings.join(''), text);
    }
    assert.deepEqual(textStrings('x'.repeat(256)).map((part) => part.length), [255, 1]);
  });
});
