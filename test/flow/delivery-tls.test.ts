/** The TLS policies of outgoing mail against real servers: who is believed, what is refused, what is counted. */
import assert from 'node:assert/strict';
import { createHash, X509Certificate } from 'node:crypto';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { after, test } from 'node:test';
import { AdjustableClock } from '../../src/base/clock.ts';
import { silentLog } from '../../src/base/log.ts';
import type { OutboundTlsConfig, TlsRule } from '../../src/config/config.ts';
import type { Dns, DnsAnswer, RecordType } from '../../src/contract/dns.ts';
import type { HttpsAnswer } from '../../src/contract/https-fetch.ts';
import type { CachedStsPolicy } from '../../src/contract/mta-sts.ts';
import type { DeliveryOutcome } from '../../src/contract/queue.ts';
import type { TlsResult } from '../../src/contract/tls-policy.ts';
import { createRemoteDeliverer, type RemoteDeliverer } from '../../src/flow/deliver/remote.ts';
import { createTlsPolicies } from '../../src/flow/deliver/tls-policy.ts';
import { createConnector } from '../../src/net/connector.ts';
import { createCertificate, publicKeyDigest, type CertificateAndKey } from '../../src/net/self-signed.ts';
import { clientTlsFrom } from '../../src/net/tls.ts';
import { createStsPolicies } from '../../src/verify/mta-sts/sts-policies.ts';
import { brief, ca, certificate, job, mx, peer, signal, type JobChanges } from '../harness/delivery-kit.ts';

type Entry = { readonly records: readonly unknown[]; readonly secure?: boolean } | 'servfail';
type Table = Record<string, Entry>;

const selfSigned = createCertificate({ subject: 'whoever', altNames: ['other.test'], days: -1 });
const servers: Server[] = [];
const made: RemoteDeliverer[] = [];
after(() => {
  for (const each of made) each.close();
  for (const server of servers) server.close();
});

function dnsOf(table: Table): Dns {
  return {
    async query<T extends RecordType>(name: string, type: T): Promise<DnsAnswer<T>> {
      const entry = table[`${type} ${name}`];
      if (entry === 'servfail') return { kind: 'failure', reason: 'servfail', detail: 'test' };
      if (!entry) return { kind: 'nodata', secure: false };
      return { kind: 'found', records: entry.records as never, ttlSeconds: 60, secure: entry.secure ?? false, canonicalName: name };
    },
  };
}

const hosts = (secure: boolean, names = ['mx.a.test'], address = '127.0.0.1'): Table => ({
  'MX a.test': { records: names.map((name, index) => mx(index, name)), secure },
  ...Object.fromEntries(names.map((name) => [`A ${name}`, { records: [address], secure }])),
});
const tlsa = (port: number, records: readonly unknown[], host = 'mx.a.test'): Table => ({ [`TLSA _${port}._tcp.${host}`]: { records, secure: true } });
const endEntity = (one: CertificateAndKey) => ({ usage: 3, selector: 1, matchingType: 1, data: Buffer.from(publicKeyDigest(one.certificatePem), 'hex') });
const anchor = (one: CertificateAndKey) => ({ usage: 2, selector: 0, matchingType: 1, data: createHash('sha256').update(new X509Certificate(one.certificatePem).raw).digest() });
const sts: Table = { 'TXT _mta-sts.a.test': { records: [['v=STSv1; id=1']] } };
const policy = (mode: string, ...names: string[]): HttpsAnswer => ({
  kind: 'response', status: 200, mediaType: 'text/plain', headers: {}, body: Buffer.from(`version: STSv1\nmode: ${mode}\n${names.map((name) => `mx: ${name}\n`).join('')}max_age: 86400\n`),
});

interface Setup {
  readonly port: number;
  readonly table: Table;
  readonly page?: HttpsAnswer;
  readonly rules?: readonly TlsRule[];
  readonly settings?: Partial<OutboundTlsConfig>;
}

