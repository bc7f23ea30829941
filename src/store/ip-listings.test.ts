import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { openStore, type Store } from './store.ts';

const NOW = Date.UTC(2026, 10, 21);
const DAY = 86_400_000;
const folder = mkdtempSync(join(tmpdir(), 'posthorn-ip-listings-'));
let store: Store;
before(async () => {
  store = await openStore(folder);
});
after(async () => {
  await store.close();
  rmSync(folder, { recursive: true });
});

const look = (address: string, day: number, listed: readonly string[], clean: readonly string[] = [], forgetBefore = 0): Promise<void> =>
  store.ipListings.record(address, NOW + day * DAY, [...listed.map((zone) => ({ zone, title: zone, listed: true, meanings: 'spam' })), ...clean.map((zone) => ({ zone, title: zone, listed: false, meanings: '' }))], forgetBefore);
const spans = async (address: string): Promise<unknown[]> => {
  const { listings } = await store.ipListings.history(address, 100);
  return listings.map(({ zone, firstSeenAt, lastSeenAt, clearedAt }) => [zone, (firstSeenAt - NOW) / DAY, (lastSeenAt - NOW) / DAY, clearedAt === undefined ? undefined : (clearedAt - NOW) / DAY]);
};

describe('what DNS lists said of an address', () => {
  it('is a span from the first look that found it to the first that did not; silence changes nothing', async () => {
    await look('192.0.2.1', 0, [], ['bl.example']);
    await look('192.0.2.1', 1, ['bl.example']);
    await look('192.0.2.1', 2, []);
    await look('192.0.2.1', 3, ['bl.example']);
    await look('192.0.2.1', 4, [], ['bl.example']);
    await look('192.0.2.1', 5, [], ['bl.example']);
    await look('192.0.2.1', 6, ['bl.example', 'other.example']);
    assert.deepEqual(await spans('192.0.2.1'), [['bl.example', 6, 6, undefined], ['other.example', 6, 6, undefined], ['bl.example', 1, 3, 4]]);
    const { firstCheckedAt, lastCheckedAt } = await store.ipListings.history('192.0.2.1', 100);
    assert.deepEqual([firstCheckedAt, lastCheckedAt], [NOW, NOW + 6 * DAY]);
    assert.equal((await store.ipListings.history('192.0.2.1', 1)).listings.length, 1);
  });

  it('is the same when a look is written down twice', async () => {
    for (const day of [0, 0, 1, 1]) await look('192.0.2.2', day, day === 0 ? ['bl.example'] : [], day === 0 ? [] : ['bl.example']);
    assert.deepEqual(await spans('192.0.2.2'), [['bl.example', 0, 0, 1]]);
  });

  it('goes after its time, and nothing is known of an address that was never looked at', async () => {
    await look('192.0.2.3', 0, ['bl.example']);
    await look('192.0.2.4', 900, ['bl.example'], [], NOW + 170 * DAY);
    assert.deepEqual(await spans('192.0.2.3'), []);
    assert.deepEqual(await store.ipListings.history('192.0.2.3', 100), { address: '192.0.2.3', listings: [] });
  });
});
