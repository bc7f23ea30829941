/** Checks that ask others than the DNS, one broken thing at a time. */
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { describe, it } from 'node:test';
import { createExaminedNetwork, type ExaminedNetwork } from '../../test/harness/examined-network.ts';
import { createZoneDns, type Zone } from '../../test/harness/zone-dns.ts';
import type { MailProbeAnswer } from '../contract/doctor-network.ts';
import type { PeerIdentity } from '../contract/tls-policy.ts';
import { createCertificate } from '../net/self-signed.ts';
import type { Finding, ServerFacts, Subject } from './check.ts';
import { examine } from './examination.ts';

const DAY_MS = 86_400_000;
const NOW = Date.now();
const NOBODY: PeerIdentity = { chain: [], names: () => true };
const SMTP = { service: 'smtp', address: '192.0.2.7', port: 25 } as const;
const SERVER: ServerFacts = { listeners: [SMTP], trusted: ['127.0.0.0/8', '::1/128'] };
const ADDRESS = { address: '192.0.2.7', helo: 'mail.example.org' };
const REGISTRIES = { 'data.iana.org/rdap/dns.json': '{"services":[[["org"],["https://rdap.example/"]]]}' };

async function found(check: string, { zone = {}, network = {}, server = SERVER, addresses = [ADDRESS] }: { readonly zone?: Zone; readonly network?: Partial<ExaminedNetwork>; readonly server?: ServerFacts; readonly addresses?: readonly (typeof ADDRESS)[] }): Promise<Finding> {
  const dns = createZoneDns(zone);
  const subjects: Subject[] = [
    { kind: 'host', hostname: 'mail.example.org', addresses, server },
    { kind: 'address', ...ADDRESS, server },
    { kind: 'domain', domain: 'example.org', hostname: 'mail.example.org', addresses, keys: [], server },
  ];
  const { results } = await examine({ dns, now: NOW, network: createExaminedNetwork({ dns, ...network }) }, subjects, { deadlineMs: 5000, only: [check] });
  assert.equal(results.length, 1);
  return results[0] as Finding;
}

const level = async (...args: Parameters<typeof found>): Promise<string> => (await found(...args)).level;
const refusedDial: MailProbeAnswer = { kind: 'failure', step: 'connect', reason: 'timeout', detail: 'no answer within 5 s' };
const greeting = (more: Partial<Extract<MailProbeAnswer, { kind: 'answer' }>>): MailProbeAnswer => ({ kind: 'answer', greeting: '220 mail.example.org', startTls: false, ...more });

