/** Updates of a real Knot, which answers otherwise than BIND about zones that it does not have. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { SystemClock } from '../../src/base/clock.ts';
import type { DnsProvider } from '../../src/contract/dns-publishing.ts';
import { createConnector } from '../../src/net/connector.ts';
import { createRfc2136Provider } from '../../src/publish/rfc2136/provider.ts';
import { freePort, missingServer } from '../harness/bind.ts';
import { eventually } from '../harness/lab-process.ts';

const KNOTD = '/usr/sbin/knotd';
const ADDRESS = '127.0.0.1';
const ZONE = { name: 'knot.example', id: 'knot.example' };
const signal = new AbortController().signal;

async function startKnot(t: TestContext, records: string): Promise<DnsProvider> {
  const folder = mkdtempSync(join(tmpdir(), 'ph-knot-'));
  const port = await freePort(ADDRESS);
  const secret = randomBytes(32).toString('base64');
  for (const name of ['db', 'run']) mkdirSync(join(folder, name));
  writeFileSync(join(folder, ZONE.name), `$TTL 300\n@ IN SOA ns1 hostmaster 1 3600 600 86400 60\n@ IN NS ns1\nns1 IN A ${ADDRESS}\n${records}\n`);
  writeFileSync(join(folder, 'knot.conf'), `server:
    rundir: "${folder}/run"
    listen: ${ADDRESS}@${port}
database:
    storage: "${folder}/db"
key:
  - id: posthorn
    algorithm: hmac-sha256
    secret: ${secret}
acl:
  - id: updates
    key: posthorn
    action: update
zone:
  - domain: ${ZONE.name}
    storage: "${folder}"
    file: ${ZONE.name}
    acl: updates
`);
  const child = spawn(KNOTD, ['-c', join(folder, 'knot.conf')], { stdio: 'ignore' });
  t.after(async () => {
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    await ended;
    rmSync(folder, { recursive: true, force: true });
  });
  const clock = new SystemClock();
  const settings = { server: `${ADDRESS}:${port}`, 'key-name': 'posthorn' };
  const provider = createRfc2136Provider({ label: 'knot', settings, zones: [], clock, connector: createConnector({ clock }), fetch: () => Promise.reject(new Error('no HTTP here')), readSecret: async () => secret });
  await eventually('Knot answers', async () => provider.zoneOf?.(ZONE.name, signal).then((zone) => zone !== undefined, () => false));
  return provider;
}

test('Knot: zones are found, others are nobody\'s; changes are guarded, wildcards seen through', { skip: missingServer(KNOTD, 'knotd (knot)') }, async (t) => {
  const provider = await startKnot(t, '@ IN TXT "a\\"b" "c  d"\n* IN TXT "wild"\nreal IN TXT "wild"');
  assert.deepEqual(await provider.zoneOf?.('a.b.knot.example', signal), ZONE);
  assert.equal(await provider.zoneOf?.('elsewhere.test', signal), undefined);
  const [before, real, ...unreal] = await provider.recordSets(ZONE, ['knot.example', 'real.knot.example', '_dmarc.knot.example'].map((name) => ({ name, type: 'TXT' as const })), signal);
  assert.deepEqual([before?.values, real?.name, unreal], [['"a\\"b" "c  d"'], 'real.knot.example', []]);
  assert.ok(before);
  const changes = [
    { before, after: { ...before, values: [...before.values, '"v=spf1 -all"'] } },
    { after: { name: '_dmarc.knot.example', type: 'TXT', ttlSeconds: 60, values: ['"v=DMARC1; p=none"'] } },
    { after: { name: 'mta-sts.knot.example', type: 'CNAME', ttlSeconds: 60, values: ['mail.knot.example.'] } },
  ] as const;
  assert.deepEqual(await provider.apply(ZONE, changes, signal), changes.map(() => ({ kind: 'applied' })));
  assert.equal((await provider.apply(ZONE, [{ before, after: { ...before, values: ['"lost"'] } }], signal))[0]?.kind, 'conflict');
  const back = changes.map((change) => ({ before: change.after, ...('before' in change && { after: change.before }) }));
  assert.deepEqual(await provider.apply(ZONE, back, signal), changes.map(() => ({ kind: 'applied' })));
  assert.deepEqual(await provider.recordSets(ZONE, [before, ...changes.map(({ after }) => after)], signal), [before]);
});
