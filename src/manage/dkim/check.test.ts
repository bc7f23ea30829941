import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import { AdjustableClock } from '../../base/clock.ts';
import type { Dns } from '../../contract/dns.ts';
import { checkKeys } from './check.ts';

const publicKey = generateKeyPairSync('ed25519').publicKey.export({ format: 'der', type: 'spki' }).toString('base64');
const empty: Pick<Dns, 'query'> = { query: async () => ({ kind: 'nxdomain', secure: false }) };

test('the key of a domain that sends no mail need not be published; that of any other must', async () => {
  const clock = new AdjustableClock();
  const key = { domain: 'parked.example', selector: 's1', algorithm: 'ed25519-sha256', publicKey, state: 'active', createdAt: clock.now() } as const;
  const check = async (unneeded: boolean) => (await checkKeys({ dns: empty as Dns, clock: clock }, [{ ...key, unneeded }]))[0]?.findings.map(({ level }) => level);
  assert.deepEqual(await check(true), ['skip']);
  assert.deepEqual(await check(false), ['fail']);
});
