import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MODELLED_RECEIVERS, ReceiverModel, type ReceiverFigures } from './receiver-model.ts';

const HOUR_MS = 3_600_000;
const gmail = MODELLED_RECEIVERS[0] as ReceiverFigures;

function send(model: ReceiverModel, from: number, count: number, everyMs: number): { sent: number; deferred: number } {
  const result = { sent: 0, deferred: 0 };
  for (let n = 0; n < count; n++) result[model.judge(from + n * everyMs, '192.0.2.1', 0).code === 250 ? 'sent' : 'deferred'] += 1;
  return result;
}

test('trust follows what was sent and grows at most by the growth of a day', () => {
  const model = new ReceiverModel(gmail, () => 0.5);
  const first = send(model, 0, gmail.trustAtFirst, (24 * HOUR_MS) / gmail.trustAtFirst);
  assert.equal(first.deferred, 0);
  assert.deepEqual(model.endDay(), { received: gmail.trustAtFirst, deferred: 0, complaints: 0, trust: gmail.trustAtFirst });
  assert.equal(model.endDay().trust, gmail.trustAtFirst * gmail.growth);
  assert.equal(model.endDay().trust, gmail.trustAtFirst * gmail.growth, 'a day without mail gives nothing');
});

test('a burst is deferred beyond the budget of the hour, in the words of the receiver', () => {
  const model = new ReceiverModel(gmail, () => 0.5);
  const { sent, deferred } = send(model, 0, 100, 1000);
  assert.equal(sent, Math.ceil(gmail.trustAtFirst / gmail.hoursShare));
  assert.equal(deferred, 100 - sent);
  assert.match(model.judge(100_000, '192.0.2.1', 0).text, /unusual rate.*192\.0\.2\.1/);
});

test('who goes on knocking, or draws complaints, loses trust', () => {
  const knocking = new ReceiverModel(gmail, () => 0.5);
  send(knocking, 0, 300, 100);
  knocking.endDay();
  assert.equal(knocking.endDay().trust, gmail.trustAtFirst / 2);
  const complained = new ReceiverModel(gmail, () => 0);
  for (let n = 0; n < 200; n++) complained.judge(n * 400_000, '192.0.2.1', 0.01);
  complained.endDay();
  assert.equal(complained.endDay().trust, gmail.trustAtFirst / 2);
});

test('some close for hours', () => {
  const yahoo = MODELLED_RECEIVERS[2] as ReceiverFigures;
  const model = new ReceiverModel(yahoo, () => 0.5);
  send(model, 0, 100, 1000);
  assert.equal(model.judge(HOUR_MS + 100_000, '192.0.2.1', 0).code, 421, 'the next hour is still closed');
  assert.equal(model.judge(3 * HOUR_MS, '192.0.2.1', 0).code, 250);
});
