import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DNS_PUBLISH_LIMITS } from '../base/dns-publish-limits.ts';
import type { ChangeOutcome, DnsProvider, DnsZone } from '../contract/dns-publishing.ts';
import { patientProvider } from './patient-provider.ts';
import { ProviderFailure, type TroubleOf } from './provider-failure.ts';

const signal = new AbortController().signal;
const zone = (at: number): DnsZone => ({ name: `d${at}.example`, id: String(at) });
const trouble = (of: TroubleOf): ProviderFailure => new ProviderFailure(of, `trouble of the ${of}`, { temporary: true });

/** `broken`: what the request of this number (from 1) meets. */
function counting(broken: (request: number, zone: DnsZone) => TroubleOf | undefined): { readonly provider: DnsProvider; readonly asked: () => number } {
  let asked = 0;
  const provider: DnsProvider = {
    label: 'counted',
    zones: async () => [],
    recordSets: async (which) => {
      asked += 1;
      const of = broken(asked, which);
      await Promise.resolve();
      if (of) throw trouble(of);
      return [];
    },
    apply: async (which) => {
      asked += 1;
      const of = broken(asked, which);
      return [of ? { kind: 'failed', temporary: true, detail: `trouble of the ${of}`, of } : { kind: 'applied' }] satisfies ChangeOutcome[];
    },
  };
  return { provider: patientProvider(provider), asked: () => asked };
}

async function read(provider: DnsProvider, count: number): Promise<readonly string[]> {
  const results = await Promise.allSettled(Array.from({ length: count }, (_, at) => provider.recordSets(zone(at), [], signal)));
  return results.map((result) => (result.status === 'fulfilled' ? 'read' : String((result.reason as Error).message)));
}

test('of a dead provider one question is enough for five hundred zones, and all hear why', async () => {
  const { provider, asked } = counting(() => 'provider');
  assert.deepEqual(new Set(await read(provider, 500)), new Set(['trouble of the provider']));
  assert.equal(asked(), 1);
  await assert.rejects(provider.apply(zone(1), [], signal), { message: 'trouble of the provider' });
});

test('one that dies on the way is asked no more after two failures in a row; one lost connection is forgiven', async () => {
  const lost = counting((request) => (request === 3 ? 'provider' : undefined));
  assert.equal((await read(lost.provider, 20)).filter((text) => text === 'read').length, 19);
  const dead = counting((request) => (request > 5 ? 'provider' : undefined));
  for (let at = 0; at < 20; at += 1) await read(dead.provider, 1);
  assert.equal(dead.asked(), 7);
});

test('a hundred broken zones keep nobody from reading the other four hundred', async () => {
  const { provider, asked } = counting((_request, { id }) => (Number(id) % 5 === 0 ? 'zone' : undefined));
  const texts = await read(provider, 500);
  assert.equal(texts.filter((text) => text === 'read').length, 400);
  assert.equal(asked(), 500);
});

test('a provider with which no zone at all works is given up after the first few', async () => {
  const { provider, asked } = counting(() => 'zone');
  const texts = await read(provider, 500);
  assert.match(texts[499] ?? '', /^trouble of the zone \(so it was with each of the first \d zones; others were not asked about\)$/);
  assert.equal(asked(), DNS_PUBLISH_LIMITS.zonesFailedMax);
});

test('what cannot be applied for the provider’s own trouble ends the applying, too', async () => {
  const { provider, asked } = counting(() => 'provider');
  assert.equal((await provider.apply(zone(0), [], signal))[0]?.kind, 'failed');
  await assert.rejects(provider.apply(zone(1), [], signal), { message: 'trouble of the provider' });
  assert.equal(asked(), 1);
});
