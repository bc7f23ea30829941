import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createZoneDns, type Zone } from '../../../test/harness/zone-dns.ts';
import { askDomainLists } from './ask-domain-lists.ts';
import { DOMAIN_LISTS } from './domain-lists.ts';

const ALIVE: Zone = { 'test.dbl.spamhaus.org': { A: ['127.0.1.2'] }, 'test.uribl.com.multi.uribl.com': { A: ['127.0.0.14'] }, 'surbl-org-permanent-test-point.com.multi.surbl.org': { A: ['127.0.0.254'] } };

async function verdicts(zone: Zone, domain = 'a.example'): Promise<Record<string, string>> {
  const lists = DOMAIN_LISTS.filter(({ zone: name }) => ['dbl.spamhaus.org', 'multi.surbl.org', 'multi.uribl.com'].includes(name));
  const answers = await askDomainLists(createZoneDns(zone), [domain], lists);
  return Object.fromEntries(answers.map(({ list, verdict }) => [list.title, verdict.kind]));
}

describe('lists of domains', () => {
  it('that are alive are believed, by their documented answers alone', async () => {
    assert.deepEqual(await verdicts(ALIVE), { 'Spamhaus DBL': 'clean', SURBL: 'clean', URIBL: 'clean' });
    assert.deepEqual(await verdicts({ ...ALIVE, 'a.example.dbl.spamhaus.org': { A: ['127.0.1.4'] }, 'a.example.multi.surbl.org': { A: ['127.0.0.24'] }, 'a.example.multi.uribl.com': { A: ['127.0.0.2'] } }), { 'Spamhaus DBL': 'listed', SURBL: 'listed', URIBL: 'listed' });
    assert.deepEqual(await verdicts({ ...ALIVE, 'a.example.dbl.spamhaus.org': { A: ['127.0.1.102'] }, 'a.example.multi.uribl.com': { A: ['127.0.0.4'] } }), { 'Spamhaus DBL': 'grey', SURBL: 'clean', URIBL: 'grey' });
    assert.deepEqual(await verdicts({ ...ALIVE, 'a.example.dbl.spamhaus.org': { A: ['127.0.1.99'] }, 'a.example.multi.surbl.org': { A: ['192.0.2.1'] }, 'a.example.multi.uribl.com': 'FAIL' }), { 'Spamhaus DBL': 'unknown', SURBL: 'unknown', URIBL: 'unknown' });
  });

  it('that refuse this resolver, list everything or are closed are no listing', async () => {
    const refused: Zone = { 'test.dbl.spamhaus.org': { A: ['127.255.255.254'] }, 'a.example.dbl.spamhaus.org': { A: ['127.255.255.254'] }, 'test.multi.uribl.com': { A: ['127.0.0.1'] }, 'a.example.multi.uribl.com': { A: ['127.0.0.1'] }, 'invalid.multi.surbl.org': { A: ['127.0.0.64'] }, 'a.example.multi.surbl.org': { A: ['127.0.0.64'] } };
    assert.deepEqual(await verdicts(refused), { 'Spamhaus DBL': 'unknown', SURBL: 'unknown', URIBL: 'unknown' });
    assert.deepEqual(await verdicts({}), { 'Spamhaus DBL': 'unknown', SURBL: 'unknown', URIBL: 'unknown' });
  });
});
