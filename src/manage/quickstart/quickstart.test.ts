import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { SystemClock } from '../../base/clock.ts';
import { silentLog } from '../../base/log.ts';
import { loadConfig } from '../../config/load.ts';
import type { Dns, DnsAnswer, RecordData, RecordType } from '../../contract/dns.ts';
import { createCertificate } from '../../net/self-signed.ts';
import { createLogin } from '../../login/login.ts';
import { openStore } from '../../store/store.ts';
import { accountVerbs } from '../directory/account.ts';
import { dnsVerbs } from '../dns/dns.ts';
import { runVerb } from '../local-call.ts';
import { quickstart } from './quickstart.ts';
import type { QuickstartPorts } from './quickstart.ts';

const root = mkdtempSync(join(tmpdir(), 'posthorn-quickstart-'));
after(() => rmSync(root, { recursive: true }));
let count = 0;
function places() {
  count += 1;
  return { configFile: join(root, `${count}`, 'etc', 'posthorn.toml'), dataDir: join(root, `${count}`, 'data') };
}

const zone: Record<string, unknown[]> = { 'mail.example.org A': ['203.0.113.10'], '10.113.0.203.in-addr.arpa PTR': ['static-10.hoster.example'] };
const dns: Dns = {
  query: <T extends RecordType>(name: string, type: T): Promise<DnsAnswer<T>> => {
    const records = zone[`${name} ${type}`] as RecordData[T][] | undefined;
    return Promise.resolve(records ? { kind: 'found', records, ttlSeconds: 60, secure: false, canonicalName: name } : { kind: 'nxdomain', secure: false });
  },
};
const clock = new SystemClock();
const ports: QuickstartPorts = {
  createCertificate,
  probeListen: async (_address, port) => (port === 25 ? 'in-use' : 'free'),
  dns,
  call: async (config, name, args) => {
    const store = await openStore(config.dataDir);
    const outcome = await runVerb([...accountVerbs, ...dnsVerbs], { store, config, dns, clock, log: silentLog }, name, args);
    await store.close();
    if (outcome.kind === 'error') throw new Error(outcome.error.message);
    return outcome.result;
  },
};
const basics = { address: 'You@Example.org', hostname: 'mail.example.org', addresses: ['203.0.113.10'] };

test('afterwards the configuration loads, the account logs in, and the records are told', async () => {
  const where = places();
  const result = await quickstart({ ...basics, ...where }, ports);
  const config = loadConfig(where.configFile);
  assert.equal(config.hostname, 'mail.example.org');
  assert.deepEqual(config.outbound.ips.map((ip) => ip.address), ['203.0.113.10']);
  assert.equal(statSync(where.configFile).mode & 0o777, 0o644);
  assert.equal(statSync(config.tls.key ?? '').mode & 0o777, 0o600);
  assert.match(readFileSync(config.tls.certificate ?? '', 'utf8'), /BEGIN CERTIFICATE/);
  assert.equal(statSync(where.dataDir).mode & 0o777, 0o700);
  assert.ok(result.records.records.some((row) => row.name === '_dmarc.example.org'));
  const store = await openStore(where.dataDir);
  const login = createLogin({ store, clock, log: silentLog });
  const outcome = await login.password('you@example.org', result.account.password ?? '', { service: 'smtp', clientAddress: '127.0.0.1' });
  await store.close();
  assert.deepEqual([outcome.kind, outcome.kind === 'ok' && outcome.account], ['ok', 'you@example.org']);
});

test('several addresses, or none, make a configuration that loads', async () => {
  for (const addresses of [[], ['203.0.113.10', '2001:db8::10']]) {
    const where = places();
    await quickstart({ ...basics, addresses, ...where }, ports);
    assert.deepEqual(loadConfig(where.configFile).outbound.ips.map((ip) => ip.address), addresses);
  }
});

test('it says what is wrong with the host and what to do', async () => {
  const { checks, next } = await quickstart({ ...basics, ...places() }, ports);
  const bySubject = new Map(checks.map((check) => [check.subject, check.result]));
  assert.equal(bySubject.get('address of mail.example.org'), 'good');
  assert.equal(bySubject.get('name of 203.0.113.10'), 'bad');
  assert.equal(bySubject.get('port 25 on 0.0.0.0'), 'bad');
  assert.equal(bySubject.get('port 587 on 0.0.0.0'), 'good');
  assert.ok(next.some((step) => step.includes('PTR record of 203.0.113.10')));
  assert.match(next.at(-2) ?? '', /posthorn serve --config/);
  assert.match(next.at(-1) ?? '', /posthorn doctor --config/);
});

test('run again it changes nothing and goes on with what is missing', async () => {
  const where = places();
  await quickstart({ ...basics, ...where }, ports);
  const config = loadConfig(where.configFile);
  const before = [where.configFile, config.tls.key ?? ''].map((file) => readFileSync(file, 'utf8'));
  const again = await quickstart({ ...basics, ...where, hostname: 'other.example.org' }, ports);
  assert.deepEqual([again.configWritten, again.hostname, again.account], [false, 'mail.example.org', { address: 'you@example.org' }]);
  assert.deepEqual([where.configFile, config.tls.key ?? ''].map((file) => readFileSync(file, 'utf8')), before);
  const second = await quickstart({ ...basics, ...where, address: 'me@example.net' }, ports);
  assert.ok(second.account.password);
});

test('a configuration of somebody else that is wrong is refused, not repaired', async () => {
  const where = places();
  mkdirSync(join(where.configFile, '..'), { recursive: true });
  writeFileSync(where.configFile, 'mine');
  await assert.rejects(quickstart({ ...basics, ...where }, ports));
  assert.equal(readFileSync(where.configFile, 'utf8'), 'mine');
  assert.equal(existsSync(where.dataDir), false);
});

test('bad names are refused before anything is written', async () => {
  const where = places();
  const wrong = [{ address: 'nobody' }, { address: 'a@localhost' }, { hostname: 'mail' }, { hostname: 'no name' }];
  for (const change of wrong) await assert.rejects(quickstart({ ...basics, ...where, ...change }, ports), { temporary: false });
  assert.equal(existsSync(where.configFile), false);
});
