/** Where reports may go: the domain's own organisation, strangers who agreed, nobody else. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createZoneDns, type Zone } from '../../../test/harness/zone-dns.ts';
import { dmarcDestinations } from './dmarc-destinations.ts';
import { parseReportUri } from './report-uri.ts';
import { tlsDestinations } from './tls-destinations.ts';

const ZONE: Zone = {
  '_dmarc.blue.example': { TXT: ['v=DMARC1; p=none'] },
  'blue.example._report._dmarc.reader.example': { TXT: ['unrelated', 'v=DMARC1;'] },
  'blue.example._report._dmarc.moved.example': { TXT: ['v=DMARC1; rua=mailto:other@moved.example'] },
  'blue.example._report._dmarc.thief.example': { TXT: ['v=DMARC1; rua=mailto:victim@elsewhere.example'] },
  'blue.example._report._dmarc.broken.example': 'FAIL',
  'blue.example._report._dmarc.noise.example': { TXT: ['v=DMARC12'] },
};

async function destinations(...rua: string[]): Promise<string[]> {
  const found = await dmarcDestinations(createZoneDns(ZONE), 'blue.example', rua);
  return found.map((one) => (one.kind === 'use' ? `use ${one.uri.address}` : `${one.kind} ${one.uri}`));
}

test('addresses of the same organisation need nobody’s leave', async () => {
  assert.deepEqual(await destinations('mailto:dmarc@blue.example', 'MAILTO:d@Mail.Blue.Example!10m'), ['use dmarc@blue.example', 'use d@mail.blue.example']);
});

test('addresses elsewhere need a record there, which may name another one in its place, but not a stranger', async () => {
  assert.deepEqual(await destinations('mailto:a@reader.example'), ['use a@reader.example']);
  assert.deepEqual(await destinations('mailto:a@moved.example'), ['use other@moved.example']);
  assert.deepEqual(await destinations('mailto:a@thief.example'), ['refused mailto:a@thief.example']);
  assert.deepEqual(await destinations('mailto:a@nobody.example', 'mailto:a@noise.example'), ['refused mailto:a@nobody.example', 'refused mailto:a@noise.example']);
});

test('a DNS that does not answer is no refusal', async () => {
  assert.deepEqual(await destinations('mailto:a@broken.example'), ['unknown mailto:a@broken.example']);
});

test('what is written twice or cannot be used', async () => {
  assert.deepEqual(await destinations('mailto:a@blue.example', 'mailto:a@blue.example!5k', 'https://blue.example/', 'ftp://x', 'mailto:nobody', 'mailto:%zz@blue.example'), [
    'use a@blue.example', 'refused https://blue.example/', 'refused ftp://x', 'refused mailto:nobody', 'refused mailto:%zz@blue.example',
  ]);
});

test('size limits of old records', () => {
  const limit = (uri: string): unknown => { const parsed = parseReportUri(uri); return parsed.kind === 'mailto' ? parsed.bytesMax : parsed.kind; };
  assert.deepEqual(['mailto:a@b.example', 'mailto:a@b.example!50', 'mailto:a@b.example!2k', 'mailto:a@b.example!10M', 'mailto:a!b@c.example'].map(limit), [undefined, 50, 2048, 10_485_760, undefined]);
});

test('TLS reports: one record, its addresses', async () => {
  const of = (entry: Zone[string]) => tlsDestinations(createZoneDns({ '_smtp._tls.a.example': entry }), 'a.example');
  const found = await of({ TXT: [['v=TLSRPTv1; rua=mailto:t@a.example,', ' https://t.example/v1']] });
  assert.deepEqual(found.kind === 'found' && found.uris.map(({ kind, uri }) => [kind, uri]), [['mailto', 'mailto:t@a.example'], ['https', 'https://t.example/v1']]);
  assert.equal((await of({ TXT: ['v=TLSRPTv1; rua=mailto:a@a.example', 'v=TLSRPTv1; rua=mailto:b@a.example'] })).kind, 'none');
  assert.equal((await of({ TXT: ['v=TLSRPTv1'] })).kind, 'none');
  assert.equal((await of('FAIL')).kind, 'unknown');
});
