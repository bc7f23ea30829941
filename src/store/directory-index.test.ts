import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DirectoryIndex } from './directory-index.ts';
import type { Snapshot } from './ops/directory.ts';

const HOST = 'mail.example.org';

function account(address: string, disabled: boolean) {
  return { address, domain: address.split('@')[1] as string, disabled, shared: false, origin: 'store', createdAt: 0, passwordChangedAt: 0 };
}

function snapshot(rows: {
  readonly domains?: Readonly<Record<string, { readonly catchAll?: string; readonly aliasOf?: string }>>;
  readonly accounts?: readonly string[];
  readonly disabled?: readonly string[];
  readonly aliases?: Readonly<Record<string, readonly string[]>>;
}): Snapshot {
  return {
    domains: Object.entries(rows.domains ?? {}).map(([name, row]) => ({ name, catchAll: row.catchAll ?? null, aliasOf: row.aliasOf ?? null, createdAt: 0 })),
    accounts: [...(rows.disabled ?? []).map((address) => account(address, true)), ...(rows.accounts ?? []).map((address) => account(address, false))],
    aliases: Object.entries(rows.aliases ?? {}).flatMap(([address, targets]) => targets.map((target) => ({ address, target }))),
  };
}

const index = new DirectoryIndex(
  snapshot({
    domains: { 'example.org': {}, 'all.example': { catchAll: 'bob@example.org' }, 'alt.example': { aliasOf: 'example.org' }, 'xn--bcher-kva.example': {} },
    accounts: ['alice@example.org', 'bob@example.org', 'leser@xn--bcher-kva.example'],
    disabled: ['gone@example.org'],
    aliases: {
      'team@example.org': ['alice@example.org', 'all@example.org', 'carol@example.net', 'nobody@example.org'],
      'all@example.org': ['team@example.org', 'bob@example.org', 'alice@example.org'],
      'loop@example.org': ['loop2@example.org'],
      'loop2@example.org': ['loop@example.org'],
      'old@example.org': ['gone@example.org'],
      'info@example.org': ['alice@example.org'],
      'tagged@example.org': ['alice+list@example.org'],
    },
  }),
  HOST,
);

const cases: readonly (readonly [string, unknown])[] = [
  ['alice@example.org', { kind: 'mailbox', account: 'alice@example.org' }],
  ['ALICE@Example.ORG', { kind: 'mailbox', account: 'alice@example.org' }],
  ['"alice"@example.org', { kind: 'mailbox', account: 'alice@example.org' }],
  ['alice+news@example.org', { kind: 'mailbox', account: 'alice@example.org', detail: 'news' }],
  ['leser@bücher.example', { kind: 'mailbox', account: 'leser@xn--bcher-kva.example' }],
  ['nobody@example.org', { kind: 'unknown' }],
  ['gone@example.org', { kind: 'disabled' }],
  ['old@example.org', { kind: 'disabled' }],
  ['x@example.com', { kind: 'remote' }],
  ['x@sub.example.org', { kind: 'remote' }],
  ['info@example.org', { kind: 'mailbox', account: 'alice@example.org' }],
  ['info+x@example.org', { kind: 'mailbox', account: 'alice@example.org' }],
  ['loop@example.org', { kind: 'unknown' }],
  ['tagged@example.org', { kind: 'alias', targets: ['alice+list@example.org'] }],
  ['anything@all.example', { kind: 'mailbox', account: 'bob@example.org', catchAll: true }],
  ['alice@alt.example', { kind: 'mailbox', account: 'alice@example.org' }],
  ['alice+x@alt.example', { kind: 'mailbox', account: 'alice@example.org', detail: 'x' }],
  ['nobody@alt.example', { kind: 'unknown' }],
  ['postmaster@example.org', { kind: 'mailbox', account: 'alice@example.org' }],
  ['Abuse@xn--bcher-kva.example', { kind: 'mailbox', account: 'leser@xn--bcher-kva.example' }],
  ['abuse@all.example', { kind: 'mailbox', account: 'alice@example.org' }],
  ['postmaster@mail.example.org', { kind: 'mailbox', account: 'alice@example.org' }],
  ['postmaster', { kind: 'mailbox', account: 'alice@example.org' }],
  ['root@mail.example.org', { kind: 'mailbox', account: 'alice@example.org' }],
  ['root@example.org', { kind: 'unknown' }],
  ['alice@mail.example.org', { kind: 'unknown' }],
  ['@', { kind: 'remote' }],
  ['', { kind: 'unknown' }],
];
for (const [address, expected] of cases) {
  test(`resolves ${JSON.stringify(address)}`, () => assert.deepEqual(index.resolve(address), expected));
}

