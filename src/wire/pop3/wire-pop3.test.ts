import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseNumber, parsePop3Command, words } from './command.ts';
import { MessageTop } from './message-top.ts';

test('command lines', () => {
  assert.deepEqual(parsePop3Command('pass  two words '), { verb: 'PASS', argument: ' two words ' });
  assert.deepEqual(parsePop3Command('STAT'), { verb: 'STAT', argument: '' });
  assert.deepEqual(words(' 1  2 '), ['1', '2']);
  assert.deepEqual([parseNumber('12'), parseNumber('-1'), parseNumber(''), parseNumber(undefined), parseNumber('1234567890'), parseNumber('1e3')], [12, undefined, undefined, undefined, undefined, undefined]);
});

test('the top of a message, in whatever pieces it comes', () => {
  const message = 'A: 1\r\nB: 2\r\n\r\none\r\n\r\ntwo\r\nthree';
  const tops: readonly [number, string][] = [
    [0, 'A: 1\r\nB: 2\r\n\r\n'],
    [1, 'A: 1\r\nB: 2\r\n\r\none\r\n'],
    [2, 'A: 1\r\nB: 2\r\n\r\none\r\n\r\n'],
    [3, 'A: 1\r\nB: 2\r\n\r\none\r\n\r\ntwo\r\n'],
    [4, message],
    [1000, message],
  ];
  for (const [lines, expected] of tops) {
    for (let size = 1; size <= message.length; size += 1) {
      const top = new MessageTop(lines);
      let taken = '';
      for (let at = 0; at < message.length && !top.isComplete; at += size) {
        const piece = message.slice(at, at + size);
        taken += piece.slice(0, top.take(Buffer.from(piece)));
      }
      assert.equal(taken, expected, `${lines} lines, pieces of ${size}`);
    }
  }
  const headerOnly = new MessageTop(5);
  assert.equal(headerOnly.take(Buffer.from('A: 1\r\n')), 6);
});
