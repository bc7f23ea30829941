/** Habits of honest mail that look like those of spam at first sight: no rule holds them against anybody. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readMessage } from './message-reading.ts';
import { hitRules } from './spam-rule.ts';

const WORDS = 'Dear Bob, here are the minutes of our meeting on Thursday, with everything that we decided about the garden, the shed and the new bench. See you.';

function hits(body: readonly string[], { subject = 'Minutes of our meeting', extra = [] }: { readonly subject?: string; readonly extra?: readonly string[] } = {}): readonly string[] {
  const lines = ['From: Alice <alice@garden.example>', 'To: bob@example.net', `Subject: ${subject}`, ...extra, 'MIME-Version: 1.0', ...body, ''];
  return hitRules(readMessage(Buffer.from(lines.join('\r\n')))).map(({ rule }) => rule);
}

const plain = (text: string): readonly string[] => ['Content-Type: text/plain; charset=utf-8', '', text];
const alternative = (html: string, text = WORDS): readonly string[] => ['Content-Type: multipart/alternative; boundary="b"', '', '--b', 'Content-Type: text/plain; charset=utf-8', '', text, '--b', 'Content-Type: text/html; charset=utf-8', '', html, '--b--'];

describe('everyday mail', () => {
  it('newsletters: a preview line padded with joiners, a block again for telephones, a dark page', () => {
    assert.deepEqual(hits(alternative(`<div style="display:none">The garden in winter ${'&#847;&zwnj;&nbsp;'.repeat(200)}</div><p>${WORDS}</p>`)), []);
    assert.deepEqual(hits(alternative(`<p>${WORDS}</p><div style="display:none">${`<p>${WORDS}</p>`.repeat(6)}</div>`)), []);
    assert.deepEqual(hits(alternative(`<html><head><style>body, td { background: #111 }</style></head><body><p style="color:#fff">${WORDS.repeat(5)}</p></body></html>`)), []);
    assert.deepEqual(hits(alternative(`<html><head><style>.button { background: #111 }</style></head><body><p>${WORDS}</p><p style="color:#fff">${'hiddenword '.repeat(60)}</p></body></html>`)), ['TEXT_HIDDEN']);
  });

  it('bookings with facts for mail programs, short answers over a logo', () => {
    assert.deepEqual(hits(alternative(`<script type="application/ld+json">{"@type":"FlightReservation"}</script><p>${WORDS}</p>`)), []);
    assert.deepEqual(hits(alternative('<p>Hi Bob, signed. Thanks!</p><img src="cid:logo" alt="Example">', 'Hi Bob, signed. Thanks!')), []);
  });

  it('answers to invitations, encrypted mail', () => {
    assert.deepEqual(hits(['Content-Type: text/calendar; method=REPLY', '', 'BEGIN:VCALENDAR']), []);
    assert.deepEqual(hits(['Content-Type: application/pkcs7-mime; name="smime.p7m"', 'Content-Disposition: attachment; filename="smime.p7m"', 'Content-Transfer-Encoding: base64', '', 'MIIB']), []);
    assert.deepEqual(hits(['Content-Type: multipart/encrypted; protocol="application/pgp-encrypted"; boundary="b"', '', '--b', 'Content-Type: application/pgp-encrypted', '', 'Version: 1', '--b', 'Content-Type: application/octet-stream; name="encrypted.asc"', 'Content-Disposition: attachment; filename="encrypted.asc"', '', 'x', '--b--']), []);
  });

  it('forwarded mail, in the text and attached, in several languages', () => {
    for (const [subject, mark] of [['Fwd: Minutes', '---------- Forwarded message ---------'], ['FW: Minutes', 'From: Dave <dave@example.org>'], ['WG: Protokoll', 'Von: Dave'], ['TR: Compte rendu', 'De : Dave']] as const) assert.deepEqual(hits(plain(`FYI\r\n\r\n${mark}\r\n\r\n${WORDS}`), { subject }), [], subject);
    assert.deepEqual(hits(['Content-Type: multipart/mixed; boundary="b"', '', '--b', '', 'Is this spam? It came today.', '--b', 'Content-Type: message/rfc822', '', 'Subject: MAKE MONEY', '', 'Earn $ 500', '--b--'], { subject: 'Fwd: what is this?' }), []);
    assert.deepEqual(hits(plain('You asked for our offer, and here it is: the best machines at the best price.'), { subject: 'Fwd: your order' }), ['SUBJECT_FALSE_REPLY']);
  });

  it('links that the receiving site guards, and talk about templates', () => {
    const guarded = 'https://eur01.safelinks.protection.outlook.com/?url=https%3A%2F%2Fwww.example.org%2Fnotes&amp;data=05';
    assert.deepEqual(hits(alternative(`<p>${WORDS} <a href="${guarded}">https://www.example.org/notes</a></p>`)), []);
    assert.deepEqual(hits(plain(`How do I write {{ user.name }}? ${WORDS}`), { extra: ['List-Post: <mailto:users@lists.example.org>'] }), []);
    assert.deepEqual(hits(plain(`-\tif (x == \${PATH}) {\r\n${WORDS}`)), []);
  });

  it('machines of one\'s own site: monitoring, questions on lists, notes about templates', () => {
    assert.deepEqual(hits(plain('Service: DISK\r\nState: CRITICAL\r\nhttps://10.0.0.5:8443/nagios/')), []);
    assert.deepEqual(hits(plain(`I tried https://127.0.0.1:9090/admin and https://[fd00::1]/. ${WORDS}`)), []);
    assert.deepEqual(hits(plain(WORDS), { subject: 'Re: [octo/repo] Crash when {{ name }} is empty', extra: ['In-Reply-To: <1@github.example>'] }), []);
  });

  it('an invitation or a message alone, passed on with hardly a word', () => {
    const mixed = (type: string, name: string, body: string): readonly string[] => ['Content-Type: multipart/mixed; boundary="b"', '', '--b', '', 'FYI', '--b', `Content-Type: ${type}`, `Content-Disposition: attachment; filename="${name}"`, '', body, '--b--'];
    assert.deepEqual(hits(mixed('text/calendar', 'invite.ics', 'BEGIN:VCALENDAR')), []);
    assert.deepEqual(hits(mixed('message/rfc822', 'minutes.eml', `Subject: x\r\n\r\n${WORDS}`), { subject: 'Fwd: Minutes' }), []);
  });

  it('a notary who writes of an inheritance', () => {
    assert.deepEqual(hits(plain('Dear Sir/Madam, as executor I write about the inheritance of your aunt, of which you are a beneficiary. Please come to my office; what we speak is strictly confidential.')), []);
  });

  it('reminders, wages, news about money', () => {
    for (const text of ['We could not charge your card. Please update your payment method within 14 days. After that your account will be limited to reading.', 'We would like to meet you on Monday. You would get $3,000 a month.', 'Bitcoin fell by 4 % yesterday after investors returned to bonds.', 'Your free trial ends on Friday.', 'To keep your mails safe, verify your email address: https://garden.example/confirm']) assert.deepEqual(hits(plain(`${WORDS} ${text}`)), [], text);
  });
});
