/** A good message and what one fault at a time makes of it: each fault is found, and none is invented. */
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { describe, it } from 'node:test';
import { createZoneDns, type Zone } from '../../../test/harness/zone-dns.ts';
import type { HttpsAnswer, HttpsFetch } from '../../contract/https-fetch.ts';
import type { DoctorNetwork } from '../../contract/doctor-network.ts';
import { parseHeader } from '../../mail/header.ts';
import { createBodyHasher } from '../../verify/dkim/body-hasher.ts';
import { signDkim } from '../../verify/dkim/sign-dkim.ts';
import { CHECKS } from '../checks/all.ts';
import { examine } from '../examination.ts';
import type { ConnectionFacts } from './authentication.ts';
import { makeMessageSubject } from './subject.ts';

const NOW = Date.UTC(2026, 10, 20, 10, 0, 0);
const PAIR = generateKeyPairSync('rsa', { modulusLength: 2048 });
const IP = '203.0.113.7';
const ALIVE = { A: ['127.0.1.2'] };
const ZONE: Zone = {
  'example.org': { TXT: [`v=spf1 ip4:${IP} -all`], MX: [{ preference: 10, exchange: 'mail.example.org' }] },
  'k._domainkey.example.org': { TXT: [`v=DKIM1; p=${PAIR.publicKey.export({ format: 'der', type: 'spki' }).toString('base64')}`] },
  '_dmarc.example.org': { TXT: ['v=DMARC1; p=reject'] },
  'other.example': { TXT: [`v=spf1 ip4:${IP} -all`] },
  'nothing.example': { A: [IP] },
  'mail.example.org': { A: [IP] },
  '7.113.0.203.in-addr.arpa': { PTR: ['mail.example.org'] },
  'test.dbl.spamhaus.org': ALIVE,
  'test.multi.surbl.org': { A: ['127.0.0.64'] },
  'test.multi.uribl.com': { A: ['127.0.0.2'] },
  'listed.example.dbl.spamhaus.org': { A: ['127.0.1.4'] },
  'grey.example.multi.uribl.com': { A: ['127.0.0.4'] },
};

const GOOD_HEADER = [
  'Date: Fri, 20 Nov 2026 09:59:00 +0000',
  'From: Alice Example <alice@example.org>',
  'To: Bob <bob@example.net>',
  'Subject: Minutes of our meeting on Thursday',
  'Message-ID: <a1b2c3@mail.example.org>',
  'MIME-Version: 1.0',
];
const WORDS = 'Dear Bob, here are the minutes of our meeting on Thursday, with everything that we decided about the garden, the shed and the new bench.';
const PLAIN = [...GOOD_HEADER, 'Content-Type: text/plain; charset=utf-8', '', WORDS, ''];

function htmlMessage(html: string, text = WORDS, extra: readonly string[] = []): string[] {
  return [
    ...GOOD_HEADER, ...extra, 'Content-Type: multipart/alternative; boundary="b"', '',
    '--b', 'Content-Type: text/plain; charset=utf-8', '', text,
    '--b', 'Content-Type: text/html; charset=utf-8', '', html, '--b--', '',
  ];
}

const CONNECTION: ConnectionFacts = { address: IP, helo: 'mail.example.org', sender: 'alice@example.org', encrypted: true };

interface Given {
  readonly lines?: readonly string[];
  /** The message as it is, instead of lines. */
  readonly bytes?: Buffer;
  readonly connection?: ConnectionFacts;
  readonly signed?: boolean;
  /** After signing. */
  readonly change?: (message: string) => string;
  readonly answers?: Readonly<Record<string, HttpsAnswer>>;
}

const response = (status: number, headers: Readonly<Record<string, string>> = {}): HttpsAnswer => ({ kind: 'response', status, mediaType: 'text/html', headers, body: Buffer.alloc(0) });

function signatureOf(raw: Buffer): Promise<Buffer> {
  const header = parseHeader(raw);
  const hasher = createBodyHasher({ canonicalization: 'relaxed', algorithm: 'sha256' });
  hasher.update(raw.subarray(header.bodyOffset));
  return signDkim({ fields: header.fields, bodyHash: hasher.digest(), domain: 'example.org', selector: 'k', algorithm: 'rsa-sha256', privateKey: PAIR.privateKey, now: NOW });
}

