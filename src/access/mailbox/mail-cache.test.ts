import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ACCESS_CACHE_LIMITS } from '../../base/access-limits.ts';
import type { MailFacts, MailReader } from '../../contract/mailbox.ts';
import { createMailCache } from './mail-cache.ts';

function recordingMails(structureChars: number): { mails: MailReader; asked: number[][] } {
  const asked: number[][] = [];
  const facts = (mailId: number): MailFacts => ({ mailId, emailId: `M${mailId}`, threadId: `T${mailId}`, sizeBytes: 1, structure: 's'.repeat(structureChars), preview: '' });
  const note = (ids: ArrayLike<number>): number[] => (asked.push(Array.from(ids)), Array.from(ids));
  return {
    asked,
    mails: {
      facts: async (ids) => note(ids).filter((id) => id < 1_000_000).map(facts),
      content: async () => undefined,
      contents: async (ids) => Array.from(ids, () => undefined),
      headers: async (ids) => note(ids).map((id) => (id < 1_000_000 ? Buffer.from(`h${id}`) : undefined)),
    },
  };
}

test('what was read is not asked again; what is gone is asked each time', async () => {
  const { mails, asked } = recordingMails(10);
  const cache = createMailCache(mails);
  assert.deepEqual((await cache.facts([3, 1, 1_000_000])).map(({ mailId }) => mailId), [3, 1]);
  assert.deepEqual((await cache.facts([1, 2, 1_000_000, 3])).map(({ mailId }) => mailId), [1, 2, 3]);
  assert.deepEqual(asked, [[3, 1, 1_000_000], [2, 1_000_000]]);
  assert.deepEqual((await cache.headers?.([5, 1_000_000, 6]))?.map((header) => header?.toString()), ['h5', undefined, 'h6']);
  assert.deepEqual((await cache.headers?.([6, 7]))?.map((header) => header?.toString()), ['h6', 'h7']);
  assert.deepEqual(asked.slice(2), [[5, 1_000_000, 6], [7]]);
});

test('it holds no more than it may, and forgets the oldest', async () => {
  const chars = 100_000;
  const { mails, asked } = recordingMails(chars);
  const cache = createMailCache(mails);
  const fits = Math.floor(ACCESS_CACHE_LIMITS.factsBytesMax / (chars + 200));
  for (let id = 1; id <= fits + 1; id += 1) await cache.facts([id]);
  asked.length = 0;
  await cache.facts([1, 3, fits + 1]);
  assert.deepEqual(asked, [[1]]);
});
