/** TLSA records of this host: of its key and of the next, and never guessed away. */
import assert from 'node:assert/strict';
import { createHash, generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import type { Config } from '../../config/config.ts';
import { DEFAULT_DNS_POLICY } from '../../config/dns-config.ts';
import type { Dns } from '../../contract/dns.ts';
import { recordsInput } from './dns.ts';
import type { ManageContext } from '../verb.ts';

describe('TLSA records of this host', () => {
  const folder = mkdtempSync(join(tmpdir(), 'posthorn-dane-'));
  after(() => rmSync(folder, { recursive: true }));

  /** Writes a new key; its SHA-256. */
  function newKey(path: string): string {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    writeFileSync(path, privateKey.export({ type: 'pkcs8', format: 'pem' }));
    return createHash('sha256').update(publicKey.export({ type: 'spki', format: 'der' })).digest('hex');
  }

  const [present, next] = [join(folder, 'present.pem'), join(folder, 'next.pem')];
  const digests = [newKey(present), newKey(next)];

  async function published(answer: object, tls: Config['tls']): Promise<readonly string[] | undefined> {
    const dns = { query: async () => answer } as unknown as Dns;
    const config = { hostname: 'mail.d.example', listen: {}, tls, outbound: { ips: [] } } as unknown as Config;
    const input = await recordsInput({ config, dns } as unknown as ManageContext, 'd.example', { keys: [], policy: { ...DEFAULT_DNS_POLICY, use: 'send-only', dane: true } });
    return input.keyDigests;
  }

  const signed = { kind: 'found', records: ['192.0.2.1'], secure: true };

  test('the key that the server will change to is published beside the present one', async () => {
    assert.deepEqual(await published(signed, { certificate: present, nextKey: next }), digests);
    assert.deepEqual(await published(signed, { certificate: present, nextKey: present }), digests.slice(0, 1));
    assert.deepEqual(await published({ ...signed, secure: false }, { certificate: present, nextKey: next }), []);
  });

  test('what cannot be known is no reason to take records away', async () => {
    await assert.rejects(published({ kind: 'failure', reason: 'timeout' }, { certificate: present }), { code: 'dns-unknown' });
    await assert.rejects(published(signed, { certificate: join(folder, 'missing.pem') }), { code: 'no-key' });
  });
});
