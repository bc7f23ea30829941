/** The doctor in the lab, where one record at a time is broken: its cause must be found, and nothing but that. */
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { publicKeyDigest } from '../../src/net/self-signed.ts';
import { openLabDoctor, type Broken, type LabDoctor } from '../harness/lab-doctor.ts';
import { startLab, type LabProcess } from '../harness/lab-process.ts';

let lab: LabProcess;
let doctor: LabDoctor;
/** What is not perfect in good weather: a policy of p=none, and no CAA. */
let usual: Record<string, string>;

before(async () => {
  lab = await startLab();
  doctor = await openLabDoctor(lab);
  usual = await doctor.troubleWith([]);
});
after(() => lab.stop());

interface Place {
  readonly ip: string;
  /** `127.31.0`. */
  readonly prefix: string;
  /** `10.0.31.127`. */
  readonly reversed: string;
  readonly selectors: readonly { readonly selector: string; readonly publicKey: string; readonly algorithm: string }[];
  readonly port: number;
}

function place(): Place {
  const ip = doctor.facts.addresses[0]?.address ?? '';
  return { ip, prefix: ip.split('.').slice(0, 3).join('.'), reversed: ip.split('.').toReversed().join('.'), selectors: doctor.facts.domains[0]?.keys ?? [], port: lab.ready.smtp.port };
}

type Case = readonly [what: string, broken: (at: Place) => readonly Broken[], found: Record<string, string>];

