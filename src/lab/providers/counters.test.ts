import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualClock } from '../../../test/harness/manual-clock.ts';
import { BULK_MESSAGES_PER_DAY, Counters } from './counters.ts';

const DAY_MS = 86_400_000;

test('bulk status comes with 5,000 messages on one day and stays', () => {
  const clock = new ManualClock();
  const counters = new Counters(clock);
  for (let sent = 1; sent < BULK_MESSAGES_PER_DAY; sent++) counters.accepted('gmail', '127.0.0.10', 'example.org', 'inbox');
  assert.equal(counters.isBulk('gmail', 'example.org'), false);
  counters.accepted('gmail', '127.0.0.10', 'example.org', 'spam');
  assert.equal(counters.isBulk('gmail', 'example.org'), true);
  assert.equal(counters.isBulk('yahoo', 'example.org'), false);
  clock.advance(40 * DAY_MS);
  assert.equal(counters.isBulk('gmail', 'example.org'), true);
});

test('two half days do not make a bulk sender', () => {
  const clock = new ManualClock();
  const counters = new Counters(clock);
  for (let sent = 0; sent < 2 * 2600; sent++) {
    if (sent === 2600) clock.advance(DAY_MS);
    counters.accepted('gmail', '127.0.0.10', 'example.org', 'inbox');
  }
  assert.equal(counters.isBulk('gmail', 'example.org'), false);
});

test('the rate is that of the last minute', () => {
  const clock = new ManualClock();
  const counters = new Counters(clock);
  for (let sent = 0; sent < 7; sent++) counters.started('gmail', '127.0.0.10');
  assert.equal(counters.perMinute('gmail', '127.0.0.10'), 7);
  clock.advance(61_000);
  assert.equal(counters.perMinute('gmail', '127.0.0.10'), 0);
});

test('a complaint rate needs enough messages', () => {
  const counters = new Counters(new ManualClock());
  counters.accepted('yahoo', '127.0.0.10', 'example.org', 'inbox');
  counters.complained('yahoo', '127.0.0.10', 'example.org');
  assert.equal(counters.complaintRate('yahoo', 'example.org'), 0);
  for (let sent = 1; sent < 200; sent++) counters.accepted('yahoo', '127.0.0.10', 'example.org', 'inbox');
  assert.equal(counters.complaintRate('yahoo', 'example.org'), 0.005);
});

test('rows are per address, domain and day, with refusals by rule', () => {
  const counters = new Counters(new ManualClock());
  counters.accepted('gmx', '127.0.0.10', 'example.org', 'spam');
  counters.refused('gmx', '127.0.0.10', 'example.org', 'aligned-dkim');
  assert.deepEqual(
    counters.list('gmx').map(({ kind, key, spam, refused }) => ({ kind, key, spam, refused })),
    [
      { kind: 'ip', key: '127.0.0.10', spam: 1, refused: { 'aligned-dkim': 1 } },
      { kind: 'domain', key: 'example.org', spam: 1, refused: { 'aligned-dkim': 1 } },
    ],
  );
  assert.deepEqual(counters.list('gmail'), []);
});
