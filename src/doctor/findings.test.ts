/** What somebody who knows no DNS is told: what is wrong, once, under its own name, and the record to paste. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createZoneDns, type Zone, type ZoneEntry } from '../../test/harness/zone-dns.ts';
import type { AddressSubject, DomainSubject, Subject } from './check.ts';
import { examine, type Result, type Standing } from './examination.ts';

const IP = '203.0.113.10';
const KEY = 'MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAqfGRtJEUdnrKYi3yLXgOLA19';
const DOMAIN: DomainSubject = { kind: 'domain', domain: 'example.org', hostname: 'mail.example.org', addresses: [{ address: IP, helo: 'mail.example.org' }], keys: [] };
const ADDRESS: AddressSubject = { kind: 'address', address: IP, helo: 'mail.example.org' };

async function find(check: string, zone: Zone, subject: Subject = DOMAIN): Promise<Result> {
  const { results } = await examine({ dns: createZoneDns(zone), now: 0 }, [subject], { only: [check], deadlineMs: 5000 });
  return results[0] as Result;
}

const apex = (entry: ZoneEntry): Zone => ({ 'example.org': entry, 'mail.example.org': { A: [IP] } });
const dmarc = (text: string): Zone => ({ '_dmarc.example.org': { TXT: [text] } });

describe('the doctor tells a newcomer of SPF', () => {
  it('that a record with a misspelt term is as good as none, and gives it in the right spelling', async () => {
    const found = await find('spf-syntax', apex({ TXT: ['v=spf1 ipv4:192.0.2.7 mx ip4:192.0.2.300 -all'] }));
    assert.equal(found.level, 'fail');
    assert.equal(found.weight, 2);
    assert.equal(found.record, 'example.org. TXT "v=spf1 mx ip4:192.0.2.7 ip4:203.0.113.10 -all"');
    assert.match(found.remedy ?? '', /leaves out "ip4:192\.0\.2\.300"/);
  });

  it('that an include leads nowhere, also through another record', async () => {
    const found = await find('spf-syntax', { ...apex({ TXT: ['v=spf1 mx include:news.example ~all'] }), 'news.example': { TXT: ['v=spf1 include:gone.example -all'] } });
    assert.equal(found.level, 'fail');
    assert.match(found.text, /include:news\.example, which, through include:gone\.example of that service, leads to a record that is none/);
    assert.equal(found.record, 'example.org. TXT "v=spf1 mx ~all"');
    // What cannot be looked up now is no fault of the record.
    assert.equal((await find('spf-syntax', { ...apex({ TXT: ['v=spf1 mx include:news.example ~all'] }), 'news.example': 'FAIL' })).level, 'pass');
  });

  it('which terms find nothing, and gives the record without them', async () => {
    const found = await find('spf-lookups', apex({ TXT: ['v=spf1 mx a:old.example.org ~all'], MX: [{ preference: 10, exchange: 'mail.example.org' }] }));
    assert.equal(found.level, 'warn');
    assert.match(found.text, /1 finds nothing \(a:old\.example\.org\)/);
    assert.equal(found.record, 'example.org. TXT "v=spf1 mx ~all"');
  });

  it('that a text was meant for a record and is none', async () => {
    assert.match((await find('spf-record', apex({ TXT: ['v=spf2 mx -all'] }))).text, /must begin with "v=spf1 "/);
    assert.equal((await find('spf-size', apex({ TXT: ['v=spf1 ptr -all'] }))).record, 'example.org. TXT "v=spf1 ip4:203.0.113.10 -all"');
  });
});

describe('the doctor tells a newcomer of DMARC', () => {
  it('that a policy that does not exist protects from nothing', async () => {
    const found = await find('dmarc-policy', dmarc('v=DMARC1; p=monitor; rua=mailto:d@example.org'));
    assert.equal(found.level, 'fail');
    assert.match(found.text, /says p=monitor/);
    assert.equal(found.record, '_dmarc.example.org. TXT "v=DMARC1; p=none; rua=mailto:d@example.org"');
  });

  it('that an address for reports lacks its mailto:', async () => {
    const found = await find('dmarc-reports', dmarc('v=DMARC1; p=reject; rua=d@example.org'));
    assert.match(found.text, /"d@example\.org".*begins with mailto:/);
  });

  it('one fault of a record with no policy at all', async () => {
    const { results } = await examine({ dns: createZoneDns(dmarc('v=DMARC1; p=monitor')), now: 0 }, [DOMAIN], { only: ['dmarc-policy', 'dmarc-reports'], deadlineMs: 5000 });
    assert.deepEqual(results.map(({ check, causedBy }) => [check, causedBy]), [['dmarc-policy', undefined], ['dmarc-reports', 'dmarc-policy']]);
  });
});

describe('the doctor tells a newcomer of DKIM', () => {
  const keys = ['one', 'two'].map((selector) => ({ selector, algorithm: 'rsa-sha256' as const, publicKey: KEY, createdAt: 0 }));

  it('all keys that are not published, at once', async () => {
    const found = await find('dkim-published', {}, { ...DOMAIN, keys });
    assert.deepEqual(found.record?.split('\n').map((line) => line.split(' ')[0]), ['one._domainkey.example.org.', 'two._domainkey.example.org.']);
  });

  it('that only the first string of a key arrived', async () => {
    const [key] = keys as [typeof keys[number]];
    assert.match((await find('dkim-published', { 'one._domainkey.example.org': { TXT: [`v=DKIM1; p=${KEY.slice(0, 40)}`] } }, { ...DOMAIN, keys: [key] })).text, /ends after 40 of 68 characters/);
  });

  it('that a key is revoked, under the flags of the key, too', async () => {
    const { results } = await examine({ dns: createZoneDns({ 'one._domainkey.example.org': { TXT: ['v=DKIM1; p='] } }), now: 0 }, [{ ...DOMAIN, keys: keys.slice(0, 1) }], { only: ['dkim-published', 'dkim-age'], deadlineMs: 5000 });
    assert.deepEqual(results.map(({ check, level, causedBy }) => [check, level, causedBy]), [['dkim-published', 'fail', undefined], ['dkim-age', 'fail', 'dkim-published']]);
  });
});

describe('the doctor tells a newcomer of names', () => {
  it('that an MX holds an address', async () => {
    const found = await find('mx', apex({ MX: [{ preference: 10, exchange: IP }] }));
    assert.match(found.text, /only the name of a host may stand there/);
    assert.equal(found.record, 'example.org. MX 10 mail.example.org.');
  });

  it('what the name of this server says instead of its address', async () => {
    const found = await find('fcrdns', { '10.113.0.203.in-addr.arpa': { PTR: ['mail.example.org'] }, 'mail.example.org': { A: ['192.0.2.99'] } }, ADDRESS);
    assert.match(found.text, /its A record says 192\.0\.2\.99/);
    assert.equal(found.record, 'mail.example.org. A 203.0.113.10');
  });
});

describe('an examination', () => {
  it('says for want of which look-up it does not know', async () => {
    const found = await find('mx', apex({ MX: 'FAIL' }));
    assert.equal(found.level, 'unknown');
    assert.deepEqual(found.unanswered, { name: 'example.org', reason: 'servfail' });
  });

  it('tells of what is awaited, not of what has just ended', async () => {
    const seen: string[][] = [];
    const onStanding = ({ awaited }: Standing): void => void seen.push([...awaited].map(({ title }) => title));
    const { results } = await examine({ dns: createZoneDns({}), now: 0 }, [DOMAIN], { only: ['mx', 'caa', 'spf-record'], deadlineMs: 5000, onStanding });
    assert.deepEqual(seen.map((titles) => titles.length), [2, 1, 0]);
    assert.equal(results.length, 3);
  });
});
