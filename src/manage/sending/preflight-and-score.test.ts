/** Preflight and the mail-tester say the same of the same message: who asked one need not ask the other. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createZoneDns } from '../../../test/harness/zone-dns.ts';
import { AdjustableClock } from '../../base/clock.ts';
import { PREFLIGHT_LIMITS } from '../../base/limits.ts';
import { scoreMessage } from '../mail-test/score.ts';
import { answerPreflight } from './preflight.ts';

const clock = new AdjustableClock();
const context = { clock, dns: createZoneDns({}) };
const date = (offsetMs: number): string => new Date(clock.now() + offsetMs).toUTCString().replace('GMT', '+0000');

/** Checks of the mail-tester, and what preflight calls the same. */
const SAME: Readonly<Record<string, RegExp>> = {
  'from-field': /^from-/, 'date-and-id': /^(?:message-id|date)-/, 'header-fields': /^(?:duplicate-header|header-broken)$/, 'mime-validity': /^(?:header-eight-bit|body-eight-bit|line-too-long|mime-broken|mime-odd)$/,
  'spam-rules': /^content-spam$/, 'honest-links': /^link-odd$/, 'text-and-html': /^text-html$/, 'one-click': /^one-click-/,
};

async function preflightFindings(message: Buffer): Promise<readonly string[]> {
  const { findings } = await answerPreflight(context, message, { to: 'bob@example.net', sender: 'alice@example.org', bulk: false });
  return findings.map(({ id }) => id);
}

async function agreed(message: Buffer): Promise<readonly string[]> {
  const { results } = await scoreMessage(context, { message, connection: {}, followLinks: false });
  const found = await preflightFindings(message);
  const scored = Object.keys(SAME).filter((check) => results.some((result) => result.check === check && (result.level === 'fail' || result.level === 'warn')));
  assert.deepEqual(Object.entries(SAME).filter(([, ids]) => found.some((id) => ids.test(id))).map(([check]) => check), scored, found.join(' '));
  return scored;
}

const HEAD = ['From: Alice <alice@example.org>', 'To: bob@example.net', 'Subject: Minutes of our meeting', `Date: ${date(0)}`, 'Message-ID: <1@mail.example.org>'];
const WORDS = 'Dear Bob, here are the minutes of our meeting, with everything that we decided about the garden.';
const PLAIN = ['', WORDS, ''];
const html = (page: string): readonly string[] => ['MIME-Version: 1.0', 'Content-Type: multipart/alternative; boundary="b"', '', '--b', '', WORDS, '--b', 'Content-Type: text/html', '', page, '--b--', ''];
const without = (name: string): readonly string[] => HEAD.filter((line) => !line.startsWith(name));

const CASES: Readonly<Record<string, readonly [lines: readonly string[], ...checks: string[]]>> = {
  'a good message': [[...HEAD, ...PLAIN]],
  'no From': [[...without('From'), ...PLAIN], 'from-field'],
  'a From without a full domain': [[...without('From'), 'From: root@localhost', ...PLAIN], 'from-field'],
  'no Message-ID': [[...without('Message-ID'), ...PLAIN], 'date-and-id'],
  'a Message-ID of no host': [[...without('Message-ID'), 'Message-ID: <1@localhost>', ...PLAIN], 'date-and-id'],
  'a clock that is two hours ahead': [[...without('Date'), `Date: ${date(7_200_000)}`, ...PLAIN], 'date-and-id'],
  'two subjects': [[...HEAD, 'Subject: again', ...PLAIN], 'header-fields'],
  'two content types': [[...HEAD, 'MIME-Version: 1.0', 'Content-Type: text/plain', 'Content-Type: text/plain', ...PLAIN], 'header-fields'],
  'a line that is no field': [[...HEAD, 'Warning no colon here', ...PLAIN], 'header-fields'],
  'letters that are not encoded': [[...HEAD, 'X-Note: grün', ...PLAIN], 'mime-validity'],
  'no MIME-Version': [[...HEAD, 'Content-Type: text/plain', ...PLAIN], 'mime-validity'],
  'an empty line in the header': [[...HEAD, '', 'Content-Type: text/plain', ...PLAIN], 'mime-validity'],
  'a part that is not what it says': [[...HEAD, 'MIME-Version: 1.0', 'Content-Type: text/plain', 'Content-Transfer-Encoding: base64', '', '(no base64)', ''], 'mime-validity'],
  'a program': [[...HEAD, 'MIME-Version: 1.0', 'Content-Type: multipart/mixed; boundary="b"', '', '--b', '', WORDS, '--b', 'Content-Type: application/octet-stream; name="setup.exe"', 'Content-Disposition: attachment; filename="setup.exe"', '', 'MZ', '--b--', ''], 'spam-rules'],
  'a link that misleads': [[...HEAD, ...html(`<p>${WORDS}</p><a href="https://evil.example/">www.bank.example</a>`)], 'spam-rules', 'honest-links'],
  'another text than the HTML': [[...HEAD, ...html('<p>The best watches of this town are sold here and now, only for you and your friends.</p>')], 'text-and-html'],
  'a newsletter without a button': [[...HEAD, 'List-Id: <news.example.org>', ...PLAIN], 'one-click'],
};

describe('preflight and the mail-tester agree on', () => {
  for (const [name, [lines, ...checks]] of Object.entries(CASES)) it(name, async () => assert.deepEqual(await agreed(Buffer.from(lines.join('\r\n'))), checks));
});

describe('of a message of which preflight looks at the start only', () => {
  it('nothing is said to be missing that stands behind', async () => {
    const attachment = `${'QUFB'.repeat(18)}\r\n`.repeat(Math.ceil(PREFLIGHT_LIMITS.examinedBytesMax / 74));
    const lines = [...HEAD, 'MIME-Version: 1.0', 'Content-Type: multipart/mixed; boundary="b"', '', '--b', 'Content-Type: application/pdf; name="minutes.pdf"', 'Content-Disposition: attachment', 'Content-Transfer-Encoding: base64', '', attachment, '--b', '', WORDS, '--b--', ''];
    assert.deepEqual((await preflightFindings(Buffer.from(lines.join('\r\n')))).filter((id) => Object.values(SAME).some((ids) => ids.test(id))), []);
  });
});
