import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { StsPublicationRow } from '../../store/clients/sts-publications.ts';
import { stsPlan } from './sts-plan.ts';
import { currentRow, type StsPublication } from './sts-publication.ts';

const DAY = 86_400_000;
const NOW = Date.UTC(2026, 10, 20);

const published = (mode: 'testing' | 'enforce', daysAgo: number, maxAgeSeconds = 86_400): StsPublication => ({ domain: 'example.org', policy: { mode, mx: ['mail.example.org'], maxAgeSeconds }, text: '', id: 'x', since: NOW - daysAgo * DAY, testedMs: mode === 'enforce' ? 15 * DAY : 0 });
const reports = (count: number, failures: number) => ({ since: 0, reports: count, successes: 100, failures });

describe('the way to MTA-STS', () => {
  for (const [name, facts, advice] of [
    ['begins with testing', {}, /Begin with testing/],
    ['waits two weeks', { publication: published('testing', 3), reports: reports(3, 0) }, /Wait until 2026-12-01/],
    ['wants reports', { publication: published('testing', 20), reports: reports(0, 0) }, /no TLS report has come/],
    ['stays while sessions fail', { publication: published('testing', 20), reports: reports(9, 2) }, /Stay in testing. 2 of 102/],
    ['goes on to enforce', { publication: published('testing', 20), reports: reports(9, 0) }, /go on to enforce/],
    ['lets it live longer', { publication: published('enforce', 40, 604_800), reports: reports(9, 0) }, /keep it for longer/],
    ['is at its end', { publication: published('enforce', 40, 30 * 86_400), reports: reports(9, 0) }, /^Nothing is to be done here/],
    ['leaves all as it is while senders remember it', { publication: { ...published('testing', 1), policy: { mode: 'none' as const, mx: [], maxAgeSeconds: 86_400 }, until: NOW + 5 * DAY } }, /until 2026-11-25\. Leave the record/],
    ['points out that nobody tested', { publication: { ...published('enforce', 2), testedMs: 0 }, reports: reports(9, 0) }, /^Enforced without testing/],
    ['warns when enforcing fails', { publication: published('enforce', 2), reports: reports(9, 1) }, /Go back to testing/],
  ] as const) {
    it(name, () => assert.match(stsPlan('example.org', facts, NOW).advice, advice));
  }

  for (const [testedDays, states] of [[0, ['skipped', 'skipped', 'now']], [2, ['done', 'skipped', 'now']], [15, ['done', 'done', 'now']]] as const) {
    it(`does not call done what was skipped: ${testedDays} days of testing`, () => {
      assert.deepEqual(stsPlan('example.org', { publication: { ...published('enforce', 2), testedMs: testedDays * DAY } }, NOW).steps.map(({ state }) => state), states);
    });
  }
});

describe('what is remembered of a policy', () => {
  const row = (mode: StsPublicationRow['mode'], keptUntil = NOW): StsPublicationRow => ({ domain: 'example.org', mode, since: NOW - 9 * DAY, maxAgeSeconds: null, keptUntil, testedMs: 0 });

  it('begins, and keeps its date while the mode stays', () => {
    assert.equal(currentRow('example.org', 'off', undefined, NOW), undefined);
    assert.equal(currentRow('example.org', 'testing', undefined, NOW)?.since, NOW);
    const testing = row('testing');
    assert.equal(currentRow('example.org', 'testing', testing, NOW), testing);
    const enforced = currentRow('example.org', 'enforce', testing, NOW);
    assert.deepEqual([enforced?.since, enforced?.testedMs], [NOW, 9 * DAY]);
    assert.equal(currentRow('example.org', 'enforce', undefined, NOW)?.testedMs, 0);
  });

  it('ends with mode none for as long as others may hold it', () => {
    const ending = currentRow('example.org', 'off', row('enforce'), NOW);
    assert.deepEqual([ending?.mode, ending?.keptUntil], ['none', NOW + 7 * DAY]);
    assert.equal(currentRow('example.org', 'off', ending, NOW + 6 * DAY), ending);
    assert.equal(currentRow('example.org', 'off', ending, NOW + 8 * DAY), undefined);
  });
});
