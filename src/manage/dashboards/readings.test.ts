/** What SNDS lists say, whatever their columns; and when the postmaster hears of figures. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DashboardFigures } from '../../contract/dashboards.ts';
import { alarmChanges } from './alarms.ts';
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
