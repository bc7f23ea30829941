import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DataDecoder, FramingCheck } from './data-decoder.ts';

interface Decoded {
  content: string;
  violation: string | undefined;
  rest: string | undefined;
}

function decode(wire: string, cut: (at: number) => number): Decoded {
  const bytes = Buffer.from(wire, 'latin1');
  const slices: Buffer[] = [];
  const decoder = new DataDecoder(1000, (slice) => slices.push(slice));
  for (let at = 0; at < bytes.length; ) {
    const next = Math.min(bytes.length, at + cut(at));
    const rest = decoder.push(bytes.subarray(at, next));
    if (rest) return { content: Buffer.concat(slices).toString('latin1'), violation: decoder.violation, rest: rest.toString('latin1') + wire.slice(next) };
    at = next;
  }
  return { content: Buffer.concat(slices).toString('latin1'), violation: decoder.violation, rest: undefined };
}

function everyCut(wire: string): Decoded {
  const whole = decode(wire, () => wire.length);
  for (let size = 1; size < Math.min(wire.length, 40); size++) {
    const cut = decode(wire, () => size);
    const seen = { rest: cut.rest, bad: cut.violation !== undefined, content: cut.violation ? '' : cut.content };
    assert.deepEqual(seen, { rest: whole.rest, bad: whole.violation !== undefined, content: whole.violation ? '' : whole.content }, `cut every ${size}: ${JSON.stringify(wire)}`);
  }
  return whole;
}

test('the end, stuffed dots, empty content, what follows', () => {
  assert.deepEqual(everyCut('a\r\n..b\r\n.c\r\n\r\n.\r\nQUIT\r\n'), { content: 'a\r\n.b\r\nc\r\n\r\n', violation: undefined, rest: 'QUIT\r\n' });
  assert.deepEqual(everyCut('.\r\n'), { content: '', violation: undefined, rest: '' });
  assert.deepEqual(everyCut('..\r\n.\r\n'), { content: '.\r\n', violation: undefined, rest: '' });
  assert.deepEqual(everyCut('x.\r\n.\r\n'), { content: 'x.\r\n', violation: undefined, rest: '' });
  assert.equal(everyCut('no end\r\n').rest, undefined);
});

test('nothing but CR LF . CR LF ends the content, and every variant is a violation', () => {
  const smuggled = 'MAIL FROM:<evil@x>\r\n';
  const variants = ['\n.\n', '\n.\r\n', '\r\n.\n', '\r.\r', '\r.\r\n', '\r\n.\r', '\n.\r', '\r.\n', '\r\n\0.\r\n', '\r\n.\0\r\n', '\0\r\n.\n', '\r\r\n.\n', '\r\n.\r\r\n', '\n\r\n.\n', '\n\n.\r\r\n', '\r\n.\x0b\n', '\x00\n.\r\n'];
  for (const variant of variants) {
    const result = everyCut(`body${variant}${smuggled}.\r\nREST`);
    assert.equal(result.rest, 'REST', JSON.stringify(variant));
    assert.ok(result.violation, JSON.stringify(variant));
  }
});

test('a bare CR before the true end does not hide it', () => {
  assert.deepEqual(everyCut('body\r\r\n.\r\nREST'), { content: '', violation: 'bare-cr', rest: 'REST' });
});

test('overlong lines are a violation, the limit itself is not', () => {
  assert.equal(everyCut(`${'x'.repeat(998)}\r\n.\r\n`).violation, undefined);
  assert.equal(everyCut(`${'x'.repeat(1100)}\r\n.\r\n`).violation, 'line-too-long');
});

test('random streams decode the same however they are cut', () => {
  let seed = 42;
  const random = (below: number): number => {
    seed = (seed * 1103515245 + 12345) % 2147483648;
    return seed % below;
  };
  const alphabet = ['\r', '\n', '.', 'a', '\r\n', '\r\n.', '\0'];
  for (let round = 0; round < 500; round++) {
    let wire = '';
    for (let index = random(30); index >= 0; index--) wire += alphabet[random(alphabet.length - (round % 2))];
    wire += '\r\n.\r\nREST';
    const whole = everyCut(wire);
    assert.ok(whole.rest?.endsWith('REST'), `seed 42 round ${round}: ${JSON.stringify(wire)}`);
    // The oracle: the first CR LF . CR LF, the start of the content counting as CR LF.
    const end = `\r\n${wire}`.indexOf('\r\n.\r\n');
    assert.equal(whole.rest, wire.slice(end + 3), JSON.stringify(wire));
    const content = wire.slice(0, Math.max(0, end));
    const bad = /\r(?!\n)|(?<!\r)\n|\0/.test(content);
    assert.equal(whole.violation !== undefined, bad, JSON.stringify(wire));
    if (!bad) assert.equal(whole.content, content.replace(/(^|\r\n)\./g, '$1'), JSON.stringify(wire));
  }
});

function check(...slices: string[]): string | undefined {
  const framing = new FramingCheck(1000);
  for (const slice of slices) framing.feed(Buffer.from(slice, 'latin1'));
  framing.finish();
  return framing.violation;
}

test('BDAT content is held to the same lines', () => {
  assert.equal(check('a\r\n.\r\nb\r', '\nc'), undefined);
  assert.equal(check('a\r\nb\nc'), 'bare-lf');
  assert.equal(check('\n'), 'bare-lf');
  assert.equal(check('a', '\nb'), 'bare-lf');
  assert.equal(check('a\rb'), 'bare-cr');
  assert.equal(check('a\r', 'b'), 'bare-cr');
  assert.equal(check('a\r'), 'bare-cr');
  assert.equal(check('a\r\r\n'), 'bare-cr');
  assert.equal(check('a\0'), 'nul');
  assert.equal(check('x'.repeat(600), 'x'.repeat(600)), 'line-too-long');
  assert.equal(check('x'.repeat(600), `\r\n${'x'.repeat(600)}`), undefined);
});
