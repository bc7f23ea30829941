import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatString, parseCommandLine } from './command.ts';

const parse = (line: string, isFirst = true): unknown => {
  const piece = parseCommandLine(Buffer.from(line), isFirst);
  return piece.kind === 'malformed' ? 'malformed' : [piece.word, ...piece.arguments.map((one) => (one.kind === 'string' ? one.bytes.toString() : one.value)), ...(piece.literal === undefined ? [] : [{ literal: piece.literal }])];
};

test('names, quoted strings, numbers and literals', () => {
  assert.deepEqual(parse('noop'), ['NOOP']);
  assert.deepEqual(parse('HAVESPACE "my \\"script\\\\" 99'), ['HAVESPACE', 'my "script\\', 99]);
  assert.deepEqual(parse('PutScript "a" {31+}'), ['PUTSCRIPT', 'a', { literal: 31 }]);
  assert.deepEqual(parse('PUTSCRIPT {1}'), ['PUTSCRIPT', { literal: 1 }]);
  assert.deepEqual(parse(' "ü"', false), [undefined, 'ü']);
  assert.deepEqual(parse('', false), [undefined]);
});

test('what is none', () => {
  for (const line of ['', '"x"', 'NOOP"x"', 'NOOP "x', 'NOOP "\\x"', 'NOOP atom', 'NOOP 12a', 'NOOP {5+} x', 'NOOP {-1}', 'NOOP {99999999999}', 'NOOP "\0"']) assert.equal(parse(line), 'malformed', line);
});

test('strings of answers', () => {
  assert.equal(formatString('a "b" \\'), '"a \\"b\\" \\\\"');
  assert.equal(formatString('ü\nx'), '{4}\r\nü\nx');
  assert.match(formatString('x'.repeat(1025)), /^\{1025\}\r\nx/);
});
