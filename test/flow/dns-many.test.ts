/** `posthorn dns plan|apply --all` over five hundred domains of which hundreds are at name servers in trouble. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { SystemClock } from '../../src/base/clock.ts';
import { openStore } from '../../src/store/store.ts';
import { serveApi, type World } from '../harness/dns-apis/fake-api.ts';
import { desec, hetzner } from '../harness/dns-apis/sets.ts';
import { Home } from './cli-kit.ts';

interface PlanJson {
  readonly id: string;
  readonly items: readonly { readonly domain: string; readonly action: string }[];
}

interface Scene {
  readonly home: Home;
  readonly good: World;
  readonly broken: World;
  /** Connections that the name server which hangs up has had. */
  readonly hungUp: () => number;
}

/** Three hundred domains at deSEC, a hundred at a Hetzner that answers nothing but 500 about records, a hundred at a name server that hangs up. */
async function scene(t: TestContext): Promise<Scene> {
  const home = new Home('');
  const [good, broken] = [await serveApi(desec), await serveApi(hetzner)];
  let connections = 0;
  const server = createServer((socket) => {
    connections += 1;
    socket.destroy();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(async () => {
    server.close();
    good.stop();
    broken.stop();
    await home.close();
  });
  const at = ['good', 'broken', 'good', 'dead', 'good'];
  const names = Array.from({ length: 500 }, (_, index) => `d${index}.${at[index % at.length]}.example`);
  for (const name of names) (name.endsWith('.good.example') ? good : broken).world.zone(name);
  await hosted(home, names);
  const secret = (name: string, text: string): string => {
    writeFileSync(join(home.folder, name), `${text}\n`, { mode: 0o600 });
    return name;
  };
  const api = (type: string, url: string, text = ''): string => `[[dns.provider]]\ntype = "${type}"\nurl = "${url}"\nsecret-file = "${secret(`${type}-secret`, text)}"\n`;
  const dead = `[[dns.provider]]\ntype = "rfc2136"\nlabel = "dead"\nserver = "127.0.0.1:${(server.address() as AddressInfo).port}"\nkey-name = "k"\nsecret-file = "${secret('tsig', 'c2VjcmV0')}"\nzones = ${JSON.stringify(names.filter((name) => name.endsWith('.dead.example')))}\n`;
  writeFileSync(home.config, `hostname = "mail.d0.good.example"\ndata-dir = "data"\n[listen]\nsmtp = []\n[dns]\nservers = ["127.0.0.1:9"]\n[[outbound.ip]]\naddress = "203.0.113.10"\n${api('desec', good.url, desec.secrets['secret-file'])}${api('hetzner', broken.url, hetzner.secrets['secret-file'])}${dead}`);
  broken.world.fault = ({ path }) => (path.includes('rrsets') ? { status: 500, text: '<html>down</html>' } : undefined);
  return { home, good: good.world, broken: broken.world, hungUp: () => connections };
}

/** Nobody can be asked where their mail goes now: it comes here. */
async function hosted(home: Home, names: readonly string[]): Promise<void> {
  mkdirSync(home.data, { recursive: true });
  const clock = new SystemClock();
  const store = await openStore(home.data, { clock });
  await Promise.all(names.map(async (name) => {
    await store.directory.addDomain(name, { at: clock.now() });
    await store.dnsPublishing.setOwnPolicy(name, JSON.stringify({ use: 'mail' }));
  }));
  await store.close();
}

test('of five hundred domains those at name servers in trouble are named, all others are planned and published, and nobody dead is asked over and over', async (t) => {
  const { home, good, broken, hungUp } = await scene(t);
  const planned = await home.posthorn(['dns', 'plan', '--all', '--json']);
  assert.equal(planned.status, 1, planned.stderr);
  const plan = JSON.parse(planned.stdout) as PlanJson;
  const kinds = (where: string): readonly string[] => [...new Set(plan.items.filter(({ domain }) => domain.endsWith(where)).map(({ action }) => action))];
  assert.deepEqual([kinds('.good.example'), kinds('.broken.example'), kinds('.dead.example')], [['add'], ['unknown'], ['unknown']]);
  assert.ok(broken.asked.length <= 20, `${broken.asked.length} requests to a provider that answers 500`);
  assert.ok(hungUp() <= 2, `${hungUp()} connections to a server that hangs up`);

  const text = await home.posthorn(['dns', 'plan', '--all']);
  assert.equal(text.status, 1, text.stderr);
  assert.match(text.stdout, /^300 domains \(d0\.good\.example, .* and 292 more\)\n {2}DOMAIN stands for each of them; --full shows each by itself\.$/m);
  assert.match(text.stdout, /^ {2}add {8}DOMAIN MX \(desec, zone DOMAIN\)$/m);
  assert.ok(text.stdout.split('\n').length < 100, text.stdout);
  const full = await home.posthorn(['dns', 'plan', '--all', '--full']);
  assert.match(full.stdout, /^ {2}add {8}d497\.good\.example MX \(desec, zone d497\.good\.example\)$/m);

  const applied = await home.posthorn(['dns', 'apply', '--plan', plan.id, '--no-wait']);
  assert.equal(applied.status, 1);
  assert.equal(good.zones.filter((zone) => good.published(zone).some((row) => row.startsWith('MX '))).length, 300);
  assert.match(applied.stdout, /^applied {3}\d+ record sets of d0\.good\.example at desec$/m);
  assert.match(applied.stdout, /^200 domains were left as they are, since what they publish is unknown:$/m);
  assert.match(applied.stdout, /^untouched 100 domains \(d103\.dead\.example, .* and 92 more\): dead \(127\.0\.0\.1 port \d+\): it closed the connection$/m);
  assert.match(applied.stdout, /^untouched 9\d domains \(d1\d\d\.broken\.example, .*: hetzner: Hetzner cannot be used now: .* 500 \(so it was with each of the first 5 zones; others were not asked about\)$/m);
  assert.ok(applied.stdout.split('\n').length < 330, applied.stdout);
});
