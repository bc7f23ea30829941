import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { seeded } from '../../test/harness/seeded-input.ts';
import { formatDate, parseDate } from './date.ts';
import { decodeCharset, decodeWords, encodePhrase, encodeText } from './encoded-word.ts';
import { parseHeader } from './header.ts';
import { parseMimeStructure } from './mime-structure.ts';
import { buildReceived, countReceived } from './received.ts';
import { htmlToText, listAttachments, readableText, safeForTerminal } from './text.ts';
import { decodeBase64, decodeQuotedPrintable, encodeBase64, encodeFor7Bit, encodeQuotedPrintable, isCleanText } from './transfer-encoding.ts';

describe('encoded words', () => {
  it('joins neighbours, also where a character is cut', () => {
    assert.equal(decodeWords('=?utf-8?q?a=C3?= =?UTF-8?Q?=BC_b?= x =?iso-8859-1?B?/A==?='), 'aü b x ü');
    assert.equal(decodeWords('=?utf-8*de?q?=C3=BC?= =?nosuch?q?=C3=BC?='), 'üü');
    assert.equal(decodeWords('=?utf-8?q?broken =?utf-8?x?a?='), '=?utf-8?q?broken =?utf-8?x?a?=');
  });
  it('lets no control character out', () => assert.equal(decodeWords('=?utf-8?q?a=0D=0ABcc:_x=1B[2J?='), 'a  Bcc: x [2J'));
  it('writes words of at most 75 characters that read back', () => {
    const random = seeded('words');
    for (let i = 0; i < 500; i += 1) {
      const text = random.pieces(['ä', '€', '𝄞', 'a', ' ', '=?', 'e\u0301'], 60).trim();
      const encoded = encodeText(text);
      assert.equal(decodeWords(encoded), text, random.note);
      for (const word of encoded.split(' ')) assert.ok(word.length <= 75, random.note);
    }
  });
  it('quotes phrases', () => {
    assert.equal(encodePhrase('Alice Example'), 'Alice Example');
    assert.equal(encodePhrase('Doe, "J"'), '"Doe, \\"J\\""');
    assert.equal(encodePhrase('a\r\nBcc: x'), '"a Bcc: x"');
    assert.match(encodePhrase('Jörg'), /^=\?utf-8\?B\?/);
  });
  it('decodes unknown charsets somehow', () => assert.equal(decodeCharset(Buffer.from([0xfc]), 'x-unknown'), 'ü'));
});

describe('dates', () => {
  it('reads what it writes', () => {
    for (const at of [0, 951_782_400_000, 1_795_198_453_000, 4_102_444_799_000]) {
      for (const zone of [0, 60, -330, 765]) assert.equal(parseDate(formatDate(at, zone)), at);
    }
    assert.equal(formatDate(1_795_198_453_000, 60), 'Fri, 20 Nov 2026 19:14:13 +0100');
  });
  it('reads obsolete forms', () => {
    const at = Date.UTC(1997, 10, 21, 14, 55, 6);
    for (const text of ['Fri, 21 Nov 1997 09:55:06 -0500', '21 Nov 97 09:55:06 EST', 'Fri, 21 Nov 1997 09(comment):  55  :  06 -0500', 'friday, 21 november 1997 14:55:06 GMT (x)', '21-Nov-1997 14:55:06 Z']) assert.equal(parseDate(text), at, text);
    assert.equal(parseDate('1 Jan 2020 00:00'), Date.UTC(2020, 0, 1));
  });
  it('refuses what is none', () => {
    for (const text of ['', 'now', '31 Feb 2020 00:00:00 +0000', '1 Foo 2020 00:00:00', '1 Jan 2020 24:00:00', '1 Jan 2020 00:61:00', 'x'.repeat(1e6)]) assert.equal(parseDate(text), undefined);
  });
});

describe('transfer encodings', () => {
  it('read back what they write', () => {
    const random = seeded('transfer');
    for (let i = 0; i < 500; i += 1) {
      const bytes = random.bytes('ab =.\t\r\n\u00fc', 300);
      assert.deepEqual(decodeBase64(encodeBase64(bytes)), bytes, random.note);
      const quoted = encodeQuotedPrintable(bytes);
      assert.deepEqual(decodeQuotedPrintable(quoted), bytes, random.note);
      assert.ok(isCleanText(quoted), random.note);
      for (const line of quoted.toString().split('\r\n')) assert.ok(line.length <= 76, random.note);
    }
  });
  it('choose the cheapest that is safe', () => {
    assert.equal(encodeFor7Bit(Buffer.from('plain\r\n'), true).encoding, '7bit');
    assert.equal(encodeFor7Bit(Buffer.from('ein bißchen Text\r\n'), true).encoding, 'quoted-printable');
    assert.equal(encodeFor7Bit(Buffer.from('плейн'), true).encoding, 'base64');
    assert.equal(encodeFor7Bit(Buffer.from('x'.repeat(2000)), true).encoding, 'quoted-printable');
    assert.equal(encodeFor7Bit(Buffer.from('plain'), false).encoding, 'base64');
  });
  it('decode liberally', () => {
    assert.equal(decodeQuotedPrintable(Buffer.from('a=3D=3d=zz  \r\nsoft=  \r\nbreak=')).toString(), 'a===zz\r\nsoftbreak');
    assert.equal(decodeBase64(Buffer.from('QU!\r\n JD')).toString(), 'ABC');
  });
});

