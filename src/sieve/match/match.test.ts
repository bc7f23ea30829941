import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Comparator } from '../program.ts';
import { Meter, SieveFailure } from '../run/meter.ts';
import { equal, order } from './comparator.ts';
import { quoteRegex } from './quote.ts';
import { matchRegex } from './regex-matcher.ts';
import { compileRegex } from './regex-program.ts';
import { matchWildcard } from './wildcard.ts';

const meter = (): Meter => new Meter({ stepsMax: 1, workMax: 2_000_000 });

function wildcard(pattern: string, text: string, comparator: Comparator = 'i;octet'): Promise<string[] | undefined> {
  return matchWildcard(pattern, text, comparator, meter());
}

/** The match values joined by `|`; undefined: no match; a sentence: no regex. */
async function regex(pattern: string, text: string, comparator: Comparator = 'i;octet'): Promise<string | undefined> {
  const compiled = compileRegex(pattern);
  return compiled.ok ? (await matchRegex(compiled.program, text, comparator, meter()))?.join('|') : `wrong: ${compiled.problem}`;
}

describe('wildcards', () => {
  const cases: readonly [pattern: string, text: string, values: string | undefined][] = [
    ['', '', ''], ['', 'a', undefined], ['*', '', '|'], ['?', '', undefined], ['a', 'a', 'a'], ['a', 'ab', undefined],
    ['*b', 'aab', 'aab|aa'], ['a*', 'a', 'a|'], ['a*a', 'a', undefined], ['a*a', 'aa', 'aa|'], ['*a*', 'bab', 'bab|b|b'],
    ['*.*', 'a.b.c', 'a.b.c|a|b.c'], ['*.*.*', 'a.b.c.d', 'a.b.c.d|a|b|c.d'], ['?*?', 'ab', 'ab|a||b'], ['?*?', 'a', undefined],
    ['**', 'ab', 'ab||ab'], ['*?', 'ab', 'ab|a|b'], ['*?*', 'ab', 'ab||a|b'], ['\\*', '*', '*'], ['\\*', 'a', undefined], ['\\?', 'a', undefined],
    ['\\\\', '\\', '\\'], ['a\\', 'a', 'a'], ['*ab*ab', 'abab', 'abab||'], ['*ab*ab', 'ab', undefined], ['*aab', 'aaab', 'aaab|a'],
    ['?', 'é', 'é|é'], ['?', '😀', '😀|😀'], ['*😀*', 'a😀b', 'a😀b|a|b'], ['a?c*e', 'abcde', 'abcde|b|d'], ['*b?d*', 'abbcdd', 'abbcdd|ab|c|d'],
  ];
  for (const [pattern, text, values] of cases) {
    test(`${pattern} on ${text}`, async () => assert.equal((await wildcard(pattern, text))?.join('|'), values));
  }

  test('case does not count, and what matched keeps it', async () => {
    assert.deepEqual(await wildcard('re: *', 'RE: Hello', 'i;ascii-casemap'), ['RE: Hello', 'Hello']);
    assert.equal(await wildcard('É*', 'élan', 'i;ascii-casemap'), undefined);
    assert.deepEqual(await wildcard('É*', 'élan', 'i;unicode-casemap'), ['élan', 'lan']);
  });

  test('hostile patterns end', async () => {
    const text = 'a'.repeat(20_000);
    assert.equal(await wildcard(`${'*a'.repeat(500)}b`, text), undefined);
    await assert.rejects(wildcard(`*${'a'.repeat(15_000)}b*`, 'a'.repeat(1_000_000)), SieveFailure);
  });
});

