import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sentDay } from './sent-day.ts';

function dayOf(date: string): string | undefined {
  const day = sentDay({ structure: JSON.stringify({ envelope: { date } }) });
  return day === undefined ? undefined : new Date(day).toISOString().slice(0, 10);
}

test('the day is that of the clock of the writer, whatever the zone', () => {
  for (const zone of ['+1400', ' -1200 (somewhere)', ' GMT', '']) assert.equal(dayOf(`Tue, 3 Mar 2026 23:59:00 ${zone}`), '2026-03-03', zone);
  assert.equal(dayOf('no date'), undefined);
});

test('a date field of blanks is refused in a moment', () => {
  // Half a minute when each blank is a new start.
  assert.equal(dayOf(`Mon, 1 Jan 2020${' '.repeat(400_000)}x y`), undefined);
  assert.equal(dayOf('('.repeat(400_000)), undefined);
});
