import assert from 'node:assert/strict';
import { isAscii } from 'node:buffer';
import { describe, it } from 'node:test';
import { seeded } from '../../test/harness/seeded-input.ts';
import { buildArf, parseArf } from './arf.ts';
import { buildDsn, parseDsn, type DsnFacts } from './dsn.ts';
import { firstField, parseHeader } from './header.ts';
import { parseMimeStructure } from './mime-structure.ts';

const ORIGINAL = Buffer.from('From: alice@example.org\r\nMessage-ID: <1@example.org>\r\nSubject: hi\r\n\r\n');
const FACTS: DsnFacts = {
  id: '0dsn', hostname: 'mail.example.org', from: 'postmaster@mail.example.org', to: 'alice@example.org', subject: 'Your message could not be delivered',
  date: 0, text: 'It failed.\nReally.\n', envelopeId: 'env+1', arrivedAt: 0, originalId: '0abc', utf8: false, originalMessageId: '<1@example.org>',
  original: { kind: 'headers', bytes: ORIGINAL },
  recipients: [
    { address: 'bob@example.net', originalRecipient: 'rfc822;list@example.org', action: 'failed', status: '5.1.1', remoteMta: 'mx.example.net', diagnostic: { type: 'smtp', text: '550 5.1.1 no\r\nsuch: user' }, lastAttemptAt: 0 },
    { address: 'carol@example.net', action: 'delayed', status: '4.2.1', willRetryUntil: 1000 },
  ],
};
const types = (bytes: Buffer): string[] => (parseMimeStructure(bytes).parts ?? []).map((part) => `${part.type}/${part.subtype}`);

describe('DSN', () => {
  it('is a report that nobody answers, and reads back', () => {
    const bytes = buildDsn(FACTS);
    assert.ok(isAscii(bytes));
    const { fields, problems } = parseHeader(bytes);
    assert.deepEqual(problems, []);
    assert.equal(firstField(fields, 'auto-submitted')?.value, 'auto-replied');
    assert.match(firstField(fields, 'content-type')?.value ?? '', /^multipart\/report; report-type=delivery-status; boundary=/);
    assert.deepEqual(types(bytes), ['text/plain', 'message/delivery-status', 'text/rfc822-headers']);
    const parsed = parseDsn(bytes);
    assert.deepEqual(parsed?.recipients, [
      { finalRecipient: 'bob@example.net', originalRecipient: 'list@example.org', action: 'failed', status: '5.1.1', remoteMta: 'mx.example.net', diagnostic: '550 5.1.1 no such: user' },
      { finalRecipient: 'carol@example.net', action: 'delayed', status: '4.2.1' },
    ]);
    assert.deepEqual([parsed?.envelopeId, parsed?.reportingMta, parsed?.arrivedAt, parsed?.originalMessageId], ['env+1', 'mail.example.org', 0, '<1@example.org>']);
    assert.equal(parsed?.text, 'It failed.\nReally.\n');
  });

  it('encloses the whole message when asked to', () => {
    const bytes = buildDsn({ ...FACTS, original: { kind: 'full', bytes: Buffer.concat([ORIGINAL, Buffer.from('bödy\r\n')]) } });
    const [, , message] = parseMimeStructure(bytes).parts ?? [];
    assert.equal(message?.message?.envelope?.subject, 'hi');
    assert.equal(message?.encoding, '8bit');
  });

  it('keeps ASCII reports ASCII whatever addresses and headers hold', () => {
    const header = Buffer.from('Subject: grüße\r\n\r\n');
    const bytes = buildDsn({ ...FACTS, text: 'naïve', original: { kind: 'headers', bytes: header }, recipients: [{ address: 'jörg@bücher.de', action: 'failed', status: '5.6.7', diagnostic: { type: 'smtp', text: 'ä' } }] });
    assert.ok(isAscii(bytes));
    assert.equal(parseDsn(bytes)?.recipients[0]?.finalRecipient, 'jörg@bücher.de');
    assert.equal(parseDsn(bytes)?.text, 'naïve');
  });

  it('has no line that a next hop refuses, however long the words', () => {
    const long = 'x'.repeat(1900);
    const bytes = buildDsn({ ...FACTS, text: long, originalMessageId: `<${long}>`, original: { kind: 'headers', bytes: Buffer.from(`Subject: ${long}\r\n\r\n`) }, recipients: [{ address: 'a@b', action: 'failed', status: '5.0.0', diagnostic: { type: 'smtp', text: long } }] });
    for (const line of bytes.toString().split('\r\n')) assert.ok(line.length <= 998);
    assert.equal(parseDsn(bytes)?.text, long);
  });

  it('uses the RFC 6533 forms for SMTPUTF8 mail', () => {
    const bytes = buildDsn({ ...FACTS, utf8: true, original: { kind: 'headers', bytes: Buffer.from('Subject: grüße\r\n\r\n') }, recipients: [{ address: 'jörg@bücher.de', action: 'failed', status: '5.1.1' }] });
    assert.deepEqual(types(bytes), ['text/plain', 'message/global-delivery-status', 'message/global-headers']);
    assert.match(bytes.toString(), /Final-Recipient: utf-8; jörg@bücher\.de/);
    assert.equal(parseDsn(bytes)?.recipients[0]?.finalRecipient, 'jörg@bücher.de');
  });

  it('reads none where there is none, and survives anything', () => {
    assert.equal(parseDsn(Buffer.from('Subject: x\r\n\r\nhello')), undefined);
    const random = seeded('dsn');
    const built = buildDsn(FACTS).toString('latin1');
    for (let i = 0; i < 1000; i += 1) {
      const cut = random.below(built.length);
      parseDsn(Buffer.from(built.slice(0, cut) + random.pieces(['\r\n', ':', ';', '--', 'x'], 5) + built.slice(cut + random.below(20)), 'latin1'));
    }
  });
});

describe('feedback report', () => {
  it('reads back', () => {
    const bytes = buildArf({
      id: '0arf', hostname: 'fbl.example.net', from: 'fbl@example.net', to: 'abuse@example.org', subject: 'complaint', date: 0, text: 'spam', userAgent: 'Lab/1', sourceIp: '192.0.2.1',
      originalMailFrom: 'alice@example.org', originalRecipients: ['bob@example.net'], reportedDomain: 'Example.org', arrivedAt: 1000, original: { kind: 'full', bytes: ORIGINAL },
    });
    assert.deepEqual(types(bytes), ['text/plain', 'message/feedback-report', 'message/rfc822']);
    const { originalHeader, ...parsed } = parseArf(bytes) ?? {};
    assert.deepEqual(parsed, {
      feedbackType: 'abuse', userAgent: 'Lab/1', sourceIp: '192.0.2.1', originalMailFrom: 'alice@example.org', originalRecipients: ['bob@example.net'],
      reportedDomains: ['example.org'], arrivedAt: 1000, originalMessageId: '<1@example.org>',
    });
    assert.equal(originalHeader?.toString(), ORIGINAL.toString());
  });
  it('is not taken for a DSN', () => assert.equal(parseArf(buildDsn(FACTS)), undefined));
});
