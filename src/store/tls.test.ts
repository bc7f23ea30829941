import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { AdjustableClock } from '../base/clock.ts';
import type { CachedStsPolicy } from '../contract/mta-sts.ts';
import type { TlsResult } from '../contract/tls-policy.ts';
import { tlsDay } from './clients/tls-results.ts';
import { openStore } from './store.ts';

const dir = mkdtempSync(join(tmpdir(), 'posthorn-tls-'));
after(() => rmSync(dir, { recursive: true }));

const entry: CachedStsPolicy = { domain: 'a.test', id: '1', policy: { mode: 'enforce', mx: ['mx.a.test', '*.b.test'], maxAgeSeconds: 100 }, fetchedAt: 1000, expiresAt: 101_000 };

test('policies survive a restart, are listed, come due and are forgotten', async () => {
  const first = await openStore(dir);
  assert.equal(await first.stsPolicies.get('a.test'), undefined);
  await first.stsPolicies.put(entry);
  await first.stsPolicies.put({ ...entry, id: '2' });
  assert.equal((await first.stsPolicies.get('a.test'))?.id, '2');
  await first.close();
  const second = await openStore(dir);
  assert.deepEqual(await second.stsPolicies.get('a.test'), { ...entry, id: '2' });
  assert.deepEqual((await second.stsPolicies.list('', 10)).map(({ domain }) => domain), ['a.test']);
  assert.equal((await second.stsPolicies.due(1001, 50_000, 10)).length, 1);
  assert.equal((await second.stsPolicies.due(1000, 50_000, 10)).length, 0);
  assert.equal((await second.stsPolicies.due(1001, 101_000, 10)).length, 0);
  assert.equal(await second.stsPolicies.remove('a.test'), true);
  assert.equal(await second.stsPolicies.remove('a.test'), false);
  assert.equal(await second.stsPolicies.get('a.test'), undefined);
  await second.close();
});

test('sessions are counted by day, policy and result', async () => {
  const clock = new AdjustableClock();
  const store = await openStore(dir, { clock });
  const at = clock.now();
  const result: TlsResult = { at, domain: 'a.test', policy: { type: 'sts', text: ['version: STSv1'], mxPatterns: ['mx.a.test'] }, mx: 'mx.a.test', receivingIp: '192.0.2.1', sendingIp: '192.0.2.2' };
  for (let count = 0; count < 3; count += 1) store.tlsResults.record(result);
  store.tlsResults.record({ ...result, problem: { failure: 'certificate-expired', detail: 'x'.repeat(1000) } });
  await store.tlsResults.flush();
  store.tlsResults.record(result);
  store.tlsResults.record({ ...result, domain: 'b.test', policy: { type: 'no-policy-found', text: [] } });
  const rows = await store.tlsResults.list(tlsDay(at), 'a.test');
  assert.deepEqual(rows.map(({ failure, sessions, policyText }) => [failure, sessions, policyText]), [
    ['', 4, '{"lines":["version: STSv1"],"mx":["mx.a.test"]}'],
    ['certificate-expired', 1, '{"lines":["version: STSv1"],"mx":["mx.a.test"]}'],
  ]);
  assert.equal(rows[1]?.detail.length, 200);
  assert.equal((await store.tlsResults.list(tlsDay(at))).length, 3);
  assert.deepEqual(await store.tlsResults.days(), [{ day: tlsDay(at), domains: 2, sessions: 6, failed: 1 }]);
  await store.tlsResults.prune('9999-01-01');
  assert.deepEqual(await store.tlsResults.days(), []);
  await store.close();
});
