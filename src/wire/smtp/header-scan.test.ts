import assert from 'node:assert/strict';
import { test } from 'node:test';
import { countFields, HeaderScan } from './header-scan.ts';

function scan(message: string, size: number, bytesMax = 1000): { header: string; body: string; overflow: boolean; done: boolean } {
  const scanner = new HeaderScan(bytesMax);
  let body = '';
  for (let at = 0; at < message.length; at += size) body += scanner.feed(Buffer.from(message.slice(at, at + size))).toString();
  return { header: scanner.header().toString(), body, overflow: scanner.overflow, done: scanner.done };
}

test('header and body part at the first empty line, however cut', () => {
  for (const [header, body] of [['A: 1\r\nB: 2\r\n\r\n', 'body\r\n\r\nmore'], ['\r\n', 'body'], ['\r\n', '\r\n'], ['A: 1\r\n\r\n', '']] as const) {
    for (let size = 1; size < 25; size++) {
      assert.deepEqual(scan(header + body, size), { header, body, overflow: false, done: true }, `${JSON.stringify(header)} by ${size}`);
    }
  }
  assert.deepEqual(scan('A: 1\r\n', 2), { header: 'A: 1\r\n', body: '', overflow: false, done: false });
});

test('a header over the limit is not kept, its end is still found', () => {
  const bomb = `${'X: y\r\n'.repeat(500)}\r\nbody`;
  assert.deepEqual(scan(bomb, 100), { header: '', body: 'body', overflow: true, done: true });
});

test('counts fields and Received, folds not', () => {
  const header = 'Received: a\r\n\tb\r\nRECEIVED: c\r\nReceived-SPF: pass\r\nSubject: x\r\n\r\n';
  assert.deepEqual(countFields(Buffer.from(header), 100), { fields: 4, received: 2 });
  assert.equal(countFields(Buffer.from('X: y\r\n'.repeat(500)), 100).fields, 101);
});
