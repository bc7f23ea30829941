/** Published keys as opendkim-testkey judges them, beside our own judgement of the same zone. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { SystemClock } from '../../src/base/clock.ts';
import { silentLog } from '../../src/base/log.ts';
import { startDnsServer, type DnsServer } from '../../src/lab/dns/server.ts';
import { Zones } from '../../src/lab/dns/zones.ts';
import { createResolver, type Resolver } from '../../src/net/resolver.ts';
import { judgePublishedKey } from '../../src/verify/dkim/judge-published.ts';
import { missingTool } from '../harness/missing-tool.ts';

const ADDRESS = `127.${20 + (process.pid % 200)}.53.53`;
const pair = generateKeyPairSync('rsa', { modulusLength: 2048 });
const other = generateKeyPairSync('rsa', { modulusLength: 2048 });
const base64 = (key: typeof pair.publicKey): string => key.export({ format: 'der', type: 'spki' }).toString('base64');
const OWN = base64(pair.publicKey);
const quoted = (text: string): string => (text.match(/.{1,255}/g) ?? []).map((part) => `"${part}"`).join(' ');
const RECORDS: Readonly<Record<string, string>> = {
  right: `v=DKIM1; k=rsa; p=${OWN}`,
  reordered: `v=DKIM1; s=email; h=sha256; p=${OWN}; k=rsa`,
  foreign: `v=DKIM1; k=rsa; p=${base64(other.publicKey)}`,
  revoked: 'v=DKIM1; p=',
  rubbish: 'v=DKIM1; k=rsa; p=!!!!',
};

const dir = mkdtempSync(join(tmpdir(), 'posthorn-testkey-'));
let server: DnsServer | undefined;
let dns: Resolver;

before(async () => {
  const zones = new Zones();
  const records = Object.entries(RECORDS).map(([selector, text]) => ({ name: `${selector}._domainkey.example.org`, type: 'TXT' as const, ttl: 60, value: quoted(text) }));
  zones.load([{ apex: 'example.org', records }], ADDRESS);
  const clock = new SystemClock();
  // opendkim asks port 53 only, which takes root.
  server = await startDnsServer({ host: ADDRESS, port: 53, zones, clock, log: silentLog, fault: () => 'none' }).catch(() => undefined);
  dns = createResolver({ servers: [{ address: ADDRESS, port: 53 }], trustAd: false, clock, log: silentLog });
  writeFileSync(join(dir, 'conf'), `Nameservers ${ADDRESS}\nDNSTimeout 50\n`);
  writeFileSync(join(dir, 'key.pem'), pair.privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
});
after(async () => {
  dns.close();
  await server?.stop();
  rmSync(dir, { recursive: true, force: true });
});

function testkey(selector: string): Promise<boolean> {
  return new Promise((resolve) => {
    execFile('opendkim-testkey', ['-x', join(dir, 'conf'), '-d', 'example.org', '-s', selector, '-k', join(dir, 'key.pem')], { timeout: 60_000 }, (error) => resolve(error === null));
  });
}

describe('opendkim-testkey and we', { skip: missingTool('opendkim-testkey') }, () => {
  for (const selector of [...Object.keys(RECORDS), 'missing']) {
    it(`agree on a key that is ${selector}`, async (context) => {
      if (!server) return context.skip('port 53 cannot be listened on');
      const ours = judgePublishedKey({ domain: 'example.org', selector, algorithm: 'rsa-sha256', publicKey: OWN }, await dns.query(`${selector}._domainkey.example.org`, 'TXT'));
      assert.equal(await testkey(selector), ours.state === 'right', `${selector}: ours is ${ours.state}`);
    });
  }
});
