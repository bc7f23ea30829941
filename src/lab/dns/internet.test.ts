import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import { addressPlan } from '../address-plan.ts';
import { OUTSIDE_HOST, outsideRecords } from '../outside/domains.ts';
import { PROVIDERS } from '../providers/catalogue.ts';
import { Weather } from '../scenarios.ts';
import { internetZones } from './internet.ts';
import { Zones } from './zones.ts';
import type { ZoneRecord } from './zone-record.ts';

const { publicKey: strangerKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const plan = addressPlan('127.5.0.0', 2000);

const OURS: ZoneRecord[] = [
  { name: 'example.org', type: 'MX', ttl: 3600, value: '10 mail.example.org.' },
  { name: 'example.org', type: 'TXT', ttl: 3600, value: '"v=spf1 ip4:127.5.0.10 ~all"' },
  { name: 'rsa._domainkey.example.org', type: 'TXT', value: '"v=DKIM1; k=rsa; p=AAAA"' },
  { name: 'ed._domainkey.example.org', type: 'TXT', value: '"v=DKIM1; k=ed25519; p=BBBB"' },
  { name: '_dmarc.example.org', type: 'TXT', value: '"v=DMARC1; p=none"' },
  { name: 'mail.example.org', type: 'A', value: '203.0.113.10' },
];

function world(scenarios: readonly string[] = [], ourRecords: readonly ZoneRecord[] = OURS) {
  const weather = new Weather();
  for (const name of scenarios) weather.set(name, true);
  const zones = new Zones();
  zones.load(
    internetZones({
      plan,
      providers: PROVIDERS,
      serverHost: { hostname: 'mail.example.org', ip: '127.5.0.10', mxAddress: '127.5.0.1' },
      ourRecords,
      outsideRecords: outsideRecords(plan.outside, strangerKey),
      outsideName: OUTSIDE_HOST,
      strangerKey,
      weather,
    }),
  );
  return (name: string, type: string): string[] => zones.lookup(name, type).answers.map((answer) => ('data' in answer ? (Array.isArray(answer.data) ? answer.data.join('') : JSON.stringify(answer.data)) : ''));
}

test('our host has the addresses of the lab, whatever we would publish on the internet', () => {
  assert.deepEqual(world()('mail.example.org', 'A'), ['"127.5.0.10"', '"127.5.0.1"']);
});

test('nobody can add to the zone of a provider', () => {
  const ask = world([], [...OURS, { name: 'gmail.com', type: 'MX', value: '1 mail.example.org.' }]);
  assert.deepEqual(ask('gmail.com', 'MX'), ['{"preference":10,"exchange":"gmail-smtp-in.l.google.com"}']);
});

test('answers live for seconds only, so that the weather can change', () => {
  const zones = new Zones();
  zones.load([{ apex: 'example.org', records: OURS.slice(0, 1) }]);
  const [answer] = zones.lookup('example.org', 'MX').answers;
  assert.ok(answer && 'ttl' in answer && Number(answer.ttl) <= 5);
});

test('the weather bends our records', () => {
  const spf = (...names: string[]): string[] => world(names)('example.org', 'TXT');
  assert.deepEqual(spf(), ['v=spf1 ip4:127.5.0.10 ~all']);
  assert.deepEqual(spf('spf-missing'), []);
  assert.deepEqual(spf('spf-fail'), ['v=spf1 -all']);
  const key = (selector: string, ...names: string[]): string[] => world(names)(`${selector}._domainkey.example.org`, 'TXT');
  assert.deepEqual(key('rsa'), ['v=DKIM1; k=rsa; p=AAAA']);
  assert.match(String(key('rsa', 'dkim-broken')), /k=rsa; p=MII/);
  assert.match(String(key('ed', 'dkim-broken')), /k=ed25519; p=(?!BBBB)/);
  assert.deepEqual(key('ed', 'dkim-missing'), []);
  const dmarc = (...names: string[]): string[] => world(names)('_dmarc.example.org', 'TXT');
  assert.deepEqual(dmarc('dmarc-reject'), ['v=DMARC1; p=reject']);
  assert.deepEqual(dmarc('dmarc-missing'), []);
  const reverse = '10.0.5.127.in-addr.arpa';
  assert.deepEqual(world()(reverse, 'PTR'), ['"mail.example.org"']);
  assert.deepEqual(world(['no-ptr'])(reverse, 'PTR'), []);
  assert.deepEqual(world()('10.0.5.127.zen.spamhaus.org', 'A'), []);
  assert.deepEqual(world(['listed-ip'])('10.0.5.127.zen.spamhaus.org', 'A'), ['"127.0.0.2"']);
  assert.deepEqual(world(['mx-missing'])('gmx.net', 'MX'), []);
});