test('an alias is expanded to the end, without cycles, doubles or dead targets', () => {
  const team = index.resolve('team@example.org');
  assert.deepEqual(team.kind === 'alias' && new Set(team.targets), new Set(['alice@example.org', 'carol@example.net', 'bob@example.org']));
});

test('deep chains and broad fans end at their limits', () => {
  const deep: Record<string, string[]> = {};
  for (let i = 0; i < 50; i += 1) deep[`a${i}@example.org`] = [`a${i + 1}@example.org`];
  deep['fan@example.org'] = Array.from({ length: 3000 }, (_, i) => `r${i}@example.net`);
  const limited = new DirectoryIndex(snapshot({ domains: { 'example.org': {} }, accounts: ['a50@example.org'], aliases: deep }), HOST);
  assert.deepEqual(limited.resolve('a45@example.org'), { kind: 'mailbox', account: 'a50@example.org' });
  assert.deepEqual(limited.resolve('a0@example.org'), { kind: 'unknown' });
  const fan = limited.resolve('fan@example.org');
  assert.equal(fan.kind === 'alias' && fan.targets.length, 1000);
});

test('an account sends as itself, with a detail, and as aliases that lead to it, and as nobody else', () => {
  const yes = ['alice@example.org', 'ALICE@EXAMPLE.ORG', 'alice+x@example.org', 'info@example.org', 'team@example.org', 'postmaster@example.org', 'alice@alt.example'];
  const no = ['bob@example.org', 'nobody@example.org', 'alice@example.com', 'gone@example.org', '', 'bob+alice@example.org'];
  for (const address of yes) assert.equal(index.maySendAs('alice@example.org', address), true, address);
  for (const address of no) assert.equal(index.maySendAs('alice@example.org', address), false, address);
  assert.equal(index.maySendAs('nobody@example.org', 'nobody@example.org'), false);
});

test('a relay without accounts hosts nothing, not even its own name', () => {
  const relay = new DirectoryIndex(snapshot({}), HOST);
  assert.equal(relay.isLocalDomain(HOST), false);
  assert.deepEqual(relay.resolve(`root@${HOST}`), { kind: 'remote' });
});

test('an explicit alias or account beats the role', () => {
  const own = new DirectoryIndex(
    snapshot({ domains: { 'example.org': {} }, accounts: ['alice@example.org', 'abuse@example.org'], aliases: { 'postmaster@example.org': ['ops@example.net'] } }),
    HOST,
  );
  assert.deepEqual(own.resolve('postmaster@example.org'), { kind: 'alias', targets: ['ops@example.net'] });
  assert.deepEqual(own.resolve('abuse@example.org'), { kind: 'mailbox', account: 'abuse@example.org' });
});

test('any text gets an answer, and only what is ours gets a mailbox', () => {
  const seed = Number(process.env['FUZZ_SEED'] ?? Date.now() % 1_000_000);
  let state = seed;
  const random = (below: number): number => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return (state >>> 8) % below;
  };
  const pieces = ['alice', 'bob', 'team', '@', '@', 'example.org', '+', '"', '\\', '.', '\0', '\r\n', 'ü', 'xn--', '[127.0.0.1]', ' ', '<', '>', 'POSTMASTER', '\ud800'];
  for (let round = 0; round < 5000; round += 1) {
    const text = Array.from({ length: random(8) }, () => pieces[random(pieces.length)]).join('');
    const resolution = index.resolve(text);
    index.maySendAs('alice@example.org', text);
    if (resolution.kind === 'mailbox') assert.match(resolution.account, /^(alice|bob)@example\.org$/, `seed ${seed}: ${JSON.stringify(text)}`);
  }
});

test('what cron writes to root arrives where names without a domain lead', () => {
  const at = (origin: string): unknown => new DirectoryIndex(snapshot({ domains: { 'example.org': {} }, accounts: ['alice@example.org'] }), HOST, origin).resolve('root@example.org');
  assert.deepEqual(at('example.org'), { kind: 'mailbox', account: 'alice@example.org' });
  assert.deepEqual(at(HOST), { kind: 'unknown' });
});
