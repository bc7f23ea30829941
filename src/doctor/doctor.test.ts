import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { describe, it } from 'node:test';
import { createExaminedNetwork } from '../../test/harness/examined-network.ts';
import { createZoneDns, type Zone } from '../../test/harness/zone-dns.ts';
import type { DomainKey, Subject } from './check.ts';
import { CHECKS } from './checks/all.ts';
import { examine } from './examination.ts';
import { scoreOf } from './score.ts';

const NOW = Date.UTC(2026, 10, 21);
const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const PUBLIC = publicKey.export({ format: 'der', type: 'spki' }).toString('base64');
const KEY: DomainKey = { selector: 's1', algorithm: 'rsa-sha256', publicKey: PUBLIC, createdAt: NOW - 86_400_000 };
const ADDRESS = { address: '192.0.2.7', helo: 'mail.example.org' };

/** Everything as it should be. */
const GOOD: Zone = {
  '7.2.0.192.in-addr.arpa': { PTR: ['mail.example.org'] },
  'mail.example.org': { A: ['192.0.2.7'], TXT: ['v=spf1 a -all'] },
  '2.0.0.127.zen.spamhaus.org': { A: ['127.0.0.2'] },
  'test.dbl.spamhaus.org': { A: ['127.0.1.2'] },
  '2.0.0.127.bl.spamcop.net': { A: ['127.0.0.2'] },
  '2.0.0.127.psbl.surriel.com': { A: ['127.0.0.2'] },
  'example.org': {
    NS: ['ns.example.org'],
    SOA: [{ mname: 'ns.example.org', rname: 'hostmaster.example.org', serial: 1, minimum: 300 }],
    MX: [{ preference: 10, exchange: 'mail.example.org' }],
    TXT: ['v=spf1 ip4:192.0.2.7 ~all', 'something else'],
    CAA: [{ flags: 0, tag: 'issue', value: 'letsencrypt.org' }],
  },
  's1._domainkey.example.org': { TXT: [[`v=DKIM1; k=rsa; p=${PUBLIC.slice(0, 200)}`, PUBLIC.slice(200)]] },
  '_dmarc.example.org': { TXT: ['v=DMARC1; p=reject; rua=mailto:dmarc@example.org'] },
  '_smtp._tls.example.org': { TXT: ['v=TLSRPTv1; rua=mailto:tls@example.org'] },
  'ns.example.org': { A: ['192.0.2.53'] },
  // What the doctor asks of others.
  '7.2.0.192.origin.asn.cymru.com': { TXT: ['64500 | 192.0.2.0/24 | DE | ripencc | 2001-01-01'] },
  'gmail.com': { MX: [{ preference: 5, exchange: 'mx.gmail.com' }] },
  'mx.gmail.com': { A: ['198.51.100.1'] },
  'outlook.com': { MX: [{ preference: 5, exchange: 'mx.outlook.com' }] },
  'mx.outlook.com': { A: ['198.51.100.2'] },
  'yahoo.com': { MX: [{ preference: 5, exchange: 'mx.yahoo.com' }] },
  'mx.yahoo.com': { A: ['198.51.100.3'] },
};

const PAGES = {
  'data.iana.org/rdap/dns.json': '{"services":[[["org"],["https://rdap.example/"]]]}',
  'rdap.example/domain/example.org': '{"events":[{"eventAction":"registration","eventDate":"2001-01-01T00:00:00Z"}]}',
  'stat.ripe.net/data/rpki-validation/data.json?resource=64500&prefix=192.0.2.0%2F24': '{"data":{"status":"valid"}}',
};

const SUBJECTS: readonly Subject[] = [
  { kind: 'host', hostname: 'mail.example.org', addresses: [ADDRESS] },
  { kind: 'address', ...ADDRESS },
  { kind: 'domain', domain: 'example.org', hostname: 'mail.example.org', addresses: [ADDRESS], keys: [KEY], unreachable: [] },
];