/** Ids of checks with the levels that are neither pass nor skip. */
async function findings({ lines = PLAIN, bytes, connection = CONNECTION, signed = true, change = (message) => message, answers = {} }: Given): Promise<Record<string, string>> {
  const raw = bytes ?? Buffer.from(lines.join('\r\n'), 'latin1');
  const signature = signed ? await signatureOf(raw) : Buffer.alloc(0);
  const message = Buffer.from(change(Buffer.concat([signature, raw]).toString('latin1')), 'latin1');
  const dns = createZoneDns(ZONE);
  const subject = await makeMessageSubject({ dns, now: NOW }, { message, connection, arrivedAt: NOW });
  const linkFetch: HttpsFetch = async ({ host, path }) => answers[`${host}${path}`] ?? response(200);
  const network = { linkFetch } as unknown as DoctorNetwork;
  const { results } = await examine({ dns, now: NOW, network }, [subject], { only: CHECKS.filter(({ about }) => about === 'message').map(({ id }) => id), deadlineMs: 5000 });
  return Object.fromEntries(results.filter(({ level }) => level !== 'pass' && level !== 'skip').map(({ check, level }) => [check, level]));
}

const without = (name: string): string[] => PLAIN.filter((line) => !line.startsWith(`${name}:`));
const replaced = (name: string, value: string): string[] => PLAIN.map((line) => (line.startsWith(`${name}:`) ? `${name}: ${value}` : line));
const withBody = (...body: string[]): string[] => [...GOOD_HEADER, 'Content-Type: text/plain; charset=utf-8', '', ...body, ''];
const linked = (url: string, text = 'our page'): string[] => htmlMessage(`<p>${WORDS} <a href="${url}">${text}</a></p>`);

const LIST = ['List-Id: News <news.example.org>', 'List-Unsubscribe: <https://example.org/u/1>, <mailto:u@example.org>', 'List-Unsubscribe-Post: List-Unsubscribe=One-Click'];

describe('a message that is right', () => {
  const right: Readonly<Record<string, Given>> = {
    'plain text': {},
    'text and HTML with a link and a picture': { lines: htmlMessage(`<p>${WORDS} <a href="https://example.org/minutes">The minutes</a><img src="https://example.org/shed.png" alt="the shed"></p>`) },
    'a newsletter with all it needs': { lines: htmlMessage(`<div style="display:none">A short preview of what is inside</div><p>${WORDS} <a href="https://example.org/u/1">Unsubscribe</a></p>`, WORDS, LIST) },
    'links that redirect to the same site': { lines: linked('https://example.org/old'), answers: { 'example.org/old': response(301, { location: 'https://www.example.org/new' }) } },
    'a table built as newsletter kits do': { lines: htmlMessage(`<table><tr><td style="font-size:0px"><div style="font-size:13px;color:#fff;background:#036">${WORDS}</div></td></tr></table>`) },
    'white letters on what a style sheet paints': { lines: htmlMessage(`<style>.x{background:#000}</style><div class="x"><p style="color:#ffffff">${WORDS} ${WORDS} ${WORDS} ${WORDS}</p></div>`) },
    'an attachment': { lines: [...GOOD_HEADER, 'Content-Type: multipart/mixed; boundary="m"', '', '--m', 'Content-Type: text/plain; charset=utf-8', '', WORDS, '--m', 'Content-Type: application/pdf; name="minutes.pdf"', 'Content-Transfer-Encoding: base64', 'Content-Disposition: attachment; filename="minutes.pdf"', '', 'JVBERi0xLjQK', '--m--', ''] },
    'letters in UTF-8 that are declared': { bytes: Buffer.from([...GOOD_HEADER, 'Content-Type: text/plain; charset=utf-8', 'Content-Transfer-Encoding: 8bit', '', `${WORDS} Grüße`, ''].join('\r\n')) },
    'a reply to an earlier mail': { lines: [...replaced('Subject', 'Re: Minutes of our meeting').slice(0, 6), 'In-Reply-To: <x@example.net>', ...PLAIN.slice(6)] },
    'text that names a file which looks like a host': { lines: linked('https://example.org/setup', 'install.sh') },
  };
  for (const [name, given] of Object.entries(right)) it(name, async () => assert.deepEqual(await findings(given), {}));
});

