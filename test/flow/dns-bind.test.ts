/** `posthorn dns` against a real BIND: what stands there stays, what is ours is published, guarded and taken back. */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type Clock, SystemClock } from '../../src/base/clock.ts';
import type { DnsProvider } from '../../src/contract/dns-publishing.ts';
import { createConnector } from '../../src/net/connector.ts';
import { createRfc2136Provider } from '../../src/publish/rfc2136/provider.ts';
import { missingServer, startBind, type Bind } from '../harness/bind.ts';
import { Home } from './cli-kit.ts';

// BIND listens on addresses that an interface has, which of 127.0.0.0/8 is this one.
const ADDRESS = '127.0.0.1';
const skip = missingServer();
const clock = new SystemClock();
const signal = new AbortController().signal;

const FOREIGN = '"google-site-verification=abc\\"def" "second string"';
let bind: Bind;
let home: Home;

function provider(overrides: Partial<Bind> = {}, its: Clock = clock): DnsProvider {
  const { address, port, keyName, algorithm, secret } = { ...bind, ...overrides };
  const settings = { server: `${address}:${port}`, 'key-name': keyName, 'key-algorithm': algorithm };
  return createRfc2136Provider({ label: 'bind', settings, zones: [], clock: its, connector: createConnector({ clock }), fetch: () => Promise.reject(new Error('no HTTP here')), readSecret: async () => secret });
}

async function published(name: string, type: 'TXT' | 'MX' | 'A' | 'SRV'): Promise<readonly string[]> {
  const sets = await provider().recordSets({ name: 'x', id: 'x' }, [{ name, type }], signal);
  return sets.find((set) => set.name === name && set.type === type)?.values.toSorted() ?? [];
}

before(async () => {
  if (skip) return;
  bind = await startBind(ADDRESS, {
    'one.example': `@ IN TXT ${FOREIGN}\n@ IN TXT "v=spf1 ip4:192.0.2.77 ~all"\n@ IN CAA 0 issue "other-ca.example"\n_dmarc IN TXT "v=DMARC1; p=reject; rua=mailto:x@elsewhere.example"\nother._domainkey IN TXT "v=DKIM1; p=AAAA"`,
    'two.example': '@ IN MX 10 mx.elsewhere.example.',
    'three.example': '_sieve IN TXT "nothing"',
    'wild.example': '* IN TXT "for everything"\n_dmarc IN CNAME policy.service.example.',
    'service.example': 'policy IN TXT "v=DMARC1; p=none; rua=mailto:us@service.example"',
    'host.example': '',
    '113.0.203.in-addr.arpa': '10 IN PTR mail.host.example.',
  });
  home = new Home('');
  mkdirSync(home.data, { recursive: true });
  writeFileSync(join(home.folder, 'key'), `${bind.secret}\n`, { mode: 0o600 });
  writeFileSync(
    home.config,
    `hostname = "mail.host.example"\ndata-dir = "data"\n[listen]\nsmtp = []\n[dns]\nservers = ["${bind.address}:${bind.port}"]\n[[outbound.ip]]\naddress = "203.0.113.10"\n[[dns.provider]]\ntype = "rfc2136"\nlabel = "bind"\nserver = "${bind.address}:${bind.port}"\nkey-name = "${bind.keyName}"\nsecret-file = "key"\nname-servers = ["${bind.address}:${bind.port}"]\n`,
  );
  for (const domain of ['one.example', 'two.example', 'three.example', 'wild.example']) assert.equal((await home.posthorn(['domain', 'add', domain])).status, 0);
});

after(async () => {
  if (skip) return;
  await bind.stop();
  await home.close();
});

interface PlanJson {
  readonly id: string;
  readonly items: readonly { readonly name: string; readonly type: string; readonly action: string; readonly reason: string; readonly after?: { readonly values: readonly string[] } }[];
  readonly leftAlone: readonly { readonly domain: string }[];
}

test('a plan keeps what others published, and is the same when made twice', { skip }, async () => {
  const plan = await home.json<PlanJson>(['dns', 'plan', '--all']);
  assert.equal((await home.json<PlanJson>(['dns', 'plan', '--all'])).id, plan.id);
  assert.deepEqual(plan.leftAlone.map(({ domain }) => domain), ['two.example']);
  const item = (name: string, type: string) => plan.items.find((each) => each.name === name && each.type === type);
  assert.equal(item('one.example', 'TXT')?.action, 'change');
  assert.ok(item('one.example', 'TXT')?.after?.values.includes('"v=spf1 ip4:203.0.113.10 ip4:192.0.2.77 ~all"'), JSON.stringify(item('one.example', 'TXT')));
  assert.equal(item('_dmarc.one.example', 'TXT')?.action, 'good');
  assert.match(item('_dmarc.one.example', 'TXT')?.reason ?? '', /stricter/);
});

