import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Failure } from '../base/errors.ts';
import type { DnsProvider } from '../contract/dns-publishing.ts';
import { ZoneFinder } from './zone-finder.ts';

const signal = new AbortController().signal;

function listing(label: string, ...names: readonly string[]): DnsProvider {
  return { label, zones: async () => names.map((name) => ({ name, id: name })), recordSets: async () => [], apply: async () => [] };
}

async function found(finder: ZoneFinder, name: string): Promise<string> {
  const search = await finder.find(name);
  return search.kind === 'found' ? `${search.hosted.provider.label} ${search.hosted.zone.name}` : search.kind;
}

test('the longest zone that holds the name is used, whole labels only', async () => {
  const finder = new ZoneFinder([{ provider: listing('a', 'example.org', 'org.example'), zones: [] }, { provider: listing('b', 'sub.example.org'), zones: [] }], signal);
  assert.equal(await found(finder, '_dmarc.example.org'), 'a example.org');
  assert.equal(await found(finder, 'x.sub.example.org'), 'b sub.example.org');
  assert.equal(await found(finder, 'notexample.org'), 'none');
});

test('zones named in the configuration bound a provider, and win among equals', async () => {
  const finder = new ZoneFinder([{ provider: listing('a', 'example.org', 'example.net'), zones: [] }, { provider: listing('b', 'example.org', 'example.com'), zones: ['example.org'] }], signal);
  assert.equal(await found(finder, 'example.org'), 'b example.org');
  assert.equal(await found(finder, 'example.com'), 'none');
});

test('a provider that cannot answer about a name makes it and the names below unknown, and is asked once', async () => {
  let asked = 0;
  const down: DnsProvider = {
    ...listing('down'),
    zoneOf: async () => {
      asked += 1;
      throw new Failure('dns-provider-unreachable', 'no answer');
    },
  };
  const finder = new ZoneFinder([{ provider: down, zones: [] }], signal);
  assert.deepEqual(await finder.find('a.example'), { kind: 'unknown', detail: 'no answer' });
  assert.deepEqual(await finder.find('b.a.example'), { kind: 'unknown', detail: 'no answer' });
  assert.equal(asked, 1);
});