function look(zone: Zone, subjects: readonly Subject[] = SUBJECTS) {
  const dns = createZoneDns(zone);
  return examine({ dns, now: NOW, network: createExaminedNetwork({ dns, pages: PAGES }) }, subjects, { deadlineMs: 5000 });
}

/** Ids of checks that did not pass, with their level. */
async function trouble(zone: Zone, subjects?: readonly Subject[]): Promise<Record<string, string>> {
  const { results } = await look(zone, subjects);
  return Object.fromEntries(results.filter(({ level }) => level !== 'pass' && level !== 'skip').map(({ check, level }) => [check, level]));
}

function changed(changes: Zone): Zone {
  return { ...GOOD, ...changes };
}

describe('the doctor', () => {
  it('finds nothing wrong where all is well', async () => {
    assert.deepEqual(await trouble(GOOD), {});
    assert.equal((await look(GOOD)).score, 10);
  });

  const apex = GOOD['example.org'] as Exclude<Zone[string], 'FAIL'>;
  const broken: readonly (readonly [what: string, zone: Zone, found: Record<string, string>])[] = [
    ['no reverse name', changed({ '7.2.0.192.in-addr.arpa': {} }), { ptr: 'fail' }],
    ['a reverse name that leads elsewhere', changed({ '7.2.0.192.in-addr.arpa': { PTR: ['other.example.org'] }, 'other.example.org': { A: ['192.0.2.8'] } }), { fcrdns: 'fail', 'helo-name': 'warn' }],
    ['a listed domain', changed({ 'example.org.dbl.spamhaus.org': { A: ['127.0.1.2'] } }), { 'domain-lists': 'fail' }],
    ['a domain whose site was broken into', changed({ 'example.org.dbl.spamhaus.org': { A: ['127.0.1.102'] } }), { 'domain-lists': 'warn' }],
    ['a listing', changed({ '7.2.0.192.zen.spamhaus.org': { A: ['127.0.0.2'] } }), { spamhaus: 'fail' }],
    ['no SPF record', changed({ 'example.org': { ...apex, TXT: [] } }), { 'spf-record': 'fail' }],
    ['two SPF records', changed({ 'example.org': { ...apex, TXT: ['v=spf1 -all', 'v=spf1 ip4:192.0.2.7 ~all'] } }), { 'spf-record': 'fail' }],
    ['an SPF record without this server', changed({ 'example.org': { ...apex, TXT: ['v=spf1 ip4:198.51.100.1 -all'] } }), { 'spf-own': 'fail' }],
    ['an SPF record for everybody', changed({ 'example.org': { ...apex, TXT: ['v=spf1 +all'] } }), { 'spf-syntax': 'fail', 'spf-breadth': 'fail' }],
    ['a wrong word in SPF', changed({ 'example.org': { ...apex, TXT: ['v=spf1 ipv4:192.0.2.7 ~all'] } }), { 'spf-syntax': 'fail' }],
    ['no DKIM record', changed({ 's1._domainkey.example.org': {} }), { 'dkim-published': 'fail' }],
    ['another DKIM key', changed({ 's1._domainkey.example.org': { TXT: [`v=DKIM1; p=${generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({ format: 'der', type: 'spki' }).toString('base64')}`] } }), { 'dkim-published': 'fail' }],
    ['a DKIM key that is a test', changed({ 's1._domainkey.example.org': { TXT: [`v=DKIM1; t=y; p=${PUBLIC}`] } }), { 'dkim-age': 'warn' }],
    ['no DMARC record', changed({ '_dmarc.example.org': {} }), { 'dmarc-record': 'fail' }],
    ['a DMARC policy of none with a tag that is gone', changed({ '_dmarc.example.org': { TXT: ['v=DMARC1; p=none; pct=50; rua=mailto:d@example.org'] } }), { 'dmarc-policy': 'warn', 'dmarc-obsolete': 'warn' }],
    ['reports to a stranger', changed({ '_dmarc.example.org': { TXT: ['v=DMARC1; p=reject; rua=mailto:d@reports.example'] } }), { 'dmarc-reports': 'fail' }],
    ['a null MX', changed({ 'example.org': { ...apex, A: ['192.0.2.7'], MX: [{ preference: 0, exchange: '' }] } }), { 'null-mx': 'fail' }],
    ['a name server without an address', changed({ 'example.org': { ...apex, NS: ['ns.example.org', 'gone.example.net'] } }), { 'name-servers': 'fail' }],
    ['a name that others may send from', changed({ 'www.example.org': { A: ['192.0.2.80'] }, '_dmarc.example.org': { TXT: ['v=DMARC1; p=none; rua=mailto:dmarc@example.org'] } }), { 'names-without-mail': 'warn', 'dmarc-policy': 'warn' }],
    ['a broken logo', changed({ 'default._bimi.example.org': { TXT: ['v=BIMI1; l=http://example.org/logo.svg'] } }), { bimi: 'fail' }],
    ['a poor Sender Score', changed({ '7.2.0.192.score.senderscore.com': { A: ['127.0.4.35'] } }), { 'sender-score': 'fail' }],
    ['an address of an access line', changed({ '7.2.0.192.in-addr.arpa': { PTR: ['192-0-2-7.dyn.example.org'] }, '192-0-2-7.dyn.example.org': { A: ['192.0.2.7'] } }), { 'static-address': 'fail', 'own-name': 'fail', 'helo-name': 'warn' }],
    ['no MX', changed({ 'example.org': { ...apex, MX: [], A: ['192.0.2.7'] } }), { mx: 'fail' }],
    ['an MX that is an alias', changed({ 'mail.example.org': { ...(GOOD['mail.example.org'] as object), CNAME: ['real.example.org'] } }), { mx: 'fail' }],
    ['a domain that is not there', changed({ 'example.org': {} }), { 'domain-exists': 'fail', mx: 'fail', 'spf-record': 'fail', caa: 'warn' }],
    ['no TLS reports', changed({ '_smtp._tls.example.org': {} }), { 'tls-rpt': 'warn' }],
    ['an MTA-STS record without a host', changed({ '_mta-sts.example.org': { TXT: ['v=STSv1; id=1'] } }), { 'mta-sts': 'fail' }],
  ];
  for (const [what, zone, found] of broken) it(`finds ${what}, and nothing else`, async () => assert.deepEqual(await trouble(zone), found));

  it('holds nothing against anybody when the DNS does not answer', async () => {
    const levels = new Set(Object.values(await trouble(Object.fromEntries(Object.keys(GOOD).map((name) => [name, 'FAIL'])))));
    assert.ok(!levels.has('fail'), [...levels].join(' '));
  });

  it('says what to do about everything that it finds', async () => {
    for (const [what, zone] of broken) {
      for (const { level, remedy, check } of (await look(zone)).results) if (level === 'fail' || level === 'warn') assert.ok((remedy ?? '').length > 10, `${what}: ${check}`);
    }
  });

  it('names postmasters that reach nobody', async () => {
    const [, , domain] = SUBJECTS;
    assert.deepEqual(await trouble(GOOD, [{ ...(domain as Extract<Subject, { kind: 'domain' }>), unreachable: ['abuse'] }]), { 'role-addresses': 'fail' });
  });

  it('has checks with names of their own', () => {
    assert.equal(new Set(CHECKS.map(({ id }) => id)).size, CHECKS.length);
    for (const { link, why, weight } of CHECKS) assert.ok(link.startsWith('https://') && why.endsWith('.') && weight >= 0);
  });
});

describe('a score', () => {
  it('loses weights, half of them for warnings, and keeps below caps', () => {
    assert.equal(scoreOf([]), 10);
    assert.equal(scoreOf([{ level: 'fail', weight: 2 }, { level: 'warn', weight: 1 }, { level: 'unknown', weight: 5 }]), 7.5);
    assert.equal(scoreOf([{ level: 'fail', weight: 1, cap: 3 }]), 3);
    assert.equal(scoreOf([{ level: 'fail', weight: 20 }]), 0);
  });
});
