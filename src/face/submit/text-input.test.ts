import assert from 'node:assert/strict';
import test from 'node:test';
import { toMessageBytes } from './text-input.ts';

const convert = (text: string, ignoreDots = false): string => toMessageBytes(Buffer.from(text, 'latin1'), { ignoreDots }).toString('latin1');

test('line ends become CRLF, whatever they were', () => {
  assert.equal(convert('A: b\n\nbody'), 'A: b\r\n\r\nbody\r\n');
  assert.equal(convert('A: b\r\n\r\nbody\r\n'), 'A: b\r\n\r\nbody\r\n');
  assert.equal(convert('10%\r20%\r\r\nend\n'), '10%\r\n20%\r\n\r\nend\r\n');
  assert.equal(convert(''), '');
  assert.equal(convert('\n'), '\r\n');
});

test('a lone dot ends the message unless told otherwise', () => {
  assert.equal(convert('a\n.\nb\n'), 'a\r\n');
  assert.equal(convert('a\n.\nb\n', true), 'a\r\n.\r\nb\r\n');
  assert.equal(convert('..\n.a\n'), '..\r\n.a\r\n');
});

test('an mbox line is dropped, a From field is not', () => {
  assert.equal(convert('From root Fri Nov 20 2026\nSubject: x\n'), 'Subject: x\r\n');
  assert.equal(convert('From: root\n'), 'From: root\r\n');
});

test('no line is longer than the server takes', () => {
  const lines = convert(`${'x'.repeat(200_000)}\n`).split('\r\n');
  assert.ok(Math.max(...lines.map((line) => line.length)) < 65_000);
  assert.equal(lines.join('').length, 200_000);
});
