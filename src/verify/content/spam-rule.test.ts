/** Each rule is hit by what it is about, and by nothing in an ordinary message. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readMessage } from './message-reading.ts';
import { hitRules, SPAM_RULES, spamScore } from './spam-rule.ts';

interface Parts {
  readonly subject?: string;
  readonly from?: string;
  readonly extra?: readonly string[];
  readonly to?: string;
  readonly text?: string;
  readonly html?: string;
  readonly attachment?: string;
  /** Name of the file in it. */
  readonly zip?: string;
}

const WORDS = 'Dear Bob, here are the minutes of our meeting on Thursday, with everything that we decided about the garden, the shed and the new bench. See you.';

function hits({ subject = 'Minutes of our meeting', from = 'Alice <alice@example.org>', extra = [], to = 'bob@example.net', text = WORDS, html, attachment, zip }: Parts): readonly string[] {
  const head = [`From: ${from}`, ...(to === '' ? [] : [`To: ${to}`]), ...(subject === '' ? [] : [`Subject: ${subject}`]), ...extra, 'MIME-Version: 1.0'];
  const parts = [
    ...(text === '-' ? [] : [`Content-Type: text/plain; charset=utf-8\r\n\r\n${text}`]),
    ...(html === undefined ? [] : [`Content-Type: text/html; charset=utf-8\r\n\r\n${html}`]),
    ...(attachment === undefined ? [] : [`Content-Type: application/octet-stream\r\nContent-Disposition: attachment; filename="${attachment}"\r\nContent-Transfer-Encoding: base64\r\n\r\nAAAA`]),
    ...(zip === undefined ? [] : [`Content-Type: application/zip; name="a.zip"\r\nContent-Disposition: attachment\r\nContent-Transfer-Encoding: base64\r\n\r\n${zipOf(zip).toString('base64')}`]),
  ];
  const message = [...head, 'Content-Type: multipart/mixed; boundary="b"', '', ...parts.flatMap((part) => ['--b', part]), '--b--', ''].join('\r\n');
  return hitRules(readMessage(Buffer.from(message))).map(({ rule }) => rule);
}

/** A list of one file, without the file. */
function zipOf(name: string): Buffer {
  const local = Buffer.from('PK\x03\x04').toString('latin1').padEnd(30, '\0');
  const entry = Buffer.alloc(46);
  entry.writeUInt32LE(0x02014b50, 0);
  entry.writeUInt16LE(name.length, 28);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(1, 10);
  end.writeUInt32LE(local.length, 16);
  return Buffer.concat([Buffer.from(local, 'latin1'), entry, Buffer.from(name), end]);
}

const page = (more: string): Parts => ({ html: `<p>${WORDS}</p>${more}` });
const link = (url: string, words = 'our page'): Parts => page(`<a href="${url}">${words}</a>`);

