/** An MTA-STS record whose policy nobody finds: the record that mends it is there to paste. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Dns } from '../../contract/dns.ts';
import { checkStsDeployment } from './check-deployment.ts';

const dns = {
  query: async (name: string, type: string) =>
    name === '_mta-sts.example.org' && type === 'TXT' ? { kind: 'found', records: [['v=STSv1; id=1;']], ttlSeconds: 60, secure: false, canonicalName: name } : { kind: 'nxdomain', secure: false },
} as unknown as Dns;

test('of a domain of ours it leads to this server; of another it is the address of its web server', async () => {
  const [ours] = (await checkStsDeployment({ dns, port: 443, server: 'mail.example.org' }, 'example.org')).findings;
  assert.equal(ours?.level, 'fail');
  assert.equal(ours.record, 'mta-sts.example.org. CNAME mail.example.org.');
  const [other] = (await checkStsDeployment({ dns, port: 443 }, 'example.org')).findings;
  assert.equal(other?.record, undefined);
  assert.match(other?.remedy ?? '', /^Publish an A record for mta-sts\.example\.org with the address of the web server/);
});
