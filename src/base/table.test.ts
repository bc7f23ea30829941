import assert from 'node:assert/strict';
import test from 'node:test';
import { displayWidth, printable, printableLines, renderTable, sentence, TablePieces } from './table.ts';

test('columns are aligned, also with wide characters', () => {
  assert.deepEqual(
    renderTable([{ title: 'Name' }, { title: 'Size', align: 'right' }, { title: 'Subject', max: 8 }], [
      ['a', 5, 'short'],
      ['日本', 1234, 'much too long'],
    ]),
    ['Name  Size  Subject', 'a        5  short', '日本  1234  much to…'],
  );
  assert.deepEqual(renderTable([{ title: 'Name' }], []), ['Name']);
});

test('terminal escapes and direction overrides do not get through', () => {
  assert.equal(printable('a\u001b[31mb\u202ec\r\nd\te'), 'a\ufffd[31mb\ufffdc d e');
  assert.equal(printable('\u009b2J'), '\ufffd2J');
  assert.equal(printableLines('a\tb\r\nc\u0007'), 'a\tb\nc\ufffd');
});

test('display width', () => {
  assert.equal(displayWidth('e\u0301'), 1);
  assert.equal(displayWidth('日本'), 4);
});

test('an argument of 100,000 characters that an error quotes is cut, both ends stay', () => {
  assert.equal(sentence(`"${'x'.repeat(100_000)}" is not a domain name`), `"${'x'.repeat(39)}…${'x'.repeat(19)}" is not a domain name`);
  assert.equal(sentence('a '.repeat(100_000)).length, 2000);
});

test('a table in pieces has its titles once, and columns that do not get narrower', () => {
  const table = new TablePieces([{ title: 'Id' }, { title: 'Reason', max: 5 }]);
  assert.deepEqual(table.lines([['abcdef', 'x']]), ['Id      Reason', 'abcdef  x']);
  assert.deepEqual(table.lines([['a', '日本日本'], ['b', 'longer']]), ['a       日本…', 'b       long…']);
});