describe('Received', () => {
  const origin = { clientAddress: '192.0.2.1', clientName: 'mx.example.net', helo: 'mx.example.net', protocol: 'ESMTPS', tls: { version: 'TLSv1.3', cipher: 'TLS_AES_256_GCM_SHA384' }, account: 'secret@example.org', saslMechanism: 'PLAIN' };
  const facts = { origin, byHost: 'mail.example.org', id: '0abc', date: 0 };
  it('says from, by, with, id, for and when', () => {
    assert.equal(buildReceived({ ...facts, recipient: 'a@x.org' }).toString(), [
      'Received: from mx.example.net (mx.example.net [192.0.2.1])', '\t(using TLSv1.3 with cipher TLS_AES_256_GCM_SHA384)',
      '\tby mail.example.org with ESMTPS id 0abc', '\tfor <a@x.org>; Thu, 1 Jan 1970 00:00:00 +0000', '',
    ].join('\r\n'));
  });
  it('tells no account, and nothing of a client that shall be hidden', () => {
    assert.doesNotMatch(buildReceived(facts).toString(), /secret|PLAIN/);
    assert.doesNotMatch(buildReceived({ ...facts, hideClient: true }).toString(), /192\.0\.2\.1|example\.net/);
  });
  it('is one harmless field whatever the client said', () => {
    const evil = buildReceived({ ...facts, origin: { ...origin, helo: 'x)\r\nBcc: a@b (', clientName: undefined as never, protocol: 'X\r\nY' }, recipient: 'a@b>\r\nX: <' });
    const { fields, problems } = parseHeader(Buffer.concat([evil, Buffer.from('\r\n')]));
    assert.deepEqual([fields.length, problems.length, countReceived(fields)], [1, 0, 1]);
    assert.match(evil.toString(), /^Received: from x\?\?\?Bcc:\?a\?b\?\? \(unknown \[192\.0\.2\.1\]\)/);
    assert.match(buildReceived({ ...facts, origin: { protocol: 'internal' } }).toString(), /^Received: by mail\.example\.org id 0abc; /);
    assert.match(buildReceived({ ...facts, origin: { protocol: 'UTF8SMTPSA', clientAddress: '2001:db8::1' } }).toString(), /from unknown \(unknown \[IPv6:2001:db8::1\]\)\r\n\tby mail.example.org with UTF8SMTPSA id/);
  });
});

describe('readable text', () => {
  const message = Buffer.from([
    'Content-Type: multipart/mixed; boundary=a', '', '--a', 'Content-Type: multipart/alternative; boundary=b', '', '--b', 'Content-Type: text/html', '', '<b>rich</b>',
    '--b', 'Content-Type: text/plain; charset=iso-8859-1', 'Content-Transfer-Encoding: quoted-printable', '', 'gr=FC=DF', '--b--',
    '--a', 'Content-Type: application/pdf', 'Content-Disposition: attachment; filename="../x\x1b.pdf"', 'Content-Transfer-Encoding: base64', '', 'QUJD', '--a--', '',
  ].join('\r\n'));
  it('prefers plain text and names attachments', () => {
    const structure = parseMimeStructure(message);
    assert.equal(readableText(message, structure), 'grüß');
    assert.deepEqual(listAttachments(structure).map(({ name, type, sizeBytes }) => ({ name, type, sizeBytes })), [{ name: '.._x.pdf', type: 'application/pdf', sizeBytes: 4 }]);
  });
  it('strips HTML without running away', { timeout: 60_000 }, () => {
    assert.equal(htmlToText('<head><title>t</title></head><style>p{}</style><p>A &amp; B&#8364;<br>C</p><script>x</script> D &bogus;'), 'A & B€\nC\nD &bogus;');
    for (const piece of ['<', '<script>', '<style', '&', '&#', '<p>', '\n ', '<b> ', '&#32;']) htmlToText(piece.repeat(100_000));
  });
  it('sends no escape sequence to a terminal', () => assert.equal(safeForTerminal('a\x1b[31m\r\n\tb\x9b'), 'a[31m\n\tb'));
});
