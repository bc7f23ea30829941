import assert from 'node:assert/strict';
import { test } from 'node:test';
import { getStaticTOMLValue, parseTOML } from 'toml-eslint-parser';
import { mergeToml } from './toml-merge.ts';

const BASE = `# of the lab
hostname = "mail.example.org"

[networks]
trusted = []                # nobody

[outbound]
port = 2025

[[outbound.ip]]
address = "127.0.0.10"
`;

function merged(added: string): string {
  const result = mergeToml(BASE, added);
  assert.ok(result.kind === 'merged', JSON.stringify(result));
  return result.text;
}

const valueOf = (added: string): unknown => getStaticTOMLValue(parseTOML(merged(added), { tomlVersion: '1.0.0' }));

const UNCHANGED = { hostname: 'mail.example.org', networks: { trusted: [] as string[] }, outbound: { port: 2025, ip: [{ address: '127.0.0.10' }] } };

test('nothing added', () => {
  assert.equal(merged(''), BASE);
  assert.equal(merged('\n# a comment\n'), BASE);
});

test('a key that is there is replaced, and the comment beside it stays', () => {
  assert.match(merged('[networks]\ntrusted = ["127.0.0.0/8"]\n'), /^\[networks\]\ntrusted = \["127\.0\.0\.0\/8"\] {16}# nobody$/m);
  assert.deepEqual(valueOf('hostname = "mx"\nnetworks.trusted = ["::1"]'), { ...UNCHANGED, hostname: 'mx', networks: { trusted: ['::1'] } });
});

test('new keys join tables that are there, in their order', () => {
  assert.deepEqual(valueOf('data-dir = "d"\norigin = "o"\n[networks]\nproxies = [\n  "10.0.0.1",\n]\n[outbound]\nhelo = "x"\nport = 1'), {
    ...UNCHANGED, 'data-dir': 'd', origin: 'o', networks: { trusted: [], proxies: ['10.0.0.1'] }, outbound: { ...UNCHANGED.outbound, helo: 'x', port: 1 },
  });
  assert.match(merged('a = 1\nb = 2'), /^a = 1\nb = 2\n# of the lab/);
});

test('new tables and arrays of tables come behind', () => {
  const added = '[queue]\nretry-min = "1s"\n["odd name".x]\n"a b" = 1\n[login]\noauth.scope = "mail"\n[[site]]\nname = "n"\n[site.more]\nx = 1\n[[site]]\nname = "m"\n[[outbound.ip]]\naddress = "127.0.0.11"\n[empty]\n';
  assert.deepEqual(valueOf(added), {
    ...UNCHANGED,
    queue: { 'retry-min': '1s' },
    'odd name': { x: { 'a b': 1 } },
    login: { oauth: { scope: 'mail' } },
    site: [{ name: 'n', more: { x: 1 } }, { name: 'm' }],
    outbound: { port: 2025, ip: [{ address: '127.0.0.10' }, { address: '127.0.0.11' }] },
    empty: {},
  });
});

test('a table of an array that is about one that is there joins it; others come behind', () => {
  const result = mergeToml(BASE, '[[outbound.ip]]\naddress = "127.0.0.10"\npublic-address = "127.0.0.12"\n[[outbound.ip]]\naddress = "127.0.0.11"\n', { 'outbound.ip': 'address' });
  assert.ok(result.kind === 'merged');
  assert.deepEqual(getStaticTOMLValue(parseTOML(result.text, { tomlVersion: '1.0.0' })), {
    ...UNCHANGED, outbound: { port: 2025, ip: [{ address: '127.0.0.10', 'public-address': '127.0.0.12' }, { address: '127.0.0.11' }] },
  });
});

test('what is wrong in the added text is told by its own lines', () => {
  assert.deepEqual(mergeToml(BASE, '[networks]\ntrusted = [\n'), { kind: 'malformed', line: 3, column: 1, message: 'Unspecified values are invalid' });
  assert.equal(mergeToml(BASE, 'a = 1\na = 2').kind, 'malformed');
});
