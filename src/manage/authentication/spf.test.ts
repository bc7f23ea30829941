import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createZoneDns } from '../../../test/harness/zone-dns.ts';
import { SystemClock } from '../../base/clock.ts';
import { buildSpf, explainSpf, flattenPublished, type BuildRequest } from './spf.ts';

const context = { dns: createZoneDns({ 'example.org': { TXT: ['v=spf1 ip4:192.0.2.7 ~all'] }, 'down.example': 'FAIL' }), clock: new SystemClock() };
const build = (request: Partial<BuildRequest>) => buildSpf(context, { domain: 'example.org', ips: [], services: [], mx: false, ending: '~all', ...request });

describe('SPF for people', () => {
  it('builds a record of addresses, networks and services', async () => {
    const { records, explanation } = await build({ ips: ['192.0.2.7', '2001:db8::/48'], mx: false });
    assert.deepEqual(records.map(({ text }) => text), ['v=spf1 ip4:192.0.2.7 ip6:2001:db8::/48 ~all']);
    assert.deepEqual(explanation.problems, []);
  });

  it('gives out no record that would be wrong', async () => {
    await assert.rejects(build({ ips: ['192.0.2.1/99'] }), /is neither an IP address nor a network/);
    await assert.rejects(build({ ips: ['nonsense'] }), /is neither an IP address nor a network/);
    await assert.rejects(build({ services: ['nosuch'] }), /is no service that is known here/);
    await assert.rejects(build({}), /say who sends for example\.org/);
    for (const name of ['', 'org', 'exa mple.org', `${'a'.repeat(5000)}.org`]) await assert.rejects(explainSpf(context, name), /is not a domain name/);
  });

  it('does not take a look-up that failed for a record that is not there', async () => {
    assert.deepEqual((await explainSpf(context, 'down.example')).problems, ['the look-up TXT down.example failed (servfail).']);
    await assert.rejects(flattenPublished(context, 'down.example'), /failed \(servfail\)/);
  });
});
