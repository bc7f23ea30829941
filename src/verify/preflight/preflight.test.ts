import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { describe, test } from 'node:test';
import { BufferSource } from '../../base/byte-source.ts';
import type { Dns } from '../../contract/dns.ts';
import { parseHeader } from '../../mail/header.ts';
import { createMessageBodyHasher } from '../dkim/body-hasher.ts';
import { signDkim } from '../dkim/sign-dkim.ts';
import { createClientName } from '../iprev/client-name.ts';
import { preflight, type PreflightInput } from './preflight.ts';

const NOW = Date.UTC(2026, 10, 20, 12);
const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const KEY_RECORD = `v=DKIM1; k=rsa; p=${publicKey.export({ type: 'spki', format: 'der' }).toString('base64')}`;

/** A domain that does everything right. */
const GOOD: Readonly<Record<string, readonly unknown[]>> = {
  'PTR 1.2.0.192.in-addr.arpa': ['mail.example.org'],
  'A mail.example.org': ['192.0.2.1'],
  'MX example.org': [{ preference: 10, exchange: 'mail.example.org' }],
  'TXT example.org': [['v=spf1 ip4:192.0.2.1 -all']],
  'TXT s1._domainkey.example.org': [[KEY_RECORD]],
  'TXT _dmarc.example.org': [['v=DMARC1; p=reject']],
};

function dnsOf(records: Readonly<Record<string, readonly unknown[] | 'failure' | undefined>>): Dns {
  return {
    async query(name, type) {
      const found = records[`${type} ${name}`];
      if (found === 'failure') return { kind: 'failure', reason: 'servfail', detail: 'test' };
      if (found) return { kind: 'found', records: found as never, ttlSeconds: 60, secure: false, canonicalName: name };
      const exists = Object.keys(records).some((key) => key.endsWith(` ${name}`) && records[key] !== undefined);
      return { kind: exists ? 'nodata' : 'nxdomain', secure: false };
    },
  };
}

const HEADER = [
  'From: Alice <alice@example.org>', 'To: bob@gmail.com', 'Subject: hello', 'Date: Fri, 20 Nov 2026 11:59:00 +0000', 'Message-ID: <1@example.org>', 'MIME-Version: 1.0',
];

function message(header: readonly string[] = HEADER, body = 'hello\r\n'): Buffer {
  return Buffer.from(`${header.join('\r\n')}\r\n\r\n${body}`);
}

async function signed(bytes: Buffer, domain = 'example.org'): Promise<Buffer> {
  const header = parseHeader(bytes);
  const hasher = createMessageBodyHasher();
  hasher.update(bytes);
  const field = await signDkim({ fields: header.fields, bodyHash: hasher.digest(), domain, selector: 's1', algorithm: 'rsa-sha256', privateKey, now: NOW });
  return Buffer.concat([field, bytes]);
}

interface Case {
  readonly site?: string;
  readonly records?: Readonly<Record<string, readonly unknown[] | 'failure' | undefined>>;
  readonly content?: Buffer;
  readonly overrides?: Partial<PreflightInput>;
}

async function run({ site = 'google', records = {}, content, overrides = {} }: Case) {
  const dns = dnsOf({ ...GOOD, ...records });
  return preflight(
    { dns, reverse: createClientName(dns) },
    {
      site: { key: site, title: site }, source: { address: '192.0.2.1', ehlo: 'mail.example.org' }, sender: 'alice@example.org', bulk: false, body: '7bit',
      smtpUtf8: false, content: new BufferSource(content ?? (await signed(message()))), now: NOW, ...overrides,
    },
  );
}

const idsOf = (report: Awaited<ReturnType<typeof run>>): string[] => report.findings.map(({ id }) => id);
const said = (report: Awaited<ReturnType<typeof run>>): string => [report.prediction?.reply.code, report.prediction?.reply.enhanced].join(' ').trim();

