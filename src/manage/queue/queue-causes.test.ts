import assert from 'node:assert/strict';
import { test } from 'node:test';
import { groupCauses, nextTryOf } from './queue-causes.ts';
import type { QueueExplanation } from './queue-why.ts';

function row(recipient: string, reason: string, more: Partial<QueueExplanation> = {}): QueueExplanation {
  return {
    id: recipient, recipient, sender: 'alice@example.org', state: 'queued', reason, actor: 'nobody', stream: 'transactional', site: 'google',
    now: 1000, queuedAt: 0, attempts: 1, expiresAt: 9000, ...more,
  };
}

test('a bad hour is told in as many paragraphs as it has reasons', () => {
  const causes = groupCauses([
    row('e@example.net', 'mx.example.net said: 450 <e@example.net> is full.', { site: 'mx.example.net' }),
    row('a@gmail.com', 'Mail from 192.0.2.1 rests until 08:10 UTC.'),
    row('b@gmail.com', 'Mail from 192.0.2.1 rests until 08:12 UTC.'),
    row('f@example.net', 'mx.example.net said: 450 <f@example.net> is full.', { site: 'mx.example.net' }),
    row('c@gmail.com', 'Mail from 192.0.2.1 rests until 08:12 UTC.'),
    row('d@gmail.com', 'Held.', { state: 'held', actor: 'administrator' }),
  ]);
  assert.deepEqual(causes.map(({ rows }) => rows.map(({ recipient }) => recipient)), [['a@gmail.com', 'b@gmail.com', 'c@gmail.com'], ['e@example.net', 'f@example.net'], ['d@gmail.com']]);
});

test('what differs in who has to act, or in what the last reply meant, is told apart', () => {
  const explanation = { culprit: 'theirs', meaning: '', nextStep: '', source: '', date: '', rule: 'one' };
  assert.equal(groupCauses([row('a@x.example', 'It waits.', { explanation }), row('b@x.example', 'It waits.', { explanation: { ...explanation, rule: 'two' } })]).length, 2);
  assert.equal(groupCauses([row('a@x.example', 'It waits.'), row('b@x.example', 'It waits.', { actor: 'administrator' })]).length, 2);
});

test('the next try is not before the shaper lets it go', () => {
  assert.equal(nextTryOf(row('a@x.example', '', { nextAttemptAt: 500, waitUntil: 4000 })), 4000);
  assert.equal(nextTryOf(row('a@x.example', '', { nextAttemptAt: 5000 })), 5000);
  assert.equal(nextTryOf(row('a@x.example', '')), undefined);
});