function out({ port, table, page, rules = [], settings = {} }: Setup): { deliver(changes?: JobChanges): Promise<DeliveryOutcome>; results: TlsResult[]; clock: AdjustableClock } {
  const clock = new AdjustableClock();
  const dns = dnsOf(table);
  const results: TlsResult[] = [];
  const recorder = { record: (result: TlsResult) => void results.push(result) };
  const config = {
    hostname: 'mail.example.org',
    listen: { smtp: [], submission: [], submissions: [] },
    outbound: { protocols: ['ipv4' as const], port, ips: [] },
    outboundTls: { dane: true, mtaSts: true, mtaStsPort: 443, rules, ...settings },
  };
  const kept = new Map<string, CachedStsPolicy>();
  const cache = { get: async (domain: string) => kept.get(domain), put: async (entry: CachedStsPolicy) => void kept.set(entry.domain, entry), due: async () => [] };
  const fetch = async (): Promise<HttpsAnswer> => page ?? { kind: 'failure', reason: 'connect', detail: 'nobody there' };
  const policies = createTlsPolicies({ dns, clock, config, results: recorder, sts: createStsPolicies({ dns, fetch, cache, clock, port: () => 443 }) });
  const remote = createRemoteDeliverer({ config, dns, clock, log: silentLog, connector: createConnector({ clock }), clientTls: clientTlsFrom(ca.certificatePem), tlsPolicies: policies, tlsResults: recorder });
  made.push(remote);
  return { deliver: async (changes = {}) => (await remote.deliver(job(changes), signal()))[0] as DeliveryOutcome, results, clock };
}

const counted = (results: readonly TlsResult[]): string[] => results.map(({ policy: { type }, problem }) => `${type} ${problem?.failure ?? 'success'}`);
const facts = ({ attempt: { tlsPolicy } }: DeliveryOutcome): string => `${tlsPolicy?.policy} ${tlsPolicy?.verifiedBy ?? '-'}`;
const word = (outcome: DeliveryOutcome): string | undefined => brief([outcome])[0];

test('DANE-EE: a self-signed, expired certificate for another name is fine when its key is published', async () => {
  const server = await peer({ tls: selfSigned });
  const { deliver, results } = out({ port: server.port, table: { ...hosts(true), ...tlsa(server.port, [endEntity(selfSigned)]) } });
  const outcome = await deliver();
  assert.deepEqual([word(outcome), facts(outcome), outcome.attempt.tls?.verified], ['delivered recipient 250 2.0.0', 'dane dane-ee', true]);
  assert.deepEqual(counted(results), ['tlsa success']);
  assert.deepEqual([results[0]?.mx, results[0]?.receivingIp, results[0]?.sendingIp, results[0]?.policy.text[0]?.slice(0, 6)], ['mx.a.test', '127.0.0.1', '127.0.0.1', '3 1 1 ']);
});

test('DANE: a key that is not published is refused before MAIL, whatever authority signed it', async () => {
  const server = await peer({ tls: certificate });
  const { deliver, results } = out({ port: server.port, table: { ...hosts(true), ...tlsa(server.port, [endEntity(selfSigned)]) } });
  const outcome = await deliver();
  assert.equal(word(outcome), 'deferred host 451 4.7.5');
  assert.match(outcome.reply.text, /does not match the TLSA records; required by the TLSA records of mx\.a\.test \(DANE\)$/);
  assert.equal(outcome.attempt.tlsPolicy?.problem, 'its certificate does not match the TLSA records');
  assert.deepEqual(server.sessions[0]?.commands.filter((line) => line.startsWith('MAIL')), []);
  assert.deepEqual(counted(results), ['tlsa validation-failure']);
});

