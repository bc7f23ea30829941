import assert from 'node:assert/strict';
import { it } from 'node:test';
import { domainScores, wholeScore, type ScoredResult } from './domain-scores.ts';

const found = (check: string, subject: string, level: ScoredResult['level'], weight = 1): ScoredResult => ({ check, subject, level, weight });

it('the score of an examination is that of its worst domain, with what all share', () => {
  const results = [
    found('ptr', '192.0.2.7', 'warn'), found('helo-name', 'a.example', 'fail'),
    found('mx', 'a.example', 'fail', 2), found('mx', 'b.example', 'pass'), ...Array.from({ length: 50 }, (_, at) => found('caa', `d${at}.example`, 'warn', 0.2)),
  ];
  const scores = domainScores(results);
  assert.deepEqual([scores.get('a.example'), scores.get('b.example')?.score, scores.get('d1.example')?.score], [{ score: 6.5, warned: 1, failed: 2 }, 8.5, 8.4]);
  assert.equal(wholeScore(results), 6.5);
  assert.equal(wholeScore([found('ptr', '192.0.2.7', 'fail', 3)]), 7);
  assert.equal(wholeScore([]), 10);
});