test('apply publishes the plan, all name servers answer it, and undo restores every byte', { skip }, async () => {
  const beforehand = await published('one.example', 'TXT');
  const plan = await home.json<PlanJson>(['dns', 'plan', '--all']);
  const applied = await home.posthorn(['dns', 'apply', '--plan', plan.id]);
  assert.equal(applied.status, 0, applied.stdout + applied.stderr);
  assert.match(applied.stdout, /(?:All \d+|The one) name servers? of the zones answers? it/);
  assert.ok((await published('one.example', 'TXT')).includes(FOREIGN));
  assert.deepEqual(await published('one.example', 'MX'), ['10 mail.host.example.']);
  assert.deepEqual(await published('two.example', 'MX'), ['10 mx.elsewhere.example.']);
  assert.deepEqual(await published('mail.host.example', 'A'), ['203.0.113.10']);
  const again = await home.json<PlanJson>(['dns', 'plan', '--all']);
  assert.deepEqual(again.items.filter(({ action }) => action !== 'good'), []);
  const undone = await home.posthorn(['dns', 'undo']);
  assert.equal(undone.status, 0, undone.stdout + undone.stderr);
  assert.deepEqual(await published('one.example', 'TXT'), beforehand);
  assert.deepEqual(await published('one.example', 'MX'), []);
  assert.equal((await home.posthorn(['dns', 'undo'])).status, 1);
});

test('what a wildcard answers is published by nobody, and what an alias leads to counts', { skip }, async () => {
  const plan = await home.json<PlanJson>(['dns', 'plan', 'wild.example']);
  const item = (name: string) => plan.items.find((each) => each.name === name && each.type === 'TXT');
  assert.deepEqual([item('_smtp._tls.wild.example')?.action, item('_smtp._tls.wild.example')?.after?.values.length], ['add', 1]);
  assert.equal(item('_dmarc.wild.example')?.action, 'good');
  assert.match(item('_dmarc.wild.example')?.reason ?? '', /alias .*policy\.service\.example.*as wanted/);
  const applied = await home.posthorn(['dns', 'apply', '--plan', plan.id]);
  assert.equal(applied.status, 0, applied.stdout + applied.stderr);
  const undone = await home.posthorn(['dns', 'undo']);
  assert.equal(undone.status, 0, undone.stdout + undone.stderr);
  assert.match(undone.stdout, /(?:All \d+|The one) name servers? of the zones answers? it/);
});

test('a set that changed since the plan is a conflict, other zones are done', { skip }, async () => {
  const plan = await home.json<PlanJson>(['dns', 'plan', 'one.example', 'three.example']);
  const mx = { name: 'three.example', type: 'MX', ttlSeconds: 60, values: ['5 mx.somebody.example.'] } as const;
  assert.deepEqual(await provider().apply({ name: 'three.example', id: 'three.example' }, [{ after: mx }], signal), [{ kind: 'applied' }]);
  const applied = await home.posthorn(['dns', 'apply', '--plan', plan.id, '--no-wait']);
  assert.equal(applied.status, 1);
  assert.match(applied.stdout, /^conflict +three\.example MX/m);
  assert.match(applied.stdout, /^applied +one\.example MX/m);
  assert.deepEqual(await published('three.example', 'MX'), ['5 mx.somebody.example.']);
  assert.equal((await home.posthorn(['dns', 'undo', '--no-wait'])).status, 0);
  assert.equal((await provider().apply({ name: 'three.example', id: 'three.example' }, [{ before: mx }], signal))[0]?.kind, 'applied');
});

