import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { explainDmarcRecord } from './explain-record.ts';

describe('a DMARC record in words', () => {
  it('has a meaning for each tag', () => {
    const tags = explainDmarcRecord('v=DMARC1; p=quarantine; sp=reject; adkim=s; rua=mailto:d@example.org; t=y; fo=1:d');
    assert.deepEqual(tags.map(({ tag, problem }) => [tag, problem]), [['v', undefined], ['p', undefined], ['sp', undefined], ['adkim', undefined], ['rua', undefined], ['t', undefined], ['fo', undefined]]);
    assert.equal(tags[1]?.meaning, 'for the domain: mail that fails goes to the spam folder');
    assert.equal(tags[3]?.meaning, 'the domain of a DKIM signature must be the very domain of From');
  });

  it('names what is wrong with it', () => {
    const problems = explainDmarcRecord('v=DMARC1; p=block; pct=20; rua=d@example.org; adkim=x; foo=1').flatMap(({ problem }) => problem ?? []);
    assert.equal(problems.length, 5);
    assert.match(problems[0] ?? '', /"block" is no policy/);
    assert.match(problems[2] ?? '', /mailto:someone@domain/);
  });

  it('what is written wrong is named, and the rest is explained all the same', () => {
    const problems = (text: string): readonly (readonly [string, string | undefined])[] => explainDmarcRecord(text).map(({ tag, problem }) => [tag, problem] as const);
    const [, policy, again, bare] = problems('v=DMARC1; p=none; p=reject; sp');
    assert.deepEqual(policy, ['p', undefined]);
    assert.match(again?.[1] ?? '', /^p= stands in the record twice/);
    assert.match(bare?.[1] ?? '', /^"sp" has no "="/);
    assert.match(problems('v=DMARC1; p=none; rua=mailto:a@b.example\u001b')[2]?.[1] ?? '', /characters in the record that do not belong there/);
  });
});