/** What hits the rule, and it alone unless named. */
const CASES: Readonly<Record<string, readonly [Parts, ...string[]]>> = {
  SUBJECT_MISSING: [{ subject: '' }],
  SUBJECT_SHOUTS: [{ subject: 'BUY THIS BEAUTIFUL BENCH' }],
  SUBJECT_MARKS: [{ subject: 'Look at this!!' }],
  SUBJECT_FALSE_REPLY: [{ subject: 'Re: your request' }],
  SUBJECT_SPACED: [{ subject: 'c h e a p s t u f f today' }],
  FROM_NAME_IS_ADDRESS: [{ from: '"service@bank.example" <x@example.org>' }],
  REPLY_TO_ELSEWHERE: [{ extra: ['Reply-To: somebody@gmail.com'] }],
  RECIPIENTS_UNDISCLOSED: [{ to: 'undisclosed-recipients:;' }],
  RECIPIENTS_MANY: [{ to: Array.from({ length: 60 }, (_, at) => `u${at}@example.net`).join(', ') }],
  PRIORITY_HIGH: [{ extra: ['X-Priority: 1 (Highest)'] }],
  SUBJECT_HALF_ENCODED: [{ subject: '=?utf-8?q?Hello' }],
  PLACEHOLDER_LEFT: [{ text: `Dear {{ first_name }}, ${WORDS}` }],
  BODY_EMPTY: [{ text: '' }],
  ONLY_ATTACHMENT: [{ text: 'See file', attachment: 'minutes.pdf' }],
  ATTACHMENT_DANGEROUS: [{ attachment: 'setup.exe' }],
  ARCHIVE_DANGEROUS: [{ zip: 'tool/setup.exe' }],
  ATTACHMENT_DISGUISED: [{ attachment: 'invoice.pdf.exe' }, 'ATTACHMENT_DANGEROUS'],
  HTML_SCRIPT: [page('<script>alert(1)</script>')],
  HTML_FORM: [page('<form action="https://example.org/"><input name="password"></form>')],
  HTML_EMBED: [page('<iframe src="https://example.org/"></iframe>')],
  HTML_ONLY: [{ text: '-', html: `<p>${WORDS}</p>` }],
  HTML_IMAGES_ONLY: [{ html: '<img src="https://example.org/a.png" alt="Sale">' }],
  HTML_LARGE: [page(`<p>${'Some more words about it. '.repeat(4500)}</p>`)],
  GTUBE: [{ text: 'XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X' }],
  MONEY_PROMISED: [{ text: `${WORDS} You earn $ 900 at once.` }],
  ADVANCE_FEE: [{ text: `Dear friend, a late client of mine left 12,500,000 $12,500,000, and as his beneficiary you are wanted. I am a barrister; this is strictly confidential. ${WORDS}` }],
  ACCOUNT_THREATENED: [{ text: `${WORDS} Your account has been suspended. Please confirm your identity.` }],
  CONFIRMATION_WANTED: [{ text: `${WORDS} Please confirm your identity.` }],
  EXTORTION: [{ text: `${WORDS} I hacked your machine. Pay to 1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa` }],
  GIFT_CARDS: [{ text: `${WORDS} Please buy five gift cards for a client.` }],
  PARCEL_FEE: [{ text: `${WORDS} Your parcel waits. Pay the customs fee within 24 hours.` }],
  WORDS_DISGUISED: [{ text: `${WORDS} Vi\u0430gr\u0430 and ci\u200balis.` }, 'PILLS'],
  ATTACHMENT_PAGE: [{ attachment: 'scan.html' }],
  LINK_COUNTED: [link('https://u1.ct.sendgrid.net/ls/click?upn=a', 'www.example.org')],
  LINK_RUNS: [page('<a href="javascript:x()">our page</a>')],
  URGENCY: [{ text: `${WORDS} This is your last chance.` }],
  FREE_OFFER: [{ text: `${WORDS} It is risk-free.` }],
  PILLS: [{ text: `${WORDS} We sell v1agra.` }],
  CRYPTO_OFFER: [{ text: `${WORDS} Put bitcoin in and double it: profit.` }],
  SEO_OFFER: [{ text: `${WORDS} We bring you to the first page of Google.` }],
  TEXT_SHOUTS: [{ text: WORDS.toUpperCase() }],
  LINK_MISLEADS: [link('https://evil.example/', 'https://www.bank.example/')],
  LINK_IP: [link('https://192.0.2.80/')],
  LINK_SHORTENED: [link('https://bit.ly/abc')],
  LINK_CREDENTIALS: [link('https://www.bank.example@evil.example/')],
  LINK_LOOK_ALIKE: [link('https://аpple.com/')],
  LINK_ODD_PORT: [link('https://example.org:8443/')],
  LINKS_MANY: [page(Array.from({ length: 70 }, (_, at) => `<a href="https://example.org/${at}">more</a>`).join(' '))],
  LINKS_CLEAR: [link('http://example.org/')],
  TEXT_HIDDEN: [page(`<div style="visibility:hidden">${'good words '.repeat(50)}</div>`)],
};

describe('spam rules', () => {
  it('have ids of their own, and each has a case here', () => {
    const ids = SPAM_RULES.map(({ id }) => id);
    assert.equal(new Set(ids).size, ids.length);
    assert.deepEqual(Object.keys(CASES).toSorted(), ids.toSorted());
  });

  it('let ordinary messages alone', () => {
    const ordinary: readonly Parts[] = [{}, page(''), link('https://example.org/minutes', 'example.org'), { attachment: 'minutes.pdf' }, { zip: 'minutes/all.pdf' }, { subject: 'Re: Minutes', extra: ['In-Reply-To: <1@example.net>'] }, { subject: 'NASA and ESA' }, { from: '"alice@example.org" <alice@example.org>' }, { text: `${WORDS} The trial of the free software is in May; we verify the account books.` }];
    for (const parts of ordinary) assert.deepEqual(hits(parts), []);
  });

  for (const [id, [parts, ...also]] of Object.entries(CASES)) it(id, () => assert.deepEqual(hits(parts).toSorted(), [id, ...also].toSorted()));

  it('add up to one decimal', () => {
    assert.equal(spamScore([{ rule: 'A', score: 0.1, what: '', why: '' }, { rule: 'B', score: 0.2, what: '', why: '' }]), 0.3);
  });
});
