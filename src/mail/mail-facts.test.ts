import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mailDetails } from './mail-facts.ts';
import type { MailDetails } from './mail-facts.ts';
import { parseMimeStructure } from './mime-structure.ts';

function detailsOf(text: string | Buffer): MailDetails {
  const bytes = Buffer.from(text as string);
  return mailDetails(bytes, parseMimeStructure(bytes));
}

test('the preview is the first words of the text, on one line, of at most 200 characters', () => {
  assert.equal(detailsOf('Subject: x\r\n\r\n\r\nHello\tyou,\r\n\r\n  here I am.\r\n').preview, 'Hello you, here I am.');
  assert.equal(detailsOf(`Subject: x\r\n\r\n${' '.repeat(3000)}late`).preview, 'late');
  assert.equal(detailsOf(`\r\n${'é'.repeat(300)}`).preview, 'é'.repeat(200));
  const half = detailsOf(`Content-Type: text/plain; charset=utf-8\r\n\r\n${'x'.repeat(199)}\u{1F600}`).preview;
  assert.equal(half, 'x'.repeat(199));
  assert.equal(detailsOf('').preview, '');
});

test('plain text goes before HTML, attachments are no text, encodings are undone', () => {
  const parts = (first: string, second: string): string => `Content-Type: multipart/alternative; boundary=b\r\n\r\n--b\r\n${first}\r\n--b\r\n${second}\r\n--b--\r\n`;
  const html = 'Content-Type: text/html\r\n\r\n<html><head><style>p{}</style></head><p>Rich <b>text</b></p>';
  assert.equal(detailsOf(parts(html, 'Content-Type: text/plain\r\n\r\nPlain text')).preview, 'Plain text');
  assert.equal(detailsOf(`${html}\r\n`).preview, 'Rich text');
  assert.equal(detailsOf(parts('Content-Type: text/plain\r\nContent-Disposition: attachment\r\n\r\nnot me', html).replace('alternative', 'mixed')).preview, 'Rich text');
  assert.equal(detailsOf('Content-Transfer-Encoding: base64\r\n\r\nSGVsbG8gd29ybGQ=\r\n').preview, 'Hello world');
});

test('ids are what stands in angle brackets; those of In-Reply-To come last', () => {
  const details = detailsOf('Message-ID: <c@x>\r\nReferences: <a@x>\r\n <b@\r\n x> junk <unclosed\r\nIn-Reply-To: your mail of Monday <z@x>\r\nDate: Fri, 20 Nov 2026 10:00:00 +0100\r\n\r\n');
  assert.deepEqual(details.references, ['a@x', 'b@x', 'z@x']);
  assert.equal(details.messageId, 'c@x');
  assert.equal(details.sentAt, Date.UTC(2026, 10, 20, 9));
  assert.deepEqual(detailsOf('no header at all').references, []);
});