test('DANE-TA: an authority that nobody else knows', async () => {
  const own = createCertificate({ subject: 'Own CA', isCa: true });
  const below = createCertificate({ subject: 'mx.a.test', altNames: ['mx.a.test'], issuer: own });
  const server = await peer({ tls: { certificatePem: below.certificatePem + own.certificatePem, keyPem: below.keyPem } });
  const good = out({ port: server.port, table: { ...hosts(true), ...tlsa(server.port, [anchor(own)]) } });
  const outcome = await good.deliver();
  assert.deepEqual([word(outcome), facts(outcome)], ['delivered recipient 250 2.0.0', 'dane dane-ta']);
  const wrong = out({ port: server.port, table: { ...hosts(true), ...tlsa(server.port, [anchor(ca)]) } });
  assert.equal(word(await wrong.deliver()), 'deferred host 451 4.7.5');
});

test('DANE: without STARTTLS there is no mail; the next host is asked', async () => {
  const clear = await peer();
  const table = { ...hosts(true), ...tlsa(clear.port, [endEntity(selfSigned)]) };
  const alone = out({ port: clear.port, table });
  assert.equal(word(await alone.deliver()), 'deferred host 451 4.7.4');
  assert.deepEqual(counted(alone.results), ['tlsa starttls-not-supported']);
  const second = out({ port: clear.port, table: { ...hosts(true, ['mx.a.test', 'free.a.test']), ...tlsa(clear.port, [endEntity(selfSigned)]) } });
  const outcome = await second.deliver();
  assert.deepEqual([word(outcome), outcome.attempt.mx, outcome.attempt.tried?.length], ['delivered recipient 250 2.0.0', 'free.a.test', 1]);
});

test('DANE: a look-up that fails makes the host unusable, and nobody connects', async () => {
  const server = await peer({ tls: certificate });
  const { deliver, results } = out({ port: server.port, table: { ...hosts(true), [`TLSA _${server.port}._tcp.mx.a.test`]: 'servfail' } });
  const outcome = await deliver();
  assert.equal(word(outcome), 'deferred recipient 451 4.7.5');
  assert.match(outcome.reply.text, /^no trusted TLS with mx\.a\.test: the TLSA records at \S+ cannot be looked up now \(SERVFAIL: our DNS server found no answer\)$/);
  assert.deepEqual([server.sessions.length, counted(results)], [0, ['tlsa dnssec-invalid']]);
});

test('DANE: unusable records demand TLS with whomever', async () => {
  const server = await peer({ tls: selfSigned });
  const table = { ...hosts(true), ...tlsa(server.port, [{ ...endEntity(selfSigned), usage: 1 }]) };
  const { deliver, results } = out({ port: server.port, table });
  const outcome = await deliver();
  assert.deepEqual([word(outcome), outcome.attempt.tls?.verified, counted(results)], ['delivered recipient 250 2.0.0', false, ['tlsa tlsa-invalid']]);
  const clear = await peer();
  assert.equal(word(await out({ port: clear.port, table: { ...hosts(true), ...tlsa(clear.port, [{ ...endEntity(selfSigned), usage: 1 }]) } }).deliver()), 'deferred host 451 4.7.4');
});

test('DANE counts only where DNSSEC vouches, and can be switched off', async () => {
  const server = await peer({ tls: certificate });
  const records = tlsa(server.port, [endEntity(selfSigned)]);
  const insecure = await out({ port: server.port, table: { ...hosts(false), ...records } }).deliver();
  assert.deepEqual([word(insecure), facts(insecure)], ['delivered recipient 250 2.0.0', 'opportunistic pkix']);
  const off = await out({ port: server.port, table: { ...hosts(true), ...records }, settings: { dane: false } }).deliver();
  assert.equal(word(off), 'delivered recipient 250 2.0.0');
});

test('MTA-STS: a policy that is met', async () => {
  const server = await peer({ tls: certificate });
  const { deliver, results } = out({ port: server.port, table: { ...hosts(false), ...sts }, page: policy('enforce', 'mx.a.test') });
  const outcome = await deliver();
  assert.deepEqual([word(outcome), facts(outcome), outcome.attempt.tlsPolicy?.source], ['delivered recipient 250 2.0.0', 'mta-sts pkix', 'the MTA-STS policy of a.test']);
  assert.deepEqual([counted(results), results[0]?.policy.mxPatterns], [['sts success'], ['mx.a.test']]);
});

