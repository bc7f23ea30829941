import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { DeliveryOutcome, QueueMessage, QueueRecipient, RoutePlan } from '../../contract/queue.ts';
import type { Suppression } from '../../contract/suppression.ts';
import { VirtualClock } from '../../base/virtual-clock.ts';
import { explainReply } from '../../mail/reply-meaning/explain.ts';
import { verdictOn, type SettledFacts } from './recorder.ts';
import { createSuppressingRouter } from './suppressing-router.ts';

const DAY_MS = 86_400_000;
const NOW = Date.UTC(2026, 10, 20);

function facts(line: string, over: Partial<SettledFacts> & { scope?: DeliveryOutcome['scope']; own?: boolean } = {}): SettledFacts {
  const [, code, enhanced, text] = /^(\d{3}) (?:([245]\.\d+\.\d+) )?(.*)$/.exec(line) as RegExpExecArray;
  const reply = { code: Number(code), ...(enhanced && { enhanced }), text: text as string };
  const attempt = over.own ? { ownReply: true as const } : { mx: 'mx.example.net', address: '192.0.2.1' };
  return {
    messageId: 'm1', recipient: { index: 0, address: 'bob@example.net', state: 'queued', attempts: 0, nextAttemptAt: 0 }, recipients: 1,
    outcome: { recipient: 0, status: 'failed', scope: over.scope ?? 'recipient', reply, attempt }, state: 'bounced',
    explanation: explainReply(reply, over.own ? { own: true } : { mx: 'mx.example.net' }), ...over,
  };
}

describe('what a fate says about an address', () => {
  it('hard: the address is dead, said to it alone', () => {
    assert.equal(verdictOn(facts('550 5.1.1 User unknown')), 'hard');
    assert.equal(verdictOn(facts('550 5.1.1 User unknown', { scope: 'message' })), 'hard');
    assert.equal(verdictOn(facts('550 5.1.1 User unknown', { scope: 'message', recipients: 3 })), 'none', 'one of three, nobody knows which');
    assert.equal(verdictOn(facts('550 5.1.1 User unknown', { recipients: 3 })), 'hard', 'its own RCPT');
  });

  it('soft: full or suspended, when the message is given up', () => {
    assert.equal(verdictOn(facts('552 5.2.2 Mailbox full')), 'soft');
    assert.equal(verdictOn(facts('452 4.2.2 Mailbox full', { state: 'expired' })), 'soft');
    assert.equal(verdictOn(facts('452 4.2.2 Mailbox full', { state: 'queued' })), 'none');
  });

  it('nothing: blocks, authentication, content, capacity, and our own words', () => {
    for (const line of [
      '554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using zen.spamhaus.org', '550 5.7.26 fails SPF', '550 5.7.1 spam', '552 5.3.4 too big',
      '550 5.2.1 Mailbox unavailable. Your IP address 192.0.2.1 is blacklisted', '550 no', '550 5.7.1 The user you are trying to contact is receiving mail too quickly',
    ]) {
      assert.equal(verdictOn(facts(line)), 'none', line);
    }
    assert.equal(verdictOn(facts('550 5.1.2 the domain example.net does not exist', { own: true })), 'none');
  });
});

describe('the way of mail to a suppressed address', () => {
  const plan: RoutePlan = { kind: 'mx', key: 'mx:example.net', domain: 'example.net' };
  const entry: Suppression = { address: 'bob@example.net', source: 'bounce', reason: 'no such user', reply: '550 5.1.1 no such user', since: NOW };
  const message = { id: '1a', sender: 'alice@example.org', origin: { kind: 'submission', protocol: 'ESMTPSA' }, queuedAt: NOW } as QueueMessage;
  const bob: QueueRecipient = { index: 0, address: 'Bob@example.net', state: 'queued', attempts: 0, nextAttemptAt: 0 };

  function way(found: Suppression | undefined, at = NOW) {
    const tried: number[] = [];
    const clock = new VirtualClock(at);
    const suppressions = { find: async () => found, noteTried: async (_: string, when: number) => void tried.push(when) };
    return { tried, router: createSuppressingRouter({ router: { route: async () => plan }, suppressions, clock }) };
  }

  it('is free for all others', async () => {
    assert.equal((await way(undefined).router.route(message, bob, 1)).kind, 'mx');
  });

  it('ends at once, with the words that put it on the list and what lifts it', async () => {
    const route = await way(entry).router.route(message, bob, 1);
    assert.ok(route.kind === 'undeliverable');
    assert.equal(route.reply.code, 550);
    assert.match(route.reply.text, /suppressed since 2026-11-20 \(bounce\): 550 5\.1\.1 no such user; posthorn suppression remove bob@example\.net lifts it/);
    assert.equal(explainReply(route.reply, { own: true }).rule, 'own.suppressed');
  });

  it('lets a person\'s single letter through once a day, and its retries', async () => {
    const later = way(entry, NOW + DAY_MS);
    assert.equal((await later.router.route(message, bob, 1)).kind, 'mx');
    assert.deepEqual(later.tried, [NOW + DAY_MS]);
    const tried = { ...entry, triedAt: NOW + DAY_MS };
    const retry = way(tried, NOW + DAY_MS + 1000);
    assert.equal((await retry.router.route({ ...message, queuedAt: NOW + DAY_MS }, { ...bob, attempts: 1 }, 1)).kind, 'mx');
    assert.equal((await retry.router.route({ ...message, queuedAt: NOW + DAY_MS + 500 }, bob, 1)).kind, 'undeliverable');
  });

  it('does not wait for a day that lies in the future because the clock was ahead', async () => {
    const ahead = way({ ...entry, triedAt: NOW + 400 * DAY_MS }, NOW + 2 * DAY_MS);
    assert.equal((await ahead.router.route(message, bob, 1)).kind, 'mx');
  });

  it('is closed to programs, mailings, and where a person or a complaint closed it', async () => {
    const at = NOW + 30 * DAY_MS;
    const kindOf = async (changes: Partial<QueueMessage>, found: Suppression = entry, recipients = 1) => (await way(found, at).router.route({ ...message, ...changes }, bob, recipients)).kind;
    assert.equal(await kindOf({ origin: { kind: 'trusted', protocol: 'ESMTP' } }), 'undeliverable');
    assert.equal(await kindOf({ stream: 'bulk' }), 'undeliverable');
    assert.equal(await kindOf({}, entry, 2), 'undeliverable');
    assert.equal(await kindOf({}, { ...entry, source: 'complaint' }), 'undeliverable');
    assert.equal(await kindOf({}, { ...entry, source: 'manual' }), 'undeliverable');
    assert.equal(await kindOf({ origin: { kind: 'inbound', protocol: 'ESMTP' } }), 'mx', 'a stranger learns it from the receiver');
  });
});
