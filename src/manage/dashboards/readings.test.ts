/** What SNDS lists say, whatever their columns; and when the postmaster hears of figures. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DashboardFigures } from '../../contract/dashboards.ts';
import { alarmChanges } from './alarms.ts';
import { googleTrouble } from './google.ts';
import { sndsBlocked, sndsFigures } from './microsoft.ts';

const NOW = Date.UTC(2026, 10, 21);

test('SNDS: the table of 14 columns', () => {
  const csv = '192.0.2.10,11/19/2026 1:00 AM,11/20/2026 1:00 AM,2412,2400,2388,YELLOW,0.3%,11/19/2026 2:00 AM,11/19/2026 5:00 AM,3,mail.example.org,news@example.org,\r\n'
    + '192.0.2.11,11/19/2026 1:00 AM,11/20/2026 1:00 AM,100,100,100,GREEN,< 0.1%,,,0,,,\r\n';
  assert.deepEqual(sndsFigures(csv, NOW), [
    { provider: 'microsoft', subject: '192.0.2.10', day: '2026-11-19', colour: 'yellow', spamRate: 0.003, messages: 2400, trapHits: 3 },
    { provider: 'microsoft', subject: '192.0.2.11', day: '2026-11-19', colour: 'green', spamRate: 0.001, messages: 100, trapHits: 0 },
  ]);
});

test('SNDS: other columns, a header, and rows that say nothing', () => {
  assert.deepEqual(sndsFigures('IP,Status,Complaints,Volume\n203.0.113.5,green,0.05%,12000\n<script>,red,1%\n\n198.51.100.1,purple\n', NOW), [
    { provider: 'microsoft', subject: '203.0.113.5', day: '2026-11-21', colour: 'green', spamRate: 0.0005 },
    { provider: 'microsoft', subject: '198.51.100.1', day: '2026-11-21' },
  ]);
  assert.deepEqual(sndsFigures('', NOW), []);
});

test('SNDS: blocked ranges', () => {
  const rows = sndsBlocked('192.0.2.10,192.0.2.10,Yes,Blocked due to user complaints\n192.0.2.11,192.0.2.20,No,\nx,y,Yes,z\n');
  assert.deepEqual(rows.map(({ address, reason }) => [address, reason]), [['192.0.2.10', 'Blocked due to user complaints']]);
});

test('an alarm is told once, and is over when it is well, not when it is a little better', () => {
  const figures = (spamRate: number): DashboardFigures[] => [{ provider: 'google', subject: 'a.example', day: '2026-11-19', spamRate }];
  const alarm = { provider: 'google', subject: 'a.example', reason: 'spam-rate' };
  assert.match(alarmChanges(figures(0.003), []).raised[0]?.text ?? '', /^0\.3 % of the mail of a\.example/);
  assert.deepEqual(alarmChanges(figures(0.0029), []), { raised: [], settled: [] });
  assert.deepEqual(alarmChanges(figures(0.01), [alarm]), { raised: [], settled: [] });
  assert.deepEqual(alarmChanges(figures(0.0025), [alarm]), { raised: [], settled: [] });
  assert.deepEqual(alarmChanges(figures(0.001), [alarm]), { raised: [], settled: [alarm] });
  assert.deepEqual(alarmChanges([], [alarm]), { raised: [], settled: [] });
});

test('Google: what is in the way is told with what to do', () => {
  const said = (status: number, error?: object, isPage = false): string => googleTrouble({ status, isPage, domain: 'a.example', host: 'g.test', error: error as Readonly<Record<string, unknown>> | undefined });
  const because = (reason: string): object => ({ status: 'PERMISSION_DENIED', message: 'no', details: [{ '@type': 'type.googleapis.com/google.rpc.ErrorInfo', reason }] });
  assert.match(said(401), /does not accept the token.*make a new key$/);
  assert.match(said(403, because('SERVICE_DISABLED')), /switched off.*console\.cloud\.google\.com/);
  assert.match(said(403, because('ACCESS_TOKEN_SCOPE_INSUFFICIENT')), /new refresh token with the scope https:.*postmaster\.traffic\.readonly$/);
  assert.match(said(429), /enough for today.*nothing is to be done$/);
  assert.match(said(403, { errors: [{ reason: 'quotaExceeded' }] }), /quota/);
  assert.match(said(403, { status: 'PERMISSION_DENIED' }), /add the domain at https:\/\/postmaster\.google\.com/);
  assert.match(said(502, undefined, true), /with a page for people/);
  assert.match(said(500, { message: 'x'.repeat(5000) }), /^g\.test answered HTTP 500 about a\.example: x{200}$/);
  assert.match(said(500), /HTTP 500 about a\.example$/);
});