test('MTA-STS: no TLS, an unknown authority, an expired certificate, another name', async () => {
  const cases: [CertificateAndKey | undefined, string, string][] = [
    [undefined, '4.7.4', 'starttls-not-supported'],
    [createCertificate({ subject: 'mx.a.test', altNames: ['mx.a.test'] }), '4.7.5', 'certificate-not-trusted'],
    [createCertificate({ subject: 'mx.a.test', altNames: ['mx.a.test'], issuer: ca, days: -1 }), '4.7.5', 'certificate-expired'],
    [createCertificate({ subject: 'b.test', altNames: ['b.test'], issuer: ca }), '4.7.5', 'certificate-host-mismatch'],
  ];
  for (const [tls, enhanced, failure] of cases) {
    const server = await peer(tls ? { tls } : {});
    const { deliver, results } = out({ port: server.port, table: { ...hosts(false), ...sts }, page: policy('enforce', '*.a.test') });
    const outcome = await deliver();
    assert.deepEqual([word(outcome), counted(results)], [`deferred recipient 451 ${enhanced}`, [`sts ${failure}`]]);
    assert.match(outcome.reply.text, /; required by the MTA-STS policy of a\.test$/);
    assert.equal(server.messages.length, 0);
  }
});

test('MTA-STS: a host that the policy does not name is passed over', async () => {
  const server = await peer({ tls: createCertificate({ subject: 'x', altNames: ['mx.a.test', 'good.a.test'], issuer: ca }) });
  const { deliver, results } = out({ port: server.port, table: { ...hosts(false, ['mx.a.test', 'good.a.test']), ...sts }, page: policy('enforce', 'good.a.test') });
  const outcome = await deliver();
  assert.deepEqual([word(outcome), outcome.attempt.mx, server.sessions.length], ['delivered recipient 250 2.0.0', 'good.a.test', 1]);
  assert.match(outcome.attempt.tried?.[0]?.error ?? '', /the MTA-STS policy of a\.test does not name the mail server mx\.a\.test/);
  assert.deepEqual(counted(results), ['sts validation-failure', 'sts success']);
  const none = await out({ port: server.port, table: { ...hosts(false), ...sts }, page: policy('enforce', 'elsewhere.test') }).deliver();
  assert.equal(word(none), 'deferred recipient 451 4.7.5');
});

test('MTA-STS: in testing everything is delivered and what is wrong is counted', async () => {
  const server = await peer({ tls: selfSigned });
  const { deliver, results } = out({ port: server.port, table: { ...hosts(false), ...sts }, page: policy('testing', 'mx.a.test') });
  const outcome = await deliver();
  assert.deepEqual([word(outcome), counted(results)], ['delivered recipient 250 2.0.0', ['sts certificate-expired']]);
  const clear = await peer();
  const other = out({ port: clear.port, table: { ...hosts(false), ...sts }, page: policy('testing', 'elsewhere.test') });
  assert.equal(word(await other.deliver()), 'delivered recipient 250 2.0.0');
  assert.deepEqual(counted(other.results), ['sts starttls-not-supported']);
});

test('MTA-STS: a policy that cannot be fetched is counted, and demands nothing', async () => {
  const server = await peer({ tls: selfSigned });
  const { deliver, results } = out({ port: server.port, table: { ...hosts(false), ...sts } });
  assert.equal(word(await deliver()), 'delivered recipient 250 2.0.0');
  assert.deepEqual(counted(results), ['sts sts-policy-fetch-error', 'no-policy-found success']);
});

