/** Messages made to keep a reader busy: read in bounds, and told as not read to the end. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CONTENT_LIMITS } from '../../base/content-limits.ts';
import { readMessage } from './message-reading.ts';
import { mimeFaults } from './mime-faults.ts';
import { hitRules } from './spam-rule.ts';

const HEADER = 'From: a@example.org\r\nTo: b@example.net\r\nSubject: Hello\r\n';

function judge(message: string) {
  const reading = readMessage(Buffer.from(message, 'latin1'));
  hitRules(reading);
  mimeFaults(reading);
  return reading;
}

const html = (markup: string) => judge(`${HEADER}MIME-Version: 1.0\r\nContent-Type: text/html\r\n\r\n${markup}\r\n`);

describe('hostile messages', () => {
  it('a hundred thousand links', () => {
    const reading = html(Array.from({ length: 100_000 }, (_, at) => `<a href="http://h${at}.example/">x</a>`).join(''));
    assert.equal(reading.links.length, CONTENT_LIMITS.linksMax);
    assert.ok(reading.cut);
    const plain = judge(`${HEADER}\r\n${Array.from({ length: 100_000 }, (_, at) => `http://h${at}.example/`).join('\r\n')}\r\n`);
    assert.equal(plain.links.length, CONTENT_LIMITS.linksMax);
  });

  it('elements in elements in elements', () => {
    const reading = html('<div>'.repeat(200_000) + '</i>'.repeat(100_000));
    assert.ok(reading.cut);
    assert.ok((reading.html?.elements ?? 0) <= CONTENT_LIMITS.htmlDepthMax + 1);
  });

  it('a page of ten megabytes', () => {
    const reading = html('<p>word</p>'.repeat(1_000_000));
    assert.ok(reading.cut);
    assert.ok((reading.html?.text.length ?? 0) <= CONTENT_LIMITS.textCharsMax);
  });

  it('what looks like the beginning of something, without end', () => {
    for (const piece of ['<', '<a href="', '<!--', '&amp', '</p>', '<a style="a:b;', ' ', '\t\r\n ', '(', 'https://', 'http://a.example/(', '=?', '{{', 'unsubscribe ', 'verify your ', '$ ']) html(piece.repeat(300_000 / piece.length));
    for (const piece of ['Re: ', '!', 'a ', '"x@y.example" ', '<', '=?utf-8?b?', ',', ';', '(', '\\']) judge(`From: ${piece.repeat(20_000)}\r\nTo: ${piece.repeat(20_000)}\r\nSubject: ${piece.repeat(20_000)}\r\n\r\nx\r\n`);
  });

  it('parts in parts in parts', () => {
    const deep = Array.from({ length: 2000 }, (_, at) => `Content-Type: multipart/mixed; boundary="b${at}"\r\n\r\n--b${at}\r\n`).join('');
    const reading = judge(`${HEADER}MIME-Version: 1.0\r\n${deep}Content-Type: text/plain\r\n\r\nx\r\n`);
    assert.ok(mimeFaults(reading).length > 0);
    const many = Array.from({ length: 20_000 }, () => '--b\r\nContent-Type: text/plain\r\n\r\nhttps://example.org/\r\n').join('');
    judge(`${HEADER}MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="b"\r\n\r\n${many}--b--\r\n`);
  });

  it('encoded words by the hundred thousand', () => {
    const bomb = '=?utf-8?q?=41?= '.repeat(100_000);
    const reading = readMessage(Buffer.from(`From: ${bomb}<a@example.org>\r\nTo: b@example.net\r\nSubject: ${bomb}\r\n\r\nx\r\n`));
    hitRules(reading);
    assert.equal(reading.subject.length, 100_000);
  });

  it('any bytes at all', () => {
    let seed = 42;
    for (let round = 0; round < 200; round += 1) {
      const bytes = Buffer.alloc(400);
      for (let at = 0; at < bytes.length; at += 1) {
        seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
        bytes[at] = round % 2 === 0 ? seed % 256 : '<>&"=:;/ \r\n-abhrefstyl@.'.charCodeAt(seed % 25);
      }
      const reading = readMessage(Buffer.concat([Buffer.from(`${HEADER}Content-Type: text/html\r\n\r\n`), bytes]));
      hitRules(reading);
      mimeFaults(reading);
    }
  });
});
