import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatSection, readFetchItems, type FetchItem } from './fetch-items.ts';
import { readListArguments } from './list-arguments.ts';
import { matchesPattern } from './mailbox-pattern.ts';
import { decodeModifiedUtf7, encodeModifiedUtf7 } from './modified-utf7.ts';
import { ImapScanner, ImapSyntaxError } from './scanner.ts';
import { readSearchProgram, type SearchKey } from './search-keys.ts';
import { formatNumbers, formatRanges, LARGEST, rangesContain, readSequenceSet, resolveRanges } from './sequence-set.ts';

const scan = (text: string): ImapScanner => new ImapScanner({ text, literals: [] });
const fetchItems = (text: string): readonly FetchItem[] => {
  const scanner = scan(text);
  const items = readFetchItems(scanner);
  scanner.end();
  return items;
};
const search = (text: string): SearchKey => readSearchProgram(scan(text)).key;

test('sequence sets: read, resolved, formatted', () => {
  assert.deepEqual(readSequenceSet(scan('5:1,7,*')), { kind: 'ranges', ranges: [[5, 1], [7, 7], [LARGEST, LARGEST]] });
  assert.deepEqual(readSequenceSet(scan('$')), { kind: 'saved' });
  assert.deepEqual(resolveRanges([[5, 1], [4, 9], [11, 11], [20, LARGEST]], 12), [[1, 9], [11, 20]]);
  assert.deepEqual(resolveRanges([[LARGEST, LARGEST]], 0), []);
  assert.deepEqual(resolveRanges([[3, LARGEST]], 0), [[1, 3]]);
  assert.equal(formatNumbers([1, 2, 3, 7, 9, 10]), '1:3,7,9:10');
  assert.equal(formatNumbers([]), '');
  assert.equal(formatRanges([[1, 3], [7, 7]]), '1:3,7');
  const ranges = [[1, 3], [7, 9]] as const;
  assert.deepEqual([0, 1, 3, 4, 7, 9, 10].map((value) => rangesContain(ranges, value)), [false, true, true, false, true, true, false]);
  for (const wrong of ['', '0', '1:', ',1', '1,,2', 'a', '1:2:3 x', '4294967296']) {
    assert.throws(() => {
      const scanner = scan(wrong);
      readSequenceSet(scanner);
      scanner.end();
    }, ImapSyntaxError, wrong);
  }
});

test('FETCH: macros, sections, partials, BINARY, PREVIEW', () => {
  assert.deepEqual(fetchItems('FAST').map(({ kind }) => kind), ['flags', 'internaldate', 'size']);
  assert.deepEqual(fetchItems('(UID BODYSTRUCTURE)').map(({ kind }) => kind), ['uid', 'bodystructure']);
  assert.deepEqual(fetchItems('BODY.PEEK[1.2.MIME]<0.100>'), [
    { kind: 'section', section: { part: [1, 2], text: 'mime', fields: [] }, peek: true, partial: { start: 0, count: 100 } },
  ]);
  const [item] = fetchItems('body[3.header.fields (Subject "To")]') as readonly [Extract<FetchItem, { kind: 'section' }>];
  assert.deepEqual(item.section, { part: [3], text: 'fields', fields: ['Subject', 'To'] });
  assert.equal(formatSection(item.section), '3.HEADER.FIELDS (Subject To)');
  assert.deepEqual(fetchItems('BINARY.PEEK[1]'), [{ kind: 'binary', part: [1], peek: true }]);
  assert.deepEqual(fetchItems('BINARY.SIZE[]'), [{ kind: 'binary.size', part: [] }]);
  assert.deepEqual(fetchItems('(PREVIEW (LAZY) UID)'), [{ kind: 'preview', lazy: true }, { kind: 'uid' }]);
  const modified = scan('PREVIEW (CHANGEDSINCE 5)');
  assert.deepEqual(readFetchItems(modified), [{ kind: 'preview', lazy: false }]);
  assert.equal(modified.peek(), ' ');
  for (const wrong of ['()', 'NOSUCH', 'BODY[', 'BODY[1.]', 'BODY[MIME]', 'BODY[HEADER.FIELDS ()]', 'BODY[]<5>', 'BODY[]<0.0>', 'BODY.PEEK', '(FAST)', 'BINARY[TEXT]', 'BODY[0]']) {
    assert.throws(() => fetchItems(wrong), ImapSyntaxError, wrong);
  }
});