describe('regular expressions', () => {
  const cases: readonly [pattern: string, text: string, values: string | undefined][] = [
    ['', 'abc', ''], ['b', 'abc', 'b'], ['^b', 'abc', undefined], ['c$', 'abc', 'c'], ['^abc$', 'abc', 'abc'], ['a.c', 'a\nc', 'a\nc'],
    ['a*', 'aaa', 'aaa'], ['a+', 'baaa', 'aaa'], ['a?b', 'ab', 'ab'], ['a{2}', 'aaa', 'aa'], ['a{2,}', 'aaaa', 'aaaa'], ['a{1,2}', 'aaa', 'aa'],
    ['a{0}b', 'ab', 'b'], ['(ab)+', 'ababx', 'abab|ab'], ['(a)|(b)', 'b', 'b||b'], ['a|ab|abc', 'abcd', 'abc'], ['(a|ab)(c|bcd)(d*)', 'abcd', 'abcd|ab|c|d'],
    ['(a|ab|b)*', 'ab', 'ab|ab'], ['x*', 'aaa', ''], ['(x|)y', 'y', 'y|'], ['()', 'a', '|'], ['[abc]+', 'xbcay', 'bca'], ['[^abc]+', 'abxyc', 'xy'],
    ['[a-c]+', 'xabcd', 'abc'], ['[]a]+', 'x]a]', ']a]'], ['[^]a]', ']ab', 'b'], ['[a-]+', 'b-a', '-a'], ['[\\n]+', 'n\\', 'n\\'], ['[[:digit:]]+', 'ab12', '12'],
    ['[[:alpha:][:digit:]_]+', '-a_1-', 'a_1'], ['[[:space:]]', 'a b', ' '], ['[[.-.]]', 'a-', '-'], ['[[=a=]]', 'ba', 'a'], ['\\.', 'a.', '.'], ['\\(a\\)', '(a)', '(a)'],
    ['\\bfoo\\b', 'a foo.', 'foo'], ['\\<f', 'of f', 'f'], ['o\\>', 'oo o', 'o'], ['\\w+', '--ab_1', 'ab_1'], ['\\W', 'a-', '-'], ['\\s\\S', 'a b', ' b'],
    ['a{', 'a{', 'a{'], ['a{x', 'a{x', 'a{x'], ['}', '}', '}'], [']', ']', ']'], ['é+', 'éé', 'éé'], ['^.$', '😀', '😀'], ['((a)(b))', 'ab', 'ab|ab|a|b'],
    ['(a*)*', 'b', '|'], ['(a*)+b', 'aab', 'aab|aa'], ['(^|,)b', 'a,b', ',b|,'], ['a**', 'aa', 'aa'],
    ['*a', 'a', 'wrong: nothing stands before a repetition'], ['(', 'a', 'wrong: a “)” is missing'], [')', 'a', 'wrong: “)” closes nothing'],
    ['[a', 'a', 'wrong: a “]” is missing'], ['[b-a]', 'a', 'wrong: the end of a range comes before its start'], ['a\\', 'a', 'wrong: nothing follows the “\\” at the end'],
    ['(a)\\1', 'aa', 'wrong: back references are not supported'], ['a{2,1}', 'a', 'wrong: the bounds of a repetition are wrong'],
    ['a{256}', 'a', 'wrong: the bounds of a repetition are wrong'], ['[[:nope:]]', 'a', 'wrong: there is no class of characters “nope”'],
    ['(((a{200}){200}){200})', 'a', 'wrong: it is too large'], ['('.repeat(60), 'a', 'wrong: parentheses are nested too deep'],
  ];
  for (const [pattern, text, values] of cases) {
    test(`${pattern.slice(0, 40)} on ${text}`, async () => assert.equal(await regex(pattern, text), values));
  }

  test('without case', async () => {
    assert.equal(await regex('[a-c]X', 'zBx', 'i;ascii-casemap'), 'Bx');
    assert.equal(await regex('[^a]', 'A', 'i;ascii-casemap'), undefined);
    assert.equal(await regex('É', 'é', 'i;ascii-casemap'), undefined);
    assert.equal(await regex('[É]', 'é', 'i;unicode-casemap'), 'é');
  });

  test('hostile ones cost what they are long', async () => {
    const text = `${'a'.repeat(3_000)}b`;
    for (const pattern of ['^(a+)+$', '^(a|aa)+$', '^(a|a?)+$', '^(a*)*(a*)*c', '^((a+)*)+$']) assert.equal(await regex(pattern, text), undefined, pattern);
  });

  test('what costs too much is ended', async () => {
    await assert.rejects(regex('(a?){200}(a?){200}(a?){200}c', 'a'.repeat(100_000)), SieveFailure);
  });

  test('a quoted text matches just itself', async () => {
    const text = '^a.b*c?[d](e){f}|g\\$+';
    assert.equal(await regex(`^${quoteRegex(text)}$`, text), text);
  });
});

describe('comparators', () => {
  test('numbers', () => {
    const sorted = ['0', '007', '12 apples', '0100', '99999999999999999999', 'x'];
    for (let i = 1; i < sorted.length; i += 1) assert.ok(order('i;ascii-numeric', sorted[i - 1] as string, sorted[i] as string) < 0, sorted[i]);
    assert.ok(equal('i;ascii-numeric', '007', '7 and more'));
    assert.ok(equal('i;ascii-numeric', 'x', ''));
    assert.ok(equal('i;ascii-numeric', '0', '000'));
  });

  test('case', () => {
    assert.ok(equal('i;ascii-casemap', 'aB', 'Ab'));
    assert.ok(!equal('i;ascii-casemap', 'é', 'É'));
    assert.ok(equal('i;unicode-casemap', 'e\u0301', 'É'));
    assert.ok(order('i;ascii-casemap', 'a', 'B') < 0);
    assert.ok(order('i;octet', 'a', 'B') > 0);
  });
});
