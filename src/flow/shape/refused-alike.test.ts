import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SendResult } from '../../contract/shaper.ts';
import { explainReply } from '../../mail/reply-meaning/explain.ts';
import { RefusedAlike, type AlikeDelivery } from './refused-alike.ts';

const HOUR = 3_600_000;
const AT = Date.UTC(2026, 10, 21, 8);

let serial = 0;

function refused(text = 'zark fnord', more: Partial<SendResult> = {}, scope: 'recipient' | 'message' = 'recipient'): SendResult {
  serial += 1;
  const reply = { code: 550, text };
  return {
    outcome: { recipient: 0, status: 'failed', scope, reply, attempt: { mx: 'mx.odd.example', address: '192.0.2.9' } },
    explanation: explainReply(reply, { mx: 'mx.odd.example' }), about: { recipient: `r${serial}@odd.example`, content: `c${serial}` }, ...more,
  };
}

function taken(): SendResult {
  return { outcome: { recipient: 0, status: 'delivered', scope: 'recipient', reply: { code: 250, text: 'ok' }, attempt: { mx: 'mx.odd.example', address: '192.0.2.9' } } };
}

function delivery(more: Partial<AlikeDelivery> = {}): AlikeDelivery {
  return { source: '192.0.2.1', site: 'odd', siteTitle: 'odd', domain: 'shop.example', signed: true, closed: false, alone: true, now: AT, ...more };
}

/** Of the last of these, in turn. */
function lastClass(book: RefusedAlike, ...steps: readonly (readonly [SendResult, Partial<AlikeDelivery>?])[]): string | undefined {
  return steps.map(([result, more]) => book.read(delivery(more), [result])[0]?.explanation?.faultClass).at(-1);
}

test('the third recipient in a row who is refused in the same words is not to blame', () => {
  const book = new RefusedAlike();
  assert.equal(lastClass(book, [refused()]), 'policy');
  assert.equal(lastClass(book, [refused()]), 'policy');
  assert.equal(lastClass(book, [refused()]), 'block');
});

test('one recipient who is refused three times is one recipient', () => {
  const same = refused();
  assert.equal(lastClass(new RefusedAlike(), [same], [same], [same]), 'policy');
});

test('mail that is taken in between, other words, another site or source, a day later: it begins anew', () => {
  assert.equal(lastClass(new RefusedAlike(), [refused()], [refused()], [taken()], [refused()]), 'policy');
  assert.equal(lastClass(new RefusedAlike(), [refused()], [refused()], [refused('quux')]), 'policy');
  assert.equal(lastClass(new RefusedAlike(), [refused()], [refused()], [refused(), { site: 'even' }]), 'policy');
  assert.equal(lastClass(new RefusedAlike(), [refused()], [refused()], [refused(), { source: '192.0.2.2' }]), 'policy');
  assert.equal(lastClass(new RefusedAlike(), [refused()], [refused()], [refused(), { now: AT + 25 * HOUR }]), 'policy');
});

test('refused behind the content: mail of another domain that is taken says nothing about it, one recipient more neither', () => {
  const behind = (more: Partial<SendResult> = {}): SendResult => refused('zark fnord', more, 'message');
  assert.equal(lastClass(new RefusedAlike(), [behind()], [behind()], [taken(), { domain: 'club.example' }], [behind()]), 'block');
  const first = behind();
  assert.equal(lastClass(new RefusedAlike(), [first], [{ ...first, about: { recipient: 'x@odd.example', content: first.about?.content ?? '' } }], [behind()]), 'policy');
});

test('of one transaction: who is refused beside others that are taken is refused for himself', () => {
  const book = new RefusedAlike();
  const read = book.read(delivery(), [refused(), refused(), refused(), taken()]);
  assert.deepEqual(read.map(({ explanation }) => explanation?.faultClass), ['policy', 'policy', 'policy', undefined]);
  assert.ok(book.read(delivery(), [refused(), refused(), refused()]).every(({ explanation }) => explanation?.faultClass === 'block'));
});

test('whose mail it is decides whom it means: one domain, one without signature, several', () => {
  const culprit = (...domains: readonly Partial<AlikeDelivery>[]): string | undefined => {
    const book = new RefusedAlike();
    return domains.map((more) => book.read(delivery(more), [refused()])[0]?.explanation?.culprit).at(-1);
  };
  assert.equal(culprit({}, {}, {}), 'dkim-domain');
  assert.equal(culprit({ signed: false }, { signed: false }, { signed: false }), 'spf-domain');
  assert.equal(culprit({}, { domain: 'club.example' }, {}), 'source-ip');
  assert.equal(culprit({ domain: '' }, { domain: '' }, { domain: '' }), 'source-ip');
});

test('after a restart what was refused so before, and what probes a lane that is closed for it, waits', () => {
  assert.equal(lastClass(new RefusedAlike(), [refused('zark', { triesBefore: 6, ruleBefore: 'refused-alike' })]), 'rate');
  assert.equal(lastClass(new RefusedAlike(), [refused('quux'), { closed: true }]), 'block');
});

test('refused in those words after mail was taken again: it waits for a while and is then returned', () => {
  const book = new RefusedAlike();
  lastClass(book, [refused()], [refused()], [refused()], [taken()]);
  assert.equal(lastClass(book, [refused('zark fnord', { triesBefore: 3, ruleBefore: 'refused-alike' })]), 'rate');
  assert.equal(lastClass(book, [taken()], [refused('zark fnord', { triesBefore: 4, ruleBefore: 'refused-alike' })]), 'policy');
});

test('those whom it hit before that was seen are named, so that their addresses are cleared', () => {
  const book = new RefusedAlike();
  const [first, second] = [refused(), refused()];
  lastClass(book, [first], [second]);
  assert.deepEqual(book.read(delivery(), [refused()])[0]?.explanation?.evidence?.innocent, [first.about?.recipient, second.about?.recipient]);
});

test('a greeting that refuses means our address after three, and none counts while other connections are open', () => {
  const greeting = (): SendResult => {
    const result = refused('zark fnord');
    return { ...result, outcome: { ...result.outcome, status: 'deferred', scope: 'host' } };
  };
  const crowd = { alone: false };
  assert.equal(lastClass(new RefusedAlike(), [greeting(), crowd], [greeting(), crowd], [greeting(), crowd]), 'policy');
  assert.equal(lastClass(new RefusedAlike(), [greeting()], [greeting()], [greeting()]), 'block');
});