/** Beside what is usual. */
const CASES: Readonly<Record<string, readonly Case[]>> = {
  'the address': [
    ['no reverse name', ({ reversed }) => [[`${reversed}.in-addr.arpa`, 'PTR', []]], { ptr: 'fail' }],
    ['two reverse names', ({ reversed }) => [[`${reversed}.in-addr.arpa`, 'PTR', ['mail.example.org', 'other.example.org']]], { ptr: 'warn' }],
    ['a reverse name that leads nowhere', ({ reversed }) => [[`${reversed}.in-addr.arpa`, 'PTR', ['other.example.org']]], { fcrdns: 'fail' }],
    ['the name of an access line', ({ reversed, ip }) => [[`${reversed}.in-addr.arpa`, 'PTR', ['host.dyn.pool.example.org']], ['host.dyn.pool.example.org', 'A', [ip]]], { 'static-address': 'fail' }],
    ['an EHLO name of another machine', ({ prefix }) => [['mail.example.org', 'A', [`${prefix}.99`]]], { fcrdns: 'fail' }],
    ['an EHLO name without SPF', () => [['mail.example.org', 'TXT', []]], { 'helo-spf': 'warn' }],
    ['an EHLO name whose SPF forbids us', () => [['mail.example.org', 'TXT', ['v=spf1 -all']]], { 'helo-spf': 'fail' }],
    ['a listing by Spamhaus', ({ reversed }) => [[`${reversed}.zen.spamhaus.org`, 'A', ['127.0.0.2']]], { spamhaus: 'fail' }],
    ['a listing as an access line', ({ reversed }) => [[`${reversed}.zen.spamhaus.org`, 'A', ['127.0.0.10']]], { spamhaus: 'warn' }],
    ['an answer of Spamhaus that is no listing', ({ reversed }) => [[`${reversed}.zen.spamhaus.org`, 'A', ['127.255.255.254']]], {}],
    ['a list that lists everybody', () => [['1.0.0.127.zen.spamhaus.org', 'A', ['127.255.255.254']]], { 'list-resolver': 'fail' }],
    ['a listing by SpamCop', ({ reversed }) => [[`${reversed}.bl.spamcop.net`, 'A', ['127.0.0.2']]], { 'major-lists': 'fail' }],
    ['a listing by a small list', ({ reversed }) => [[`${reversed}.psbl.surriel.com`, 'A', ['127.0.0.2']]], { 'minor-lists': 'warn' }],
    ['listings by three small lists', ({ reversed }) => ['psbl.surriel.com', 'bl.nordspam.com', 'dnsrbl.swinog.ch'].map((zone): Broken => [`${reversed}.${zone}`, 'A', ['127.0.0.2']]), { 'minor-lists': 'fail' }],
    ['a poor Sender Score', ({ reversed }) => [[`${reversed}.score.senderscore.com`, 'A', ['127.0.4.40']]], { 'sender-score': 'fail' }],
    ['no way out over port 25', ({ prefix }) => ['gmail.com', 'outlook.com', 'yahoo.com'].flatMap((name): Broken[] => [[name, 'MX', ['10 closed.example.com']], ['closed.example.com', 'A', [`${prefix}.98`]]]), { 'port-25-out': 'fail' }],
    ['one large provider out of reach', ({ prefix }) => [['gmail.com', 'MX', ['10 closed.example.com']], ['closed.example.com', 'A', [`${prefix}.98`]]], { 'port-25-out': 'warn' }],
  ],
  'the zone': [
    ['a name server without an address', () => [['example.org', 'NS', ['ns1.example.org', 'gone.example.org']]], { 'name-servers': 'fail' }],
    ['a name server that is silent', ({ prefix }) => [['example.org', 'NS', ['ns1.example.org', 'ns2.example.org']], ['ns2.example.org', 'A', [`${prefix}.98`]]], { 'name-servers': 'warn' }],
    ['no MX', ({ ip }) => [['example.org', 'MX', []], ['example.org', 'A', [ip]]], { mx: 'fail' }],
    ['neither MX nor address', () => [['example.org', 'MX', []]], { 'domain-exists': 'fail' }],
    ['an MX that is an alias', () => [['example.org', 'MX', ['10 alias.example.org']], ['alias.example.org', 'CNAME', ['mail.example.org']]], { mx: 'fail' }],
    ['an MX without an address', () => [['example.org', 'MX', ['10 gone.example.org']]], { mx: 'fail' }],
    ['an MX elsewhere', () => [['example.org', 'MX', ['10 ns1.example.org']]], { mx: 'warn' }],
    ['a null MX', () => [['example.org', 'MX', ['0 .']]], { 'null-mx': 'fail' }],
    ['a service on another port', () => [['_submissions._tcp.example.org', 'SRV', ['0 1 9999 mail.example.org']]], { discovery: 'fail' }],
    ['a service that is not announced', () => [['_submissions._tcp.example.org', 'SRV', []]], { discovery: 'warn' }],
    ['Outlook led elsewhere', () => [['autodiscover.example.org', 'A', []], ['_autodiscover._tcp.example.org', 'SRV', ['0 0 443 other.example.com']]], { discovery: 'fail' }],
    ['settings for Thunderbird on another machine', ({ prefix }) => [['autoconfig.example.org', 'A', [`${prefix}.50`]]], { discovery: 'fail' }],
    ['a name that others may send from', ({ prefix }) => [['www.example.org', 'A', [`${prefix}.80`]]], { 'names-without-mail': 'warn' }],
    ['a logo without https', () => [['default._bimi.example.org', 'TXT', ['v=BIMI1; l=http://example.org/logo.svg']]], { bimi: 'fail' }],
  ],
  SPF: [
    ['no record', () => [['example.org', 'TXT', []]], { 'spf-record': 'fail' }],
    ['two records', ({ ip }) => [['example.org', 'TXT', ['v=spf1 -all', `v=spf1 ip4:${ip} ~all`]]], { 'spf-record': 'fail' }],
    ['a wrong word', ({ ip }) => [['example.org', 'TXT', [`v=spf1 ipv4:${ip} ~all`]]], { 'spf-syntax': 'fail' }],
    ['an include that leads nowhere', ({ ip }) => [['example.org', 'TXT', [`v=spf1 ip4:${ip} include:nospf.example.org ~all`]]], { 'spf-syntax': 'fail' }],
    ['everybody allowed', () => [['example.org', 'TXT', ['v=spf1 +all']]], { 'spf-syntax': 'fail' }],
    ['an ending that says nothing', ({ ip }) => [['example.org', 'TXT', [`v=spf1 ip4:${ip} ?all`]]], { 'spf-syntax': 'warn' }],
    ['eleven look-ups', () => [['example.org', 'TXT', [`v=spf1 ${'a:mail.example.org '.repeat(11)}~all`]]], { 'spf-lookups': 'fail' }],
    ['look-ups that find nothing', ({ ip }) => [['example.org', 'TXT', [`v=spf1 ip4:${ip} a:x1.example.org a:x2.example.org a:x3.example.org ~all`]]], { 'spf-lookups': 'fail' }],
    ['this server left out', () => [['example.org', 'TXT', ['v=spf1 ip4:198.51.100.1 -all']]], { 'spf-own': 'fail' }],
    ['ptr', ({ ip }) => [['example.org', 'TXT', [`v=spf1 ip4:${ip} ptr ~all`]]], { 'spf-size': 'warn' }],
    ['a network for many', ({ ip }) => [['example.org', 'TXT', [`v=spf1 ip4:${ip} ip4:198.51.0.0/16 ~all`]]], { 'spf-breadth': 'fail' }],
    ['the same, written differently', ({ ip }) => [['example.org', 'TXT', [`"v=spf1   a:mail.example.org " "IP4:${ip}  ~ALL"`]]], {}],
  ],
  DKIM: [
    ['no key', ({ selectors }) => selectors.map(({ selector }): Broken => [`${selector}._domainkey.example.org`, 'TXT', []]), { 'dkim-published': 'fail' }],
    ['a revoked key', ({ selectors }) => [[`${selectors[0]?.selector}._domainkey.example.org`, 'TXT', ['v=DKIM1; p=']]], { 'dkim-published': 'fail' }],
    ['a short key of somebody else', ({ selectors }) => [[`${selectors.find(({ algorithm }) => algorithm === 'rsa-sha256')?.selector}._domainkey.example.org`, 'TXT', [`v=DKIM1; p=${shortKey()}`]]], { 'dkim-published': 'fail' }],
    ['a key that is a test', ({ selectors }) => [[`${selectors[0]?.selector}._domainkey.example.org`, 'TXT', [keyRecord(selectors[0], 't=y; ')]]], { 'dkim-age': 'warn' }],
    ['the same key, written differently', ({ selectors }) => [[`${selectors[0]?.selector}._domainkey.example.org`, 'TXT', [keyRecord(selectors[0], 'n=ours; s=email; ')]]], {}],
  ],
  DMARC: [
    ['no record', () => [['_dmarc.example.org', 'TXT', []]], { 'dmarc-record': 'fail' }],
    ['two records', () => [['_dmarc.example.org', 'TXT', ['v=DMARC1; p=reject', 'v=DMARC1; p=none']]], { 'dmarc-record': 'fail' }],
    ['a policy that is none', () => [['_dmarc.example.org', 'TXT', ['v=DMARC1; p=reject all']]], { 'dmarc-policy': 'fail' }],
    ['a policy that does not exist, with reports', () => [['_dmarc.example.org', 'TXT', ['v=DMARC1; p=monitor; rua=mailto:dmarc@example.org']]], { 'dmarc-policy': 'fail' }],
    ['an address for reports without mailto:', () => [['_dmarc.example.org', 'TXT', ['v=DMARC1; p=reject; rua=dmarc@example.org']]], { 'dmarc-reports': 'warn' }],
    ['tags that are gone', () => [['_dmarc.example.org', 'TXT', ['v=DMARC1; p=reject; pct=50; rua=mailto:dmarc@example.org']]], { 'dmarc-obsolete': 'warn' }],
    ['no reports', () => [['_dmarc.example.org', 'TXT', ['v=DMARC1; p=reject']]], { 'dmarc-reports': 'warn' }],
    ['reports to a stranger', () => [['_dmarc.example.org', 'TXT', ['v=DMARC1; p=reject; rua=mailto:d@example.com']]], { 'dmarc-reports': 'fail' }],
    ['p=reject without a key', ({ selectors }) => [['_dmarc.example.org', 'TXT', ['v=DMARC1; p=reject; rua=mailto:dmarc@example.org']], ...selectors.map(({ selector }): Broken => [`${selector}._domainkey.example.org`, 'TXT', []])], { 'dkim-published': 'fail' }],
  ],
  TLS: [
    ['nobody who gets TLS reports', () => [['_smtp._tls.example.org', 'TXT', []]], { 'tls-rpt': 'warn' }],
    ['a broken record for TLS reports', () => [['_smtp._tls.example.org', 'TXT', ['v=TLSRPTv1; rua=tls@example.org']]], { 'tls-rpt': 'fail' }],
    ['an MTA-STS record without a host', () => [['_mta-sts.example.org', 'TXT', ['v=STSv1; id=1']]], { 'mta-sts': 'fail' }],
    ['an MTA-STS record without an id', () => [['_mta-sts.example.org', 'TXT', ['v=STSv1;']]], { 'mta-sts': 'fail' }],
    ['an MTA-STS host with another certificate', ({ prefix }) => [['_mta-sts.example.org', 'TXT', ['v=STSv1; id=1']], ['mta-sts.example.org', 'A', [`${prefix}.50`]]], { 'mta-sts': 'fail' }],
    ['a TLSA record of another key', ({ port }) => [['example.org', 'DNSSEC', ['signed']], [`_${port}._tcp.mail.example.org`, 'TLSA', [`3 1 1 ${'ab'.repeat(32)}`]]], { tlsa: 'fail' }],
    ['a TLSA record that nobody may use', ({ port }) => [['example.org', 'DNSSEC', ['signed']], [`_${port}._tcp.mail.example.org`, 'TLSA', [`0 0 1 ${'ab'.repeat(32)}`]]], { tlsa: 'fail' }],
    ['a TLSA record in a zone that is not signed', ({ port }) => [[`_${port}._tcp.mail.example.org`, 'TLSA', [`3 1 1 ${'ab'.repeat(32)}`]]], { tlsa: 'warn' }],
    ['a TLSA record of our key', ({ port }) => [['example.org', 'DNSSEC', ['signed']], [`_${port}._tcp.mail.example.org`, 'TLSA', [`3 1 1 ${publicKeyDigest(readFileSync(join(lab.ready.dir, 'certificate.pem'), 'utf8'))}`]]], {}],
  ],
};