describe('one fault at a time', () => {
  const broken: Readonly<Record<string, readonly [Given, Record<string, string>]>> = {
    'SPF fails': [{ connection: { ...CONNECTION, address: '203.0.113.99' } }, { 'message-spf': 'fail' }],
    'SPF of another domain': [{ connection: { ...CONNECTION, sender: 'x@other.example' } }, { 'message-spf': 'warn' }],
    'no SPF record': [{ connection: { ...CONNECTION, sender: 'x@nothing.example' } }, { 'message-spf': 'fail' }],
    'not signed': [{ signed: false }, { 'message-dkim': 'fail' }],
    'changed after signing': [{ change: (message) => message.replace('Dear Bob', 'Dear Eve') }, { 'message-dkim': 'fail' }],
    'nothing proves From': [{ signed: false, connection: { ...CONNECTION, sender: 'x@other.example' } }, { 'message-spf': 'warn', 'message-dkim': 'fail', 'message-dmarc': 'fail' }],
    'in the clear': [{ connection: { ...CONNECTION, encrypted: false } }, { 'message-tls': 'fail' }],
    'no Date': [{ lines: without('Date') }, { 'date-and-id': 'fail' }],
    'no Message-ID': [{ lines: without('Message-ID') }, { 'date-and-id': 'fail' }],
    'a Date of tomorrow': [{ lines: replaced('Date', 'Sat, 21 Nov 2026 12:00:00 +0000') }, { 'date-and-id': 'warn' }],
    'a Date of last month': [{ lines: replaced('Date', 'Tue, 20 Oct 2026 12:00:00 +0000') }, { 'date-and-id': 'warn' }],
    'a Message-ID of localhost': [{ lines: replaced('Message-ID', '<1@localhost>') }, { 'date-and-id': 'warn' }],
    'two subjects': [{ lines: ['Subject: Again', ...PLAIN] }, { 'header-fields': 'fail' }],
    'a line that is no field': [{ lines: [PLAIN[0] as string, 'this is no field', ...PLAIN.slice(1)] }, { 'header-fields': 'fail' }],
    'To without an address': [{ lines: replaced('To', 'Bob') }, { 'header-fields': 'fail' }],
    'a line of 2,000 letters': [{ lines: withBody(`${WORDS} ${'word '.repeat(400)}`) }, { 'mime-validity': 'fail' }],
    'raw latin-1 in the header': [{ lines: replaced('Subject', 'Gr\xfc\xdfe von uns beiden') }, { 'mime-validity': 'fail' }],
    'no boundary': [{ lines: [...GOOD_HEADER, 'Content-Type: multipart/mixed', '', WORDS, ''] }, { 'mime-validity': 'fail' }],
    'a multipart that is not closed': [{ lines: htmlMessage(`<p>${WORDS}</p>`).filter((line) => line !== '--b--') }, { 'mime-validity': 'warn' }],
    'base64 that is none': [{ lines: [...GOOD_HEADER, 'Content-Type: text/plain; charset=utf-8', 'Content-Transfer-Encoding: base64', '', '*** not base64 at all ***', ''] }, { 'mime-validity': 'fail' }],
    'an encoding that nobody knows': [{ lines: [...GOOD_HEADER, 'Content-Type: text/plain; charset=utf-8', 'Content-Transfer-Encoding: rot13', '', WORDS, ''] }, { 'mime-validity': 'fail' }],
    'no MIME-Version': [{ lines: without('MIME-Version') }, { 'mime-validity': 'warn' }],
    'pictures only': [{ lines: htmlMessage('<img src="https://example.org/a.png" alt="Sale">', 'Sale') }, { 'text-and-html': 'fail', 'spam-rules': 'warn' }],
    'another text than HTML': [{ lines: htmlMessage(`<p>${WORDS}</p>`, 'Entirely different things stand here, about boats, sails, harbours and winds.') }, { 'text-and-html': 'warn' }],
    'a picture without alt text': [{ lines: htmlMessage(`<p>${WORDS}<img src="https://example.org/a.png"></p>`) }, { 'text-and-html': 'warn' }],
    'a dead link': [{ lines: linked('https://example.org/gone'), answers: { 'example.org/gone': response(404) } }, { 'links-answer': 'fail' }],
    'a link whose host is not there': [{ lines: linked('https://example.org/x'), answers: { 'example.org/x': { kind: 'failure', reason: 'dns', detail: 'the name has no address' } } }, { 'links-answer': 'fail' }],
    'a link that leads on elsewhere': [{ lines: linked('https://example.org/t'), answers: { 'example.org/t': response(302, { location: 'https://shop.example/' }) } }, { 'links-answer': 'warn' }],
    'a link that nobody answers in time': [{ lines: linked('https://example.org/s'), answers: { 'example.org/s': { kind: 'failure', reason: 'timeout', detail: 'late' } } }, { 'links-answer': 'unknown' }],
    'a link that shows another site': [{ lines: linked('https://evil.example/', 'www.bank.example') }, { 'honest-links': 'warn', 'spam-rules': 'warn' }],
    'an address as a link': [{ lines: linked('https://192.0.2.80/page') }, { 'honest-links': 'warn' }],
    'a shortener': [{ lines: linked('https://bit.ly/abc') }, { 'honest-links': 'warn' }],
    'much hidden text': [{ lines: htmlMessage(`<p>${WORDS}</p><div style="display:none">${'secret words '.repeat(60)}</div>`) }, { 'honest-links': 'warn', 'spam-rules': 'warn' }],
    'a listed domain': [{ lines: linked('https://www.listed.example/') }, { 'link-domains': 'fail' }],
    'a domain that is grey': [{ lines: linked('https://grey.example/') }, { 'link-domains': 'warn' }],
    'spam': [{ lines: replaced('Subject', 'EARN $ 5000 NOW!!!').slice(0, -2).concat(['You win $ 5000 with bitcoin that doubles your profit. Verify your account. Act now, risk-free!', '']) }, { 'spam-rules': 'fail' }],
    'a newsletter without a way out': [{ lines: [...GOOD_HEADER, 'List-Id: News <news.example.org>', ...PLAIN.slice(6)] }, { 'one-click': 'fail' }],
    'a newsletter with mailto only': [{ lines: [...GOOD_HEADER, 'List-Id: News <news.example.org>', 'List-Unsubscribe: <mailto:u@example.org>', ...PLAIN.slice(6)] }, { 'one-click': 'warn' }],
    'one click behind the signature': [{ change: (message) => `${LIST.slice(1).join('\r\n')}\r\nList-Id: <n.example.org>\r\n${message}` }, { 'one-click': 'warn' }],
    'bulk mail that does not say so': [{ lines: [...GOOD_HEADER, 'Precedence: bulk', ...LIST.slice(1), ...PLAIN.slice(6)] }, { 'bulk-fields': 'warn' }],
  };
  for (const [name, [given, expected]] of Object.entries(broken)) it(name, async () => assert.deepEqual(await findings(given), expected));

  it('From is missing, doubled, or holds several addresses', async () => {
    for (const lines of [without('From'), ['From: eve@example.org', ...PLAIN], replaced('From', 'a@example.org, b@example.org'), replaced('From', 'nobody')]) {
      const found = await findings({ lines, signed: false });
      assert.equal(found['from-field'], 'fail', lines.join('\n'));
    }
  });
});

