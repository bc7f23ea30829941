/**
 * The kinds of mail that the host outside can send, as data: envelope, message, and what a correct server makes of it.
 * Each kind gives one message or several variants.
 */
import { formatDate } from '../../mail/date.ts';
import { OUTSIDE_HOST } from './domains.ts';
import type { OutsideSigner } from './signing.ts';

export interface MailContext {
  readonly to: string;
  /** Milliseconds since 1970. */
  readonly now: number;
  /** Unique in this lab. */
  readonly serial: string;
  readonly sign: OutsideSigner;
}

export interface OutsideMail {
  /** Of several variants. */
  readonly variant?: string;
  readonly sender: string;
  readonly content: Buffer;
  readonly mailParameters?: string;
  readonly helo?: string;
  readonly raw?: boolean;
}

export interface MailKind {
  readonly name: string;
  readonly description: string;
  /** What a correct server does. */
  readonly expect: string;
  readonly make: (context: MailContext) => Promise<readonly OutsideMail[]>;
}

const LARGE_BYTES = 2 * 1024 * 1024;
const LONG_LINE_CHARS = 100_000;
const SPAM_LINE = 'XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X';

export const MAIL_KINDS: readonly MailKind[] = [
  kind('good', 'SPF and DKIM pass and align, DMARC p=reject', 'delivered: spf=pass dkim=pass dmarc=pass', async (context) => [
    { sender: 'news@good.example', content: await context.sign.dkim(message(context, { from: 'Good News <news@good.example>' }), 'good.example') },
  ]),
  kind('unsigned', 'a domain without SPF, DKIM and DMARC', 'delivered: spf=none dkim=none dmarc=none', async (context) => [
    { sender: 'info@plain.example', content: message(context, { from: 'info@plain.example' }) },
  ]),
  kind('forged', 'From a bank with p=reject, sent by a spammer whose own SPF passes', 'refused 550 5.7.1: DMARC', async (context) => [
    { sender: 'x@spammer.example', content: message(context, { from: 'Your Bank <service@bank.example>', subject: 'Your account' }) },
  ]),
  kind('forged-quarantine', 'the same with p=quarantine', 'delivered to Junk: dmarc=fail', async (context) => [
    { sender: 'x@spammer.example', content: message(context, { from: 'service@quarantine.example' }) },
  ]),
  kind('forged-none', 'the same with p=none', 'delivered: dmarc=fail', async (context) => [
    { sender: 'x@spammer.example', content: message(context, { from: 'service@quiet.example' }) },
  ]),
  kind('forged-results', 'good, with an Authentication-Results of the recipient\'s own server forged into it', 'delivered, the forged field removed', async (context) => {
    const own = context.to.slice(context.to.lastIndexOf('@') + 1);
    const content = message(context, { from: 'info@plain.example', extra: [`Authentication-Results: mail.${own}; spf=pass; dkim=pass header.d=bank.example; dmarc=pass`] });
    return [{ sender: 'info@plain.example', content }];
  }),
  kind('broken-dkim', 'signed, then changed on the way; SPF still passes', 'delivered: dkim=fail spf=pass dmarc=pass', async (context) => {
    const signed = await context.sign.dkim(message(context, { from: 'news@good.example' }), 'good.example');
    return [{ sender: 'news@good.example', content: Buffer.concat([signed, Buffer.from('A line that was added on the way.\r\n')]) }];
  }),
  kind('spf-fail', 'SPF -all of a domain without DMARC', 'delivered or junk: spf=fail dmarc=none', async (context) => [
    { sender: 'x@hardfail.example', content: message(context, { from: 'x@hardfail.example' }) },
  ]),
  kind('spam', 'the generic test for unsolicited bulk email', 'filtered, once there is a filter', async (context) => [
    { sender: 'x@spammer.example', content: message(context, { from: 'x@spammer.example', subject: 'Test of unsolicited mail', body: SPAM_LINE }) },
  ]),
  kind('bulk', 'a signed newsletter with one-click unsubscription', 'delivered: dmarc=pass', async (context) => {
    const extra = [
      'List-Id: News <news.example>',
      'List-Unsubscribe: <https://news.example/u/1>, <mailto:unsubscribe@news.example>',
      'List-Unsubscribe-Post: List-Unsubscribe=One-Click',
      'Precedence: bulk',
    ];
    return [{ sender: 'bounces@news.example', content: await context.sign.dkim(message(context, { from: 'News <news@news.example>', extra }), 'news.example') }];
  }),
  kind('arc', 'through a list that changed the message and sealed it; the author only watches (p=none)', 'delivered: dkim=fail dmarc=fail arc=pass', (context) => sealed(context, 'quiet.example')),
  kind('arc-reject', 'the same with an author of p=reject', 'refused, unless lists.example is a trusted sealer', (context) => sealed(context, 'bank.example')),
  kind('null-sender', 'a bounce from outside, MAIL FROM:<>', 'delivered; never answered', async (context) => [
    { sender: '', content: message(context, { from: `MAILER-DAEMON@${OUTSIDE_HOST}`, subject: 'Undelivered mail', extra: ['Auto-Submitted: auto-replied'] }) },
  ]),
  kind('utf8', 'addresses and subject in UTF-8 (SMTPUTF8)', 'delivered', async (context) => [
    { sender: 'jürg@good.example', mailParameters: 'BODY=8BITMIME SMTPUTF8', content: await context.sign.dkim(message(context, { from: 'Jürg <jürg@good.example>', subject: 'Grüße aus Zürich', body: 'Schöne Grüße!' }), 'good.example') },
  ]),
  kind('large', 'two megabytes', 'delivered', async (context) => {
    const line = `${'x'.repeat(74)}\r\n`;
    return [{ sender: 'news@good.example', content: await context.sign.dkim(message(context, { from: 'news@good.example', body: line.repeat(Math.ceil(LARGE_BYTES / line.length)) }), 'good.example') }];
  }),
  kind('malformed', 'messages that are not as RFC 5322 and RFC 5321 want them', 'bare line ends and smuggling refused; the rest refused or repaired, never lost', malformed),
];

