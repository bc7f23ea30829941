import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createZoneDns } from '../../../test/harness/zone-dns.ts';
import { SystemClock } from '../../base/clock.ts';
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

  it('tells several records, and one that does not begin as it must, from none', async () => {
    const records = createZoneDns({
      '_dmarc.twice.example': { TXT: ['v=DMARC1; p=none', 'v=DMARC1; p=reject'] },
      '_dmarc.comma.example': { TXT: ['v=DMARC1, p=reject'] },
      '_dmarc.quoted.example': { TXT: ['"v=DMARC1; p=reject"'] },
      '_dmarc.other.example': { TXT: ['something else'] },
    });
    const problem = async (domain: string): Promise<string> => (await answerDmarc({ dns: records, clock: new SystemClock() }, domain)).problems[0] ?? '';
    assert.match(await problem('twice.example'), /There are 2 DMARC records at _dmarc\.twice\.example: .*Delete all but one/);
    assert.match(await problem('comma.example'), /does not begin with "v=DMARC1;" in exactly this way\. It is: v=DMARC1, p=reject/);
    assert.match(await problem('quoted.example'), /quotation marks in it/);
    assert.match(await problem('other.example'), /has no DMARC record/);
  });

  it('heeds np= for a name that does not exist, and the record of the public suffix for its organisations', async () => {
    const records = createZoneDns({
      '_dmarc.example.org': { TXT: ['v=DMARC1; p=quarantine; sp=none; np=reject; rua=mailto:d@example.org'] },
      'there.example.org': { A: ['192.0.2.1'] },
      '_dmarc.bank': { TXT: ['v=DMARC1; psd=y; p=none; sp=reject; rua=mailto:d@registry.bank'] },
      'my.bank': { A: ['192.0.2.1'] },
    });
    const policy = async (domain: string): Promise<unknown> => {
      const { policy: text, policyTag, recordOf } = await answerDmarc({ dns: records, clock: new SystemClock() }, domain);
      return [text, policyTag, recordOf];
    };
    assert.deepEqual(await policy('example.org'), ['quarantine', 'p', 'example.org']);
    assert.deepEqual(await policy('there.example.org'), ['none', 'sp', 'example.org']);
    assert.deepEqual(await policy('gone.example.org'), ['reject', 'np', 'example.org']);
    assert.deepEqual(await policy('my.bank'), ['reject', 'sp', 'bank']);
  });

  it('says what to publish where there is none', async () => {
    const answer = await ask('bare.example');
    assert.equal(answer.policy, undefined);
    assert.match(answer.problems[0] ?? '', /_dmarc\.bare\.example\. TXT "v=DMARC1; p=none; rua=mailto:dmarc@bare\.example"/);
    await assert.rejects(ask('not a domain'), /is not a domain name: write it like example\.org/);
  });
});