describe('what is not known', () => {
  it('is never held against a message', async () => {
    const found = await findings({ connection: {} });
    assert.deepEqual(found, { 'message-spf': 'unknown', 'message-tls': 'unknown' });
  });

  it('is DMARC, too, when only SPF could prove the sender', async () => {
    const found = await findings({ connection: {}, signed: false });
    assert.deepEqual([found['message-spf'], found['message-dmarc'], found['message-dkim']], ['unknown', 'unknown', 'fail']);
  });

  it('is DMARC also where the name in From holds an address of another domain', async () => {
    const found = await findings({ lines: replaced('From', '"bob@elsewhere.example" <alice@example.org>'), connection: {}, signed: false });
    assert.equal(found['message-dmarc'], 'unknown');
  });

  it('is read from what the receiving server wrote on top', async () => {
    const trace = `Return-Path: <alice@example.org>\r\nReceived: from localhost (localhost [127.0.0.1]) by mx.example.net (Postfix) with ESMTP id 1; Fri, 20 Nov 2026 10:00:00 +0000\r\nReceived: from mail.example.org (mail.example.org [${IP}]) (using TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits)) by mx.example.net (Postfix) with ESMTPS id 2; Fri, 20 Nov 2026 10:00:00 +0000\r\n`;
    assert.deepEqual(await findings({ connection: {}, change: (message) => trace + message }), {});
  });

  it('is whether a page is there whose server refuses robots', async () => {
    assert.deepEqual(await findings({ lines: linked('https://example.org/shop'), answers: { 'example.org/shop': response(403) } }), { 'links-answer': 'unknown' });
  });

  it('lists that are dead say nothing', async () => {
    const dns = createZoneDns({ 'listed.example.dbl.spamhaus.org': { A: ['127.255.255.254'] }, 'invalid.multi.surbl.org': { A: ['127.0.0.64'] } });
    const subject = await makeMessageSubject({ dns, now: NOW }, { message: Buffer.from(linked('https://listed.example/').join('\r\n')), connection: {} });
    const { results } = await examine({ dns, now: NOW }, [subject], { only: ['link-domains'], deadlineMs: 5000 });
    assert.equal(results[0]?.level, 'unknown');
  });
});