function kind(name: string, description: string, expect: string, make: MailKind['make']): MailKind {
  return { name, description, expect, make };
}

async function sealed(context: MailContext, author: string): Promise<readonly OutsideMail[]> {
  const original = await context.sign.dkim(message(context, { from: `Author <author@${author}>`, subject: '[list] A thought' }), author);
  const changed = Buffer.concat([original, Buffer.from('-- \r\nYou are on the list at lists.example.\r\n')]);
  const results = `spf=pass smtp.mailfrom=author@${author}; dkim=pass header.d=${author}; dmarc=pass header.from=${author}`;
  return [{ sender: 'list-bounces@lists.example', content: await context.sign.arc(changed, 'lists.example', results) }];
}

async function malformed(context: MailContext): Promise<readonly OutsideMail[]> {
  const sender = 'info@plain.example';
  const from = sender;
  const plain = message(context, { from }).toString();
  const variant = (name: string, content: string, more: Partial<OutsideMail> = {}): OutsideMail => ({ variant: name, sender, content: Buffer.from(content, 'latin1'), ...more });
  const without = (field: string): string => plain.replace(new RegExp(`^${field}:.*\r\n`, 'm'), '');
  const smuggled = 'MAIL FROM:<smuggled@plain.example>\r\nRCPT TO:<' + context.to + '>\r\nDATA\r\nSubject: smuggled\r\n\r\nsmuggled';
  return [
    variant('no-from', without('From')),
    variant('two-froms', `From: other@plain.example\r\n${plain}`),
    variant('no-date', without('Date')),
    variant('no-message-id', without('Message-ID')),
    variant('two-subjects', `Subject: again\r\n${plain}`),
    variant('empty', ''),
    variant('no-header', '\r\nOnly a body.\r\n'),
    variant('not-a-header', `this line is no field\r\n${plain}`),
    variant('bare-lf', plain.replace('Hello', 'Hel\nlo'), { raw: true }),
    variant('bare-cr', plain.replace('Hello', 'Hel\rlo'), { raw: true }),
    variant('nul', plain.replace('Hello', 'Hel\0lo')),
    variant('long-line', `${plain}${'x'.repeat(LONG_LINE_CHARS)}\r\n`),
    variant('eight-bit-header', plain.replace('Subject: ', 'Subject: \xe4\xf6\xfc ')),
    variant('smuggle-lf-dot-lf', `${plain}\n.\n${smuggled}`, { raw: true }),
    variant('smuggle-lf-dot-crlf', `${plain}\n.\r\n${smuggled}`, { raw: true }),
    variant('smuggle-crlf-dot-lf', `${plain}\r\n.\n${smuggled}`, { raw: true }),
    variant('smuggle-cr-dot-cr', `${plain}\r.\r${smuggled}`, { raw: true }),
    variant('bad-helo', plain, { helo: 'not_a host!' }),
  ];
}

interface MessageParts {
  readonly from: string;
  readonly subject?: string;
  readonly body?: string;
  readonly extra?: readonly string[];
}

function message(context: MailContext, parts: MessageParts): Buffer {
  const utf8 = /[^\0-\x7f]/.test(`${parts.subject ?? ''}${parts.body ?? ''}`); // oxlint-disable-line no-control-regex -- the range of ASCII
  const lines = [
    `From: ${parts.from}`,
    `To: <${context.to}>`,
    `Subject: ${parts.subject ?? 'A message from outside'}`,
    `Date: ${formatDate(context.now)}`,
    `Message-ID: <${context.serial}@${OUTSIDE_HOST}>`,
    ...(parts.extra ?? []),
    ...(utf8 ? ['MIME-Version: 1.0', 'Content-Type: text/plain; charset=utf-8', 'Content-Transfer-Encoding: 8bit'] : []),
    '',
    parts.body ?? 'Hello from outside.',
    '',
  ];
  return Buffer.from(lines.join('\r\n'));
}
