import assert from 'node:assert/strict';
import { it } from 'node:test';
import { formatCsvRow, parseCsv } from './csv.ts';

it('reads back what it writes', () => {
  const rows = [['a@b', 'plain', ''], ['x', 'with, comma', 'and "quotes"'], ['y', 'two\r\nlines', ' blanks ']];
  assert.deepEqual(parseCsv(rows.map(formatCsvRow).join('')), rows);
});

it('takes any line end, a byte order mark, empty lines, a missing end', () => {
  assert.deepEqual(parseCsv('\ufeffa,b\n\nc,d\r\ne,'), [['a', 'b'], ['c', 'd'], ['e', '']]);
  assert.deepEqual(parseCsv('"open, to the end\n'), [['open, to the end\n']]);
  assert.deepEqual(parseCsv('"a"junk,b'), [['a', 'b']]);
  assert.deepEqual(parseCsv(''), []);
});