test('DANE wins over MTA-STS, for better and for worse', async () => {
  const server = await peer({ tls: selfSigned });
  const good = await out({ port: server.port, table: { ...hosts(true), ...sts, ...tlsa(server.port, [endEntity(selfSigned)]) }, page: policy('enforce', 'elsewhere.test') }).deliver();
  assert.deepEqual([word(good), facts(good)], ['delivered recipient 250 2.0.0', 'dane dane-ee']);
  const trusted = await peer({ tls: certificate });
  const bad = await out({ port: trusted.port, table: { ...hosts(true), ...sts, ...tlsa(trusted.port, [endEntity(selfSigned)]) }, page: policy('enforce', 'mx.a.test') }).deliver();
  assert.equal(word(bad), 'deferred host 451 4.7.5');
});

test('[[tls-policy]]: each level, and names to match', async () => {
  const rule = (level: TlsRule['level'], match?: readonly string[]): TlsRule[] => [{ domains: ['a.test'], level, ...(match ? { match } : {}) }];
  const good = await peer({ tls: certificate });
  const bad = await peer({ tls: selfSigned });
  const clear = await peer();
  const status = async (port: number, rules: readonly TlsRule[]): Promise<string> => {
    const outcome = await out({ port, table: { ...hosts(false), ...sts }, page: policy('enforce', 'elsewhere.test'), rules }).deliver();
    return `${outcome.status} ${outcome.attempt.tls ? 'tls' : 'clear'}`;
  };
  assert.deepEqual([await status(good.port, rule('none')), await status(clear.port, rule('none'))], ['delivered clear', 'delivered clear']);
  assert.deepEqual([await status(bad.port, rule('opportunistic')), await status(clear.port, rule('opportunistic'))], ['delivered tls', 'delivered clear']);
  assert.deepEqual([await status(bad.port, rule('encrypt')), await status(clear.port, rule('encrypt'))], ['delivered tls', 'deferred clear']);
  assert.deepEqual([await status(good.port, rule('verify')), await status(bad.port, rule('verify'))], ['delivered tls', 'deferred clear']);
  assert.equal(await status(good.port, rule('verify', ['relay.test'])), 'delivered tls');
  assert.equal(await status(good.port, rule('verify', ['.a.test'])), 'delivered tls');
  assert.equal(await status(good.port, rule('verify', ['nexthop', '.nexthop'])), 'deferred clear');
  assert.equal(await status(good.port, rule('dane')), 'deferred clear');
  assert.equal(await status(good.port, [{ domains: ['.a.test', 'b.test'], level: 'none' }]), 'deferred clear', 'another domain: the published policy holds');
});

test('level dane delivers by TLSA records only, and says what is missing', async () => {
  const server = await peer({ tls: certificate });
  const rules: TlsRule[] = [{ domains: ['a.test'], level: 'dane' }];
  const { deliver, results } = out({ port: server.port, table: hosts(true), rules });
  const outcome = await deliver();
  assert.match(outcome.reply.text, /there are no TLSA records at \S+; required by the \[\[tls-policy\]\] for a\.test$/);
  assert.deepEqual(counted(results), ['no-policy-found dane-required']);
  const good = await out({ port: server.port, table: { ...hosts(true), ...tlsa(server.port, [endEntity(certificate)]) }, rules, settings: { dane: false } }).deliver();
  assert.equal(word(good), 'delivered recipient 250 2.0.0');
});

