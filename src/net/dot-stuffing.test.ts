import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DotStuffer } from './dot-stuffing.ts';

function stuff(text: string, ...cuts: number[]): string {
  const bytes = Buffer.from(text, 'latin1');
  const stuffer = new DotStuffer();
  const chunks = [0, ...cuts].map((cut, index) => bytes.subarray(cut, cuts[index] ?? bytes.length));
  return Buffer.concat([...chunks.flatMap((chunk) => stuffer.push(chunk)), stuffer.end()]).toString('latin1');
}

const cases: readonly [string, string][] = [
  ['', '.\r\n'],
  ['a\r\n', 'a\r\n.\r\n'],
  ['a', 'a\r\n.\r\n'],
  ['.\r\n', '..\r\n.\r\n'],
  ['.a\r\n..b\r\nc.d\r\n', '..a\r\n...b\r\nc.d\r\n.\r\n'],
  ['a\n.\nb\r\n', 'a\r\n..\r\nb\r\n.\r\n'],
  ['a\r.\rb', 'a\r\n..\r\nb\r\n.\r\n'],
  ['a\r\n.\r\r\nb\r\n', 'a\r\n..\r\n\r\nb\r\n.\r\n'],
  ['a\n\r.\r\n', 'a\r\n\r\n..\r\n.\r\n'],
  ['a\r', 'a\r\n.\r\n'],
  ['a\r\n\r\n.', 'a\r\n\r\n..\r\n.\r\n'],
];

test('dots are doubled, line ends made right', () => {
  for (const [text, sent] of cases) assert.equal(stuff(text), sent, JSON.stringify(text));
});

test('wherever the text is cut into chunks, the result is the same', () => {
  for (const [text, sent] of cases) {
    for (let one = 0; one <= text.length; one += 1) {
      for (let two = one; two <= text.length; two += 1) assert.equal(stuff(text, one, two), sent, `${JSON.stringify(text)} ${one} ${two}`);
    }
  }
});

test('random text: undoing gives the text with CRLF, and nothing ends it early', () => {
  let seed = 42;
  const next = (below: number): number => (seed = (Math.imul(seed, 1103515245) + 12345) >>> 0) % below;
  for (let round = 0; round < 3000; round += 1) {
    const text = Array.from({ length: next(24) }, () => '\r\n.ab'[next(5)]).join('');
    const cut = next(text.length + 1);
    const sent = stuff(text, cut);
    assert.equal(sent.indexOf('\r\n.\r\n') === -1 ? sent : `${sent}`.split('\r\n.\r\n').length, sent === '.\r\n' ? sent : 2, JSON.stringify(text));
    const lines = sent.slice(0, -3).split('\r\n').slice(0, -1);
    const wanted = text.replace(/\r\n|\r|\n/g, '\n').split('\n');
    if (wanted.at(-1) === '') wanted.pop();
    assert.deepEqual(lines.map((line) => (line.startsWith('.') ? line.slice(1) : line)), wanted, `seed 42 ${JSON.stringify(text)} cut ${cut}`);
  }
});
