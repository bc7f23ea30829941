import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MESSAGE_EVENTS } from '../../contract/events.ts';
import type { MessageEvent } from '../../contract/queue.ts';
import { traceEvent } from './trace.ts';
import { renderTimeline } from './trace-text.ts';
import type { TraceMessage } from './trace-result.ts';

const AT = Date.UTC(2026, 10, 20, 18);
const ATTEMPT = { mx: 'gmail-smtp-in.l.google.com', address: '127.0.0.21', port: 2025, localAddress: '127.0.0.10', tls: { version: 'TLSv1.3', cipher: 'AES', verified: false }, delays: { a: 10, b: 20, c: 300, d: 40 } };
const EVENTS: readonly MessageEvent[] = [
  { at: AT, name: MESSAGE_EVENTS.accepted, data: { clientAddress: '127.0.0.1', helo: 'laptop', protocol: 'ESMTPSA', tls: { version: 'TLSv1.3', cipher: 'AES' }, account: 'alice@example.org' } },
  { at: AT + 1, name: MESSAGE_EVENTS.authenticated, data: { report: { spf: { result: 'pass', explanation: 'ip4 matches' }, dkim: [{ result: 'fail', domain: 'example.org', selector: 's', reason: 'body hash' }], dmarc: { result: 'pass', explanation: 'aligned' }, arc: { cv: 'none' } } } },
  { at: AT + 2, name: MESSAGE_EVENTS.signed, data: { signatures: [{ domain: 'example.org', selector: 'a', algorithm: 'rsa-sha256' }] } },
  { at: AT + 3, name: MESSAGE_EVENTS.queued, data: { expiresAt: AT + 5 * 86_400_000 } },
  { at: AT + 500, name: MESSAGE_EVENTS.deferred, recipient: 0, data: { ...ATTEMPT, reply: { code: 421, enhanced: '4.7.28', text: 'unusual rate from your IP\n\x1b[2J' }, scope: 'host', nextAttemptAt: AT + 300_000, attempts: 1 } },
  { at: AT + 86_400_000, name: MESSAGE_EVENTS.delivered, recipient: 0, data: { ...ATTEMPT, reply: { code: 250, enhanced: '2.0.0', text: 'ok' } } },
  { at: AT + 86_400_001, name: 'something.new', data: { by: 'x' } },
];
const MESSAGE: TraceMessage = {
  id: '0abc', sender: 'alice@example.org', messageId: '<1@x>', sizeBytes: 100, queuedAt: AT, expiresAt: AT + 1,
  recipients: [{ index: 0, address: 'bob@gmail.com', state: 'queued', attempts: 1, nextAttemptAt: AT + 300_000 }],
  events: EVENTS.map(traceEvent),
};

describe('traceEvent', () => {
  it('explains failing replies and no others', () => {
    assert.deepEqual(MESSAGE.events.map((event) => event.explanation?.rule), [undefined, undefined, undefined, undefined, 'google.rate-ip', undefined, undefined]);
  });
  it('takes a reply without a peer as our own', () => {
    const event = traceEvent({ at: 0, name: MESSAGE_EVENTS.deferred, data: { mx: 'example.net', reply: { code: 451, enhanced: '4.4.3', text: 'the mail servers of example.net cannot be looked up now (timeout)' } } });
    assert.equal(event.explanation?.rule, 'own.dns-down');
  });
});

describe('renderTimeline', () => {
  it('says why something is held, in the words of this server or of the administrator', () => {
    const events = [
      { at: AT, name: MESSAGE_EVENTS.held, recipient: 0, data: { by: 'server', reason: 'Preflight holds it: Subject stands 2 times.' } },
      { at: AT + 1, name: MESSAGE_EVENTS.held, recipient: 0, data: { by: 'root', note: 'ask Ann first' } },
    ].map(traceEvent);
    const held = renderTimeline({ query: '0abc', messages: [{ ...MESSAGE, events }] }, { now: AT });
    assert.match(held, /held by server\n +Preflight holds it: Subject stands 2 times\./);
    assert.match(held, /held by root\n +note: ask Ann first/);
  });
  const text = renderTimeline({ query: '0abc', messages: [MESSAGE] }, { now: AT + 1000 });
  it('tells the whole story', () => {
    for (const part of [
      /^0abc {2}from <alice@example\.org> {2}100 bytes {2}<1@x>$/m,
      /to <bob@gmail\.com>: waiting after 1 attempt, next try at 2026-11-20 18:05:00 \(in 5 min\)/,
      /2026-11-20 \(UTC\)\n {2}18:00:00 {2}accepted from unknown \[127\.0\.0\.1\] saying laptop, with ESMTPSA, TLSv1\.3 AES, logged in as alice@example\.org/,
      /authenticated: spf=pass dkim=fail dmarc=pass arc=none/, /dkim: example\.org \(s\) fail: body hash/, /signed: example\.org \(a, rsa-sha256\)/,
      /queued, to be delivered by 2026-11-25 18:00:00 \(in 5 days\)/,
      /<bob@gmail\.com> deferred at gmail-smtp-in\.l\.google\.com \[127\.0\.0\.21\]:2025/, /certificate not verified, from 127\.0\.0\.10/,
      /reply: 421 4\.7\.28 unusual rate/, /delays: a 0\.01 s arriving, b 0\.02 s in the queue, c 0\.30 s connecting, d 0\.04 s sending/,
      /meaning: Gmail sees an unusual amount/, /do: Nothing is lost/, /culprit: source-ip; https:.*as of 2026-11/s,
      /2026-11-21 \(UTC\)\n {2}18:00:00 {2}<bob@gmail\.com> delivered to gmail-smtp-in/, /new by x/,
    ]) assert.match(text, part);
  });
  it('tells a report from other mail', () => {
    const report = { ...MESSAGE, events: [traceEvent({ at: AT, name: MESSAGE_EVENTS.accepted, data: { protocol: 'internal', about: '0xyz' } })] };
    assert.match(renderTimeline({ query: '', messages: [report] }, { now: AT }), /accepted from this server itself, about 0xyz/);
  });
  it('lets no peer write to the terminal', () => assert.doesNotMatch(text, /[^\n\P{Cc}]/u));
  it('says when nothing is known', () => assert.match(renderTimeline({ query: 'x\x1b', messages: [] }, { now: 0 }), /^Nothing is known of "x"/));
});
