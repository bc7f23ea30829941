import assert from 'node:assert/strict';
import { test } from 'node:test';
import { guardGroups } from './guard-groups.ts';
import type { GuardRow } from './guard.ts';

function row(check: string, subject: string, level: GuardRow['level'], since = 0): GuardRow {
  return { check, title: check, subject, level, since };
}

test('what five hundred domains share is one row, and failures stand before warnings', () => {
  const warned = Array.from({ length: 500 }, (_, at) => row('dmarc-policy', `d${at}.example`, 'warn'));
  const shown = guardGroups([...warned, row('dkim-key', 'a.example', 'fail'), row('dmarc-policy', 'late.example', 'warn', 5)], ({ since }) => String(since));
  assert.deepEqual(shown.map(({ check, subject }) => [check, subject]), [
    ['dkim-key', 'a.example'],
    ['dmarc-policy', '500: d0.example, d1.example, d10.example, d100.example, d101.example, d102.example, d103.example, d104.example and 492 more'],
    ['dmarc-policy', 'late.example'],
  ]);
});
