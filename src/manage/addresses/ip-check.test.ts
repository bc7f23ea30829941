import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createZoneDns, type Zone } from '../../../test/harness/zone-dns.ts';
import { SystemClock } from '../../base/clock.ts';
import { askLists } from '../../verify/dnsbl/ask-lists.ts';
import { DNS_LISTS, listsWith } from '../../verify/dnsbl/lists.ts';
import { parseIp, type IpBytes } from '../../verify/ip-address.ts';
import { judgeName } from '../../verify/iprev/generic-name.ts';
import { checkIp } from './ip-check.ts';

/** A list that is alive. */
const alive = (zone: string): Zone => ({ [`2.0.0.127.${zone}`]: { A: ['127.0.0.2'] } });

const check = (zone: Zone, address = '192.0.2.7') => checkIp({ dns: createZoneDns(zone), clock: new SystemClock() }, address);

describe('an address as receivers see it', () => {
  it('with a good name and clean lists is good', async () => {
    const result = await check({ '7.2.0.192.in-addr.arpa': { PTR: ['mail.example.org'] }, 'mail.example.org': { A: ['192.0.2.7'] }, ...alive('zen.spamhaus.org') });
    assert.deepEqual(result.findings.map(({ check: name, level }) => [name, level]), [['ptr', 'good'], ['fcrdns', 'good'], ['name', 'good']]);
    assert.equal(result.lists.find(({ zone }) => zone === 'zen.spamhaus.org')?.verdict, 'clean');
  });

  it('without a name, with one that leads elsewhere, and with one that was never set', async () => {
    assert.deepEqual((await check({})).findings.map(({ check: name, level }) => [name, level]), [['ptr', 'bad']]);
    const elsewhere = await check({ '7.2.0.192.in-addr.arpa': { PTR: ['mail.example.org'] }, 'mail.example.org': { A: ['192.0.2.8'] } });
    assert.match(elsewhere.findings.find(({ level }) => level === 'bad')?.remedy ?? '', /^Publish mail\.example\.org\. A 192\.0\.2\.7, or/);
    const never = await check({ '7.2.0.192.in-addr.arpa': { PTR: ['static.192-0-2-7.clients.provider.example'] }, 'static.192-0-2-7.clients.provider.example': { A: ['192.0.2.7'] } });
    assert.equal(never.findings.at(-1)?.level, 'warning');
    assert.equal((await check({ '7.2.0.192.in-addr.arpa': 'FAIL' })).findings[0]?.level, 'unknown');
    const six = await check({ '7.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa': { PTR: ['mail.example.org'] }, 'mail.example.org': { AAAA: ['2001:db8::7'] } }, '2001:db8::7');
    assert.deepEqual(six.findings.map(({ level }) => level), ['good', 'good', 'good']);
  });

  it('that is listed: what the codes mean, what the list says, what to do', async () => {
    const result = await check({ ...alive('zen.spamhaus.org'), '7.2.0.192.zen.spamhaus.org': { A: ['127.0.0.4', '127.0.0.10'], TXT: ['https://check.spamhaus.org/query/ip/192.0.2.7'] } });
    const finding = result.findings.find(({ check: name }) => name === 'list');
    assert.equal(finding?.level, 'bad');
    assert.match(finding?.text ?? '', /XBL: infected or open to abuse; PBL: .* It says: https:\/\/check/);
    assert.equal(finding?.link, 'https://check.spamhaus.org/');
  });
});

