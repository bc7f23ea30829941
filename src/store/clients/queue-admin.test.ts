/** Pages of a long queue: however a filter thins it out and however many recipients messages have, nobody is left out or comes twice. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createQueueId } from '../../base/queue-id.ts';
import { SystemClock } from '../../base/clock.ts';
import type { StoreCall } from '../call.ts';
import { Database } from '../database.ts';
import { migrate } from '../migrate.ts';
import { migrations } from '../migrations/all.ts';
import { queueAdminReads } from '../ops/queue-admin.ts';
import { queueWrites } from '../ops/queue.ts';
import { createQueueAdmin } from './queue-admin.ts';
import { packItem } from './queue-rows.ts';

const NOW = 1.8e12;

function openQueue(recipientsOf: (at: number) => readonly string[], messages: number) {
  const db = new Database(':memory:');
  migrate(db, migrations, NOW);
  db.begin();
  for (let at = 0; at < messages; at++) {
    const digest = `d${at}`;
    const bytes = Buffer.from('x');
    queueWrites.insert(db, packItem({
      message: {
        id: createQueueId(NOW + at), sender: 'a@example.org', options: { body: '7bit', smtpUtf8: false, requireTls: false }, origin: { kind: 'internal', protocol: 'ESMTP' },
        senderBelieved: true, contentDigest: digest, sizeBytes: 1, startedAt: NOW, queuedAt: NOW + at, expiresAt: NOW + 1e9,
      },
      recipients: recipientsOf(at).map((address, index) => ({ index, address, state: 'queued', attempts: 0, nextAttemptAt: NOW })),
      events: [], content: undefined as never,
    }, { digest, sizeBytes: 1, bytes }));
  }
  db.commit();
  let looked = 0;
  const call = (async (_name: string, args: Parameters<typeof queueAdminReads.waiting>[1]) => {
    looked += args.scan;
    return queueAdminReads.waiting(db, args);
  }) as unknown as StoreCall;
  return { admin: createQueueAdmin(call, new SystemClock()), looked: () => looked, close: () => db.close() };
}

async function allPages(queue: ReturnType<typeof openQueue>, filter: { readonly domain?: string }, size: number): Promise<readonly (readonly string[])[]> {
  const pages: string[][] = [];
  for (let from: string | undefined = ''; from !== undefined; ) {
    const { rows, next }: { rows: readonly { readonly address: string }[]; next?: string } = await queue.admin.page(filter, size, from);
    pages.push(rows.map(({ address }) => address));
    from = next;
  }
  return pages;
}

test('pages of a listing hold every waiting recipient once, in order, and as many messages as were asked for', async () => {
  const recipientsOf = (at: number): readonly string[] => Array.from({ length: at % 7 === 0 ? 5 : 1 }, (_, each) => `r${at}.${each}@${at % 50 === 3 ? 'seldom' : 'often'}.test`);
  const queue = openQueue(recipientsOf, 1500);
  const everybody = Array.from({ length: 1500 }, (_, at) => recipientsOf(at)).flat();
  for (const domain of [undefined, 'seldom.test', 'often.test', 'none.test']) {
    const wanted = everybody.filter((address) => !domain || address.endsWith(`@${domain}`));
    for (const size of [1, 10, 130, 1500]) {
      const pages = await allPages(queue, domain ? { domain } : {}, size);
      assert.deepEqual(pages.flat(), wanted);
      for (const page of pages.slice(0, -1)) assert.equal(new Set(page.map((address) => address.split('.')[0])).size, size);
    }
  }
  queue.close();
});

test('a page of messages of one recipient each is read without the next one', async () => {
  const queue = openQueue((at) => [`r${at}@often.test`], 1000);
  assert.equal((await queue.admin.page({}, 500)).rows.length, 500);
  assert.equal(queue.looked(), 501);
  queue.close();
});
