import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { OutboundTlsConfig, TlsRule } from '../../config/config.ts';
import { tlsRuleFor } from '../../config/tls-rule.ts';
import type { Dns, DnsAnswer, RecordType } from '../../contract/dns.ts';
import type { HttpsAnswer } from '../../contract/https-fetch.ts';
import type { TlsResultWithText } from '../../store/ops/tls-results.ts';
import { checkTls, type TlsCheck, type TlsCheckPorts } from './tls-check.ts';
import { tlsReports } from './tls-report.ts';

type Entry = { readonly records: readonly unknown[]; readonly secure?: boolean } | 'FAIL' | 'NXDOMAIN';

function dnsOf(table: Readonly<Record<string, Entry>>): Dns {
  return {
    async query<T extends RecordType>(name: string, type: T): Promise<DnsAnswer<T>> {
      const entry = table[`${type} ${name}`];
      if (entry === 'FAIL') return { kind: 'failure', reason: 'timeout', detail: '' };
      if (entry === 'NXDOMAIN') return { kind: 'nxdomain', secure: false };
      if (!entry) return { kind: 'nodata', secure: false };
      return { kind: 'found', records: entry.records as never, ttlSeconds: 1, secure: entry.secure ?? false, canonicalName: name };
    },
  };
}

const settings: OutboundTlsConfig = { dane: true, mtaSts: true, mtaStsPort: 443, rules: [] };
const page = (mode: string, mx: string): HttpsAnswer => ({ kind: 'response', status: 200, mediaType: 'text/plain', headers: {}, body: Buffer.from(`version: STSv1\nmode: ${mode}\nmx: ${mx}\nmax_age: 86400\n`) });
const sts = { 'TXT _mta-sts.a.test': { records: [['v=STSv1; id=7']] } };
const mail = (secure: boolean): Record<string, Entry> => ({ 'MX a.test': { records: [{ preference: 10, exchange: 'mx.a.test' }], secure }, 'A mx.a.test': { records: ['192.0.2.1'], secure } });
const record = { usage: 3, selector: 1, matchingType: 1, data: Buffer.alloc(32) };

function check(table: Readonly<Record<string, Entry>>, changes: Partial<TlsCheckPorts> = {}): Promise<TlsCheck> {
  return checkTls({ dns: dnsOf(table), fetch: async () => page('enforce', 'mx.a.test'), settings, dnssec: true, port: 25, cached: undefined, rule: undefined, now: 1000, ...changes }, 'a.test');
}
const levels = async (asked: Promise<TlsCheck>): Promise<string> => {
  const { hosts, problems } = await asked;
  return [...hosts.map(({ level }) => level), ...problems].join('; ');
};

test('the level of a host, in the order that delivery takes', async () => {
  const dane = { 'TLSA _25._tcp.mx.a.test': { records: [record], secure: true } };
  assert.equal(await levels(check(mail(false))), 'opportunistic');
  assert.equal(await levels(check({ ...mail(false), ...sts })), 'mta-sts');
  assert.equal(await levels(check({ ...mail(true), ...sts, ...dane })), 'dane');
  assert.equal(await levels(check({ ...mail(false), ...sts, ...dane })), 'mta-sts', 'without DNSSEC on the MX');
  assert.equal(await levels(check({ ...mail(true), ...dane }, { settings: { ...settings, dane: false } })), 'opportunistic');
  assert.equal(await levels(check({ ...mail(true), ...dane }, { rule: { domains: ['a.test'], level: 'encrypt' } })), 'encrypt');
  assert.equal(await levels(check({ ...mail(false), ...sts }, { fetch: async () => page('testing', 'mx.a.test') })), 'opportunistic');
});