describe('checks of the host', () => {
  const big: Zone = Object.fromEntries(['gmail.com', 'outlook.com', 'yahoo.com'].flatMap((name, at) => [[name, { MX: [{ preference: 1, exchange: `mx.${name}` }] }], [`mx.${name}`, { A: [`198.51.100.${at}`] }]]));

  it('tell whether port 25 is open outwards', async () => {
    assert.equal(await level('port-25-out', { zone: big }), 'pass');
    assert.equal(await level('port-25-out', { zone: big, network: { probe: () => refusedDial } }), 'fail');
    assert.equal(await level('port-25-out', { zone: big, network: { probe: ({ address }) => (address.endsWith('.0') ? refusedDial : greeting({})) } }), 'warn');
    assert.equal(await level('port-25-out', { zone: {} }), 'unknown');
    assert.equal(await level('port-25-out', { zone: big, network: { probe: () => refusedDial }, server: { ...SERVER, relay: 'smarthost.example' } }), 'skip');
  });

  it('tell whether port 25 is open inwards, when somebody outside looks', async () => {
    assert.equal(await level('port-25-in', {}), 'pass');
    assert.equal(await level('port-25-in', { network: { outside: { kind: 'closed', address: '192.0.2.7', detail: 'Connection refused' } } }), 'fail');
    assert.equal(await level('port-25-in', { network: { outside: { kind: 'failure', detail: 'busy' } } }), 'unknown');
    const none = await found('port-25-in', { network: { outside: 'none' } });
    assert.equal(none.level, 'unknown');
    assert.match(none.remedy ?? '', /posthorn prober/);
  });

  it('find an open relay, and do not take trusted machines for strangers', async () => {
    const taken = (): MailProbeAnswer => greeting({ relay: { outcome: 'taken', reply: '250 ok' } });
    assert.equal(await level('open-relay', {}), 'pass');
    assert.equal(await level('open-relay', { network: { probe: taken } }), 'fail');
    assert.equal(await level('open-relay', { network: { probe: taken }, server: { ...SERVER, trusted: ['192.0.2.0/24'] } }), 'unknown');
    assert.equal(await level('open-relay', { server: { ...SERVER, trusted: ['0.0.0.0/0'] } }), 'fail');
    assert.equal(await level('open-relay', { network: { probe: () => refusedDial } }), 'unknown');
  });

  it('look at STARTTLS and old versions of TLS', async () => {
    const tls = (oldTls: boolean): MailProbeAnswer => greeting({ startTls: true, tls: { peer: NOBODY, version: 'TLSv1.3', oldTls } });
    assert.equal(await level('starttls', { network: { probe: () => tls(false) } }), 'pass');
    assert.equal(await level('starttls', { network: { probe: () => tls(true) } }), 'warn');
    assert.equal(await level('starttls', { network: { probe: () => greeting({}) } }), 'fail');
    assert.equal(await level('starttls', { network: { probe: () => ({ kind: 'failure', step: 'tls', reason: 'protocol', detail: 'no shared cipher' }) } }), 'fail');
    assert.equal(await level('starttls', { network: { probe: () => refusedDial } }), 'unknown');
  });

  it('look at the certificate of each service', async () => {
    const made = createCertificate({ subject: 'mail.example.org', altNames: ['mail.example.org'], days: 90 });
    const leaf = new X509Certificate(made.certificatePem);
    const judged = (peer: Partial<PeerIdentity>, now = NOW): Promise<string> => {
      const probe = (): MailProbeAnswer => greeting({ startTls: true, tls: { peer: { chain: [leaf], names: () => true, ...peer }, version: 'TLSv1.3' } });
      const dns = createZoneDns({});
      return examine({ dns, now, network: createExaminedNetwork({ dns, probe }) }, [{ kind: 'host', hostname: 'mail.example.org', addresses: [], server: SERVER }], { deadlineMs: 5000, only: ['certificate'] }).then(({ results }) => results[0]?.level ?? '');
    };
    assert.equal(await judged({}), 'pass');
    assert.equal(await judged({ names: () => false }), 'fail');
    assert.equal(await judged({ distrust: { failure: 'certificate-not-trusted', detail: 'its certificate is self-signed' } }), 'fail');
    assert.equal(await judged({}, Date.parse(leaf.validTo) - 20 * DAY_MS), 'warn');
    assert.equal(await judged({}, Date.parse(leaf.validTo) + DAY_MS), 'fail');
  });

  it('count encrypted sessions', async () => {
    const counted = (sessions: number, encrypted: number): Promise<string> => level('outbound-tls', { server: { ...SERVER, outboundTls: { sessions, encrypted } } });
    assert.equal(await counted(100, 100), 'pass');
    assert.equal(await counted(100, 20), 'warn');
    assert.equal(await counted(100, 0), 'fail');
    assert.equal(await counted(2, 0), 'skip');
  });

  it('compare addresses with each other, and with the past', async () => {
    const two: Zone = { '7.2.0.192.in-addr.arpa': { PTR: ['mail.example.org'] }, 'mail.example.org': { A: ['192.0.2.7', '192.0.2.8'], AAAA: ['2001:db8::7'] } };
    assert.equal(await level('several-addresses', { zone: two, addresses: [ADDRESS, { ...ADDRESS, address: '192.0.2.8' }] }), 'warn');
    assert.equal(await level('ipv6', { zone: two, addresses: [ADDRESS] }), 'pass');
    assert.equal(await level('ipv6', { zone: two, addresses: [{ ...ADDRESS, address: '2001:db8::7' }] }), 'fail');
    const past = (...identities: readonly (readonly [address: string, helo: string, from: number, to: number])[]): { server: ServerFacts } => ({
      server: { ...SERVER, identities: identities.map(([address, helo, from, to]) => ({ address, helo, firstAt: NOW - from * DAY_MS, lastAt: NOW - to * DAY_MS })) },
    });
    const helo = 'mail.example.org';
    assert.equal(await level('static-address', past(['192.0.2.7', helo, 9, 1])), 'pass');
    assert.equal(await level('static-address', past(['192.0.2.99', helo, 9, 1])), 'warn');
    assert.equal(await level('static-address', past(['192.0.2.7', helo, 9, 1], ['192.0.2.99', helo, 9, 3])), 'pass', 'one of two was given up');
    assert.equal(await level('static-address', past(['192.0.2.99', helo, 9, 8], ['192.0.2.98', helo, 7, 5], ['192.0.2.97', helo, 4, 1])), 'fail');
    assert.equal(await level('helo-stable', past(['192.0.2.7', helo, 9, 1], ['192.0.2.8', 'other.example.org', 9, 1])), 'pass');
    assert.equal(await level('helo-stable', past(['192.0.2.7', 'other.example.org', 9, 1])), 'warn');
    assert.equal(await level('helo-stable', past(['192.0.2.7', 'other.example.org', 9, 1], ['192.0.2.7', 'third.example.org', 9, 1])), 'fail', 'many names are what malware does');
  });
});

