/** Kinds of servers and domains of which less is expected: nothing is invented about them. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createZoneDns, type Zone } from '../../../test/harness/zone-dns.ts';
import { SystemClock } from '../../base/clock.ts';
import type { Config, OutboundIp } from '../../config/config.ts';
import { publicAddresses } from '../dns/dns.ts';
import { examinationText } from './doctor-text.ts';
import type { DoctorFacts } from './doctor-facts.ts';
import { runDoctor, type OwnExamination, type Result } from './doctor.ts';

const SAMPLE = Buffer.from(`From: postmaster@news.example\r\nDate: ${new Date().toUTCString().replace('GMT', '+0000')}\r\nMessage-ID: <1@news.example>\r\n\r\nHello\r\n`).toString('base64');
const IP = '203.0.113.10';
const LISTS: Zone = { '2.0.0.127.zen.spamhaus.org': { A: ['127.0.0.2'] } };
const ZONE: Zone = {
  ...LISTS,
  '10.113.0.203.in-addr.arpa': { PTR: ['mail.example.org'] },
  'mail.example.org': { A: [IP], TXT: ['v=spf1 a -all'] },
  'news.example': { SOA: [{ mname: 'ns.example.org', rname: 'h.example.org', serial: 1, minimum: 60 }], A: ['203.0.113.80'], TXT: [`v=spf1 ip4:${IP} ~all`] },
  '_dmarc.news.example': { TXT: ['v=DMARC1; p=reject; rua=mailto:d@news.example'] },
};

function facts(use: 'send-only' | 'none' | undefined, server: Partial<DoctorFacts['server']> = {}, names: readonly string[] = ['news.example']): DoctorFacts {
  return {
    now: Date.now(), hostname: 'mail.example.org', addresses: [{ address: IP, helo: 'mail.example.org' }],
    domains: names.map((domain) => ({ domain, keys: [], sample: SAMPLE, unreachable: ['abuse'], ...(use ? { use } : {}) })),
    server: { listeners: [{ service: 'submissions', address: '203.0.113.10', port: 465 }], trusted: [], ...server },
    figures: { host: { queue: { waiting: 0, held: 0 }, queueBefore: [], volume: [], enrolled: [], sites: [] }, domains: {} },
  };
}

async function trouble(known: DoctorFacts | undefined, zone: Zone, domains: readonly string[] = []): Promise<readonly string[]> {
  const { results } = await examine(known, zone, domains);
  return results.filter(({ level, causedBy }) => (level === 'fail' || level === 'warn') && causedBy === undefined).map(({ check }) => check).toSorted();
}

function examine(known: DoctorFacts | undefined, zone: Zone, domains: readonly string[] = []): Promise<OwnExamination> {
  return runDoctor({ dns: createZoneDns(zone), clock: new SystemClock() }, { facts: known, domains });
}

describe('the doctor expects', () => {
  it('no mailboxes here of a domain that only sends', async () => {
    // Unsigned mail and its consequence are true; CAA is everybody's.
    assert.deepEqual(await trouble(facts('send-only'), ZONE), ['caa', 'dkim-published']);
    const usual = await trouble(facts(undefined), ZONE);
    for (const check of ['mx', 'caa', 'dkim-published']) assert.ok(usual.includes(check), check);
  });

  it('silence of a domain without mail, and says when anybody may send in its name', async () => {
    const silent: Zone = { ...ZONE, 'news.example': { ...(ZONE['news.example'] as object), MX: [{ preference: 0, exchange: '' }], TXT: ['v=spf1 -all'] } };
    assert.deepEqual(await trouble(facts('none'), silent), []);
    const open: Zone = { ...ZONE, '_dmarc.news.example': {}, 'news.example': { ...(ZONE['news.example'] as object), TXT: [] } };
    assert.deepEqual(await trouble(facts('none'), open), ['names-without-mail']);
  });

  it('no reverse name of a machine whose mail leaves through a smarthost', async () => {
    assert.deepEqual(await trouble(facts(undefined, { relay: 'smarthost.example.net' }, []), LISTS), []);
    assert.ok((await trouble(facts(undefined, {}, []), {})).includes('ptr'));
  });

  it('of strangers only what anybody can see', async () => {
    const found = await trouble(facts(undefined), { ...ZONE, 'other.example': { ...(ZONE['news.example'] as object), MX: [{ preference: 10, exchange: 'mail.example.org' }] } }, ['other.example']);
    assert.deepEqual(found, ['caa', 'dmarc-record', 'tls-rpt']);
  });
});

describe('the paragraphs', () => {
  it('five hundred domains with the same fault are one', async () => {
    const names = Array.from({ length: 500 }, (_, at) => `d${at}.example`);
    const { sections } = examinationText(await examine(facts(undefined, {}, names), ZONE));
    const repair = sections[0]?.paragraphs ?? [];
    assert.ok(repair.length <= 5, repair.map(({ check, text }) => `${check}: ${text}`).join('\n'));
    assert.equal(repair.find(({ check }) => check === 'domain-exists')?.subjects.length, 500);
    assert.ok(sections.flatMap(({ paragraphs }) => paragraphs).length < 100);
  });

  it('a score says little when hardly anything could be looked at', () => {
    const result = (level: Result['level'], at: number): Result => ({ check: 'mx', title: 'MX', weight: 1, link: 'https://example.org', subject: `d${at}.example`, level, text: '' });
    assert.match(examinationText({ score: 10, results: [result('unknown', 1), result('unknown', 2), result('pass', 3)] }).verdict, /2 of 3 checks could not be made/);
  });
});

describe('the doctor in words', () => {
  const zone = (own: Zone): Zone => ({ ...ZONE, ...own });

  it('name servers that answer nothing are one paragraph, and nobody says that all is well', async () => {
    const silent = Object.fromEntries([...Object.keys(ZONE), 'news.example', 'one._domainkey.news.example', 'www.news.example', 'default._bimi.news.example', '_smtp._tls.news.example', '_mta-sts.news.example'].filter((name) => name.endsWith('news.example')).map((name) => [name, 'FAIL' as const]));
    const { verdict, sections } = examinationText(await examine(facts(undefined), zone(silent)));
    assert.doesNotMatch(verdict, /^Nothing here keeps/);
    const unknown = sections.find(({ title }) => title.startsWith('Not known'))?.paragraphs ?? [];
    const [first] = unknown.filter(({ check }) => check === 'dns');
    assert.match(first?.text ?? '', /checks could not be made: .*SERVFAIL.* when asked for news\.example/);
    assert.ok(first?.consequences.includes('One SPF record'));
  });

  it('what is bad says why it matters', async () => {
    const { sections } = examinationText(await examine(facts(undefined), zone({ 'news.example': { A: [IP] } })));
    const spf = sections.flatMap(({ paragraphs }) => paragraphs).find(({ check }) => check === 'spf-record');
    assert.match(spf?.why ?? '', /which addresses may send/);
  });
});

describe('a server behind NAT', () => {
  const configured = (ips: readonly OutboundIp[]): Config => ({ outbound: { ips } }) as unknown as Config;

  it('is judged by the address that others see', () => {
    assert.deepEqual(publicAddresses(configured([{ address: '10.0.0.5', publicAddress: '203.0.113.10', helo: 'mail.example.org' }])), [{ address: '203.0.113.10', helo: 'mail.example.org' }]);
  });

  it('whose address nobody named is not told to give a private one a reverse name', async () => {
    const addresses = publicAddresses(configured([{ address: '10.0.0.5' }]));
    assert.deepEqual(addresses, []);
    // What its host name says is looked at instead.
    const { addresses: seen } = await examine({ ...facts(undefined), addresses: [] }, ZONE);
    assert.deepEqual(seen, [{ address: IP, helo: 'mail.example.org' }]);
  });
});
