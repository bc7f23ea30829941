import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { seeded } from '../../test/harness/seeded-input.ts';
import { BufferSource } from '../base/byte-source.ts';
import { MIME_LIMITS } from '../base/mime-limits.ts';
import { findParameter, parseStructuredField } from './mime-parameters.ts';
import { parseMimeSource, parseMimeStructure, parseStructure, serializeStructure, type MimePart } from './mime-structure.ts';

const crlf = (...lines: string[]): Buffer => Buffer.from(lines.join('\r\n'));
const body = (bytes: Buffer, part: MimePart): string => bytes.subarray(part.bodyStart, part.bodyEnd).toString();
const shape = (part: MimePart): unknown => (part.parts ? [part.subtype, ...part.parts.map(shape)] : part.message ? { message: shape(part.message) } : `${part.type}/${part.subtype}`);

const NESTED = crlf(
  'From: Alice <alice@example.org>', 'To: g:b@x;, c@y', 'Subject: =?utf-8?q?x?=', 'Message-ID: <1@x>', 'MIME-Version: 1.0',
  'Content-Type: multipart/mixed; boundary=outer', '', 'preamble', '--outer',
  'Content-Type: multipart/alternative; boundary="outer-inner"', '', '--outer-inner', 'Content-Type: text/plain; charset=utf-8', 'Content-Transfer-Encoding: 8BIT', '', 'plain', 'two',
  '--outer-inner  ', 'Content-Type: text/html', '', '<p>', '--outer-inner--', 'epilogue', '--outer',
  'Content-Type: message/rfc822', 'Content-Disposition: attachment; filename="a b.eml"', '', 'Subject: inner', '', 'inner body', '--outer',
  'Content-Type: application/pdf; name=x.pdf', 'Content-Transfer-Encoding: base64', 'Content-ID: <i@x>', 'Content-Description: d', 'Content-MD5: m', 'Content-Language: en, de', 'Content-Location: l', '', 'QUJD', '--outer--', 'end',
);

