import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ContentCache } from './content-cache.ts';

test('the longest unused goes when the limit is reached', () => {
  const cache = new ContentCache(80);
  for (const name of ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']) cache.put(name, Buffer.alloc(10));
  cache.get('a');
  cache.put('i', Buffer.alloc(10));
  assert.ok(cache.get('a'));
  assert.equal(cache.get('b'), undefined);
  assert.equal(cache.sizeBytes, 80);
});

test('one large content does not empty the cache', () => {
  const cache = new ContentCache(80);
  cache.put('small', Buffer.alloc(10));
  cache.put('large', Buffer.alloc(11));
  assert.ok(cache.get('small'));
  assert.equal(cache.get('large'), undefined);
});
