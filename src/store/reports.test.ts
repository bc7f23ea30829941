/** Reports of others in the store: each counts once, nobody floods it, figures are whole, and old ones go. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { REPORT_IN_LIMITS } from '../base/report-in-limits.ts';
import { packSources, type ReportArrival, type ReportSink } from '../contract/reports.ts';
import { openStore, type Store } from './store.ts';

type DmarcReport = Parameters<ReportSink['addDmarc']>[0];

const DAY_MS = 86_400_000;
const NOW = Date.UTC(2026, 10, 20);
const dir = mkdtempSync(join(tmpdir(), 'posthorn-reports-'));
let store: Store;

before(async () => {
  store = await openStore(dir);
});
after(async () => {
  await store.close();
  rmSync(dir, { recursive: true, force: true });
});

function report(reportId: string, domain: string, addresses = 1): DmarcReport {
  return {
    head: { reporter: 'R', reporterEmail: 'r@r.test', reportId, begin: NOW - DAY_MS, end: NOW, domain, policy: { p: 'none' } },
    sources: packSources(Array.from({ length: addresses }, (_, at) => ({
      sourceIp: `10.0.${at >> 8}.${at & 255}`, headerFrom: domain, count: 2, passed: 1, dkimAligned: 1, spfAligned: 0, authenticatedElsewhere: 0, forwarded: 0, rejected: 0, quarantined: 0, seenDomains: [domain],
    }))),
  };
}

const from = (broughtBy: string, receivedAt = NOW): ReportArrival => ({ receivedAt, broughtBy, believed: broughtBy !== '' });

test('the same report counts once for each who brings it, and what nobody vouches for not at all', async () => {
  const domain = 'once.example';
  assert.equal(await store.reports.addDmarc(report('1', domain), from('a.test')), 'stored');
  assert.equal(await store.reports.addDmarc(report('1', domain), from('a.test')), 'duplicate');
  assert.equal(await store.reports.addDmarc(report('1', domain), from('b.test')), 'stored', 'a stranger who guesses an id keeps nobody from being heard');
  assert.equal(await store.reports.addDmarc(report('2', domain), from('')), 'stored');
  assert.deepEqual(await store.reports.dmarcTotals({ domain, since: NOW - DAY_MS }), { reports: 2, apart: 1, messages: 4, passed: 2 });
  const [source] = await store.reports.dmarcSummary({ domain, since: NOW - DAY_MS });
  assert.deepEqual([source?.count, source?.reporters], [4, 2]);
});

test('figures are whole though only the largest sources are listed', async () => {
  const domain = 'wide.example';
  const sources = REPORT_IN_LIMITS.summaryMax + 500;
  await store.reports.addDmarc(report('1', domain, sources), from('a.test'));
  assert.equal((await store.reports.dmarcSummary({ domain, since: NOW - DAY_MS })).length, REPORT_IN_LIMITS.summaryMax);
  assert.deepEqual(await store.reports.dmarcTotals({ domain, since: NOW - DAY_MS }), { reports: 1, apart: 0, messages: 2 * sources, passed: sources });
});

test('one bringer brings so many in a day; others are heard all the same, and the next day is another', async () => {
  const domain = 'flood.example';
  const tomorrow = NOW + DAY_MS;
  for (let at = 0; at < REPORT_IN_LIMITS.unbelievedPerDay - 1; at += 1) await store.reports.addDmarc(report(`f${at}`, domain), from('', NOW));
  assert.equal(await store.reports.addDmarc(report('one more', domain), from('', NOW)), 'flood');
  assert.equal(await store.reports.addDmarc(report('one more', domain), from('a.test', NOW)), 'stored');
  assert.equal(await store.reports.addDmarc(report('one more', domain), from('', tomorrow)), 'stored');
  const today = (await store.reports.arrivals('2026-11-20')).filter(({ day, broughtBy }) => day === '2026-11-20' && broughtBy === '');
  assert.deepEqual(today.map(({ outcome, reports }) => [outcome, reports]), [['stored', REPORT_IN_LIMITS.unbelievedPerDay], ['flood', 1]]);
});

test('what is older than reports are kept goes, with its sources', async () => {
  assert.ok((await store.reports.prune(NOW + 1)) > 0);
  assert.deepEqual(await store.reports.dmarcTotals({ since: 0 }), { reports: 0, apart: 0, messages: 0, passed: 0 });
  assert.deepEqual(await store.reports.dmarcSummary({ since: 0 }), []);
});

test('a report of thousands of sources is handed on as one string, and nothing of it is lost', async () => {
  const domain = 'packed.example';
  const { sources } = report('1', domain, 2);
  assert.equal(typeof sources.json, 'string');
  await store.reports.addDmarc({ ...report('1', domain, 2), sources }, from('a.test'));
  const [source] = await store.reports.dmarcSummary({ domain, since: NOW - DAY_MS });
  assert.deepEqual([source?.headerFrom, source?.seenDomains, source?.passed], [domain, [domain], 1]);
});
