import assert from 'node:assert/strict';
import { test } from 'node:test';
import { wildcardsAbove } from './wildcard.ts';

test('wildcards that may answer for a name lie between it and its zone', () => {
  assert.deepEqual(wildcardsAbove('_smtp._tls.d.example', 'd.example'), ['*._tls.d.example', '*.d.example']);
  assert.deepEqual(wildcardsAbove('www.d.example', 'd.example'), ['*.d.example']);
  for (const name of ['d.example', '*.d.example', 'bad.example', 'xd.example']) assert.deepEqual(wildcardsAbove(name, 'd.example'), []);
});