describe('DNS lists', () => {
  const verdict = async (zone: Zone, name = 'bl.spamcop.net') => (await askLists(createZoneDns(zone), '192.0.2.7', DNS_LISTS.filter((list) => list.zone === name)))?.[0]?.verdict;

  it('are not believed when they are dead, list everything, blame the resolver, or answer what they do not document', async () => {
    const hit = { '7.2.0.192.bl.spamcop.net': { A: ['127.0.0.2'] } };
    assert.equal((await verdict({ ...alive('bl.spamcop.net'), ...hit }))?.kind, 'listed');
    for (const [zone, why] of [
      [hit, /does not list its test entry/],
      [{ ...alive('bl.spamcop.net'), ...hit, '1.0.0.127.bl.spamcop.net': { A: ['127.0.0.2'] } }, /lists every address/],
      [{ ...alive('bl.spamcop.net'), '7.2.0.192.bl.spamcop.net': { A: ['127.255.255.254'] } }, /does not answer public resolvers/],
      [{ ...alive('bl.spamcop.net'), '7.2.0.192.bl.spamcop.net': { A: ['127.0.0.9'] } }, /does not document/],
      [{ ...alive('bl.spamcop.net'), '7.2.0.192.bl.spamcop.net': { A: ['203.0.113.1'] } }, /does not document/],
      [{ ...alive('bl.spamcop.net'), '7.2.0.192.bl.spamcop.net': 'FAIL' }, /did not answer \(servfail\)/],
    ] as const) {
      const found = await verdict(zone as Zone);
      assert.equal(found?.kind, 'unknown');
      assert.match(found?.kind === 'unknown' ? found.why : '', why);
    }
    assert.equal((await verdict({ ...alive('hostkarma.junkemailfilter.com'), '7.2.0.192.hostkarma.junkemailfilter.com': { A: ['127.0.0.1'] } }, 'hostkarma.junkemailfilter.com'))?.kind, 'clean');
  });

  it('have codes, an advice and a way off each, and are named once', () => {
    assert.equal(new Set(DNS_LISTS.map(({ zone }) => zone)).size, DNS_LISTS.length);
    for (const { codes, removal, advice, zone } of DNS_LISTS) {
      assert.ok(Object.keys(codes).every((code) => /^\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(code)), zone);
      assert.ok(removal.startsWith('https://') && advice.endsWith('.'), zone);
    }
  });
});

describe('a reverse name', () => {
  it('is an own one, a provider’s, or an access line’s', () => {
    const v4 = parseIp('192.0.2.7') as IpBytes;
    for (const [name, kind] of [
      ['mail.example.org', 'own'], ['mx1.example.org', 'own'], ['smtp-out-12.example.org', 'own'],
      ['7.2.0.192.provider.example', 'provider'], ['192-0-2-7.provider.example', 'provider'], ['vps-4711.provider.example', 'provider'], ['ec2-192-0-2-7.compute.example', 'provider'], ['c0000207.provider.example', 'provider'],
      ['dyn-192-0-2-7.provider.example', 'dynamic'], ['host7.pool.dsl.provider.example', 'dynamic'], ['p1234.dip0.dialin.provider.example', 'dynamic'],
    ] as const) {
      assert.equal(judgeName(name, v4).kind, kind, name);
    }
  });
});

describe('name servers that lists do not answer', () => {
  it('are told with what to do, not held against the address', async () => {
    const name = { '7.2.0.192.in-addr.arpa': { PTR: ['mail.example.org'] }, 'mail.example.org': { A: ['192.0.2.7'] } };
    const refusing = { '2.0.0.127.zen.spamhaus.org': { A: ['127.255.255.254'] }, '7.2.0.192.zen.spamhaus.org': { A: ['127.255.255.254'] } };
    const result = await check({ ...name, ...refusing, ...alive('bl.spamcop.net') });
    const finding = result.findings.find(({ check: kind }) => kind === 'resolver');
    assert.match(finding?.text ?? '', /^Spamhaus ZEN did not answer our name servers/);
    assert.match(finding?.remedy ?? '', /unbound/);
    assert.ok(result.findings.every(({ level }) => level !== 'bad'));
    assert.equal((await check({ ...name, ...alive('bl.spamcop.net') })).findings.some(({ check: kind }) => kind === 'resolver'), false);
  });
});

describe('DNS lists with a key', () => {
  const hit = { ...alive('secret1.zen.dq.spamhaus.net'), '7.2.0.192.secret1.zen.dq.spamhaus.net': { A: ['127.0.0.3'] } };

  it('are asked below the key, instead of the public zone, and the key is not shown', async () => {
    const dns = createZoneDns(hit);
    const result = await checkIp({ dns, clock: new SystemClock(), lists: listsWith({ spamhaus: { key: 'secret1' } }) }, '192.0.2.7');
    assert.match(result.findings.find(({ check: name }) => name === 'list')?.text ?? '', /Spamhaus ZEN \(zen\.dq\.spamhaus\.net\) .*CSS/);
    assert.ok(!dns.asked.some((question) => question.endsWith('.zen.spamhaus.org')));
    assert.ok(!JSON.stringify(result).includes('secret1'));
  });

  it('whose key cannot be read are unknown, and nobody is asked', async () => {
    const dns = createZoneDns({});
    const result = await checkIp({ dns, clock: new SystemClock(), lists: listsWith({ abusix: { unusable: 'its key cannot be read (ENOENT)' } }) }, '192.0.2.7');
    assert.deepEqual(result.lists.find(({ zone }) => zone === 'combined.mail.abusix.zone')?.verdict, 'unknown');
    assert.ok(!dns.asked.some((question) => question.includes('abusix')));
  });
});