function shortKey(): string {
  return generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey.export({ format: 'der', type: 'spki' }).toString('base64');
}

function keyRecord(key: Place['selectors'][number] | undefined, tags: string): string {
  return `v=DKIM1; ${tags}k=${key?.algorithm === 'rsa-sha256' ? 'rsa' : 'ed25519'}; p=${key?.publicKey}`;
}

/** Without what is usual; what a case mends is no matter. */
function beside(found: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(found).filter(([check, level]) => usual[check] !== level));
}

for (const [what, cases] of Object.entries(CASES)) {
  describe(`the doctor looks at ${what}`, () => {
    for (const [fault, broken, found] of cases) {
      it(Object.keys(found).length === 0 ? `and takes nothing amiss: ${fault}` : `and finds ${fault}, nothing else`, async () => assert.deepEqual(beside(await doctor.troubleWith(broken(place()))), found));
    }
  });
}

describe('the doctor in the lab', () => {
  it('finds nothing broken in good weather', () => assert.deepEqual(usual, { 'dmarc-policy': 'warn', caa: 'warn' }));

  it('finds wrong signatures, and holds nothing else against a zone that cannot be asked', async () => {
    assert.deepEqual(beside(await doctor.troubleWith([['example.org', 'DNSSEC', ['bogus']]])), { dnssec: 'fail' });
  });

  it('blames none of the providers, as anybody may look at them', async () => {
    for (const { domains: [domain = ''] } of lab.ready.providers) {
      const { results } = await lab.json<{ results: readonly { check: string; level: string }[] }>(['doctor', domain]);
      assert.deepEqual(results.filter(({ level }) => level === 'fail').map(({ check }) => check), [], domain);
    }
  });

  it('is content with CAA', async () => {
    const found = await doctor.troubleWith([['example.org', 'CAA', ['0 issue "letsencrypt.org"']]]);
    assert.equal(found['caa'], undefined);
  });
});