test('what a run that was cut off has done already, or has not done, is no conflict', { skip }, async () => {
  const zone = { name: 'three.example', id: 'three.example' };
  const txt = (name: string, value: string) => ({ name: `${name}.three.example`, type: 'TXT', ttlSeconds: 60, values: [`"${value}"`] }) as const;
  const [a, b] = [{ after: txt('a', 'one') }, { after: txt('b', 'two') }];
  assert.deepEqual(await provider().apply(zone, [a], signal), [{ kind: 'applied' }]);
  assert.deepEqual(await provider().apply(zone, [a, b], signal), [{ kind: 'applied' }, { kind: 'applied' }]);
  const back = [{ before: txt('a', 'one') }, { before: txt('b', 'two') }];
  for (let round = 0; round < 2; round += 1) assert.deepEqual(await provider().apply(zone, back, signal), [{ kind: 'applied' }, { kind: 'applied' }]);
  assert.deepEqual(await published('b.three.example', 'TXT'), []);
  assert.equal((await provider().apply(zone, [{ before: txt('a', 'one'), after: txt('a', 'other') }, b], signal)).every(({ kind }) => kind === 'conflict'), true);
});

test('a CAA record of others with parameters is guarded as it is written', { skip }, async () => {
  const zone = { name: 'three.example', id: 'three.example' };
  const before = { name: 'c.three.example', type: 'CAA', ttlSeconds: 60, values: ['0 issue "ca.example;  account=1"'] } as const;
  assert.deepEqual(await provider().apply(zone, [{ after: before }], signal), [{ kind: 'applied' }]);
  assert.deepEqual(await provider().recordSets(zone, [before], signal), [before]);
  assert.deepEqual(await provider().apply(zone, [{ before }], signal), [{ kind: 'applied' }]);
});

test('ours alone is replaced and removed; what is foreign needs --take-over', { skip }, async () => {
  assert.equal((await home.posthorn(['dns', 'policy', 'two.example', '--use', 'mail'])).status, 0);
  const held = await home.json<PlanJson>(['dns', 'plan', 'two.example']);
  assert.equal(held.items.find(({ name, type }) => name === 'two.example' && type === 'MX')?.action, 'blocked');
  const taken = await home.posthorn(['dns', 'apply', 'two.example', '--take-over', '--yes']);
  assert.equal(taken.status, 0, taken.stdout + taken.stderr);
  assert.deepEqual(await published('two.example', 'MX'), ['10 mail.host.example.']);
  assert.equal((await home.posthorn(['dns', 'policy', 'two.example', '--use', 'none'])).status, 0);
  const silent = await home.posthorn(['dns', 'apply', 'two.example', '--yes']);
  assert.equal(silent.status, 0, silent.stdout + silent.stderr);
  assert.deepEqual(await published('two.example', 'MX'), ['0 .']);
  assert.deepEqual(await published('two.example', 'TXT'), ['"v=spf1 -all"']);
  assert.deepEqual(await published('_smtp._tls.two.example', 'TXT'), []);
});

test('a wrong secret, key name or server is told in words', { skip }, async () => {
  const wanted = [{ name: 'one.example', type: 'TXT' }] as const;
  const zone = { name: 'one.example', id: 'one.example' };
  await assert.rejects(provider({ secret: Buffer.from('wrong').toString('base64') }).recordSets(zone, wanted, signal), { code: 'dns-provider-refused', message: /BADSIG/ });
  await assert.rejects(provider({ keyName: 'stranger' }).recordSets(zone, wanted, signal), { code: 'dns-provider-refused', message: /BADKEY/ });
  await assert.rejects(provider({ port: 1 }).recordSets(zone, wanted, signal), { code: 'dns-provider-unreachable' });
  assert.equal(await provider().zoneOf?.('nowhere.test', signal), undefined);
  const late = { now: () => Date.now() - 3_600_000, timer: clock.timer.bind(clock) } as Clock;
  await assert.rejects(provider({}, late).recordSets(zone, wanted, signal), { code: 'dns-provider-refused', message: /clock/i });
  assert.deepEqual(await provider().zoneOf?.('a.b.one.example', signal), { name: 'one.example', id: 'one.example' });
});

for (const algorithm of ['hmac-sha512', 'hmac-sha384', 'hmac-sha1']) {
  test(`updates signed with ${algorithm}`, { skip }, async () => {
    const other = await startBind(ADDRESS, { 'alg.example': '' }, algorithm);
    try {
      const txt = { name: 't.alg.example', type: 'TXT', ttlSeconds: 60, values: ['"\\195\\164\\"\\\\" "b"'] } as const;
      const server = provider(other);
      assert.deepEqual(await server.apply({ name: 'alg.example', id: 'alg.example' }, [{ after: txt }], signal), [{ kind: 'applied' }]);
      assert.deepEqual(await server.recordSets({ name: 'alg.example', id: '' }, [txt], signal), [txt]);
    } finally {
      await other.stop();
    }
  });
}
