import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AdjustableClock } from '../../base/clock.ts';
import { RELAY_LIMITS } from '../../base/limits.ts';
import { silentLog } from '../../base/log.ts';
import type { RouteRule } from '../../contract/routes.ts';
import type { RecipientCheckRow } from '../../store/ops/routes.ts';
import { createRecipientChecker, type ProbeAnswer } from './recipient-checker.ts';

const relay = { host: 'inner.test', port: 25, tls: 'none' } as const;
const rule: RouteRule = { match: 'recipient', pattern: 'corp.test', target: { kind: 'relay', relay }, accept: true, verify: true, createdAt: 0 };

const yes = { kind: 'reply', reply: { code: 250, text: 'ok' } } as const;
const no = { kind: 'reply', reply: { code: 550, enhanced: '5.1.1', text: 'no such user' } } as const;
const down = { kind: 'unreachable', detail: 'connection refused' } as const;

/** A checker whose inner server says what `says` gives, with the rows that it keeps. */
function checker(says: (address: string, signal: AbortSignal) => Promise<ProbeAnswer>, rules: RouteRule | undefined = rule) {
  const clock = new AdjustableClock();
  const rows = new Map<string, RecipientCheckRow>();
  const asked: string[] = [];
  const make = () => createRecipientChecker({
    routes: { find: async () => rules, acceptance: async () => rules },
    store: { check: async (address) => rows.get(address), noteCheck: async (row) => void rows.set(row.address, row) },
    probe: (_relay, address, signal) => (asked.push(address), says(address, signal)),
    clock,
    log: silentLog,
  });
  return { check: make(), make, clock, asked, rows };
}

test('an answer is kept, also over a restart; yes for long, no for hours', async () => {
  const kit = checker(async (address) => (address.startsWith('known') ? yes : no));
  assert.equal((await kit.check('Known@Corp.test')).kind, 'known');
  assert.equal((await kit.check('known@corp.test')).kind, 'known');
  assert.equal((await kit.check('other@corp.test')).kind, 'unknown');
  assert.equal((await kit.make()('other@corp.test')).kind, 'unknown');
  assert.deepEqual(kit.asked, ['known@corp.test', 'other@corp.test']);
  kit.clock.advance(RELAY_LIMITS.unknownAddressMs);
  assert.equal((await kit.check('other@corp.test')).kind, 'unknown');
  assert.equal((await kit.check('known@corp.test')).kind, 'known');
  assert.equal(kit.asked.length, 3);
  // After a day it is asked again in the background, and the client does not wait for it.
  kit.clock.advance(RELAY_LIMITS.knownAddressRefreshMs);
  assert.equal((await kit.check('known@corp.test')).kind, 'known');
  assert.equal(kit.asked.length, 4);
});

test('an inner server that is down takes nothing back and says nothing new, and is left alone for a minute', async () => {
  let answer: ProbeAnswer = yes;
  const kit = checker(async () => answer);
  await kit.check('known@corp.test');
  answer = down;
  kit.clock.advance(RELAY_LIMITS.knownAddressMs * 2);
  assert.equal((await kit.check('known@corp.test')).kind, 'known');
  assert.deepEqual(await kit.check('new@corp.test'), { kind: 'unclear', detail: 'connection refused' });
  assert.equal(kit.asked.length, 2);
  kit.clock.advance(RELAY_LIMITS.unansweredProbeMs);
  answer = no;
  assert.equal((await kit.check('new@corp.test')).kind, 'unknown');
});

test('only what is about the recipient is a no', async () => {
  const reply = (code: number, enhanced: string | undefined, text: string): ProbeAnswer => ({ kind: 'reply', reply: { code, text, ...(enhanced && { enhanced }) } });
  const cases: [ProbeAnswer, string][] = [
    [reply(251, undefined, 'will forward'), 'known'],
    [reply(550, undefined, 'unknown'), 'unknown'],
    [reply(550, '5.4.1', 'Recipient address rejected: Access denied'), 'unknown'],
    [reply(550, '5.7.1', 'Relaying denied'), 'unclear'],
    [reply(554, undefined, 'blocked'), 'unclear'],
    [reply(450, '4.2.0', 'greylisted'), 'unclear'],
    [{ kind: 'unclear', detail: 'MAIL refused' }, 'unclear'],
  ];
  for (const [answer, kind] of cases) assert.equal((await checker(async () => answer).check('u@corp.test')).kind, kind, JSON.stringify(answer));
});

test('one question for each address at a time, with a deadline', async () => {
  const answers: ((answer: ProbeAnswer) => void)[] = [];
  const kit = checker(() => new Promise((resolve) => answers.push(resolve)));
  const both = [kit.check('u@corp.test'), kit.check('U@corp.test')];
  await new Promise(setImmediate);
  assert.equal(answers.length, 1);
  answers[0]?.(yes);
  assert.deepEqual((await Promise.all(both)).map(({ kind }) => kind), ['known', 'known']);
  const late = kit.check('late@corp.test');
  await new Promise(setImmediate);
  kit.clock.advance(RELAY_LIMITS.probeTimeoutMs);
  assert.equal((await late).kind, 'unclear');
});

test('nobody but a relay of ours is asked', async () => {
  for (const other of [undefined, { ...rule, target: { kind: 'mx' } }, { ...rule, match: 'sender' }] as (RouteRule | undefined)[]) {
    const kit = checker(async () => no, other);
    const silent = other === undefined ? createRecipientChecker({ routes: { find: async () => undefined, acceptance: async () => undefined }, store: { check: async () => undefined, noteCheck: async () => {} }, probe: async () => assert.fail('asked'), clock: kit.clock, log: silentLog }) : kit.check;
    assert.equal((await silent('u@corp.test')).kind, 'known');
    assert.equal(kit.asked.length, 0);
  }
});
