import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RETURN_ORDERED_AT, type MessageEvent, type QueueMessage, type QueueRecipient } from '../../contract/queue.ts';
import { RETURN_ORDERED, toldReason, whoActs, type WhyInput } from './queue-why-text.ts';

const NOW = Date.UTC(2026, 10, 20, 21, 0, 0);
const message = { id: 'x', sender: 'alice@example.org', origin: { kind: 'submission', protocol: 'ESMTPSA' }, queuedAt: NOW - 60_000, expiresAt: NOW + 1_000_000 } as QueueMessage;

function told(recipient: Partial<QueueRecipient>, input: Partial<WhyInput> = {}): string {
  const whole = { index: 0, address: 'b@two.example', state: 'queued', attempts: 0, nextAttemptAt: NOW, ...recipient } as QueueRecipient;
  return toldReason({ message, recipient: whole, events: [], now: NOW, running: true, ...input }).reason;
}

function event(name: string, data: Record<string, unknown> = {}): MessageEvent {
  return { at: NOW - 1000, name, recipient: 0, data };
}

test('what waits: the running queue knows best', () => {
  assert.match(told({}, { running: false }), /^The server does not run; it is tried when the server starts\.$/);
  assert.equal(told({}), 'Its first try is under way, or its turn comes as soon as its destination has room.');
  assert.equal(told({ attempts: 2, nextAttemptAt: NOW + 5, reason: 'mx said: 450 later' }), 'mx said: 450 later.');
  assert.equal(
    told({ attempts: 1, reason: '450 busy' }, { live: { phase: 'shaped', reason: 'Gmail gets one message a minute until 21:30', rule: 'site-limit' } }),
    'Gmail gets one message a minute until 21:30. Before that: 450 busy.',
  );
  assert.equal(told({ attempts: 1, reason: '450 busy' }, { live: { phase: 'in-delivery', reason: 'It is being delivered' } }), 'It is being delivered.');
  assert.match(told({ nextAttemptAt: RETURN_ORDERED_AT }), /ordered its return/);
  assert.doesNotMatch(told({ attempts: 1, reason: RETURN_ORDERED }), /return/, 'a later order took it back');
  assert.match(told({ attempts: 1, nextAttemptAt: NOW + 1, reason: 'x', reroute: { kind: 'relay', host: 'r.example', port: 25 } }), /sends it to the relay r\.example:25\.$/);
});

test('an attempt under way goes on beyond the end of the time, and is the last then', () => {
  const live = { phase: 'in-delivery', reason: 'It is being delivered', endsBy: NOW + 3_600_000 } as const;
  assert.equal(told({}, { live }), 'It is being delivered. Its time in the queue ends at 2026-11-20 21:16:40 UTC: if this attempt is still under way then, it goes on to its end, and is the last.');
  assert.match(told({}, { live, now: NOW + 1_000_001 }), /^It is being delivered\. Its time in the queue is over: this attempt is the last, and ends on its own\.$/);
  assert.equal(told({}, { live: { ...live, endsBy: NOW + 900_000 } }), 'It is being delivered.');
});

test('what is held: by whom and since when', () => {
  const events = [event('recipient.held', { by: 'brake' })];
  const reason = toldReason({ message, recipient: { index: 0, address: 'b@two.example', state: 'held', attempts: 0, nextAttemptAt: NOW, reason: 'account brake: too many' }, events, now: NOW, running: true });
  assert.deepEqual(reason, { reason: 'Held since 2026-11-20 20:59:59 UTC by the account brake: too many.', heldBy: 'brake', heldAt: NOW - 1000 });
  assert.match(told({ state: 'held' }), /^Held: No reason was given\.$/);
});

test('what ended: where it went, or what the sender heard', () => {
  const delivered = event('recipient.delivered', { mx: 'mx.two.example', address: '192.0.2.9', reply: { code: 250, enhanced: '2.0.0', text: 'queued\nas 1' } });
  assert.equal(told({ state: 'delivered' }, { events: [delivered] }), 'It was delivered at 2026-11-20 20:59:59 UTC; mx.two.example [192.0.2.9] took it over: 250 2.0.0 queued as 1');
  assert.match(told({ state: 'delivered' }, { events: [event('recipient.delivered')] }), /put into the mailbox/);
  const bounced = [event('recipient.bounced'), { at: NOW, name: 'dsn.sent', data: { dsnId: 'abc' } }];
  assert.equal(told({ state: 'bounced', reason: 'mx refused it for good: 550 no such user' }, { events: bounced }), 'mx refused it for good: 550 no such user. The sender was told at 2026-11-20 21:00:00 UTC (message abc).');
  const withheld = [event('recipient.expired'), { at: NOW, name: 'dsn.withheld', data: { reason: 'the sender is not believed' } }];
  assert.match(told({ state: 'expired', reason: 'Too long.' }, { events: withheld }), /The sender was not told: the sender is not believed\.$/);
  assert.equal(told({ state: 'deleted', reason: 'An administrator deleted it.' }), 'An administrator deleted it.');
});

test('who has to act', () => {
  assert.equal(whoActs('queued', undefined, undefined), 'nobody');
  assert.equal(whoActs('queued', 'source-ip', undefined), 'administrator');
  assert.equal(whoActs('queued', 'theirs', undefined), 'receiver');
  assert.equal(whoActs('queued', 'recipient', undefined, 'soft-bounce'), 'recipient');
  assert.equal(whoActs('queued', 'recipient', undefined, 'rate'), 'nobody');
  assert.equal(whoActs('queued', undefined, { phase: 'shaped', reason: '', rule: 'site-paused' }), 'administrator');
  assert.equal(whoActs('held', undefined, undefined), 'administrator');
  assert.equal(whoActs('queued', 'theirs', undefined, 'network', 'relay:192.0.2.1:25'), 'administrator', 'a relay is our choice');
  assert.equal(whoActs('queued', undefined, { phase: 'shaped', reason: '', rule: 'site-unreachable' }, undefined, 'google'), 'receiver');
  assert.equal(whoActs('queued', 'source-ip', undefined, 'rate'), 'nobody', 'time ends it');
  assert.equal(whoActs('bounced', 'recipient', undefined), 'sender');
  assert.equal(whoActs('delivered', undefined, undefined), 'nobody');
});