describe('parseMimeStructure', () => {
  it('finds parts and their exact bytes', () => {
    const root = parseMimeStructure(NESTED);
    assert.deepEqual(shape(root), ['mixed', ['alternative', 'text/plain', 'text/html'], { message: 'text/plain' }, 'application/pdf']);
    const [alternative, message, pdf] = root.parts as [MimePart, MimePart, MimePart];
    const [plain, html] = alternative.parts as [MimePart, MimePart];
    assert.equal(body(NESTED, plain), 'plain\r\ntwo');
    assert.equal(plain.lines, 1);
    assert.equal(plain.encoding, '8bit');
    assert.equal(body(NESTED, html), '<p>');
    assert.equal(body(NESTED, message), 'Subject: inner\r\n\r\ninner body');
    assert.equal(message.message && body(NESTED, message.message), 'inner body');
    assert.equal(message.message?.envelope?.subject, 'inner');
    assert.deepEqual(message.disposition, { type: 'attachment', parameters: [['filename', 'a b.eml']] });
    assert.equal(body(NESTED, pdf), 'QUJD');
    assert.deepEqual([pdf.id, pdf.description, pdf.md5, pdf.language, pdf.location], ['<i@x>', 'd', 'm', ['en', 'de'], 'l']);
  });

  it('gives the envelope with groups and default sender', () => {
    const { envelope } = parseMimeStructure(NESTED);
    const alice = { name: 'Alice', mailbox: 'alice', host: 'example.org' };
    assert.deepEqual(envelope, {
      subject: '=?utf-8?q?x?=', messageId: '<1@x>', from: [alice], sender: [alice], replyTo: [alice],
      to: [{ mailbox: 'g' }, { mailbox: 'b', host: 'x' }, {}, { mailbox: 'c', host: 'y' }], cc: [], bcc: [],
    });
  });

  it('reads a message without MIME as text', () => {
    const bytes = crlf('Subject: x', '', 'a', 'b', '');
    const root = parseMimeStructure(bytes);
    assert.equal(shape(root), 'text/plain');
    assert.equal(root.lines, 2);
    assert.equal(body(bytes, root), 'a\r\nb\r\n');
  });

  it('lets an outer boundary end inner parts, and takes only whole lines for one', () => {
    const bytes = crlf('Content-Type: multipart/mixed; boundary=a', '', '--a', 'Content-Type: multipart/mixed; boundary=b', '', '--b', '', 'x', '--ab', '--b x', '--a', '', 'y', '--a--');
    const root = parseMimeStructure(bytes);
    assert.deepEqual(shape(root), ['mixed', ['mixed', 'text/plain'], 'text/plain']);
    const [inner] = root.parts as [MimePart];
    assert.equal(body(bytes, inner.parts?.[0] as MimePart), 'x\r\n--ab\r\n--b x');
  });

  it('gives a multipart at least one part and a digest its messages', () => {
    assert.deepEqual(shape(parseMimeStructure(crlf('Content-Type: multipart/mixed; boundary=a', '', 'nothing'))), ['mixed', 'text/plain']);
    assert.deepEqual(shape(parseMimeStructure(crlf('Content-Type: multipart/digest; boundary=a', '', '--a', '', 'Subject: x', '', 'y', '--a--'))), ['digest', { message: 'text/plain' }]);
    assert.equal(shape(parseMimeStructure(crlf('Content-Type: multipart/mixed', '', 'no boundary'))), 'text/plain');
    assert.equal(shape(parseMimeStructure(crlf('Content-Type: rubbish', '', 'x'))), 'text/plain');
  });

  it('survives a part whose boundary comes before its empty line', () => {
    const bytes = crlf('Content-Type: multipart/mixed; boundary=a', '', '--a', 'Subject: x', '--a', '--a--');
    assert.deepEqual((parseMimeStructure(bytes).parts ?? []).map((part) => part.bodyEnd - part.bodyStart), [0, 0]);
  });

  it('goes through JSON unchanged, and a source gives the same', async () => {
    const root = parseMimeStructure(NESTED);
    assert.deepEqual(parseStructure(serializeStructure(root)), root);
    assert.deepEqual(await parseMimeSource(new BufferSource(NESTED)), root);
  });

  it('bounds depth and number of parts', () => {
    const deep = Array.from({ length: 300 }, (_, i) => `Content-Type: multipart/mixed; boundary=b${i}\r\n\r\n--b${i}\r\n`).join('');
    const depth = (part: MimePart): number => 1 + Math.max(0, ...(part.parts ?? []).map(depth));
    assert.ok(depth(parseMimeStructure(Buffer.from(deep))) <= MIME_LIMITS.depthMax + 2);
    const many = Buffer.from(`Content-Type: multipart/mixed; boundary=b\r\n\r\n${'--b\r\n\r\nx\r\n'.repeat(5000)}`);
    assert.ok((parseMimeStructure(many).parts?.length ?? 0) <= MIME_LIMITS.partsMax);
  });

  it('takes hostile boundaries that would keep a careless parser busy for hours', { timeout: 60_000 }, () => {
    const nest = Array.from({ length: 45 }, (_, i) => `Content-Type: multipart/mixed; boundary=b${i}\r\n\r\n--b${i}\r\n`).join('');
    parseMimeStructure(Buffer.from(`${nest}\r\n${'--x\n'.repeat(500_000)}`));
    parseMimeStructure(Buffer.from(`${nest}\r\n${'--b44\nA'.repeat(300_000)}`));
  });

  it('survives anything with offsets inside the bytes and in order', () => {
    const random = seeded('mime');
    const pieces = ['Content-Type: multipart/mixed; boundary=a\r\n', 'Content-Type: multipart/mixed; boundary="b"\r\n', 'Content-Type: message/rfc822\r\n', 'Content-Type: text/plain; a*0*=x\'\'%4', '\r\n', '\r\n', '\n', '--a\r\n', '--a--\r\n', '--b\r\n', '--b', '--', 'x', ': ', '\0'];
    const check = (bytes: Buffer, part: MimePart): void => {
      assert.ok(part.headerStart <= part.bodyStart && part.bodyStart <= part.bodyEnd && part.bodyEnd <= bytes.length, `${random.note} ${JSON.stringify(bytes.toString())}`);
      for (const child of [...(part.parts ?? []), ...(part.message ? [part.message] : [])]) {
        assert.ok(child.headerStart >= part.bodyStart && child.bodyEnd <= part.bodyEnd, `${random.note} ${JSON.stringify(bytes.toString())}`);
        check(bytes, child);
      }
    };
    for (let i = 0; i < 4000; i += 1) {
      const bytes = Buffer.from(random.pieces(pieces, 30));
      check(bytes, parseMimeStructure(bytes));
    }
  });
  it('stays small whatever the headers of the parts hold', () => {
    // An address is four bytes there and eighty in the structure: fifty megabytes would make more than a string can hold.
    const letter = (field: string, text: string, times: number): string => `--b\r\nContent-Type: message/rfc822\r\n\r\n${field}: ${text.repeat(times)}\r\n\r\nx\r\n`;
    const wrapped = (letters: string): Buffer => Buffer.from(`From: top@x\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n${letters}`);
    const [letters, limit] = [wrapped(letter('From', 'a@b,', 15_000).repeat(100)), 4 * MIME_LIMITS.headersBytesMax];
    const part = parseMimeStructure(letters);
    assert.equal(part.envelope?.from[0]?.mailbox, 'top');
    assert.equal(part.parts?.length, 100);
    assert.ok(serializeStructure(part).length < limit);
    for (const field of ['Subject', 'Message-ID', 'To', 'Content-Description']) assert.ok(serializeStructure(parseMimeStructure(wrapped(letter(field, '(x" <', 1_000_000)))).length < limit, field);
  });
});

describe('parseStructuredField', () => {
  it('reads quotes, comments, continuations and charsets', () => {
    const field = parseStructuredField('Attachment (c;x); FileName*0*=utf-8\'en\'%e2%82%ac%20; filename*1="a;b"; x=1; X=2; q="a\\"b;c"; e==?utf-8?q?=C3=BC?=');
    assert.equal(field.value, 'attachment');
    assert.deepEqual(field.parameters, [['x', '1'], ['q', 'a"b;c'], ['e', 'ü'], ['filename', '€ a;b']]);
    assert.equal(findParameter(field.parameters, 'q'), 'a"b;c');
  });
  it('does not mistake names for properties of objects', () => {
    assert.deepEqual(parseStructuredField('a; __proto__=x; constructor=y').parameters, [['__proto__', 'x'], ['constructor', 'y']]);
  });
  it('survives anything', () => {
    const random = seeded('parameters');
    for (let i = 0; i < 3000; i += 1) parseStructuredField(random.pieces([';', '=', '"', '\\', '(', ')', '*', '0', "'", 'a', '%', ' '], 30));
  });
});
