import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { ManualClock } from '../../../test/harness/shape-kit.ts';
import { silentLog } from '../../base/log.ts';
import { parseConfig } from '../../config/load.ts';
import { openStore } from '../../store/store.ts';
import type { IpDetails, IpList } from './ip.ts';
import { ipVerbs } from './ip.ts';
import { runVerb } from '../local-call.ts';
import { shapingVerbs, type ShapingState } from './shaping.ts';
import type { ManageContext } from '../verb.ts';

const folder = mkdtempSync(join(tmpdir(), 'posthorn-ip-'));
const clock = new ManualClock();
const config = parseConfig('hostname = "mail.example.org"\n[[outbound.ip]]\naddress = "192.0.2.1"\nwarm = true\n[[outbound.ip]]\naddress = "192.0.2.2"\nstandby = true\n', join(folder, 'posthorn.toml'));
const store = await openStore(folder, { clock });
after(async () => {
  await store.close();
  rmSync(folder, { recursive: true });
});

/** As the command line runs a verb while no server does. */
async function call<T>(name: string, args: unknown = {}): Promise<T> {
  const context: ManageContext = { store, config, clock, log: silentLog, dns: { query: async () => ({ kind: 'nxdomain', secure: false }) } };
  const outcome = await runVerb([...ipVerbs, ...shapingVerbs], context, name, args);
  if (outcome.kind === 'error') throw Object.assign(new Error(outcome.error.message), { code: outcome.error.code });
  return outcome.result as T;
}

test('without a server: the addresses of the configuration and what was last written', async () => {
  const day = Math.floor(clock.now() / 86_400_000);
  await store.lanes.save({
    lanes: [{ source: '192.0.2.1', site: 'google', domain: '', state: 'hot', since: clock.now(), detail: JSON.stringify({ why: 'Too fast.', rule: 'google.rate-ip', until: clock.now() + 1000 }) }],
    gone: [],
    days: [{ source: '192.0.2.1', site: '', day, sent: 12, deferred: 0, complaints: 0 }, { source: '192.0.2.1', site: 'google', day, sent: 8, deferred: 2, complaints: 1 }],
    changes: [{ at: clock.now(), key: { source: '192.0.2.1', site: 'google', dkimDomain: '' }, from: 'steady', to: 'hot', why: 'Too fast.', rule: 'google.rate-ip' }],
  });
  const { ips, live } = await call<IpList>('ip.list');
  assert.equal(live, false);
  assert.deepEqual(ips.map(({ address, standby, sentToday }) => [address, standby, sentToday]), [['192.0.2.1', false, 12], ['192.0.2.2', true, 0]]);
  assert.deepEqual(ips[0]?.lanes.map(({ state, why, sentToday, deferredToday }) => [state, why, sentToday, deferredToday]), [['hot', 'Too fast.', 8, 2]]);
  const details = await call<IpDetails>('ip.show', { address: '192.0.2.1' });
  assert.deepEqual(details.changes.map(({ from, to }) => [from, to]), [['steady', 'hot']]);
});

test('pauses are kept for the next start, and told wherever they matter', async () => {
  await call('ip.pause', { address: '192.0.2.1', reason: 'night', forMs: 3_600_000 });
  await call('shaping.pause', { kind: 'sender', name: '@Example.ORG' });
  const { ips, pauses } = await call<IpList>('ip.list');
  assert.equal(ips[0]?.paused?.reason, 'night');
  assert.deepEqual(pauses.map(({ kind, name }) => [kind, name]), [['sender', 'example.org']]);
  clock.advance(3_600_000);
  assert.deepEqual((await call<ShapingState>('shaping.list')).pauses.map(({ kind }) => kind), ['sender']);
  await call('shaping.resume', { kind: 'sender', name: 'example.org' });
  assert.deepEqual((await call<ShapingState>('shaping.list')).pauses, []);
});

test('what cannot be is refused with the way out', async () => {
  await assert.rejects(call('ip.pause', { address: '192.0.2.9' }), { code: 'source-unknown', message: /there are: 192\.0\.2\.1, 192\.0\.2\.2/ });
  await assert.rejects(call('shaping.resume', { kind: 'site', name: 'google' }), { code: 'not-paused' });
  // Such a pause was taken and stopped nothing.
  await assert.rejects(call('shaping.pause', { kind: 'sender', name: 'news+joe=x@example.org' }), { code: 'address-refused', message: /pause news@example\.org/ });
  await assert.rejects(call('ip.reopen', { address: '192.0.2.1' }), { code: 'server-not-running' });
  await assert.rejects(call('shaping.pause', { kind: 'planet', name: 'x' }), { code: 'bad-arguments' });
});