describe('checks that ask registries and services', () => {
  const origin: Zone = { '7.2.0.192.origin.asn.cymru.com': { TXT: ['64500 | 192.0.2.0/24 | DE | ripencc | 2001-01-01'] } };
  const status = (said: string) => ({ pages: { 'stat.ripe.net/data/rpki-validation/data.json?resource=64500&prefix=192.0.2.0%2F24': `{"data":{"status":"${said}"}}` } });

  it('tell who may announce a network', async () => {
    assert.equal(await level('route-origin', { zone: origin, network: status('valid') }), 'pass');
    assert.equal(await level('route-origin', { zone: origin, network: status('invalid_asn') }), 'fail');
    assert.equal(await level('route-origin', { zone: origin, network: status('unknown') }), 'warn');
    assert.equal(await level('route-origin', { zone: origin }), 'unknown');
    assert.equal(await level('route-origin', {}), 'unknown');
  });

  it('tell how old a domain is', async () => {
    const registered = (days: number) => ({ pages: { ...REGISTRIES, 'rdap.example/domain/example.org': JSON.stringify({ events: [{ eventAction: 'registration', eventDate: new Date(NOW - days * DAY_MS).toISOString() }] }) } });
    const zone: Zone = { 'example.org': { NS: ['ns.example.org'] } };
    assert.equal(await level('domain-age', { zone, network: registered(400) }), 'pass');
    assert.equal(await level('domain-age', { zone, network: registered(20) }), 'warn');
    assert.equal(await level('domain-age', { zone, network: registered(2) }), 'fail');
    assert.equal(await level('domain-age', { zone }), 'unknown');
    assert.equal(await level('domain-age', { zone, network: { pages: { ...REGISTRIES, 'rdap.example/domain/example.org': '<html>' } } }), 'unknown');
  });

  it('compare name servers with each other', async () => {
    const zone: Zone = { 'example.org': { NS: ['ns1.example.org', 'ns2.example.org'] }, 'ns1.example.org': { A: ['192.0.2.1'] }, 'ns2.example.org': { A: ['192.0.2.2'] } };
    assert.equal(await level('name-servers', { zone }), 'pass');
    assert.equal(await level('name-servers', { zone, network: { servers: { '192.0.2.2': 2 } } }), 'warn');
    assert.equal(await level('name-servers', { zone, network: { servers: { '192.0.2.2': 'silent' } } }), 'warn');
    assert.equal(await level('name-servers', { zone, network: { servers: { '192.0.2.2': 'lame' } } }), 'fail');
    assert.equal(await level('name-servers', { zone, network: { servers: { '192.0.2.1': 'silent', '192.0.2.2': 'silent' } } }), 'unknown');
  });

  it('tell a wrongly signed zone from name servers that fail', async () => {
    assert.equal(await level('dnssec', { zone: { 'example.org': 'FAIL' }, network: { uncheckedSerial: 1 } }), 'fail');
    assert.equal(await level('dnssec', { zone: { 'example.org': 'FAIL' } }), 'unknown');
  });

  it('are unknown without connections, never a failure', async () => {
    const dns = createZoneDns({});
    const { results } = await examine({ dns, now: NOW }, [{ kind: 'host', hostname: 'mail.example.org', addresses: [ADDRESS], server: SERVER }], { deadlineMs: 5000 });
    for (const check of ['port-25-out', 'port-25-in', 'open-relay', 'starttls', 'certificate']) assert.equal(results.find((each) => each.check === check)?.level, 'unknown', check);
  });
});
