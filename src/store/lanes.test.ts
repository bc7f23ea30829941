import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { LaneSave } from './clients/lanes.ts';
import { openStore } from './store.ts';

const folder = mkdtempSync(join(tmpdir(), 'posthorn-lanes-'));
after(() => rmSync(folder, { recursive: true }));

const DAY_MS = 86_400_000;
const NOW = 20_000 * DAY_MS + 5000;
const KEY = { source: '192.0.2.1', site: 'google', dkimDomain: '' };
const SAVE: LaneSave = {
  lanes: [
    { source: '192.0.2.1', site: 'google', domain: '', state: 'hot', since: NOW, detail: '{"state":"hot"}' },
    { source: '192.0.2.1', site: 'google', domain: 'example.org', state: 'cooling', since: NOW, detail: '{}' },
  ],
  gone: [],
  days: [
    { source: '192.0.2.1', site: '', day: 19_999, sent: 7, deferred: 0, complaints: 0 },
    { source: '192.0.2.1', site: 'google', day: 20_000, sent: 5, deferred: 1, complaints: 1 },
    { source: '192.0.2.1', site: 'google', day: 19_998, sent: 1, deferred: 0, complaints: 0 },
  ],
  changes: [{ at: NOW, key: KEY, from: 'steady', to: 'hot', why: 'too fast', rule: 'google.rate-ip' }],
};

test('what was learnt and ordered outlives the store, and the newest word holds', async () => {
  const first = await openStore(folder);
  await first.lanes.save(SAVE);
  await first.lanes.save({ lanes: [{ ...SAVE.lanes[0] as LaneSave['lanes'][number], state: 'cooling' }], gone: [{ source: '192.0.2.1', site: 'google', domain: 'example.org' }], days: [], changes: [{ ...SAVE.changes[0] as LaneSave['changes'][number], from: 'hot', to: 'cooling' }] });
  await first.lanes.pause({ kind: 'site', name: 'google', reason: 'night', createdAt: NOW, until: NOW + 1 });
  await first.lanes.pause({ kind: 'sender', name: 'example.org', reason: '', createdAt: NOW });
  await first.lanes.pause({ kind: 'sender', name: 'example.org', reason: 'again', createdAt: NOW });
  await first.close();

  const second = await openStore(folder);
  const memory = await second.lanes.load(NOW);
  assert.deepEqual(memory.lanes.map(({ domain, state }) => [domain, state]), [['', 'cooling']]);
  assert.deepEqual(memory.days.map(({ site, day, sent }) => [site, day, sent]), [['', 19_999, 7], ['google', 20_000, 5]]);
  assert.deepEqual(memory.pauses, [
    { kind: 'sender', name: 'example.org', reason: 'again', createdAt: NOW },
    { kind: 'site', name: 'google', reason: 'night', createdAt: NOW, until: NOW + 1 },
  ]);
  assert.deepEqual((await second.lanes.history('192.0.2.1', 10)).map(({ from, to }) => [from, to]), [['hot', 'cooling'], ['steady', 'hot']]);
  assert.deepEqual(await second.lanes.history('192.0.2.2', 10), []);
  assert.equal(await second.lanes.resume('site', 'google'), true);
  assert.equal(await second.lanes.resume('site', 'google'), false);
  await second.close();
});
