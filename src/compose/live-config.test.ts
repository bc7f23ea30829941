import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { Config } from '../config/config.ts';
import { createLiveConfig } from './live-config.ts';

const config = (dns: Partial<Config['dns']>): Config => ({ smtp: { threads: 1 }, dns: { servers: [{ address: '192.0.2.1', port: 53 }], trustAd: false, ...dns } }) as unknown as Config;
const PROVIDERS = [{ label: 'bind', type: 'rfc2136', zones: [], settings: {} }] as unknown as NonNullable<Config['dns']['providers']>;

it('takes up other DNS providers at a reload, and says that other name servers need a restart', () => {
  const live = createLiveConfig(config({}));
  assert.deepEqual(live.replace(config({ providers: PROVIDERS })), []);
  assert.equal(live.config.dns.providers, PROVIDERS);
  assert.deepEqual(live.replace(config({ servers: [{ address: '192.0.2.2', port: 53 }] })), ['dns']);
  assert.equal(live.config.dns.servers[0]?.address, '192.0.2.1');
  assert.equal(live.config.dns.providers, undefined);
});
