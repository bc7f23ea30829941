import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeXtext, encodeXtext, parseCommandLine, parsePathArgument } from './command.ts';
import type { PathArgument } from './command.ts';
import { readMailParameters, readRcptParameters } from './envelope-parameters.ts';

test('verb and argument', () => {
  assert.deepEqual(parseCommandLine('mail FROM:<a@b>  '), { verb: 'MAIL', argument: 'FROM:<a@b>' });
  assert.deepEqual(parseCommandLine('QUIT'), { verb: 'QUIT', argument: '' });
  for (const line of ['', ' QUIT', 'QUIT\t', 'QU1T x', 'ABCDEFGHIJKLM', '<script>']) assert.equal(parseCommandLine(line).verb, '', line);
});

function path(argument: string): PathArgument | string {
  const result = parsePathArgument(argument, 'TO');
  return result.kind === 'path' ? result.value : result.kind;
}

test('paths: quotes, routes, blanks, and what is none', () => {
  const none = new Map();
  assert.deepEqual(path('TO:<a@b>'), { mailbox: 'a@b', parameters: none });
  assert.deepEqual(path('to:  <a@b> '), { mailbox: 'a@b', parameters: none });
  assert.deepEqual(path('TO:<>'), { mailbox: '', parameters: none });
  assert.deepEqual(path('TO:<"a> b"@c>'), { mailbox: '"a> b"@c', parameters: none });
  assert.deepEqual(path('TO:<"a\\">"@c>'), { mailbox: '"a\\">"@c', parameters: none });
  assert.deepEqual(path('TO:<@a,@b.c:d@e>'), { mailbox: 'd@e', route: '@a,@b.c', parameters: none });
  for (const bad of ['', 'TO', 'TO:', 'TO:a@b', 'TO:<a@b', 'TO:<"a@b>', 'TO:<a@b>x', 'TO:<a@b><c@d>', 'TO:<@a>', 'TO:<@a b:c@d>', 'TO:<@a,b:c@d>', 'FROM:<a@b>', 'TO <a@b>']) {
    assert.equal(path(bad), 'bad-path', bad);
  }
});

test('parameters: once each, with printable values', () => {
  assert.deepEqual(path('TO:<a@b>  NOTIFY=NEVER  x-y=a=b FLAG'), { mailbox: 'a@b', parameters: new Map([['NOTIFY', 'NEVER'], ['X-Y', 'a=b'], ['FLAG', undefined]]) });
  for (const bad of ['A= ', 'A=1 a=2', '=x', '-A', 'A\tB', 'A=\x7f', 'Ä=1']) assert.equal(path(`TO:<a@b> ${bad}`), 'bad-parameter', bad);
});

test('xtext there and back', () => {
  assert.equal(decodeXtext('a+2Bb+3Dc'), 'a+b=c');
  assert.equal(encodeXtext('a+b=c d'), 'a+2Bb+3Dc+20d');
  assert.equal(decodeXtext(encodeXtext('x y+z=\u00e9')), 'x y+z=\u00e9');
  for (const bad of ['a+2b', 'a+', 'a+Z0', 'a=b', 'a b', 'ä']) assert.equal(decodeXtext(bad), undefined, bad);
});

function mail(text: string, requireTls = true): unknown {
  const result = parsePathArgument(`FROM:<> ${text}`, 'FROM');
  assert.ok(result.kind === 'path');
  const read = readMailParameters(result.value.parameters, { requireTls });
  return read.kind === 'ok' ? read.value : `${read.kind} ${read.name}`;
}

test('MAIL parameters', () => {
  const plain = { body: '7bit', smtpUtf8: false, requireTls: false };
  assert.deepEqual(mail(''), plain);
  assert.deepEqual(mail('SIZE=5 BODY=BinaryMime SMTPUTF8 REQUIRETLS RET=full ENVID=a+2Bb AUTH=<>'), { sizeBytes: 5, body: 'binarymime', smtpUtf8: true, requireTls: true, returnContent: 'full', envelopeId: 'a+b' });
  assert.deepEqual(mail('SIZE=99999999999999999999'), { ...plain, sizeBytes: Number.POSITIVE_INFINITY });
  assert.deepEqual(mail('AUTH=x@y'), plain);
  for (const bad of ['SIZE', 'SIZE=-1', 'SIZE=1e3', 'BODY=9bit', 'BODY', 'SMTPUTF8=yes', 'REQUIRETLS=1', 'RET=SOME', `ENVID=${'x'.repeat(101)}`, 'ENVID=a+0Ab', 'ENVID=+', 'AUTH', 'AUTH=+']) {
    assert.equal(mail(bad), `bad-value ${bad.split('=')[0]}`, bad);
  }
  assert.equal(mail('REQUIRETLS', false), 'unknown REQUIRETLS');
  assert.equal(mail('CONSTRUCTOR'), 'unknown CONSTRUCTOR');
});

function rcpt(text: string): unknown {
  const result = parsePathArgument(`TO:<a@b> ${text}`, 'TO');
  assert.ok(result.kind === 'path');
  const read = readRcptParameters(result.value.parameters);
  return read.kind === 'ok' ? read.value : `${read.kind} ${read.name}`;
}

test('RCPT parameters', () => {
  assert.deepEqual(rcpt(''), {});
  assert.deepEqual(rcpt('NOTIFY=never'), { notify: ['never'] });
  assert.deepEqual(rcpt('NOTIFY=SUCCESS,FAILURE,DELAY ORCPT=RFC822;a+2Bb@c'), { notify: ['success', 'failure', 'delay'], originalRecipient: 'rfc822;a+b@c' });
  assert.deepEqual(rcpt('ORCPT=utf-8;j\\x{FC}rgen@x'), { originalRecipient: 'utf-8;jürgen@x' });
  for (const bad of ['NOTIFY', 'NOTIFY=NEVER,DELAY', 'NOTIFY=DELAY,DELAY', 'NOTIFY=X', 'NOTIFY=,', 'ORCPT', 'ORCPT=x', 'ORCPT=;a@b', 'ORCPT=rfc822;', 'ORCPT=rfc822;a+0D+0Ab', `ORCPT=rfc822;${'x'.repeat(500)}`, 'ORCPT=utf-8;\\x{110000}', 'ORCPT=utf-8;\\x{zz}', 'ORCPT=utf-8;\\x{A}']) {
    assert.equal(rcpt(bad), `bad-value ${bad.split('=')[0]}`, bad);
  }
  assert.equal(rcpt('SIZE=1'), 'unknown SIZE');
});
