import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualClock } from '../../../test/harness/manual-clock.ts';
import { createZoneDns, type Zone } from '../../../test/harness/zone-dns.ts';
import { BufferSource } from '../../base/byte-source.ts';
import { silentLog } from '../../base/log.ts';
import type { Dns } from '../../contract/dns.ts';
import type { ReceivedMessage } from '../../contract/message.ts';
import { parseHeader } from '../../mail/header.ts';
import { parseAuthenticationResults } from '../../mail/authentication-results.ts';
import { createAuthenticator } from './authenticator.ts';
import { createDeadlineDns } from '../../verify/deadline-dns.ts';
import { authenticationResultsField } from './result-fields.ts';

const CONFIG = { hostname: 'mail.example.org' };
const ZONE: Zone = {
  'example.net': { TXT: ['v=spf1 ip4:192.0.2.1 -all'] },
  'mx.example.net': { TXT: ['v=spf1 a -all'], A: ['192.0.2.1'] },
  '_dmarc.example.net': { TXT: ['v=DMARC1; p=reject'] },
};

function message(overrides: { sender?: string; ip?: string; header?: string } = {}): ReceivedMessage {
  return {
    id: 'x',
    receivedAt: 0,
    startedAt: 0,
    envelope: { sender: overrides.sender ?? 'bob@example.net', recipients: [{ address: 'alice@example.org' }], body: '7bit', smtpUtf8: false, requireTls: false },
    origin: { kind: 'inbound', protocol: 'ESMTP', clientAddress: overrides.ip ?? '192.0.2.1', clientName: 'mx.example.net', helo: 'mx.example.net' },
    content: new BufferSource(Buffer.from(`${overrides.header ?? 'From: bob@example.net'}\r\n\r\nHello.\r\n`)),
  };
}

function authenticatorOn(dns: Dns, clock = new ManualClock()) {
  return createAuthenticator({ dns, config: CONFIG, clock, log: silentLog });
}

test('a message of the right client passes SPF and DMARC, and the field says so', async () => {
  const received = message();
  const report = await authenticatorOn(createZoneDns(ZONE)).authenticate(received);
  assert.deepEqual([report.spf.result, report.helo?.result, report.dmarc.result, report.arc.cv, report.iprev?.result], ['pass', 'pass', 'pass', 'none', 'pass']);
  const field = authenticationResultsField('mail.example.org', received, report);
  const parsed = parseAuthenticationResults(parseHeader(field).fields[0]?.value ?? '');
  assert.deepEqual(
    parsed?.results.map(({ method, result, properties = [] }) => [method, result, ...properties.map((p) => `${p.type}.${p.property}=${p.value}`)]),
    [
      ['iprev', 'pass', 'policy.iprev=192.0.2.1'],
      ['spf', 'pass', 'smtp.mailfrom=bob@example.net'],
      ['spf', 'pass', 'smtp.helo=mx.example.net'],
      ['dkim', 'none'],
      ['dmarc', 'pass', 'header.from=example.net', 'policy.dmarc=reject'],
    ],
  );
});

test('a null sender is checked by its HELO name only', async () => {
  const report = await authenticatorOn(createZoneDns(ZONE)).authenticate(message({ sender: '' }));
  assert.deepEqual([report.spf.identity, report.spf.result, report.helo], ['helo', 'pass', undefined]);
});

test('DNS trouble gives temperror everywhere, never a rejection', async () => {
  const dns = createZoneDns({ 'example.net': 'FAIL', 'mx.example.net': 'FAIL', '_dmarc.example.net': 'FAIL' });
  const report = await authenticatorOn(dns).authenticate(message({ header: 'From: bob@example.net\r\nDKIM-Signature: x' }));
  assert.deepEqual([report.spf.result, report.helo?.result, report.dmarc.result], ['temperror', 'temperror', 'temperror']);
});

test('a resolver that never answers is left at the deadline', async () => {
  const clock = new ManualClock();
  const { promise: firstQuestion, resolve: asked } = Promise.withResolvers<void>();
  const silent: Dns = {
    query: () => {
      asked();
      return new Promise(() => {});
    },
  };
  const pending = authenticatorOn(silent, clock).authenticate(message());
  await firstQuestion;
  clock.advance(20_000);
  const report = await pending;
  assert.deepEqual([report.spf.result, report.dmarc.result], ['temperror', 'temperror']);
  assert.match(report.spf.explanation, /timeout/);
});

test('the deadline leaves bugs of the resolver visible and answers alone', async () => {
  const clock = new ManualClock();
  const broken = createDeadlineDns({ query: () => Promise.reject(new TypeError('bug')) }, clock, 1000);
  await assert.rejects(broken.query('example.net', 'A'), TypeError);
  const dns = createDeadlineDns(createZoneDns(ZONE), clock, 1000);
  assert.equal((await dns.query('mx.example.net', 'A')).kind, 'found');
  clock.advance(1001);
  assert.equal((await dns.query('mx.example.net', 'A')).kind, 'failure');
  dns.close();
});

test('a client whose name could not be looked up is told apart from one without a name', async () => {
  for (const status of ['temperror', 'permerror', 'fail'] as const) {
    const received = message();
    const { clientName: _, ...origin } = received.origin;
    const unnamed = { ...received, origin: { ...origin, clientNameStatus: status } };
    const report = await authenticatorOn(createZoneDns(ZONE)).authenticate(unnamed);
    assert.match(authenticationResultsField('mail.example.org', unnamed, report).toString(), new RegExp(`iprev=${status} policy.iprev=192`));
  }
});
