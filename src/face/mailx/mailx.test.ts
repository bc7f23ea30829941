import assert from 'node:assert/strict';
import test from 'node:test';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { composeInput } from './compose-input.ts';
import { emptyDraft } from './draft.ts';
import { type Input, INTERRUPTED } from './line-input.ts';
import { selectMessages } from './message-list.ts';
import { type MailOptions, parseMailOptions } from './options.ts';
import { messageLines, summaryLine } from './rendering.ts';

function read(...args: string[]): MailOptions {
  const parsed = parseMailOptions(args);
  assert.ok(parsed.kind === 'options', JSON.stringify(parsed));
  return parsed.options;
}

test('sending: both families of mailx', () => {
  const bsd = read('-s', 'Hello', '-a', 'X-Job: 7', '-A', 'report.pdf', '-c', 'c@x', '-bb@x', 'alice', 'bob@example.net');
  assert.deepEqual([bsd.mode, bsd.subject, bsd.headers, bsd.attachments, bsd.cc, bsd.bcc, bsd.recipients], [
    'send', 'Hello', [['X-Job', '7']], ['report.pdf'], ['c@x'], ['b@x'], ['alice', 'bob@example.net'],
  ]);
  const nail = read('-a', 'report.pdf', '-r', 'me@x', '-S', 'sendwait', '-S', 'v15-compat', '-s', 'x', '--', '-odd@x');
  assert.deepEqual([nail.attachments, nail.from, nail.recipients], [['report.pdf'], 'me@x', ['-odd@x']]);
  assert.deepEqual(read('-a', 'C:report.pdf', 'a').attachments, ['C:report.pdf']);
  assert.equal(read('-t').mode, 'send');
});

test('reading', () => {
  assert.equal(read().mode, 'read');
  assert.deepEqual([read('-u', 'alice').mode, read('-u', 'alice').account], ['read', 'alice']);
  assert.deepEqual([read('-H', '-f', 'Junk').mode, read('-H', '-f', 'Junk').folder], ['headers', 'Junk']);
  assert.deepEqual([read('-f', 'Junk', '-u', 'bob').folder, read('-f', '-u', 'bob', 'Junk').folder], ['Junk', 'Junk']);
  assert.equal(read('-e', '-u', 'bob').mode, 'test');
  for (const wrong of [['-s'], ['-Z', 'a'], ['-u', 'alice', 'bob'], ['--config']]) assert.equal(parseMailOptions(wrong).kind, 'wrong', wrong.join(' '));
});

const BOX = [
  { from: 'Alice <a@x>', subject: 'Lunch', seen: true, deleted: false },
  { from: 'Bob <b@x>', subject: 'Re: lunch', seen: false, deleted: false },
  { from: 'Alice <a@x>', subject: 'Report', seen: false, deleted: true },
  { from: 'Carl <c@x>', subject: 'Other', seen: false, deleted: false },
];

const pick = (text: string, current = 2): readonly number[] | string => {
  const selection = selectMessages(text, BOX, current);
  return selection.kind === 'numbers' ? selection.numbers : selection.message;
};

test('message lists', () => {
  assert.deepEqual(pick(''), [2]);
  assert.deepEqual(pick('1-2'), [1, 2]);
  assert.deepEqual(pick('3 1'), [1, 3]);
  assert.deepEqual(pick('*'), [1, 2, 4]);
  assert.deepEqual(pick('.-$'), [2, 3, 4]);
  assert.deepEqual(pick('+'), [4]);
  assert.deepEqual(pick('-'), [1]);
  assert.deepEqual(pick(':n'), [2, 4]);
  assert.deepEqual(pick(':d'), [3]);
  assert.deepEqual(pick('/LUNCH'), [1, 2]);
  assert.deepEqual(pick('alice'), [1]);
  assert.match(String(pick('9')), /there are 4/);
  assert.match(String(pick('3-1')), /there are 4/);
  assert.match(String(pick('nobody')), /no messages/);
});

test('a summary line and a message to read carry no terminal escapes', () => {
  const summary = {
    uid: 1, flags: ['\\Recent'], internalDate: new Date(2026, 10, 20, 18, 24).getTime(), sizeBytes: 1234,
    from: [{ name: 'Alice \u001b[31m', address: 'a@x' }], to: [], subject: 'Hi\u0007', date: '', messageId: '', type: 'text/plain',
  };
  const line = summaryLine(summary, { number: 1, current: true, deleted: false }, 80);
  assert.equal(line, '>N  1 Alice \ufffd[31m          Nov 20 18:24    1234 Hi\ufffd');
  const lines = messageLines(Buffer.from('From: a@x\r\nSubject: =?utf-8?Q?gr=C3=BC=C3=9Fe?=\r\n\r\nbody \u001b[2J\r\nend\r\n'));
  assert.deepEqual(lines.slice(0, 3), ['From: a@x', 'Subject: grüße', '']);
  assert.ok(!lines.join('').includes('\u001b'));
  assert.equal(lines.at(-1), 'end');
});

test('one interrupt warns, two in a row give the message up and keep what was written', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'posthorn-mailx-'));
  const said: string[] = [];
  const type = (inputs: Input[]) => {
    const draft = emptyDraft();
    const source = { next: async () => inputs.shift(), say: (text: string) => void said.push(text), cwd: folder, environment: { HOME: folder }, dotEnds: true };
    return composeInput(draft, source);
  };
  try {
    assert.equal(await type(['half', INTERRUPTED, 'more', '.']), 'send');
    assert.deepEqual(said, ['(Interrupt -- one more to kill letter)']);
    assert.equal(await type(['half', INTERRUPTED, INTERRUPTED]), 'quit');
    assert.equal(await type(['other', '~x']), 'quit');
    assert.equal(readFileSync(join(folder, 'dead.letter'), 'utf8'), 'half\n\n');
  } finally {
    rmSync(folder, { recursive: true });
  }
});
