/** The way to p=reject: when a stage is over, what is in the way, and which record comes next. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DmarcSourceSummary } from '../../contract/reports.ts';
import { parseDmarcRecord } from './record.ts';
import { planRollOut, ROLL_OUT, type RollOutInput } from './roll-out.ts';

const NOW = Date.UTC(2026, 10, 21);
const DAY = 86_400_000;

function source(facts: Partial<DmarcSourceSummary> = {}): DmarcSourceSummary {
  const count = facts.count ?? 1000;
  return { domain: 'a.example', sourceIp: '192.0.2.1', headerFrom: 'a.example', count, passed: count, dkimAligned: count, spfAligned: count, authenticatedElsewhere: 0, forwarded: 0, rejected: 0, quarantined: 0, seenDomains: ['a.example'], reporters: 3, lastSeen: NOW, ...facts };
}

const stranger = (facts: Partial<DmarcSourceSummary>): DmarcSourceSummary => source({ passed: 0, dkimAligned: 0, spfAligned: 0, seenDomains: [], ...facts });

function plan(record: string | undefined, facts: Partial<RollOutInput> = {}) {
  return planRollOut({ domain: 'a.example', record: record === undefined ? undefined : parseDmarcRecord(record), now: NOW, sources: [source()], reports: 60, reporters: 4, stageSince: NOW - 40 * DAY, ownAddresses: ['192.0.2.1'], notOurs: [], ...facts });
}

test('each stage, its next record, and what of the old one stays', () => {
  const next = (record: string | undefined) => { const { stage, next: step } = plan(record); return [stage, step?.record.value, step?.ready]; };
  assert.deepEqual(next(undefined), ['no-record', 'v=DMARC1; p=none; rua=mailto:dmarc@a.example', true]);
  assert.deepEqual(next('v=DMARC1; p=none; pct=50; ri=3600; adkim=s; rua=mailto:x@r.example'), ['none', 'v=DMARC1; p=quarantine; t=y; adkim=s; rua=mailto:x@r.example', true]);
  assert.deepEqual(next('v=DMARC1; p=quarantine; t=y; rua=mailto:x@r.example'), ['quarantine-test', 'v=DMARC1; p=quarantine; rua=mailto:x@r.example', true]);
  assert.deepEqual(next('v=DMARC1; p=quarantine; sp=reject'), ['quarantine', 'v=DMARC1; p=reject; t=y; sp=reject; rua=mailto:dmarc@a.example', true]);
  assert.deepEqual(next('v=DMARC1; p=reject; t=y'), ['reject-test', 'v=DMARC1; p=reject; rua=mailto:dmarc@a.example', true]);
  assert.deepEqual(next('v=DMARC1; p=reject'), ['reject', undefined, undefined]);
});

test('a stage has to stand for its time, counted from the first report that found it', () => {
  const young = plan('v=DMARC1; p=none', { stageSince: NOW - 10 * DAY });
  assert.deepEqual([young.blockers.length, young.next?.ready, young.next?.notBefore], [0, false, NOW - 10 * DAY + ROLL_OUT.stageMs]);
  assert.equal(plan('v=DMARC1; p=none', { stageSince: undefined }).next?.notBefore, NOW + ROLL_OUT.stageMs);
});

test('nothing is advised on few reports', () => {
  for (const few of [{ reports: 3 }, { reporters: 1 }, { sources: [source({ count: 12 })] }, { sources: [], reports: 0, reporters: 0 }]) {
    const { blockers, next } = plan('v=DMARC1; p=none', few);
    assert.match(blockers[0]?.text ?? '', /^Too little is known/);
    assert.equal(next?.ready, false);
  }
});

test('a service that does not align is in the way, by its name', () => {
  const { blockers, next } = plan('v=DMARC1; p=none', { sources: [source(), stranger({ sourceIp: '198.51.100.7', count: 200, authenticatedElsewhere: 200, seenDomains: ['em123.sendgrid.net'] })] });
  assert.match(blockers.map(({ text }) => text).join('\n'), /Only 83\.3 % of your mail passes[\s\S]*Twilio SendGrid sends as a\.example/);
  assert.equal(next?.ready, false);
});

test('who authenticates as somebody unknown is asked about, and dismissed when the owner says so', () => {
  const sources = [source(), stranger({ sourceIp: '203.0.113.5', count: 300, authenticatedElsewhere: 300, seenDomains: ['mail.spammer.example'] })];
  assert.match(plan('v=DMARC1; p=none', { sources }).blockers.at(-1)?.text ?? '', /--not-ours mail\.spammer\.example/);
  const told = plan('v=DMARC1; p=none', { sources, notOurs: ['spammer.example'] });
  assert.deepEqual([told.blockers, told.next?.ready], [[], true]);
  assert.match(told.notes[0]?.text ?? '', /300 messages of 1 source authenticate as nobody of yours/);
});

test('forgeries that authenticate as nobody are what the policy is for', () => {
  assert.deepEqual(plan('v=DMARC1; p=none', { sources: [source(), stranger({ sourceIp: '203.0.113.9', count: 5000 })] }).blockers, []);
});

test('p=reject wants DKIM everywhere, and no mailing lists', () => {
  const spfOnly = plan('v=DMARC1; p=quarantine', { sources: [source({ dkimAligned: 100 })] });
  assert.match(spfOnly.blockers[0]?.text ?? '', /900 of 1000 messages pass by SPF alone/);
  assert.equal(plan('v=DMARC1; p=none', { sources: [source({ dkimAligned: 100 })] }).next?.ready, true);
  const lists = plan('v=DMARC1; p=quarantine', { sources: [source({ forwarded: 30, passed: 970, dkimAligned: 970 })] });
  assert.match(lists.blockers[0]?.text ?? '', /3 % of your mail is forwarded[\s\S]*Stay at p=quarantine/);
  assert.equal(lists.figures.passedShare, 1);
});

test('what is left weaker below the domain is told', () => {
  assert.match(plan('v=DMARC1; p=reject; sp=none').notes[0]?.text ?? '', /sp=none leaves names below/);
});
