import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SystemClock } from '../../base/clock.ts';
import type { Dns } from '../../contract/dns.ts';
import { answerPreflight } from './preflight.ts';

const emptyDns: Dns = { query: async () => ({ kind: 'nxdomain', secure: false }) };
const ask = (to: string, message = Buffer.from('')) => answerPreflight({ dns: emptyDns, clock: new SystemClock() }, message, { to, sender: '', bulk: false });

test('preflight to something that is no address says so instead of judging for nobody', async () => {
  for (const to of ['@@', '', ' ', 'a@', 'two words@x y']) await assert.rejects(ask(to), { code: 'address-refused' }, to);
});

test('an empty message is judged, not stumbled over', async () => {
  const { findings } = await ask('x@example.net');
  assert.ok(findings.some(({ id }) => id === 'from-missing'));
});