describe('preflight', () => {
  test('finds nothing wrong with a message that does everything right', async () => {
    const report = await run({});
    assert.deepEqual(report, { site: 'google', siteTitle: 'google', findings: [] });
  });

  test('a missing PTR earns the reply of each receiver', async () => {
    const records = { 'PTR 1.2.0.192.in-addr.arpa': undefined };
    const replies = await Promise.all(['google', 'outlook', 'yahoo', 'apple', 'gmx', 't-online', 'mx.example.net'].map(async (site) => said(await run({ site, records }))));
    assert.deepEqual(replies, ['550 5.7.25', '550', '553 5.7.1', '550 5.7.1', '554', '554', '']);
  });

  test('a PTR that does not lead back is as good as none; one that cannot be looked up is uncertain', async () => {
    assert.equal(said(await run({ records: { 'A mail.example.org': ['192.0.2.99'] } })), '550 5.7.25');
    const report = await run({ records: { 'PTR 1.2.0.192.in-addr.arpa': 'failure' } });
    assert.equal(said(report), '451 4.7.23');
    assert.equal(report.findings.find(({ id }) => id === 'ptr-unknown')?.uncertain, true);
  });

  test('over IPv6 Gmail names its own guideline', async () => {
    const report = await run({ overrides: { source: { address: '2001:db8::1', ehlo: 'mail.example.org' } } });
    assert.match(report.prediction?.reply.text ?? '', /\[2001:db8::1\].*IPv6 sending guidelines/);
  });

  test('unsigned mail from an address that SPF forbids is refused for DMARC where the domain asks for it', async () => {
    const report = await run({ content: message(), overrides: { source: { address: '192.0.2.7', ehlo: 'mail.example.org' } }, records: { 'PTR 7.2.0.192.in-addr.arpa': ['mail.example.org'], 'A mail.example.org': ['192.0.2.7'] } });
    assert.deepEqual(idsOf(report), ['spf-fail', 'dkim-none', 'unauthenticated', 'dmarc-reject']);
    assert.equal(said(report), '550 5.7.26');
    assert.match(report.prediction?.reply.text ?? '', /from example\.org/);
  });

  test('a key that is not in DNS is found before the receiver finds it', async () => {
    const report = await run({ records: { 'TXT s1._domainkey.example.org': undefined } });
    assert.ok(idsOf(report).includes('dkim-fail'));
    assert.equal(report.prediction, undefined, 'SPF passes and aligns: Gmail takes it from who sends little');
    assert.equal(said(await run({ site: 'gmx', records: { 'TXT s1._domainkey.example.org': undefined } })), '554', 'GMX wants aligned DKIM');
  });

  test('mail to many is judged harder', async () => {
    const bulk = { bulk: true } as const;
    assert.equal(said(await run({ records: { 'TXT _dmarc.example.org': undefined }, overrides: bulk })), '550 5.7.40');
    assert.equal(said(await run({ site: 'outlook', records: { 'TXT example.org': undefined }, overrides: bulk })), '550 5.7.515');
    assert.ok(idsOf(await run({ overrides: bulk })).includes('one-click-missing'));
    const fields = [...HEADER, 'List-Unsubscribe: <https://example.org/u>', 'List-Unsubscribe-Post: List-Unsubscribe=One-Click'];
    assert.deepEqual(idsOf(await run({ content: await signed(message(fields)), overrides: bulk })), []);
    const late = Buffer.concat([Buffer.from(`${fields.slice(-2).join('\r\n')}\r\n`), await signed(message())]);
    assert.deepEqual(idsOf(await run({ content: late, overrides: bulk })), ['one-click-unsigned']);
  });

  test('the form of the message', async () => {
    const without = (name: string): string[] => HEADER.filter((line) => !line.startsWith(name));
    const check = async (header: readonly string[], body?: string): Promise<string[]> => idsOf(await run({ content: await signed(message(header, body)) })).filter((id) => !id.startsWith('dmarc'));
    assert.deepEqual(await check(without('From')), ['from-missing']);
    assert.deepEqual(await check([...HEADER, 'From: eve@example.org']), ['from-multiple']);
    assert.deepEqual(await check([...without('From'), 'From: nobody']), ['from-malformed']);
    assert.deepEqual(await check([...without('From'), 'From: a@example.org, b@example.org']), ['from-multiple']);
    assert.deepEqual(await check(without('Message-ID')), ['message-id-missing']);
    assert.deepEqual(await check([...without('Message-ID'), 'Message-ID: 17']), ['message-id-malformed']);
    assert.deepEqual(await check([...HEADER, 'Subject: again']), ['duplicate-header']);
    assert.deepEqual(await check(without('Date')), ['date-missing']);
    assert.deepEqual(await check([...without('Date'), 'Date: Fri, 20 Nov 2009 11:59:00 +0000']), ['date-odd']);
    assert.deepEqual(await check(HEADER, `${'x'.repeat(1200)}\r\n`), ['line-too-long']);
    assert.deepEqual(await check(HEADER, 'grün\r\n'), ['body-eight-bit']);
    assert.deepEqual(await check([...HEADER, 'X-Note: grün']), ['header-eight-bit']);
  });

  test('without a source address nothing is said about it', async () => {
    const dns = dnsOf({ ...GOOD, 'PTR 1.2.0.192.in-addr.arpa': undefined });
    const input = { site: { key: 'google', title: 'Gmail' }, sender: 'alice@example.org', bulk: false, body: '7bit', smtpUtf8: false, content: new BufferSource(message()), now: NOW } as const;
    assert.deepEqual(idsOf(await preflight({ dns, reverse: createClientName(dns) }, input)), ['dkim-none']);
  });

  test('DNS that does not answer is never a reason to keep mail back', async () => {
    const records = Object.fromEntries(Object.keys(GOOD).map((key) => [key, 'failure' as const]));
    for (const site of ['google', 'outlook', 'yahoo', 'apple', 'gmx', 't-online', 'other.example']) {
      const report = await run({ site, records });
      assert.ok((report.prediction?.reply.code ?? 451) < 500, `${site}: ${said(report)}`);
    }
  });
});
