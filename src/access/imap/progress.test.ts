import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualClock } from '../../../test/harness/manual-clock.ts';
import { IMAP_LIMITS } from '../../base/access-limits.ts';
import { ResponseBatch } from '../../wire/imap/response-batch.ts';
import { Progress } from './progress.ts';

test('a long command shows signs of life, between lines only', () => {
  const clock = new ManualClock();
  const out = new ResponseBatch();
  const sent: string[] = [];
  const progress = new Progress('a"1', { clock, out, send: () => void sent.push(out.take().toString()) });
  progress.reached(1, 10);
  clock.advance(IMAP_LIMITS.progressEveryMs - 1);
  assert.deepEqual(sent, []);
  clock.advance(1);
  assert.deepEqual(sent.splice(0), ['* OK [INPROGRESS ("a\\"1" 1 10)] still working\r\n']);
  out.text('* 1 FETCH (');
  clock.advance(IMAP_LIMITS.progressEveryMs);
  assert.deepEqual(sent, []);
  out.line(')');
  progress.reached(2, 10);
  assert.deepEqual(sent.splice(0), ['* 1 FETCH ()\r\n* OK [INPROGRESS ("a\\"1" 2 10)] still working\r\n']);
  progress.reached(3, 10);
  progress.stop();
  clock.advance(10 * IMAP_LIMITS.progressEveryMs);
  assert.deepEqual(sent, []);
});
