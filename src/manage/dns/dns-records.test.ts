import assert from 'node:assert/strict';
import { test } from 'node:test';
import { splitStrings } from '../../publish/record-text.ts';
import { desiredRecords, recordAdvice, reverseName } from './dns-records.ts';
import type { RecordsInput } from './dns-records.ts';
import { DEFAULT_DNS_POLICY } from '../../config/dns-config.ts';
import { renderExport, renderPanel, renderTable } from './dns-rendering.ts';

const input: RecordsInput = {
  hostname: 'mail.example.org',
  domain: 'example.org',
  addresses: [{ address: '203.0.113.10' }, { address: '2001:db8::10' }],
  keys: [
    { selector: 's1r', algorithm: 'rsa-sha256', publicKey: 'M'.repeat(392) },
    { selector: 's1e', algorithm: 'ed25519-sha256', publicKey: 'E'.repeat(44) },
  ],
  submissionPort: 587,
  submissionsPort: 465,
  imapsPort: 993,
};

function values(name: string, type: string, from: RecordsInput = input): string[] {
  return desiredRecords(from).filter((row) => row.name === name && row.type === type).map((row) => row.value);
}

test('host and domain get the records that receivers look for', () => {
  assert.deepEqual(values('mail.example.org', 'A'), ['203.0.113.10']);
  assert.deepEqual(values('mail.example.org', 'AAAA'), ['2001:db8::10']);
  assert.deepEqual(values('mail.example.org', 'TXT'), ['"v=spf1 a -all"']);
  assert.deepEqual(values('10.113.0.203.in-addr.arpa', 'PTR'), ['mail.example.org.']);
  assert.deepEqual(values('example.org', 'MX'), ['10 mail.example.org.']);
  assert.deepEqual(values('_imaps._tcp.example.org', 'SRV'), ['0 1 993 mail.example.org.']);
  assert.deepEqual(values('_pop3s._tcp.example.org', 'SRV'), []);
  assert.deepEqual(values('example.org', 'TXT'), ['"v=spf1 ip4:203.0.113.10 ip6:2001:db8::10 ~all"']);
  assert.deepEqual(values('_dmarc.example.org', 'TXT'), ['"v=DMARC1; p=none; rua=mailto:dmarc@example.org"']);
  assert.deepEqual(values('_smtp._tls.example.org', 'TXT'), ['"v=TLSRPTv1; rua=mailto:tls@example.org"']);
  assert.deepEqual(values('_submissions._tcp.example.org', 'SRV'), ['0 1 465 mail.example.org.']);
});

test('a long key is split into strings of 255 octets that join to the whole', () => {
  const row = desiredRecords(input).find((candidate) => candidate.name === 's1r._domainkey.example.org');
  assert.ok(row?.type === 'TXT');
  assert.deepEqual(row.data.map((part) => part.length), [255, 392 + 'v=DKIM1; k=rsa; p='.length - 255]);
  assert.equal(row.data.join(''), `v=DKIM1; k=rsa; p=${'M'.repeat(392)}`);
  assert.equal(splitStrings('').length, 1);
});

test('a domain that is also the host name has one SPF record', () => {
  assert.equal(values('mail.example.org', 'TXT', { ...input, domain: 'mail.example.org' }).filter((value) => value.includes('spf1')).length, 1);
});

test('an address with an EHLO name of its own gets its own records', () => {
  const two = { ...input, addresses: [...input.addresses, { address: '203.0.113.11', helo: 'out2.example.org' }] };
  assert.deepEqual(values('out2.example.org', 'A', two), ['203.0.113.11']);
  assert.deepEqual(values('out2.example.org', 'TXT', two), ['"v=spf1 a -all"']);
  assert.deepEqual(values('11.113.0.203.in-addr.arpa', 'PTR', two), ['out2.example.org.']);
});

test('what is not served is not announced, and an unknown address is said', () => {
  const bare = { hostname: 'mail.example.org', domain: 'example.org', addresses: [], keys: [] };
  assert.equal(desiredRecords(bare).some((row) => row.type === 'SRV' || row.type === 'A'), false);
  assert.deepEqual(values('example.org', 'TXT', bare), ['"v=spf1 mx ~all"']);
  assert.match(recordAdvice(bare).join('\n'), /outbound\.ip/);
});

test('reverse names of both families', () => {
  assert.equal(reverseName('192.0.2.1'), '1.2.0.192.in-addr.arpa');
  assert.equal(reverseName('2001:db8::1'), `1.${'0.'.repeat(23)}8.b.d.0.1.0.0.2.ip6.arpa`);
});

test('the zone file has its origin and leaves PTR as a comment', () => {
  const zone = renderExport('zone', [{ domain: 'example.org', records: desiredRecords(input) }]);
  assert.match(zone, /^\$ORIGIN example\.org\.$/m);
  assert.match(zone, /^example\.org\. +3600 IN MX +10 mail\.example\.org\.$/m);
  assert.match(zone, /^; at the hosting provider: .*PTR/m);
  assert.match(renderPanel({ domain: 'example.org', records: desiredRecords(input) }), /^ {2}Name +@ .*\n {2}Type +MX\n {2}Priority +10\n {2}Value +mail\.example\.org\n {2}TTL +\d+$/m);
  assert.match(renderTable(desiredRecords(input)), /^example\.org +MX +10 mail\.example\.org\.$/m);
});

test('other tools get whole texts, and names relative to the zone', () => {
  const records = desiredRecords({ ...input, policy: { ...DEFAULT_DNS_POLICY, use: 'auto', caaIssuers: ['letsencrypt.org'] } });
  const control = renderExport('dnscontrol', [{ domain: 'example.org', records }]);
  assert.match(control, /TXT\("s1r\._domainkey", "v=DKIM1; k=rsa; p=M{392}", TTL\(3600\)\)/);
  assert.match(control, /CAA\("@", "issue", "letsencrypt\.org", TTL\(3600\)\)/);
  const octo = renderExport('octodns', [{ domain: 'example.org', records }]);
  assert.match(octo, /^"_dmarc":\n {2}- ttl: 3600\n {4}type: TXT\n {4}values:\n {6}- "v=DMARC1\\\\; p=none\\\\; rua=mailto:dmarc@example\.org"$/m);
  assert.match(octo, /- exchange: "mail\.example\.org\."\n {8}preference: 10/);
});

test('a domain without mail says so, and one that only sends has no MX', () => {
  const policy = { ...DEFAULT_DNS_POLICY, use: 'none' as const };
  assert.deepEqual(values('example.org', 'MX', { ...input, policy }), ['0 .']);
  assert.deepEqual(values('example.org', 'TXT', { ...input, policy }), ['"v=spf1 -all"']);
  assert.deepEqual(values('_dmarc.example.org', 'TXT', { ...input, policy }), ['"v=DMARC1; p=reject"']);
  const sending = { ...input, policy: { ...policy, use: 'send-only' as const, namesWithoutMail: ['www'] } };
  assert.deepEqual(values('example.org', 'MX', sending), []);
  assert.equal(values('s1r._domainkey.example.org', 'TXT', sending).length, 1);
  assert.deepEqual(values('www.example.org', 'MX', sending), ['0 .']);
});