test('what stands in the way is a problem', async () => {
  assert.match(await levels(check({ ...mail(false), ...sts }, { fetch: async () => page('enforce', 'other.test') })), /^unusable; mx\.a\.test cannot be used: the MTA-STS policy of a\.test does not name it$/);
  assert.match(await levels(check({ ...mail(true), 'TLSA _25._tcp.mx.a.test': 'FAIL' })), /^unusable; .* cannot be looked up now \(timeout\)$/);
  assert.match(await levels(check({ ...mail(true), 'TLSA _25._tcp.mx.a.test': { records: [{ ...record, usage: 1 }], secure: true } })), /^encrypt; mx\.a\.test: no TLSA record is usable/);
  assert.match(await levels(check({ ...mail(false), ...sts }, { fetch: undefined })), /^opportunistic; MTA-STS: the policy cannot be fetched from here$/);
  assert.match(await levels(check(mail(true), { rule: { domains: ['a.test'], level: 'dane' } })), /^unusable; mx\.a\.test cannot be used: the \[\[tls-policy\]\] for a\.test demands DANE, and there are no TLSA records/);
  assert.equal(await levels(check({ 'MX a.test': 'NXDOMAIN' })), 'the domain does not exist');
  assert.equal(await levels(check({ 'MX a.test': 'FAIL' })), 'the MX records cannot be looked up now');
  assert.equal(await levels(check({ 'MX a.test': { records: [{ preference: 0, exchange: '' }] } })), 'the domain takes no mail (null MX)');
});

test('a kept policy counts when the published one cannot be had', async () => {
  const cached = { domain: 'a.test', id: '6', policy: { mode: 'enforce', mx: ['mx.a.test'], maxAgeSeconds: 1 }, fetchedAt: 0, expiresAt: 2000 } as const;
  assert.equal((await check(mail(false), { cached })).hosts[0]?.level, 'mta-sts');
  assert.equal((await check(mail(false), { cached, now: 3000 })).hosts[0]?.level, 'opportunistic');
});

test('the first [[tls-policy]] that names a domain', () => {
  const rules: TlsRule[] = [{ domains: ['.a.test'], level: 'none' }, { domains: ['b.test', 'a.test'], level: 'encrypt' }, { domains: ['b.test'], level: 'verify' }];
  const level = (domain: string): string | undefined => tlsRuleFor(rules, domain)?.level;
  assert.deepEqual([level('a.test'), level('x.a.test'), level('b.test'), level('xa.test'), level('test')], ['encrypt', 'none', 'encrypt', undefined, undefined]);
});

test('the report of RFC 8460: one policy per text, successes summed, failures in detail', () => {
  const row: TlsResultWithText = {
    day: '2026-11-20', domain: 'a.test', policyType: 'sts', policyDigest: 'd1', mx: 'mx.a.test', receivingIp: '192.0.2.1', sendingIp: '192.0.2.2',
    failure: '', detail: '', sessions: 5, policyText: '{"lines":["version: STSv1"],"mx":["*.a.test"]}',
  };
  const rows = [row, { ...row, mx: 'mx2.a.test', sessions: 2 }, { ...row, failure: 'certificate-expired', detail: 'its certificate has expired', sessions: 3 }, { ...row, policyType: 'no-policy-found', policyDigest: 'd2', policyText: '{"lines":[]}', sendingIp: '' }, { ...row, domain: 'b.test' }];
  const reports = tlsReports(rows, '2026-11-20', { organization: 'mail.example.org', contact: 'postmaster@example.org' });
  assert.deepEqual(reports.map(({ domain }) => domain), ['a.test', 'b.test']);
  const { 'report-id': id, ...report } = reports[0]?.report ?? assert.fail();
  assert.match(id, /^2026-11-20_a\.test_/);
  assert.deepEqual(report, {
    'organization-name': 'mail.example.org',
    'date-range': { 'start-datetime': '2026-11-20T00:00:00Z', 'end-datetime': '2026-11-20T23:59:59Z' },
    'contact-info': 'postmaster@example.org',
    policies: [
      {
        policy: { 'policy-type': 'sts', 'policy-string': ['version: STSv1'], 'policy-domain': 'a.test', 'mx-host': ['*.a.test'] },
        summary: { 'total-successful-session-count': 7, 'total-failure-session-count': 3 },
        'failure-details': [
          { 'result-type': 'certificate-expired', 'sending-mta-ip': '192.0.2.2', 'receiving-mx-hostname': 'mx.a.test', 'receiving-ip': '192.0.2.1', 'failed-session-count': 3, 'failure-reason-code': 'its certificate has expired' },
        ],
      },
      { policy: { 'policy-type': 'no-policy-found', 'policy-domain': 'a.test' }, summary: { 'total-successful-session-count': 5, 'total-failure-session-count': 0 } },
    ],
  });
});
