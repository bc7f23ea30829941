import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AdjustableClock } from '../../base/clock.ts';
import { ConnectionSpans } from './connection-spans.ts';

test('two connections that end after the same number of messages tell how many a host takes, for an hour', () => {
  const clock = new AdjustableClock();
  const spans = new ConnectionSpans(clock);
  spans.ended('host', 7);
  assert.equal(spans.limitOf('host'), undefined);
  spans.ended('host', 7);
  assert.equal(spans.limitOf('host'), 7);
  assert.equal(spans.limitOf('other'), undefined);
  clock.advance(61 * 60_000);
  assert.equal(spans.limitOf('host'), undefined);
});

test('connections that end as they like teach nothing, nor do those that carried one message', () => {
  const spans = new ConnectionSpans(new AdjustableClock());
  for (const messages of [3, 9, 4, 12]) spans.ended('host', messages);
  assert.equal(spans.limitOf('host'), undefined);
  for (let at = 0; at < 5; at += 1) spans.ended('host', 1);
  assert.equal(spans.limitOf('host'), undefined);
});
