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

/** `count` different recipients, each in a delivery of its own. */
function refuse(book: RefusedAlike, count: number, more: Partial<AlikeDelivery> = {}, text?: string): SendResult[] {
  return Array.from({ length: count }, () => book.read(delivery(more), [refused(text)])[0] as SendResult);
}

function rule({ explanation }: SendResult): string {
  return explanation?.rule ?? '';
}

test('nobody comes back before it is seen whom the words mean; the fifth recipient in a row shows that it is us', () => {
  const read = refuse(new RefusedAlike(), 5);
  assert.deepEqual(read.map(rule), [...Array<string>(4).fill('refused-unclear'), 'refused-alike']);
  assert.equal(read[0]?.explanation?.evidence?.askAgainMs, 20 * 60_000);
  assert.match(read[2]?.explanation?.meaning ?? '', /^odd refuses for good, .* 3 recipients were refused there since it last took any\. It is asked again/);
  assert.match(read[4]?.explanation?.meaning ?? '', /^5 recipients were refused at odd in the same words at 2026-11-21 08:00 UTC, and nothing was taken/);
});

test('a site that words each refusal anew is seen through at the eighth', () => {
  const book = new RefusedAlike();
  const words = ['zark', 'fnord', 'quux', 'plugh', 'xyzzy', 'grault', 'corge', 'waldo'];
  const read = words.map((text) => refuse(book, 1, {}, text)[0] as SendResult);
  assert.deepEqual(read.map(rule), [...Array<string>(7).fill('refused-unclear'), 'refused-alike']);
  assert.match(read[7]?.explanation?.meaning ?? '', /^8 recipients were refused at odd in words that do not tell whom they mean/);
});

test('one recipient who is refused again and again is one recipient', () => {
  const same = refused();
  assert.equal(lastClass(new RefusedAlike(), ...Array.from({ length: 9 }, () => [same] as const)), 'policy');
});

test('mail that is taken in between, another site or source, a day later: it begins anew', () => {
  const fifth = (more: Partial<AlikeDelivery>, ...between: readonly SendResult[]): string => {
    const book = new RefusedAlike();
    refuse(book, 4);
    if (between.length > 0) book.read(delivery(), between);
    return rule(refuse(book, 1, more)[0] as SendResult);
  };
  assert.equal(fifth({}), 'refused-alike');
  assert.equal(fifth({}, taken()), 'refused-unclear');
  assert.equal(fifth({ site: 'even', siteTitle: 'even' }), 'refused-unclear');
  assert.equal(fifth({ source: '192.0.2.2' }), 'refused-unclear');
  assert.equal(fifth({ now: AT + 25 * HOUR }), 'refused-unclear');
});

test('who is refused again after others were taken is meant himself; after many were refused with him, the second time', () => {
  const book = new RefusedAlike();
  const [alone, first, second] = [refused(), refused(), refused()];
  const again = (result: SendResult, tries: number): SendResult => book.read(delivery(), [{ ...result, triesBefore: tries, ruleBefore: 'refused-unclear' }])[0] as SendResult;
  const wasAskedAgain = (result: SendResult): boolean => result.explanation?.evidence?.askAgainMs !== undefined;
  lastClass(book, [alone], [taken()]);
  const believed = again(alone, 1);
  assert.equal(wasAskedAgain(believed), false);
  assert.match(believed.explanation?.meaning ?? '', /refused it 2 times, .* took other mail in between: it means this recipient/);
  lastClass(book, [taken()], [first], [second], [taken()]);
  assert.equal(wasAskedAgain(again(first, 1)), true);
  lastClass(book, [taken()]);
  assert.equal(wasAskedAgain(again(first, 2)), false);
});

test('words that were a block at one site are known at the next', () => {
  const book = new RefusedAlike();
  refuse(book, 5);
  const [first, second] = refuse(book, 2, { site: 'even', siteTitle: 'even' });
  assert.deepEqual([rule(first as SendResult), rule(second as SendResult)], ['refused-unclear', 'refused-alike']);
  assert.match(second?.explanation?.meaning ?? '', /odd refused everybody in the same words/);
});

test('who demands a log-in of everybody takes nothing: that is theirs', () => {
  const book = new RefusedAlike();
  const read = refuse(book, 3, {}, '5.7.0 Authentication required');
  assert.deepEqual(read.map(({ explanation }) => explanation?.culprit), ['policy', 'policy', 'theirs']);
});

test('refused behind the content: mail of another domain that is taken says nothing about it, one recipient more neither', () => {
  const behind = (more: Partial<SendResult> = {}): SendResult => refused('zark fnord', more, 'message');
  assert.equal(lastClass(new RefusedAlike(), [behind()], [behind()], [taken(), { domain: 'club.example' }], [behind()]), 'block');
  const first = behind();
  assert.equal(lastClass(new RefusedAlike(), [first], [{ ...first, about: { recipient: 'x@odd.example', content: first.about?.content ?? '' } }], [behind()]), 'policy');
});

test('a code for dead addresses behind the content blames nobody: the recipient had been taken', () => {
  const reply = { code: 550, enhanced: '5.1.1', text: 'zark fnord' };
  const book = new RefusedAlike();
  const said = [1, 2, 3].map(() => {
    const result = refused('', {}, 'message');
    return book.read(delivery(), [{ ...result, outcome: { ...result.outcome, reply }, explanation: explainReply(reply, { mx: 'mx.odd.example' }) }])[0] as SendResult;
  });
  assert.deepEqual(said.map((result) => rule(result)), ['refused-unclear', 'refused-unclear', 'refused-alike']);
});

test('of one transaction: who is refused beside others that are taken is refused for himself', () => {
  const book = new RefusedAlike();
  const read = book.read(delivery(), [refused(), refused(), taken(), refused()]);
  assert.deepEqual(read.map((result) => rule(result)), ['code.550', 'code.550', '', 'refused-unclear']);
  assert.ok(book.read(delivery(), [refused(), refused(), refused(), refused(), refused()]).every((result) => rule(result) === 'refused-alike'));
});

test('whose mail it is decides whom it means: one domain, one without signature, several', () => {
  const culprit = (...domains: readonly Partial<AlikeDelivery>[]): string | undefined => {
    const book = new RefusedAlike();
    refuse(book, 2, domains[0]);
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
  const last = refused();
  refuse(book, 4);
  const steps = [3, 4, 5, 6].map((triesBefore) => lastClass(book, [{ ...last, triesBefore, ruleBefore: 'refused-alike' }], [taken()], [{ ...last, triesBefore, ruleBefore: 'refused-alike' }]));
  assert.deepEqual(steps, ['rate', 'policy', 'policy', 'policy']);
});

test('those whom a code hit before that was seen are named, so that their addresses are cleared', () => {
  const book = new RefusedAlike();
  const coded = (): SendResult => {
    const result = refused();
    const reply = { code: 550, enhanced: '5.1.1', text: 'zark fnord' };
    return { ...result, outcome: { ...result.outcome, reply }, explanation: explainReply(reply, { mx: 'mx.odd.example' }) };
  };
  const [first, ...others] = Array.from({ length: 8 }, coded);
  const read = [first, ...others].map((result) => book.read(delivery(), [result as SendResult])[0]?.explanation);
  assert.deepEqual(read.map((explanation) => explanation?.rule), ['enhanced.1.1', ...Array<string>(6).fill('refused-unclear'), 'refused-alike']);
  assert.deepEqual(read[1]?.evidence?.innocent, [first?.about?.recipient]);
  assert.match(read[7]?.meaning ?? '', /Before that could be seen one was returned to its sender\./);
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
