/** `posthorn dns plan|apply` with all providers that have an HTTP API at once: settings, credentials from files, and what arrives where. */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { cloudflare } from '../harness/dns-apis/cloudflare.ts';
import { serveApi, type Dialect } from '../harness/dns-apis/fake-api.ts';
import { digitalocean, linode, ovh } from '../harness/dns-apis/rows.ts';
import { desec, gandi, hetzner, route53 } from '../harness/dns-apis/sets.ts';
import { Home } from './cli-kit.ts';

const DIALECTS: readonly Dialect[] = [cloudflare, route53, hetzner, digitalocean, linode, ovh, gandi, desec];
const SERVER = 'hostname = "mail.cloudflare.example"\ndata-dir = "data"\n[listen]\nsmtp = []\n[dns]\nservers = ["127.0.0.1:9"]\n[[outbound.ip]]\naddress = "203.0.113.10"\n';

interface PlanJson {
  readonly id: string;
  readonly items: readonly { readonly name: string; readonly type: string; readonly action: string }[];
}

/** The provider's table of posthorn.toml; its credentials are written into files beside it. */
function providerTable({ type, settings, secrets }: Dialect, url: string, folder: string): string {
  for (const [setting, secret] of Object.entries(secrets)) writeFileSync(join(folder, `${type}-${setting}`), `${secret}\n`, { mode: 0o600 });
  const rows = [...Object.entries(settings), ...Object.keys(secrets).map((setting) => [setting, `${type}-${setting}`] as const), ['type', type], ['url', url]] as const;
  return `[[dns.provider]]\n${rows.map(([key, text]) => `${key} = "${text}"\n`).join('')}`;
}

test('domains at eight providers are published by one command', async () => {
  const home = new Home('');
  const apis = await Promise.all(DIALECTS.map(serveApi));
  try {
    mkdirSync(home.data, { recursive: true });
    writeFileSync(home.config, SERVER + DIALECTS.map((dialect, index) => providerTable(dialect, apis[index]?.url ?? '', home.folder)).join(''));
    const zones = DIALECTS.map(({ type }, index) => apis[index]?.world.zone(`${type}.example`));
    for (const [index, zone] of zones.entries()) {
      assert.ok(zone);
      apis[index]?.world.row(zone, zone.name, 'TXT', 3600, 'google-site-verification=abc');
      assert.equal((await home.posthorn(['domain', 'add', zone.name])).status, 0);
      // Nobody can be asked where its mail goes now.
      assert.equal((await home.posthorn(['dns', 'policy', zone.name, '--use', 'mail'])).status, 0);
    }
    const plan = await home.json<PlanJson>(['dns', 'plan', '--all']);
    const applied = await home.posthorn(['dns', 'apply', '--plan', plan.id, '--no-wait']);
    // Route 53 is not among them: it refuses by itself what comes too late.
    assert.match(applied.stdout, /^note +cloudflare, desec, digitalocean, gandi, hetzner, linode, ovh cannot refuse a change that comes too late/m);
    for (const [index, { type: name, secrets }] of DIALECTS.entries()) {
      const zone = zones[index];
      const published = zone ? (apis[index]?.world.published(zone).join('\n') ?? '') : '';
      assert.ok(plan.items.some((item) => item.type === 'MX' && item.action === 'add' && item.name === `${name}.example`), name);
      assert.match(published, new RegExp(`^MX ${name}\\.example \\d+ 10 mail\\.cloudflare\\.example\\.$`, 'm'), applied.stdout + applied.stderr);
      assert.match(published, /^TXT \S+ 3600 google-site-verification=abc$/m);
      assert.match(published, /^TXT \S+ 3600 v=spf1 .*ip4:203\.0\.113\.10/m);
      assert.match(published, /^TXT \S+\._domainkey\.\S+ \d+ v=DKIM1;/m);
      for (const secret of Object.values(secrets)) assert.ok(!`${applied.stdout}${applied.stderr}`.includes(secret));
    }
  } finally {
    await home.close();
    for (const api of apis) api.stop();
  }
});
