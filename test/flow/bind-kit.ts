/** A server whose domains are published at a real BIND, used through the commands, and a look at what BIND then has. */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { SystemClock } from '../../src/base/clock.ts';
import type { PublishableType, RecordSet } from '../../src/contract/dns-publishing.ts';
import { createConnector } from '../../src/net/connector.ts';
import { createRfc2136Provider } from '../../src/publish/rfc2136/provider.ts';
import { startBind, type Bind } from '../harness/bind.ts';
import { Home } from './cli-kit.ts';

export const BIND_ADDRESS = '127.0.0.1';

export interface BindScene {
  readonly bind: Bind;
  readonly home: Home;
  /** The values of one record set, in order. */
  published(name: string, type: PublishableType): Promise<readonly string[]>;
}

/** `zones`: the domains that are hosted, with what already stands in their zones. `others`: further name servers that should answer for them. */
export async function publishingAtBind(t: TestContext, zones: Readonly<Record<string, string>>, others?: readonly string[]): Promise<BindScene> {
  const bind = await startBind(BIND_ADDRESS, { ...zones, 'host.example': '', '113.0.203.in-addr.arpa': '10 IN PTR mail.host.example.' });
  const home = new Home('');
  t.after(async () => {
    await bind.stop();
    await home.close();
  });
  const server = `${bind.address}:${bind.port}`;
  mkdirSync(home.data, { recursive: true });
  writeFileSync(join(home.folder, 'key'), bind.secret, { mode: 0o600 });
  const nameServers = others ? `name-servers = ${JSON.stringify([server, ...others])}\n` : '';
  writeFileSync(home.config, `hostname = "mail.host.example"\ndata-dir = "data"\n[listen]\nsmtp = []\n[dns]\nservers = ["${server}"]\n[[outbound.ip]]\naddress = "203.0.113.10"\n[[dns.provider]]\ntype = "rfc2136"\nlabel = "bind"\nserver = "${server}"\nkey-name = "${bind.keyName}"\nsecret-file = "key"\n${nameServers}`);
  for (const domain of Object.keys(zones)) assert.equal((await home.posthorn(['domain', 'add', domain])).status, 0);
  return { bind, home, published: async (name, type) => (await publishedAt(bind, [{ name, type }])).get(`${name} ${type}`) ?? [] };
}

/** What a BIND has itself of these, by `NAME TYPE`, the values in order. */
export async function publishedAt(bind: Bind, wanted: readonly Pick<RecordSet, 'name' | 'type'>[]): Promise<ReadonlyMap<string, readonly string[]>> {
  const clock = new SystemClock();
  const settings = { server: `${bind.address}:${bind.port}`, 'key-name': bind.keyName };
  const provider = createRfc2136Provider({ label: 'look', settings, zones: [], clock, connector: createConnector({ clock }), fetch: () => Promise.reject(new Error('no HTTP here')), readSecret: async () => bind.secret });
  const sets = await provider.recordSets({ name: 'any', id: 'any' }, wanted, new AbortController().signal);
  return new Map(wanted.map(({ name, type }) => [`${name} ${type}`, sets.find((set) => set.name === name && set.type === type)?.values.toSorted() ?? []]));
}
