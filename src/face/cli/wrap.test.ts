import assert from 'node:assert/strict';
import { test } from 'node:test';
import { wrapped } from './wrap.ts';

test('sentences break between words, further lines hang', () => {
  assert.deepEqual(wrapped('one two three four', 10, ' ', '   '), [' one two', '   three', '   four']);
});

test('a word longer than a line, such as a link, stays in one piece', () => {
  assert.deepEqual(wrapped('see https://example.org/a-long-link now', 10), ['see', 'https://example.org/a-long-link', 'now']);
  assert.deepEqual(wrapped('', 10, '  '), ['  ']);
});
