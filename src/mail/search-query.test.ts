import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseSearchQuery } from './search-query.ts';

const terms = (query: string): unknown => {
  const parsed = parseSearchQuery(query);
  return parsed.kind === 'query' ? parsed.terms.map(({ excluded, kind, ...rest }) => `${excluded ? '-' : ''}${kind} ${Object.values(rest).join(' ')}`) : parsed.problem;
};

test('words, fields, quotes and exclusions', () => {
  assert.deepEqual(terms('lunch from:ann -subject:"two words" "due date"'), ['text text lunch', 'text from ann', '-text subject two words', 'text text due date']);
  assert.deepEqual(terms('is:unread -is:flagged keyword:work larger:2m smaller:10KB'), ['flag \\Seen false', '-flag \\Flagged true', 'flag work true', 'size larger 2097152', 'size smaller 10240']);
  assert.deepEqual(terms('since:2026-11-30'), [`date since ${Date.UTC(2026, 10, 30)}`]);
  assert.deepEqual(terms('https://example.org re:x'), ['text text https://example.org', 'text text re:x']);
});

test('what cannot be meant is told', () => {
  assert.equal(terms('since:yesterday'), 'since: takes a day such as 2026-11-30, not "yesterday"');
  assert.equal(terms('is:new'), 'is: takes read, unread, flagged, answered, draft, deleted, not "new"');
  assert.equal(terms('larger:big'), 'larger: takes a size such as 500k or 2m, not "big"');
  assert.equal(terms('  ""  '), 'say what to search for');
});
