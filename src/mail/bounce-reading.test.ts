import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readBounce } from './bounce-reading.ts';
import { buildDsn } from './dsn.ts';

const message = (header: string, body: string): Buffer => Buffer.from(`${header}\n\n${body}`.replaceAll('\n', '\r\n'));

describe('reading a bounce', () => {
  it('by its machine-readable part', () => {
    const recipients = [{ address: 'x@y.example', action: 'failed' as const, status: '5.1.1', remoteMta: 'mx.y.example', diagnostic: { type: 'smtp', text: '550 5.1.1 No such user' } }];
    const bounce = readBounce(buildDsn({ id: 'a', hostname: 'h.example', from: 'MAILER-DAEMON@h.example', to: 'a@b.example', subject: 'Undelivered', date: 0, text: 'Sorry', reportingMta: 'h.example', recipients, original: { kind: 'headers', bytes: Buffer.from('Message-ID: <1@b>\r\n\r\n') } } as unknown as Parameters<typeof buildDsn>[0]));
    assert.equal(bounce?.form, 'report');
    assert.equal(bounce?.recipients[0]?.recipient, 'x@y.example');
    assert.equal(bounce?.recipients[0]?.explanation?.culprit, 'recipient');
    assert.deepEqual(bounce?.recipients[0]?.reply, { code: 550, enhanced: '5.1.1', text: 'No such user' });
  });

  for (const [name, header, body, recipient, code, culprit] of [
    ['Exim', 'From: Mail Delivery System <Mailer-Daemon@h.example>\nX-Failed-Recipients: x@y.example\nSubject: Mail delivery failed: returning message to sender', 'This message was created automatically.\n\n  x@y.example\n    host mx.y.example [192.0.2.9]\n    SMTP error from remote mail server after RCPT TO:<x@y.example>:\n    550 5.1.1 <x@y.example>: user unknown', 'x@y.example', 550, 'recipient'],
    ['qmail', 'From: MAILER-DAEMON@h.example\nSubject: failure notice', 'Hi. This is the qmail-send program.\n\n<x@y.example>:\n192.0.2.9 does not like recipient.\nRemote host said: 550 5.1.1 No such user\nGiving up on 192.0.2.9.', 'x@y.example', 550, 'recipient'],
    ['Exchange', 'From: postmaster@corp.example\nSubject: Undeliverable: hello', 'Delivery has failed to these recipients or groups:\n\nx@y.example\nThe email address could not be found.\n\nDiagnostic information for administrators:\n\nx@y.example\nRemote Server returned \'550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found\'', 'x@y.example', 550, 'recipient'],
    ['a full mailbox', 'Return-Path: <>\nFrom: MAILER-DAEMON@h.example\nSubject: Returned mail', 'The following addresses had errors\n<x@y.example>\n(reason: 552 5.2.2 Mailbox full)', 'x@y.example', 552, 'recipient'],
  ] as const) {
    it(`in the words of ${name}`, () => {
      const bounce = readBounce(message(header, body));
      assert.equal(bounce?.form, 'text');
      assert.equal(bounce?.recipients[0]?.recipient, recipient);
      assert.equal(bounce?.recipients[0]?.reply?.code, code);
      assert.equal(bounce?.recipients[0]?.explanation?.culprit, culprit);
    });
  }

  it('finds nothing in ordinary mail', () => {
    assert.equal(readBounce(message('From: a@b.example\nSubject: 550 5.1.1', 'I got 550 5.1.1 no such user from x@y.example')), undefined);
    assert.equal(readBounce(message('From: MAILER-DAEMON@h.example\nSubject: hello', 'On 500 occasions we met at 400 places.')), undefined);
    assert.equal(readBounce(Buffer.alloc(0)), undefined);
  });
});
