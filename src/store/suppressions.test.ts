import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { SUPPRESSION_LIMITS } from '../base/limits.ts';
import { openStore, type Store } from './store.ts';

const DAY_MS = 86_400_000;
const NOW = Date.UTC(2026, 10, 20);

describe('the suppression list', () => {
  let dir: string;
  let store: Store;
  before(async () => {
    dir = await mkdtemp(join(tmpdir(), 'posthorn-suppressions-'));
    store = await openStore(dir);
  });
  after(async () => {
    await store.close();
    await rm(dir, { recursive: true });
  });

  const bounce = (address: string, since = NOW) => ({ address, source: 'bounce' as const, reason: 'no such user', rule: 'any.no-user', reply: '550 5.1.1 no', since });

  it('finds an address however it is written', async () => {
    await store.suppressions.add([bounce('Bob.Smith@Example.NET')]);
    for (const address of ['bob.smith@example.net', 'BOB.SMITH@EXAMPLE.NET', '"bob.smith"@example.net']) {
      assert.equal((await store.suppressions.find(address, NOW))?.reply, '550 5.1.1 no', address);
    }
    assert.equal(await store.suppressions.find('smith@example.net', NOW), undefined);
    await store.suppressions.add([{ ...bounce('x@bücher.example'), source: 'manual' }]);
    assert.ok(await store.suppressions.find('X@xn--bcher-kva.example', NOW));
  });

  it('does not believe one for a while that was made while the clock was ahead', async () => {
    const ahead = { ...bounce('ahead@example.net', NOW + 365 * DAY_MS), expiresAt: NOW + 366 * DAY_MS };
    await store.suppressions.add([ahead]);
    assert.equal(await store.suppressions.find('ahead@example.net', NOW), undefined);
    assert.deepEqual(await store.suppressions.add([bounce('ahead@example.net')]), { added: 0, changed: 1 }, 'and what is known now replaces it');
    assert.ok(await store.suppressions.find('ahead@example.net', NOW + 1));
  });

  it('never lets a bounce replace a person\'s order, nor an older bounce', async () => {
    await store.suppressions.add([{ address: 'm@example.net', source: 'manual', reason: 'asked by telephone', since: NOW }]);
    assert.deepEqual(await store.suppressions.add([bounce('m@example.net', NOW + 1)]), { added: 0, changed: 0 });
    assert.equal((await store.suppressions.find('m@example.net', NOW))?.reason, 'asked by telephone');
    await store.suppressions.add([bounce('b@example.net')]);
    assert.deepEqual(await store.suppressions.add([bounce('b@example.net', NOW + DAY_MS)]), { added: 0, changed: 0 });
    assert.equal((await store.suppressions.find('b@example.net', NOW))?.since, NOW);
    assert.deepEqual(await store.suppressions.add([{ address: 'b@example.net', source: 'complaint', reason: 'complained', since: NOW }]), { added: 0, changed: 1 });
  });

  it('changes nothing when a list comes again as it is, and says what is new', async () => {
    const list = [bounce('again-1@example.net'), { ...bounce('again-2@example.net'), source: 'complaint' as const }];
    assert.deepEqual(await store.suppressions.add(list), { added: 2, changed: 0 });
    assert.deepEqual(await store.suppressions.add(list), { added: 0, changed: 0 });
    const later = list.map((entry) => ({ ...entry, since: NOW + DAY_MS }));
    assert.deepEqual(await store.suppressions.add(later), { added: 0, changed: 0 }, 'it is on the list since the first time');
    assert.equal((await store.suppressions.find('again-2@example.net', NOW))?.since, NOW);
    const reworded = list.map((entry) => ({ ...entry, source: 'manual' as const, reason: 'left' }));
    assert.deepEqual(await store.suppressions.add([...reworded, bounce('again-3@example.net')]), { added: 1, changed: 2 });
  });

  it('forgets what has expired, and lets it be suppressed anew', async () => {
    await store.suppressions.add([{ ...bounce('old@example.net'), expiresAt: NOW + DAY_MS }]);
    assert.ok(await store.suppressions.find('old@example.net', NOW));
    assert.equal(await store.suppressions.find('old@example.net', NOW + DAY_MS), undefined);
    assert.deepEqual(await store.suppressions.add([bounce('old@example.net', NOW + 2 * DAY_MS)]), { added: 0, changed: 1 });
  });

  it('suppresses a full mailbox after separate messages over a week, once each', async () => {
    const fail = (message: number, day: number): Promise<boolean> =>
      store.suppressions.noteSoft({ address: 'full@example.net', messageId: `m${message}`, at: NOW + day * DAY_MS, suppression: { source: 'bounce', reason: 'full' } });
    assert.equal(await fail(1, 0), false);
    for (let i = 0; i < 10; i += 1) assert.equal(await fail(1, 0), false);
    for (let message = 2; message <= SUPPRESSION_LIMITS.softFailures + 1; message += 1) assert.equal(await fail(message, 1), false, 'within a week');
    assert.equal(await fail(99, 7), true);
    assert.equal((await store.suppressions.find('full@example.net', NOW + 7 * DAY_MS))?.reason, 'full');
  });

  it('begins a series anew when the mailbox took something, and after a long time', async () => {
    const fail = (message: number, day: number): Promise<boolean> =>
      store.suppressions.noteSoft({ address: 'soft@example.net', messageId: `m${message}`, at: NOW + day * DAY_MS, suppression: { source: 'bounce', reason: 'full' } });
    for (let message = 1; message < SUPPRESSION_LIMITS.softFailures; message += 1) await fail(message, message);
    await store.suppressions.noteDelivered(['SOFT@example.net']);
    assert.equal(await fail(20, 30), false);
    for (let message = 21; message < 21 + SUPPRESSION_LIMITS.softFailures - 2; message += 1) await fail(message, 31);
    assert.equal(await fail(50, 31 + 100), false);
  });

  it('takes a bounced address off the list when it takes mail, but no other', async () => {
    await store.suppressions.add([bounce('back@example.net'), { ...bounce('order@example.net'), source: 'manual' }]);
    assert.deepEqual(await store.suppressions.noteDelivered(['back@example.net', 'order@example.net', 'nobody@example.net']), ['back@example.net']);
    assert.equal(await store.suppressions.find('back@example.net', NOW), undefined);
    assert.ok(await store.suppressions.find('order@example.net', NOW));
  });

  it('lists in pages, of a domain, of a source; removes', async () => {
    await store.suppressions.add([...Array(25).keys()].map((i) => ({ ...bounce(`page${String(i).padStart(2, '0')}@pages.example`), source: 'import' as const })));
    const first = await store.suppressions.list({ domain: 'Pages.example', limit: 10 });
    const rest = await store.suppressions.list({ domain: 'pages.example', after: first.at(-1)?.address ?? '' });
    assert.equal(first.length, 10);
    assert.equal(rest.length, 15);
    assert.equal((await store.suppressions.list({ source: 'import' })).length, 25);
    assert.equal(await store.suppressions.remove('PAGE00@pages.example'), true);
    assert.equal(await store.suppressions.remove('page00@pages.example'), false);
    assert.equal(await store.suppressions.find('page00@pages.example', NOW), undefined);
  });

  it('takes a hundred thousand rows', async () => {
    const before = await store.suppressions.count();
    for (let start = 0; start < 100_000; start += SUPPRESSION_LIMITS.importBatch) {
      await store.suppressions.add([...Array(SUPPRESSION_LIMITS.importBatch).keys()].map((i) => ({ ...bounce(`u${start + i}@mass.example`), source: 'import' as const })));
    }
    assert.equal(await store.suppressions.count(), before + 100_000);
    assert.ok(await store.suppressions.find('u99999@mass.example', NOW));
    assert.equal(await store.suppressions.find('u100000@mass.example', NOW), undefined);
  });
});