test('SEARCH: keys in all their forms', () => {
  assert.deepEqual(search('ALL'), { kind: 'all' });
  assert.deepEqual(search('1:* UNSEEN'), {
    kind: 'and',
    keys: [{ kind: 'sequence', set: { kind: 'ranges', ranges: [[1, LARGEST]] } }, { kind: 'flag', flag: '\\Seen', set: false }],
  });
  assert.deepEqual(search('OR (FROM "a" NOT SEEN) UID $'), {
    kind: 'or',
    left: { kind: 'and', keys: [{ kind: 'text', where: 'from', value: 'a' }, { kind: 'not', key: { kind: 'flag', flag: '\\Seen', set: true } }] },
    right: { kind: 'uid', set: { kind: 'saved' } },
  });
  assert.deepEqual(search('SENTSINCE 1-Jul-2026'), { kind: 'date', field: 'sent', compare: 'since', day: Date.UTC(2026, 6, 1) });
  assert.deepEqual(search('MODSEQ "/flags/\\\\draft" all 620162338'), { kind: 'modseq', from: 620162338 });
  assert.deepEqual(search('HEADER X-Spam ""'), { kind: 'header', field: 'X-Spam', value: '' });
  assert.deepEqual(readSearchProgram(scan('CHARSET utf-8 ALL')), { charset: 'UTF-8', key: { kind: 'all' } });
  for (const wrong of ['', 'NOSUCH', 'OR ALL', 'NOT', '()', '(ALL', 'KEYWORD \\Seen', 'LARGER x', 'OLDER 0', `${'NOT '.repeat(60)}ALL`, 'constructor', '__proto__ 1']) {
    assert.throws(() => search(wrong), ImapSyntaxError, wrong);
  }
});

test('LIST: plain and extended', () => {
  const plain = readListArguments(scan(' "" %'));
  assert.equal(plain.extended, false);
  assert.deepEqual(plain.patterns, ['%']);
  const extended = readListArguments(scan(' (SUBSCRIBED RECURSIVEMATCH) "work/" (a* b) RETURN (CHILDREN STATUS (MESSAGES) METADATA ("/Shared/Comment"))'));
  assert.deepEqual(extended.patterns, ['work/a*', 'work/b']);
  assert.deepEqual(extended.returns, { subscribed: false, myRights: false, status: ['MESSAGES'], metadata: ['/shared/comment'] });
  for (const wrong of [' ""', ' (NOSUCH) "" *', ' "" * RETURN', ' "" * NOSUCH (CHILDREN)', ' (RECURSIVEMATCH REMOTE) "" *', ' "" * RETURN (STATUS ())', ` "" ${'*a'.repeat(600)}`]) {
    assert.throws(() => readListArguments(scan(wrong)), ImapSyntaxError, wrong);
  }
});

test('patterns: * crosses levels, % does not, hostile ones cost little', () => {
  const cases: readonly [string, string, boolean][] = [
    ['*', 'a/b', true],
    ['%', 'a/b', false],
    ['%/%', 'a/b', true],
    ['a*c', 'a/b/c', true],
    ['a%c', 'a/c', false],
    ['inbox', 'INBOX', true],
    ['inbox/%', 'INBOX/x', true],
    ['Work', 'work', false],
    ['', '', true],
    ['%a%', 'xay', true],
    ['a%', 'a', true],
    ['*/b', 'b', false],
    ['ab*ba', 'aba', false],
    ['Sent%', 'Sen', false],
  ];
  for (const [pattern, name, expected] of cases) assert.equal(matchesPattern(pattern, name), expected, `${pattern} ${name}`);
  assert.equal(matchesPattern(`${'*a'.repeat(200)}b`, 'a'.repeat(500)), false);
  // What lies around the wildcards may be long; what lies between them is held against every name.
  const scanned = (pattern: string): readonly string[] => readListArguments(scan(` "" "${pattern}"`)).patterns;
  assert.equal(scanned(`${'level/'.repeat(100)}%`).length, 1);
  assert.throws(() => scanned('*a'.repeat(150)), ImapSyntaxError);
});

test('modified UTF-7 there and back', () => {
  for (const [name, encoded] of [
    ['INBOX', 'INBOX'],
    ['Entwürfe', 'Entw&APw-rfe'],
    ['a & b', 'a &- b'],
    ['日本語', '&ZeVnLIqe-'],
    ['~peter/mail/台北/日本語', '~peter/mail/&U,BTFw-/&ZeVnLIqe-'],
    ['😀', '&2D3eAA-'],
  ] as const) {
    assert.equal(encodeModifiedUtf7(name), encoded);
    assert.equal(decodeModifiedUtf7(encoded), name);
  }
  for (const wrong of ['&', '&A-', '&====-', '&2D0-']) assert.equal(decodeModifiedUtf7(wrong), undefined, wrong);
});
