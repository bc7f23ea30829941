import assert from 'node:assert/strict';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { findConfigFile, loadConfig, parseConfig } from './load.ts';
import { ConfigError, type ConfigProblem } from './problem.ts';

const MINIMAL = `hostname = "mail.example.org"
data-dir = "data"
[listen]
smtp = ["127.0.0.1:25", "[::1]:25"]
[networks]
trusted = ["10.0.0.0/8"]
[relay]
host = "smtp.example.net"
`;

function problemsOf(text: string): readonly ConfigProblem[] {
  try {
    parseConfig(text, '/etc/p.toml');
  } catch (error) {
    assert.ok(error instanceof ConfigError, String(error));
    return error.problems;
  }
  assert.fail('the configuration was accepted');
}

const trust = (dns: string): boolean => parseConfig(`hostname = "a.example"\n${dns}`, 'p').dns.trustAd;

const keysOf = (text: string): string[] => problemsOf(`hostname = "a.example"\n${text}`).map(({ key, line }) => `${line} ${key}`);

function linesOf(text: string): string[] {
  try {
    parseConfig(text, 'p.toml');
  } catch (error) {
    return (error as Error).message.split('\n');
  }
  assert.fail('the configuration was accepted');
}

test('a relay needs hostname, data-dir, listen.smtp, networks.trusted and relay only', () => {
  const config = parseConfig(MINIMAL, '/etc/posthorn/posthorn.toml');
  assert.equal(config.dataDir, '/etc/posthorn/data');
  assert.deepEqual(config.listen.smtp, [
    { address: '127.0.0.1', port: 25 },
    { address: '::1', port: 25 },
  ]);
  assert.deepEqual(config.relay, { host: 'smtp.example.net', port: 25, tls: 'opportunistic' });
  assert.deepEqual(config.networks.trusted, ['10.0.0.0/8']);
  assert.equal(config.smtp.maxMessageSize, 50 * 1024 ** 2);
  assert.equal(config.queue.lifetimeMs, 5 * 86_400_000);
  assert.equal(config.warnings, undefined);
});

test('durations, sizes and files arrive in the units of the program', () => {
  const config = parseConfig(
    `hostname = "mail.example.org"
shutdown-timeout = "1m30s"
tls = { certificate = "cert.pem", key = "/k.pem" }
smtp.max-message-size = "10 MiB"
[relay]
host = "192.0.2.1"
username = "u"
password-file = "secret"`,
    '/srv/posthorn.toml',
  );
  assert.equal(config.shutdownTimeoutMs, 90_000);
  assert.equal(config.smtp.maxMessageSize, 10 * 1024 ** 2);
  assert.deepEqual(config.tls, { certificate: '/srv/cert.pem', key: '/k.pem' });
  assert.equal(config.relay?.tls, 'verify');
  assert.equal(config.relay?.passwordFile, '/srv/secret');
});

test('the AD bit is believed only of loopback name servers, unless told otherwise', () => {
  assert.equal(trust(''), false);
  assert.equal(trust('dns.servers = ["127.0.0.1", "[::1]:5353"]'), true);
  assert.equal(trust('dns.servers = ["127.0.0.1", "192.0.2.53"]'), false);
  assert.equal(trust('dns.servers = ["192.0.2.53:53"]\ndns.trust-ad = true'), true);
});

test('all problems are told at once, in the order of the file, with what was found and what is allowed', () => {
  assert.deepEqual(
    linesOf(`hostname = "mail"
[listen]
smtp = ["127.0.0.1:25", "127.0.0.1"]
[outbound]
port = 0
[[outbound.ip]]
address = "203.0.113.10"
[[outbound.ip]]
address = "nowhere"`),
    [
      'p.toml:1:1: hostname is "mail"; allowed: a full host name with a domain, such as "mail.example.org"',
      'p.toml:3:25: listen.smtp[1] is "127.0.0.1"; allowed: an address and a port, such as "0.0.0.0:25" or "[::]:25"',
      'p.toml:5:1: outbound.port is 0; allowed: a whole number from 1 to 65535',
      'p.toml:9:1: outbound.ip[1].address is "nowhere"; allowed: an IPv4 or IPv6 address without a port, such as "203.0.113.10"',
    ],
  );
});

test('an unknown key gets a suggestion, also when it belongs elsewhere', () => {
  const near = problemsOf('hostname = "a.example"\ndata_dir = "x"\n[outbound]\nlifetime = "3d"\nhostname = "b"\n[quue]');
  assert.deepEqual(
    near.map(({ kind, line, didYouMean }) => [kind, line, didYouMean]),
    [
      ['unknown', 2, 'data-dir'],
      ['unknown', 4, 'queue.lifetime'],
      ['unknown', 5, 'hostname at the top of the file, above the first [table]'],
      ['unknown', 6, 'queue'],
    ],
  );
  assert.match(linesOf('hostname = "a.example"\n[log]\nzzzzzz = 1')[0] as string, /log\.zzzzzz is not a setting; allowed here: format, level, file$/);
});