test('REQUIRETLS is met by DANE and by MTA-STS, and by nothing that is only offered', async () => {
  const options = { options: { requireTls: true } };
  const own = await peer({ tls: selfSigned, offers: ['REQUIRETLS', 'PIPELINING'] });
  const dane = out({ port: own.port, table: { ...hosts(true), ...tlsa(own.port, [endEntity(selfSigned)]) } });
  assert.equal(word(await dane.deliver(options)), 'delivered recipient 250 2.0.0');
  assert.match(own.messages[0]?.mail ?? '', / REQUIRETLS$/);
  const known = await peer({ tls: certificate, offers: ['REQUIRETLS', 'PIPELINING'] });
  const byPolicy = out({ port: known.port, table: { ...hosts(false), ...sts }, page: policy('enforce', 'mx.a.test') });
  assert.equal(word(await byPolicy.deliver(options)), 'delivered recipient 250 2.0.0');
  for (const page of [policy('testing', 'mx.a.test'), undefined]) {
    const outcome = await out({ port: known.port, table: { ...hosts(false), ...sts }, ...(page ? { page } : {}) }).deliver(options);
    assert.equal(word(outcome), 'failed message 550 5.7.30');
  }
  const rules: TlsRule[] = [{ domains: ['a.test'], level: 'encrypt' }];
  assert.equal(word(await out({ port: known.port, table: hosts(false), rules }).deliver(options)), 'failed message 550 5.7.30', 'a rule that asks for less takes nothing away');
  const wrong = out({ port: known.port, table: { ...hosts(true), ...tlsa(known.port, [endEntity(selfSigned)]) } });
  assert.equal(word(await wrong.deliver(options)), 'failed message 550 5.7.30');
});

test('TLS-Required: No gets a report about broken TLS through: past TLSA records and MTA-STS, in the clear, and uncounted', async () => {
  const options = { options: { tlsOptional: true } };
  const wrong = await peer({ tls: certificate });
  const byDane = out({ port: wrong.port, table: { ...hosts(true), ...tlsa(wrong.port, [endEntity(selfSigned)]) } });
  const outcome = await byDane.deliver(options);
  assert.deepEqual([word(outcome), outcome.attempt.tls !== undefined, outcome.attempt.tlsPolicy?.source], ['delivered recipient 250 2.0.0', true, 'its author (TLS-Required: No)']);
  const clear = await peer();
  const bySts = out({ port: clear.port, table: { ...hosts(false), ...sts }, page: policy('enforce', 'other.a.test') });
  assert.equal(word(await bySts.deliver(options)), 'delivered recipient 250 2.0.0');
  assert.deepEqual([byDane.results, bySts.results], [[], []]);
  const rules: TlsRule[] = [{ domains: ['a.test'], level: 'encrypt' }];
  assert.equal(word(await out({ port: clear.port, table: hosts(false), rules }).deliver(options)), 'deferred host 451 4.7.4', 'what this server is configured to do holds');
});

