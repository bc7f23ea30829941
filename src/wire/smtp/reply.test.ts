import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeReply, formatReply, ReplyParser } from './reply.ts';

const LIMITS = { replyLineBytesMax: 100, replyLinesMax: 4, replyBytesMax: 1000, replyTextCharsMax: 60 };

test('writes one line and several', () => {
  assert.equal(formatReply({ code: 250, enhanced: '2.1.0', text: 'Ok' }), '250 2.1.0 Ok\r\n');
  assert.equal(formatReply({ code: 250, text: 'a\nb' }), '250-a\r\n250 b\r\n');
  assert.equal(formatReply({ code: 550, enhanced: '5.7.1', text: 'a\nb' }), '550-5.7.1 a\r\n550 5.7.1 b\r\n');
  assert.equal(describeReply({ code: 550, enhanced: '5.7.1', text: 'a\nb' }), '550 5.7.1 a b');
});

test('reads replies however they are cut', () => {
  const wire = Buffer.from('220 hi\r\n250-mail.example.org\r\n250-SIZE 100\r\n250 PIPELINING\r\n550-5.1.1 No\r\n550 5.1.1 such user\r\n354\r\n');
  for (let size = 1; size < wire.length; size += 3) {
    const parser = new ReplyParser(LIMITS);
    const got: unknown[] = [];
    for (let at = 0; at < wire.length; at += size) {
      parser.push(wire.subarray(at, at + size));
      for (let result = parser.next(); result.kind === 'reply'; result = parser.next()) got.push(result.reply);
    }
    assert.deepEqual(got, [
      { code: 220, text: 'hi' },
      { code: 250, text: 'mail.example.org\nSIZE 100\nPIPELINING' },
      { code: 550, enhanced: '5.1.1', text: 'No\nsuch user' },
      { code: 354, text: '' },
    ]);
    assert.equal(parser.bufferedBytes, 0);
  }
});

test('an enhanced code of another class is text, control characters do not pass', () => {
  const parser = new ReplyParser(LIMITS);
  parser.push(Buffer.from('550 2.0.0 \x1b[31mred\n'));
  assert.deepEqual(parser.next(), { kind: 'reply', reply: { code: 550, text: '2.0.0 ?[31mred' }, lines: ['2.0.0 ?[31mred'] });
});

test('what is not SMTP is malformed and stays so', () => {
  for (const wire of ['HTTP/1.1 400\r\n', '250-a\r\n251 b\r\n', '199 x\r\n', '2500 x\r\n', `250 ${'x'.repeat(2000)}`, '250-a\r\n'.repeat(200)]) {
    const parser = new ReplyParser(LIMITS);
    parser.push(Buffer.from(wire));
    assert.equal(parser.next().kind, 'malformed', wire.slice(0, 20));
    parser.push(Buffer.from('250 ok\r\n'));
    assert.equal(parser.next().kind, 'malformed');
  }
});

test('of long lines and many lines the beginning is kept, and the reply behind them is read', () => {
  const parser = new ReplyParser(LIMITS);
  for (const chunk of [`250-${'x'.repeat(200)}`, `${'y'.repeat(200)}\r\n`, '250-a\r\n'.repeat(10), '250OK\n', '354 go\r\n']) parser.push(Buffer.from(chunk));
  const first = parser.next();
  assert.equal(first.kind === 'reply' && first.reply.code, 250);
  assert.deepEqual(first.kind === 'reply' && first.lines, ['x'.repeat(96), 'a', 'a', 'a']);
  assert.deepEqual(parser.next(), { kind: 'reply', reply: { code: 354, text: 'go' }, lines: ['go'] });
  parser.push(Buffer.from('250OK\r\n'));
  assert.deepEqual(parser.next(), { kind: 'reply', reply: { code: 250, text: 'OK' }, lines: ['OK'] });
});

test('a reply whose end is missing has the code that its first line has, if all lines agree', () => {
  const begun = (wire: string): unknown => {
    const parser = new ReplyParser(LIMITS);
    parser.push(Buffer.from(wire));
    parser.next();
    return parser.begun()?.reply;
  };
  assert.deepEqual(begun('250-2.0.0 queued\r\n'), { code: 250, enhanced: '2.0.0', text: 'queued' });
  assert.deepEqual(begun('250-2.0.0 queued\r\n25'), { code: 250, enhanced: '2.0.0', text: 'queued' });
  assert.deepEqual(begun('550 5.1.1 no su'), { code: 550, enhanced: '5.1.1', text: 'no su' });
  assert.deepEqual(begun(`250 ${'x'.repeat(5000)}`), { code: 250, text: 'x'.repeat(60) });
  for (const wire of ['', '25', '250-a\r\n550 b', '250-a\r\n550 b\r\n', 'HTTP/1.1 200']) assert.equal(begun(wire), undefined, wire);
});
