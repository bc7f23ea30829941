import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SmtpStep, SmtpTrouble } from '../../net/smtp-trouble.ts';
import { judgeTrouble } from './trouble.ts';

const STEPS: readonly SmtpStep[] = ['connect', 'greeting', 'ehlo', 'starttls', 'tls', 'auth', 'rset', 'mail', 'rcpt', 'data', 'body', 'end-of-data'];
const peer = 'mx.a.test[192.0.2.1]:25';

function* everyTrouble(): Generator<SmtpTrouble> {
  for (const step of STEPS) {
    for (const code of [220, 250, 354, 421, 450, 451, 452, 500, 521, 535, 550, 552, 554, 556]) yield { kind: 'reply', step, reply: { code, text: 'x' } };
    yield { kind: 'lost', step, detail: 'x' };
    yield { kind: 'timeout', step, detail: 'x' };
    yield { kind: 'garbage', step, detail: 'x' };
    yield { kind: 'local', step, detail: 'x' };
  }
  yield { kind: 'tls', step: 'tls', detail: 'x' };
  yield { kind: 'missing', step: 'starttls', detail: 'x' };
  yield { kind: 'missing', step: 'auth', detail: 'x' };
}

test('what holds for every trouble', () => {
  for (const reused of [false, true]) {
    for (const trouble of everyTrouble()) {
      const { status, scope, next, reply } = judgeTrouble(trouble, { peer, reused });
      const name = JSON.stringify({ trouble, reused });
      if (status === 'failed') assert.ok(trouble.kind === 'reply' && trouble.reply.code >= 500, `only a peer's 5xx is permanent: ${name}`);
      if (status === 'failed' && next === 'settle') assert.ok(scope === 'recipient' || scope === 'message', `a host never decides alone: ${name}`);
      if (next === 'fresh') assert.ok(reused && trouble.step !== 'body' && trouble.step !== 'end-of-data', name);
      if (trouble.kind === 'local') assert.equal(scope, 'local', name);
      else assert.notEqual(scope, 'local', name);
      if (trouble.step === 'body' || trouble.step === 'end-of-data') assert.equal(next, 'settle', name);
      if (trouble.kind === 'reply') assert.equal(reply, trouble.reply);
      else assert.match(`${reply.code} ${reply.enhanced}`, /^451 4\.\d\.\d$/, name);
    }
  }
});

function judge(step: SmtpStep, code: number, reused = false): string {
  const { status, scope, next } = judgeTrouble({ kind: 'reply', step, reply: { code, text: '' } }, { peer, reused });
  return `${scope} ${status} ${next}`;
}

test('the rows of the table that differ from their class', () => {
  assert.equal(judge('greeting', 554), 'host deferred next-host');
  assert.equal(judge('greeting', 521), 'host failed next-host');
  assert.equal(judge('ehlo', 550), 'host deferred next-host');
  assert.equal(judge('auth', 535), 'host deferred settle');
  assert.equal(judge('rcpt', 552), 'recipient deferred next-host');
  assert.equal(judge('mail', 552), 'message failed settle');
  assert.equal(judge('mail', 421, true), 'session deferred fresh');
  assert.equal(judge('end-of-data', 421, true), 'session deferred settle');
  assert.equal(judge('end-of-data', 451), 'message deferred settle');
});
