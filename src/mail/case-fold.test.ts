import assert from 'node:assert/strict';
import { test } from 'node:test';
import { foldCase } from './case-fold.ts';

test('what is the same letter is folded to the same', () => {
  assert.equal(foldCase('\u00e4\u0323'), foldCase('a\u0323\u0308'));
  assert.equal(foldCase('straße'), foldCase('STRASSE'));
});

test('a letter with a million marks is folded in a moment', () => {
  // An hour, when all of them are sorted.
  assert.ok(foldCase(`a${'\u0301\u0316'.repeat(500_000)}b`).startsWith('A\u0316'));
});
