import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BufferSource } from '../base/byte-source.ts';
import { NO_CAPABILITIES, parseCapabilities } from './smtp-capabilities.ts';
import { mailCommand, rcptCommand, xtext } from './smtp-parameters.ts';

test('offers are read in any case, unknown ones ignored', () => {
  const offers = parseCapabilities(['mx.test hello', 'pipelining', 'Size 1000', 'AUTH PLAIN login', 'AUTH=LOGIN CRAM-MD5', 'X-ODD', 'LIMITS RCPTMAX=50 MAILMAX=7', '']);
  assert.equal(offers.pipelining, true);
  assert.equal(offers.sizeBytesMax, 1000);
  assert.deepEqual(offers.auth, ['PLAIN', 'LOGIN', 'CRAM-MD5']);
  assert.deepEqual([offers.rcptMax, offers.mailMax], [50, 7]);
  assert.equal(offers.chunking, false);
});

test('the greeting line offers nothing, senseless limits do not count', () => {
  const offers = parseCapabilities(['PIPELINING', 'SIZE 0', 'BINARYMIME', 'LIMITS RCPTMAX=0 MAILMAX=-1 =', 'SIZE']);
  assert.deepEqual(
    [offers.pipelining, offers.size, offers.sizeBytesMax, offers.rcptMax, offers.mailMax],
    [false, true, undefined, undefined, undefined],
  );
  // RFC 3030 §3: BINARYMIME is nothing without CHUNKING.
  assert.equal(offers.binaryMime, false);
  assert.equal(parseCapabilities(['h', `SIZE ${'9'.repeat(40)}`]).sizeBytesMax, undefined);
});

test('xtext leaves no blank, plus, equals or control character bare', () => {
  assert.equal(xtext('a+b=c d\r\n~!'), 'a+2Bb+3Dc+20d+0D+0A~!');
});

test('parameters appear only where offered', () => {
  const transaction = {
    sender: 'a@b.test',
    recipients: [],
    content: new BufferSource(Buffer.from('x')),
    body: '8bitmime',
    smtpUtf8: false,
    requireTls: false,
    returnContent: 'full',
    envelopeId: 'e',
  } as const;
  assert.equal(mailCommand(transaction, NO_CAPABILITIES), 'MAIL FROM:<a@b.test>\r\n');
  const all = parseCapabilities(['h', 'SIZE', '8BITMIME', 'DSN']);
  assert.equal(mailCommand(transaction, all), 'MAIL FROM:<a@b.test> SIZE=1 BODY=8BITMIME RET=FULL ENVID=e\r\n');
  assert.equal(rcptCommand({ address: 'u@a.test', originalRecipient: 'utf-8;\u00fc\\@a.test' }, all), 'RCPT TO:<u@a.test> ORCPT=utf-8;\\x{FC}\\x{5C}@a.test\r\n');
  assert.equal(rcptCommand({ address: 'u@a.test', originalRecipient: 'rfc822;\u00fc@a.test', notify: ['never'] }, all), 'RCPT TO:<u@a.test> NOTIFY=NEVER\r\n');
  assert.equal(rcptCommand({ address: 'u@a.test', originalRecipient: 'no type' }, all), 'RCPT TO:<u@a.test>\r\n');
});
