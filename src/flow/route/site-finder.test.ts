import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createZoneDns } from '../../../test/harness/zone-dns.ts';
import { AdjustableClock } from '../../base/clock.ts';
import { SITE_LIMITS } from '../../base/limits.ts';
import type { Dns, DnsAnswer, RecordType } from '../../contract/dns.ts';
import { SITE_PROFILES } from '../../mail/sites/find-site.ts';
import { createSiteFinder, relaySite, siteOf } from './site-finder.ts';

const mx = (preference: number, exchange: string) => ({ preference, exchange });

function finder(dns: Dns, clock = new AdjustableClock()) {
  const sites = createSiteFinder({ dns, clock, profiles: () => SITE_PROFILES });
  return { clock, find: (domain: string) => sites.find(domain) };
}

test('domains that share mail servers share a site, whatever order DNS gives them in', async () => {
  const { find } = finder(createZoneDns({
    'a.test': { MX: [mx(10, 'mx2.host.test'), mx(10, 'MX1.host.test'), mx(20, 'backup.test')] },
    'b.test': { MX: [mx(5, 'mx1.host.test'), mx(5, 'mx2.host.test')] },
  }));
  assert.deepEqual(await find('a.test'), { key: 'mx1.host.test,mx2.host.test', title: 'mx1.host.test and 1 more' });
  assert.deepEqual(await find('b.test'), await find('a.test'));
});

test('the table names sites; the backup of lower preference does not matter', async () => {
  const { find } = finder(createZoneDns({
    'gmail.com': { MX: [mx(5, 'gmail-smtp-in.l.google.com'), mx(10, 'alt1.gmail-smtp-in.l.google.com')] },
    'company.test': { MX: [mx(1, 'smtp.google.com'), mx(50, 'mx.company.test')] },
    'mixed.test': { MX: [mx(1, 'smtp.google.com'), mx(1, 'mx.mixed.test')] },
  }));
  assert.equal((await find('gmail.com')).key, 'google');
  assert.equal((await find('company.test')).key, 'google');
  assert.equal((await find('company.test')).profile?.limits.connections, 5);
  assert.equal((await find('mixed.test')).key, 'mx.mixed.test,smtp.google.com');
});

test('implicit MX, null MX, no such domain, address literals: each has a site', async () => {
  const { find } = finder(createZoneDns({ 'bare.test': { A: ['192.0.2.1'] }, 'none.test': { MX: [mx(0, '')] } }));
  assert.equal((await find('bare.test')).key, 'bare.test');
  assert.equal((await find('none.test')).key, 'domain:none.test');
  assert.equal((await find('missing.test')).key, 'domain:missing.test');
  assert.equal((await find('[192.0.2.1]')).key, '[192.0.2.1]');
});

test('a silent name server holds nobody up; its late answer serves the next', async () => {
  let release: (answer: DnsAnswer<'MX'>) => void = () => {};
  const asked: string[] = [];
  const silent: Dns = {
    query: async <T extends RecordType>(name: string): Promise<DnsAnswer<T>> => {
      asked.push(name);
      return new Promise((resolve) => (release = resolve as never));
    },
  };
  const { find, clock } = finder(silent);
  const first = find('slow.test');
  clock.advance(SITE_LIMITS.lookupTimeoutMs);
  assert.equal((await first).key, 'domain:slow.test');
  assert.equal((await find('slow.test')).key, 'domain:slow.test');
  release({ kind: 'found', records: [mx(10, 'mx.slow.test')], ttlSeconds: 300, secure: false, canonicalName: 'slow.test' });
  await Promise.resolve();
  await Promise.resolve();
  assert.equal((await find('slow.test')).key, 'mx.slow.test');
  assert.deepEqual(asked, ['slow.test']);
});

test('a failing name server leaves a domain the site it had', async () => {
  let answer: DnsAnswer<'MX'> = { kind: 'found', records: [mx(10, 'mx.a.test')], ttlSeconds: 60, secure: false, canonicalName: 'a.test' };
  const { find, clock } = finder({ query: async () => answer as never });
  assert.equal((await find('a.test')).key, 'mx.a.test');
  answer = { kind: 'failure', reason: 'servfail', detail: '' };
  clock.advance(61_000);
  assert.equal((await find('a.test')).key, 'mx.a.test');
});

test('very many hosts make a key of bounded length that still tells them apart', () => {
  const hosts = (last: string) => [...Array.from({ length: 60 }, (_, index) => `mx${index}.example.test`), last];
  const [one, other] = [siteOf(hosts('x.test'), []), siteOf(hosts('y.test'), [])];
  assert.ok(one.key.length <= SITE_LIMITS.keyCharsMax);
  assert.notEqual(one.key, other.key);
  assert.equal(relaySite('smtp.test', 587).key, 'relay:smtp.test:587');
});
