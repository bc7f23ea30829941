import assert from 'node:assert/strict';
import { isAscii } from 'node:buffer';
import { describe, it } from 'node:test';
import { seeded } from '../../test/harness/seeded-input.ts';
import { composeMessage, formatAddress, replyHeaders } from './compose.ts';
import { downgradeTo7Bit } from './downgrade.ts';
import { decodeWords } from './encoded-word.ts';
import { firstField, parseHeader } from './header.ts';
import { parseMimeStructure, type MimePart } from './mime-structure.ts';
import { decodeBody, decodeText, listAttachments, readableText } from './text.ts';

const BASE = { from: { name: 'Jörg', address: 'alice@example.org' }, to: ['bob@bücher.de'], subject: 'Grüße', text: 'ein\nzwei ü\n', date: 0, messageId: '<1@example.org>' };

describe('composeMessage', () => {
  it('is ASCII and reads back', () => {
    const bytes = composeMessage({ ...BASE, html: '<p>ü</p>', attachments: [{ name: 'Übersicht "1".pdf', type: 'application/pdf', content: Buffer.from([0, 255, 10]) }] });
    assert.ok(isAscii(bytes));
    assert.doesNotMatch(bytes.toString(), /(?<!\r)\n/);
    const structure = parseMimeStructure(bytes);
    assert.equal(readableText(bytes, structure).trim(), 'ein\nzwei ü');
    const [attachment] = listAttachments(structure);
    assert.equal(attachment?.name, 'Übersicht "1".pdf');
    assert.deepEqual(attachment && decodeBody(bytes, attachment.part), Buffer.from([0, 255, 10]));
    const header = parseHeader(bytes).fields;
    assert.equal(decodeWords(firstField(header, 'subject')?.value ?? ''), 'Grüße');
    assert.equal(firstField(header, 'to')?.value, 'bob@xn--bcher-kva.de');
  });
  it('lets no value add a field', () => {
    const evil = 'x\r\nBcc: evil@example.org\r\n\r\nbody';
    const bytes = composeMessage({ from: { name: evil, address: `a@b${evil}` }, to: [evil], subject: evil, text: 't', date: 0, messageId: evil, inReplyTo: evil, references: [evil], headers: [['X-A', evil], ['Bad\r\nName', 'v'], ['', 'v']] });
    const names = parseHeader(bytes).fields.map((field) => field.lower);
    assert.deepEqual(names, ['date', 'from', 'to', 'subject', 'message-id', 'in-reply-to', 'references', 'x-a', 'mime-version', 'content-type', 'content-transfer-encoding']);
  });
  it('quotes what must be quoted', () => {
    assert.equal(formatAddress({ name: 'Doe, J.', address: 'a b@x.org' }), '"Doe, J." <"a b"@x.org>');
    assert.equal(formatAddress({ name: 'Jörg', address: 'jörg@bücher.de' }, true), '"Jörg" <jörg@bücher.de>');
  });
});

const fields = (text: string): ReturnType<typeof parseHeader>['fields'] => parseHeader(Buffer.from(`${text}\r\n\r\n`)).fields;
describe('replyHeaders', () => {
  it('threads and answers where asked to', () => {
    assert.deepEqual(replyHeaders(fields('From: a@x\r\nReply-To: r@x\r\nTo: b@x\r\nMessage-ID: <3@x>\r\nReferences: <1@x>\r\n <2@x>'), 'Hi', { all: true }), {
      subject: 'Re: Hi', inReplyTo: '<3@x>', references: ['<1@x>', '<2@x>', '<3@x>'], to: ['r@x', 'b@x'],
    });
    assert.deepEqual(replyHeaders(fields('From: a@x\r\nIn-Reply-To: <1@x>'), 'RE: Hi'), { subject: 'RE: Hi', references: ['<1@x>'], to: ['a@x'] });
  });
  it('keeps the first and the last of a long thread', () => {
    const ids = Array.from({ length: 100 }, (_, i) => `<${i}@x>`);
    const { references } = replyHeaders(fields(`References: ${ids.join(' ')}\r\nMessage-ID: <100@x>`), '');
    assert.deepEqual([references.length, references[0], references.at(-1)], [30, '<0@x>', '<100@x>']);
  });
});

const crlf = (...lines: string[]): Buffer => Buffer.from(lines.join('\r\n'));
describe('downgradeTo7Bit', () => {
  const leaves = (part: MimePart): MimePart[] => part.parts?.flatMap(leaves) ?? (part.message ? leaves(part.message) : [part]);
  const texts = (bytes: Buffer): string[] => leaves(parseMimeStructure(bytes)).map((part) => (part.type === 'text' ? decodeText(bytes, part) : decodeBody(bytes, part).toString('hex')));

  it('gives ASCII back as it is', () => {
    const bytes = crlf('Subject: x', '', 'y');
    assert.equal(downgradeTo7Bit(bytes), bytes);
  });
  it('converts text, binary parts and messages inside, and nothing else', () => {
    const bytes = Buffer.concat([
      crlf('MIME-Version: 1.0', 'Content-Type: multipart/mixed; boundary=a', 'Content-Transfer-Encoding: 8bit', '', '--a', 'Content-Type: text/plain; charset=utf-8', 'content-transfer-encoding: 8bit', 'X: y', '', 'grüße', '--a',
        'Content-Type: text/plain', '', 'plain', '--a', 'Content-Type: message/rfc822', '', 'MIME-Version: 1.0', 'Content-Type: text/plain; charset=utf-8', 'Content-Transfer-Encoding: 8bit', '', 'inner ü', '--a',
        'Content-Type: image/png', 'Content-Transfer-Encoding: binary', '', ''), Buffer.from([0xff, 0, 0xfe]), crlf('', '--a--', ''),
    ]);
    const result = downgradeTo7Bit(bytes);
    assert.ok(result && isAscii(result));
    assert.deepEqual(texts(result), texts(bytes));
    assert.match(result.toString(), /Content-Type: text\/plain\r\n\r\nplain\r\n/);
    assert.doesNotMatch(result.toString(), /8bit|binary/i);
  });
  it('labels a text without MIME', () => {
    const result = downgradeTo7Bit(crlf('Subject: x', '', 'viele grüße'))?.toString() ?? '';
    assert.match(result, /^Subject: x\r\nContent-Type: text\/plain; charset=unknown-8bit\r\nMIME-Version: 1\.0\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nviele gr=C3=BC/);
  });
  for (const [name, bytes] of [
    ['raw 8-bit header fields', crlf('Subject: ü', '', 'x')],
    ['signed parts', crlf('Content-Type: multipart/signed; boundary=a', '', '--a', '', 'ü', '--a--')],
    ['parts that lie about their encoding', crlf('Content-Transfer-Encoding: base64', '', 'ü')],
    ['an 8-bit preamble', crlf('Content-Type: multipart/mixed; boundary=a', '', 'ü', '--a', '', 'x', '--a--')],
  ] as const) it(`gives up on ${name}`, () => assert.equal(downgradeTo7Bit(bytes), undefined));
  it('never gives anything but ASCII', () => {
    const random = seeded('downgrade');
    for (let i = 0; i < 2000; i += 1) {
      const result = downgradeTo7Bit(Buffer.from(random.pieces(['Content-Type: multipart/mixed; boundary=a\r\n', 'Content-Transfer-Encoding: 8bit\r\n', 'Content-Type: message/rfc822\r\n', '\r\n', '\r\n', '--a\r\n', '--a--\r\n', 'ü', 'x'], 20)));
      assert.ok(result === undefined || isAscii(result), random.note);
    }
  });
});