test('what is missing is told at the table that lacks it', () => {
  assert.deepEqual(linesOf('[relay]\nport = 25'), [
    'p.toml:1:1: hostname is missing; allowed: a full host name with a domain, such as "mail.example.org"',
    'p.toml:1:2: relay.host is missing; allowed: a host name or an IP address, such as "smtp.example.net" or "192.0.2.25"',
  ]);
});

test('settings that contradict each other are refused where they stand', () => {
  assert.deepEqual(keysOf('tls.key = "k"'), ['2 tls.key']);
  assert.deepEqual(keysOf('[queue]\nretry-min = "2h"\nretry-max = "1h"'), ['3 queue.retry-min']);
  assert.deepEqual(keysOf('[relay]\nhost = "h.example"\nusername = "u"\npassword-file = "p"\ntls = "none"'), ['6 relay.tls']);
  assert.deepEqual(keysOf('outbound.protocols = ["ipv4"]\n[[outbound.ip]]\naddress = "2001:db8::1"'), ['4 outbound.ip[0].address']);
});

test('settings of coming versions are warned about, and only when used', () => {
  const config = parseConfig(
    `hostname = "a.example"\n[listen]\nimap = []\n[filter]\nengine = "rspamd"\n[tls.acme]\nemail = "x"`,
    'p.toml',
  );
  assert.deepEqual(
    config.warnings?.map(({ line, key }) => [line, key]).sort(),
    [
      [5, 'filter.engine'],
      [6, 'tls.acme'],
    ],
  );
  assert.match(problemsOf('hostname = "a.example"\nstorage = "postgres://db"')[0]?.allowed ?? '', /not available in this version/);
});

test('text that is not TOML is refused with its position', () => {
  const [problem] = problemsOf('hostname = "a.example"\nlisten = [\n');
  assert.equal(problem?.kind, 'malformed');
  assert.equal(problemsOf('a = 1\na = 2')[0]?.kind, 'malformed');
  assert.equal(problemsOf('[__proto__]\nhostname = "a.example"')[0]?.line, 1);
});

test('the search order is option, environment, current folder', () => {
  const folder = mkdtempSync(join(tmpdir(), 'posthorn-config-'));
  assert.equal(findConfigFile('x.toml', { POSTHORN_CONFIG: '/e.toml' }, folder), join(folder, 'x.toml'));
  assert.equal(findConfigFile(undefined, { POSTHORN_CONFIG: '/e.toml' }, folder), '/e.toml');
  writeFileSync(join(folder, 'posthorn.toml'), MINIMAL);
  assert.equal(findConfigFile(undefined, {}, folder), join(folder, 'posthorn.toml'));
  assert.equal(loadConfig(join(folder, 'posthorn.toml')).dataDir, join(folder, 'data'));
  assert.throws(() => loadConfig(join(folder, 'none.toml')), /no such file/);
});

test('a key that stands twice, an address for two services, and TLS without a certificate are refused by name', () => {
  assert.deepEqual(linesOf('hostname = "a.example"\nhostname = "b.example"\n'), ['p.toml:2:1: not TOML: hostname is there twice; keep one of them']);
  assert.deepEqual(linesOf('hostname = "a.example"\n[listen]\nsmtp = ["127.0.0.1:25"]\nsubmission = ["127.0.0.1:587", "127.0.0.1:25"]\n'), [
    'p.toml:4:32: listen.submission[1]: is the same address and port as one of listen.smtp',
  ]);
  assert.match(linesOf('hostname = "a.example"\n[listen]\nsubmissions = ["127.0.0.1:465"]\n')[0] ?? '', /^p\.toml:3:1: listen\.submissions: needs tls\.certificate/);
});

test('[[tls-policy]]: domains as they are compared, and names to match with verify only', () => {
  const parse = (text: string) => parseConfig(`hostname = "mail.example.org"\n[[tls-policy]]\n${text}`, '/etc/posthorn.toml').outboundTls;
  const { rules, ...rest } = parse('domains = ["Bücher.example.", ".Example.NET"]\nlevel = "verify"\nmatch = ["nexthop", ".Example.net"]\n');
  assert.deepEqual(rules, [{ domains: ['xn--bcher-kva.example', '.example.net'], level: 'verify', match: ['nexthop', '.example.net'] }]);
  assert.deepEqual(rest, { dane: true, mtaSts: true, mtaStsPort: 443 });
  assert.throws(() => parse('domains = ["a.test"]\nlevel = "encrypt"\nmatch = ["a.test"]\n'), /tls-policy\[0\]\.match: means something with level = "verify" only/);
  assert.throws(() => parse('domains = []\nlevel = "secure"\n'), /tls-policy\[0\]\.level is "secure"; allowed: one of "none"/);
});
