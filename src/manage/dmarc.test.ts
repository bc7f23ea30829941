import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createZoneDns } from '../../test/harness/zone-dns.ts';
import { SystemClock } from '../base/clock.ts';
import { answerDmarc } from './dmarc.ts';

describe('posthorn dmarc', () => {
  const dns = createZoneDns({ '_dmarc.example.org': { TXT: ['v=DMARC1; p=reject; sp=none; rua=mailto:d@example.org'] }, 'news.example.org': { A: ['192.0.2.1'] }, 'bare.example': { A: ['192.0.2.1'] } });
  const ask = (domain: string) => answerDmarc({ dns, clock: new SystemClock() }, domain);

  it('walks up from a name without a record, and tells the policy for that very name', async () => {
    const answer = await ask('news.example.org');
    assert.deepEqual([answer.recordOf, answer.policy, answer.organizationalDomain], ['example.org', 'none', 'example.org']);
    assert.ok(answer.asked.length >= 2);
    assert.match(answer.alignment[0] ?? '', /example\.org or any name below it/);
    assert.equal((await ask('example.org')).policy, 'reject');
  });

  it('says what to publish where there is none', async () => {
    const answer = await ask('bare.example');
    assert.equal(answer.policy, undefined);
    assert.match(answer.problems[0] ?? '', /_dmarc\.bare\.example\. TXT "v=DMARC1; p=none; rua=mailto:dmarc@bare\.example"/);
    await assert.rejects(ask('not a domain'), /is not a domain name: write it like example\.org/);
  });
});
