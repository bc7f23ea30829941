import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseConfig } from './load.ts';

const HEAD = 'hostname = "mail.example.org"\n';

test('pools, fallbacks and sites as they are written and as the program sees them', () => {
  const { outbound, sites, shaping } = parseConfig(`${HEAD}
[[outbound.ip]]
address = "192.0.2.1"
[[outbound.ip]]
address = "192.0.2.2"
pool = "news"
weight = 3
standby = true
warm = true
[[outbound.pool]]
name = "news"
streams = ["bulk"]
senders = ["News.Example.ORG"]
[[outbound.fallback]]
sites = ["outlook"]
host = "smtp.relay.test"
username = "u"
password-file = "relay.secret"
[shaping]
low-volume = 50
[[site]]
key = "google"
connections = 3
[[site]]
key = "branch"
mx = [".Branch.example", "mx*.branch.test"]
tls = "required"
retry-min = "1m"
retry-max = "10m"
`, '/etc/posthorn/posthorn.toml');
  assert.deepEqual(outbound.ips[1], { address: '192.0.2.2', pool: 'news', weight: 3, standby: true, warm: true });
  assert.deepEqual(outbound.pools, [{ name: 'news', streams: ['bulk'], senders: ['news.example.org'] }]);
  assert.deepEqual(outbound.fallbacks, [{ sites: ['outlook'], host: 'smtp.relay.test', port: 587, tls: 'verify', username: 'u', passwordFile: '/etc/posthorn/relay.secret' }]);
  assert.deepEqual(shaping, { enabled: true, warmUp: true, lowVolume: 50 });
  assert.deepEqual(sites?.[0], { key: 'google', limits: { connections: 3 } });
  assert.deepEqual(sites?.[1], { key: 'branch', mx: ['.branch.example', 'mx*.branch.test'], tls: 'required', retry: { minMs: 60_000, maxMs: 600_000 }, limits: {} });
});

const WRONG: [text: string, problem: RegExp][] = [
  ['[[outbound.ip]]\naddress = "192.0.2.1"\npool = "nwes"', /pool.*must be "default" or the name of an/s],
  ['[[outbound.pool]]\nname = "news"', /has no address/],
  ['[[outbound.fallback]]\nsites = ["google"]\nhost = "x.test"\nusername = "u"', /password-file/],
  ['[[site]]\nkey = "branch"', /is no known site/],
  ['[[site]]\nkey = "google"\nretry-min = "1m"', /retry-min and retry-max together/],
  ['[[site]]\nkey = "branch"\nmx = ["(a+)+$"]', /a host name, a suffix such as/],
  ['[[site]]\nkey = "branch"\nmx = ["*.*.example"]', /a host name, a suffix such as/],
];

for (const [text, problem] of WRONG) {
  test(`refused: ${text.replaceAll('\n', ' ')}`, () => assert.throws(() => parseConfig(HEAD + text, '/x.toml'), problem));
}
