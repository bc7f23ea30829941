import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { EXAMINATION_LIMITS } from '../base/guard-limits.ts';
import type { FindingRow, GuardStateRow, RunRow } from './clients/examinations.ts';
import { openStore, type Store } from './store.ts';

const NOW = Date.UTC(2026, 10, 21);
const DAY = 86_400_000;
const folder = mkdtempSync(join(tmpdir(), 'posthorn-examinations-'));
let store: Store;

/** For one suite: hooks of the whole file would open the store, and never close it, when none of its tests is chosen. */
function withStore(): void {
  before(async () => {
    store = await openStore(folder);
  });
  after(() => store.close());
}
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));

const RUN: RunRow = { at: NOW, by: 'guard', score: 9, passed: 1, warned: 0, failed: 0, unknown: 0 };
const finding = (level: string, text = level): FindingRow => ({ subject: 'example.org', check: 'mx', level, text, remedy: null, record: null, causedBy: null });

describe('what the doctor found', () => {
  withStore();

  it('is one row for as long as a check says the same, with its latest words', async () => {
    for (const [at, level, text] of [[0, 'pass', 'a'], [1, 'pass', 'b'], [2, 'fail', 'c'], [3, 'pass', 'd'], [4, 'pass', 'e']] as const) await store.examinations.addFindings([finding(level, text)], NOW + at * DAY);
    const spells = await store.examinations.spells({ subject: 'example.org', check: 'mx', limit: 10 });
    assert.deepEqual(spells.map(({ level, text, since, lastAt }) => [level, text, (since - NOW) / DAY, (lastAt - NOW) / DAY]), [['pass', 'e', 3, 4], ['fail', 'c', 2, 2], ['pass', 'b', 0, 1]]);
    assert.deepEqual(await store.examinations.spells({ subject: '', check: 'ptr', limit: 10 }), []);
  });

  it('cuts what is too long, and takes more findings than go in one call', async () => {
    const many = Array.from({ length: EXAMINATION_LIMITS.resultsPerCallMax + 1 }, (_, at) => ({ ...finding('fail', 'x'.repeat(10_000)), subject: `d${at}.example` }));
    await store.examinations.keep({ ...RUN, at: NOW + 10 * DAY, failed: many.length }, [{ subject: 'd1.example', at: NOW + 10 * DAY, score: 3, warned: 0, failed: 1 }], many);
    const [spell] = await store.examinations.spells({ subject: 'd1.example', check: '', limit: 10 });
    assert.equal(spell?.text.length, EXAMINATION_LIMITS.textCharsMax);
    assert.equal((await store.examinations.failing(NOW + 10 * DAY, 5000)).length, many.length);
    await store.examinations.addFindings([{ ...finding('fail'), subject: 'd0.example', check: 'message-spf', causedBy: 'spf-record' }], NOW + 10 * DAY);
    assert.ok((await store.examinations.failing(NOW + 10 * DAY, 5000)).every(({ check }) => check === 'mx'), 'a consequence is no failure of its own');
    assert.deepEqual((await store.examinations.scores('d1.example', 5)).map(({ score }) => score), [3]);
  });

  it('tells runs of everything apart, and forgets what ended long ago', async () => {
    await store.examinations.keep({ ...RUN, at: NOW + 11 * DAY, score: null }, [], []);
    assert.deepEqual((await store.examinations.runs(5, true)).map(({ score }) => score), [9]);
    assert.equal((await store.examinations.runs(5)).length, 2);
    await store.examinations.prune(NOW + 10 * DAY);
    assert.deepEqual(await store.examinations.spells({ subject: 'example.org', check: '', limit: 10 }), []);
    assert.equal((await store.examinations.runs(5)).length, 2);
  });
});

describe('what the guard remembers', () => {
  withStore();

  const state = (subject: string, over: Partial<GuardStateRow> = {}): GuardStateRow => ({ subject, check: 'mx', state: JSON.stringify({ subject }), doubtful: false, acknowledged: false, lastSeenAt: NOW, ...over });

  it('is kept with its news, and found by what is in doubt', async () => {
    await store.guard.put([state('a.example'), state('b.example', { doubtful: true })], ['{"kind":"worse"}'], NOW);
    await store.guard.put([state('a.example', { state: '{"new":1}' })], [], NOW);
    assert.deepEqual(await store.guard.statesOf(['a.example']), ['{"new":1}']);
    assert.deepEqual(await store.guard.states('doubtful', { subject: '', check: '' }, 10), ['{"subject":"b.example"}']);
    assert.equal((await store.guard.states('all', { subject: 'a.example', check: 'mx' }, 10)).length, 1);
  });

  it('tells news until they are told', async () => {
    const { count, last } = await store.guard.countUntold();
    assert.deepEqual([count, (await store.guard.untold(10)).map(({ id }) => id)], [1, [last]]);
    await store.guard.told(last - 1, NOW);
    assert.equal((await store.guard.countUntold()).count, 1);
    await store.guard.told(last, NOW + 1);
    assert.deepEqual(await store.guard.untold(10), []);
    assert.deepEqual((await store.guard.news(10)).map(({ toldAt }) => toldAt), [NOW + 1]);
    await store.guard.prune(NOW + 1, NOW + 2);
    assert.deepEqual([...(await store.guard.news(10)), ...(await store.guard.states('all', { subject: '', check: '' }, 10))], []);
  });
});

describe('outgoing mail by day', () => {
  withStore();

  it('is counted in memory, and written before it is read', async () => {
    const of = { domain: 'example.org', site: 'google', source: '192.0.2.7' };
    const today = new Date().toISOString().slice(0, 10);
    for (const outcome of ['delivered', 'delivered', 'hard', 'soft', 'deferred'] as const) store.sendingDays.count(of, outcome);
    store.sendingDays.count({ ...of, domain: '' }, 'delivered');
    assert.deepEqual(await store.sendingDays.byDomain(today), [{ domain: '', site: 'google', delivered: 1, deferred: 0, hard: 0, soft: 0 }, { domain: 'example.org', site: 'google', delivered: 2, deferred: 1, hard: 1, soft: 1 }]);
    store.sendingDays.count(of, 'delivered');
    assert.deepEqual(await store.sendingDays.bySource(today), [{ day: today, source: '192.0.2.7', delivered: 4, deferred: 1, hard: 1, soft: 1 }]);
    assert.deepEqual((await store.sendingDays.byDay(today, 'example.org')).map(({ delivered }) => delivered), [3]);
    assert.deepEqual(await store.sendingDays.byDomain('9999-01-01'), []);
  });

  it('keeps names of a domain once, with the last time', async () => {
    const name = { domain: 'example.org', field: 'from', value: 'a@example.org', lastAt: NOW, recipient: null } as const;
    store.sendingDays.noteName(name);
    await store.sendingDays.flush();
    store.sendingDays.noteName({ ...name, lastAt: NOW + 5 });
    assert.deepEqual(await store.sendingDays.names('example.org', NOW), [{ ...name, lastAt: NOW + 5 }]);
    await store.sendingDays.noteQueueLength({ hour: 5, waiting: 7, held: 1 });
    await store.sendingDays.prune({ day: '9999-01-01', nameBefore: NOW + 6, hour: 6 });
    assert.deepEqual([await store.sendingDays.names('example.org', 0), await store.sendingDays.queueLengths(0), await store.sendingDays.byDay('', '')], [[], [], []]);
  });
});