/** Says yes to everything, takes STARTTLS, and calls back when the client has begun a handshake that nobody will answer. */
async function stallingServer(begun: () => void): Promise<{ readonly port: number; readonly commands: string[] }> {
  const commands: string[] = [];
  const server = createServer((socket) => {
    let inData = false;
    socket.on('error', () => {});
    socket.write('220 hi\r\n');
    socket.on('data', (data) => {
      // RFC 8446 §5.1: 22 is a handshake record.
      if (data[0] === 22) return begun();
      const text = data.toString('latin1');
      if (inData) {
        inData = !text.endsWith('\r\n.\r\n');
        if (!inData) socket.write('250 ok\r\n');
        return;
      }
      const command = text.slice(0, 4);
      commands.push(command);
      inData = command === 'DATA';
      socket.write(command === 'EHLO' ? '250-hi\r\n250 STARTTLS\r\n' : command === 'STAR' ? '220 go\r\n' : inData ? '354 go\r\n' : '250 ok\r\n');
    });
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { port: (server.address() as AddressInfo).port, commands };
}

test('a stalled handshake: opportunistic mail goes in the clear after its deadline, and then at once for a while', async () => {
  const server = await stallingServer(() => clock.advance(60_001));
  const { deliver, results, clock } = out({ port: server.port, table: hosts(false) });
  const tries = (): number => server.commands.filter((command) => command === 'STAR').length;
  const first = await deliver();
  assert.deepEqual([word(first), first.attempt.tls, tries()], ['delivered recipient 250 -', undefined, 1]);
  assert.equal(first.attempt.tlsPolicy?.problem, 'the TLS handshake took too long');
  clock.advance(10_000);
  const second = await deliver();
  assert.deepEqual([word(second), tries()], ['delivered recipient 250 -', 1], 'remembered');
  assert.equal(second.attempt.tlsPolicy?.problem, 'TLS failed there lately: the TLS handshake took too long');
  clock.advance(600_000);
  assert.deepEqual([word(await deliver()), tries()], ['delivered recipient 250 -', 2], 'and tried again');
  assert.deepEqual(counted(results), Array(3).fill('no-policy-found validation-failure'));
});

test('a stalled handshake where TLS is a must: deferred', async () => {
  const server = await stallingServer(() => clock.advance(60_001));
  const { deliver, clock } = out({ port: server.port, table: { ...hosts(false), ...sts }, page: policy('enforce', 'mx.a.test') });
  const outcome = await deliver();
  assert.equal(word(outcome), 'deferred host 451 4.7.5');
  assert.match(outcome.reply.text, /the TLS handshake took too long; required by the MTA-STS policy of a\.test$/);
});

test('TLS that breaks while messages go over it: opportunistic mail gets through in the clear the third time', async () => {
  const server = await peer({ tls: certificate, script: ({ command, tls, session }) => (tls && command === 'content' ? (session.drop(), '') : undefined) });
  const { deliver, clock } = out({ port: server.port, table: hosts(false) });
  assert.deepEqual([word(await deliver()), word(await deliver())], Array(2).fill('deferred session 451 4.4.2'));
  clock.advance(4 * 3_600_000);
  const third = await deliver();
  assert.deepEqual([word(third), third.attempt.tls], ['delivered recipient 250 2.0.0', undefined]);
  assert.equal(third.attempt.tlsPolicy?.problem, 'TLS failed there lately: connections broke twice while a message went over TLS');
});

test('a connection that closes right behind its TLS handshake is made again in the clear, unless TLS is a must', async () => {
  const server = await peer({ tls: certificate, script: ({ command, tls, session }) => (tls && command.startsWith('EHLO') ? (session.drop(), '') : undefined) });
  const opportunistic = await out({ port: server.port, table: hosts(false) }).deliver();
  assert.deepEqual([word(opportunistic), opportunistic.attempt.tls], ['delivered recipient 250 2.0.0', undefined]);
  const must = await out({ port: server.port, table: { ...hosts(false), ...sts }, page: policy('enforce', 'mx.a.test') }).deliver();
  assert.equal(word(must), 'deferred host 451 4.7.5');
});

test('a server that takes nothing in the clear, and whose TLS failed once: the mail waits, and goes over TLS the next time', async () => {
  let failed = false;
  const fails = (): boolean => !failed && (failed = true);
  const server = await peer({
    tls: certificate,
    script: ({ command, tls, session }) => {
      if (tls && command.startsWith('EHLO') && fails()) return (session.drop(), '');
      return !tls && command.startsWith('MAIL') ? '530 5.7.0 Must issue a STARTTLS command first' : undefined;
    },
  });
  const { deliver } = out({ port: server.port, table: hosts(false) });
  const first = await deliver();
  assert.equal(word(first), 'deferred session 530 5.7.0');
  assert.match(first.attempt.tlsPolicy?.problem ?? '', /behind the TLS handshake/);
  const second = await deliver();
  assert.deepEqual([word(second), second.attempt.tls?.verified], ['delivered recipient 250 2.0.0', true]);
});

test('a server that demands STARTTLS and never offers it: the mail waits for an offer that something on the way may have taken out', async () => {
  const server = await peer({ script: ({ command }) => (command.startsWith('MAIL') ? '530 5.7.0 Must issue a STARTTLS command first' : undefined) });
  const { deliver } = out({ port: server.port, table: hosts(false) });
  assert.equal(word(await deliver()), 'deferred session 530 5.7.0');
});
