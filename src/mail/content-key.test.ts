import assert from 'node:assert/strict';
import test from 'node:test';
import { contentKey, digestInKey, isContentKey } from './content-key.ts';

const DIGEST = 'ab'.repeat(32);

test('keys grow with time, and hold the digest', () => {
  const early = contentKey(DIGEST, 1_700_000_000_999);
  const late = contentKey('00'.repeat(32), 1_700_000_001_000);
  assert.ok(Buffer.compare(Buffer.from(early, 'hex'), Buffer.from(late, 'hex')) < 0);
  assert.equal(digestInKey(early), DIGEST);
  assert.equal(digestInKey(DIGEST), DIGEST);
  assert.ok(isContentKey(early) && isContentKey(DIGEST));
  for (const odd of ['', 'ab', `${DIGEST}x`, early.toUpperCase(), `${early}00`]) assert.ok(!isContentKey(odd), odd);
  // A clock before 1970 or far ahead still gives keys.
  assert.ok(isContentKey(contentKey(DIGEST, -5)) && isContentKey(contentKey(DIGEST, 2 ** 50)));
});
