import assert from 'node:assert/strict';
import { test } from 'node:test';
import { columnChart } from './chart.ts';

test('columns of what was reached, light where more was wanted', () => {
  const lines = columnChart([{ reached: 0, wanted: 4 }, { reached: 2, wanted: 4 }, { reached: 4, wanted: 4 }, { reached: 0.5, wanted: 0.5 }, { reached: 3, wanted: 0 }], 4);
  assert.deepEqual(lines, [
    '4 │░ ░ █',
    '  │░ ░ █   █',
    '2 │░ █ █   █',
    '  │░ █ █ ▄ █',
    '  └──────────',
    '   1       5',
  ]);
});

test('labels wider than a column, and nothing at all', () => {
  const lines = columnChart(Array.from({ length: 12 }, () => ({ reached: 0, wanted: 0 })), 2);
  assert.equal(lines.at(-1), '   1       5         10');
  assert.deepEqual(columnChart([], 1).length, 3);
});
