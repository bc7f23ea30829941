import assert from 'node:assert/strict';
import { test } from 'node:test';
import { InputBuffer } from './input-buffer.ts';

const filled = (...pieces: string[]): InputBuffer => {
  const input = new InputBuffer();
  for (const piece of pieces) input.push(Buffer.from(piece));
  return input;
};

test('lines end with CR LF or LF, in whatever pieces they come', () => {
  const text = 'one\r\ntwo\n\r\nthree\r\n';
  for (let size = 1; size <= text.length; size += 1) {
    const input = new InputBuffer();
    const lines: string[] = [];
    for (let at = 0; at < text.length; at += size) {
      input.push(Buffer.from(text.slice(at, at + size)));
      for (let line = input.takeLine(10); line !== undefined; line = input.takeLine(10)) lines.push(line.toString());
    }
    assert.deepEqual(lines, ['one', 'two', '', 'three'], String(size));
    assert.equal(input.size, 0);
  }
});

test('counted bytes and lines after each other', () => {
  const input = filled('a {5}\r\nhe', 'llo b', 'ye\r\n');
  assert.equal(input.takeLine(100)?.toString(), 'a {5}');
  assert.equal(input.take(5).toString(), 'hello');
  assert.equal(input.takeLine(100)?.toString(), ' bye');
  assert.equal(input.take(5).length, 0);
  const short = filled('ab', 'cd');
  assert.equal(short.take(100).toString(), 'abcd');
  assert.equal(short.size, 0);
});

test('a line that is too long is told and dropped to its end', () => {
  const input = filled('0123456789x\r\nnext\r\n');
  assert.equal(input.takeLine(10), 'too-long');
  assert.equal(input.dropLine(), true);
  assert.equal(input.takeLine(10)?.toString(), 'next');
  const endless = filled('0123456789', 'xx');
  assert.equal(endless.takeLine(10), 'too-long');
  assert.equal(endless.dropLine(), false);
  assert.equal(endless.size, 0);
  assert.equal(filled('0123456789\r\n').takeLine(10)?.toString(), '0123456789');
  assert.equal(filled('0123456789\r').takeLine(10), undefined);
});

test('a byte at a time does not make many pieces, and a rest does not keep what it came with', () => {
  const input = new InputBuffer();
  for (let count = 0; count < 5000; count += 1) {
    input.push(Buffer.from('x'));
    assert.equal(input.takeLine(10_000), undefined);
  }
  input.push(Buffer.from('\n'));
  assert.equal(input.takeLine(10_000)?.length, 5000);
  const large = Buffer.alloc(60_000, 0x61);
  large[59_990] = 10;
  input.push(large);
  input.takeLine(60_000);
  input.compact();
  assert.equal(input.size, 9);
  assert.equal(input.take(9).buffer.byteLength < 10_000, true);
});
