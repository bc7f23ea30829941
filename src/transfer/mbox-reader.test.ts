import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { readMboxMessage, type MboxQuoting } from './mbox-message.ts';
import { readMbox } from './mbox-reader.ts';

const FIRST = 'From a@example.net Sat Jan  3 01:05:34 1996\n';
const SECOND = 'From MAILER-DAEMON Fri Nov 20 18:24:13 2026\n';

async function messagesOf(text: string | Buffer, quoting?: MboxQuoting) {
  const dir = mkdtempSync(join(tmpdir(), 'mbox-'));
  try {
    const path = join(dir, 'box');
    writeFileSync(path, text);
    const found = [];
    for await (const entry of readMbox(path)) {
      const { bytes } = entry;
      assert.ok(bytes);
      const message = readMboxMessage({ ...entry, bytes }, quoting);
      found.push({ ...message, text: message.bytes.toString('latin1') });
    }
    return found;
  } finally {
    rmSync(dir, { recursive: true });
  }
}

describe('an mbox', () => {
  it('is cut at From lines behind empty lines, and a sentence that begins with From stays', async () => {
    const found = await messagesOf(`${FIRST}Subject: one\n\nHello\n\nFrom here on it rains\nFrom x Sat Jan  3 01:05:34 1996\nend\n\n${SECOND}Subject: two\n\nBye\n`);
    assert.deepEqual(found.map(({ text }) => text), [
      'Subject: one\r\n\r\nHello\r\n\r\nFrom here on it rains\r\nFrom x Sat Jan  3 01:05:34 1996\r\nend\r\n',
      'Subject: two\r\n\r\nBye\r\n',
    ]);
    assert.deepEqual(found.map(({ date }) => date), [Date.UTC(1996, 0, 3, 1, 5, 34), Date.UTC(2026, 10, 20, 18, 24, 13)]);
  });

  it('quoted reversibly (mboxrd) loses one > of each quoted line', async () => {
    const [one] = await messagesOf(`${FIRST}S: x\n\n>From me\n>>From you\n> From nobody\na >From b\n`);
    assert.equal(one?.text, 'S: x\r\n\r\nFrom me\r\n>From you\r\n> From nobody\r\na >From b\r\n');
  });

  it('with a right Content-Length (mboxcl2) holds From lines unquoted', async () => {
    const body = `a\n\n${SECOND}still the first\n>From kept\n`;
    const found = await messagesOf(`${FIRST}Subject: one\nContent-Length: ${body.length}\n\n${body}\n${SECOND}Subject: two\n\nx\n`);
    assert.deepEqual(found.map(({ text }) => text), [`Subject: one\r\n\r\n${body.replaceAll('\n', '\r\n')}`, 'Subject: two\r\n\r\nx\r\n']);
  });

  it('with a wrong Content-Length is cut at the From lines all the same', async () => {
    for (const length of [1, 500, 99_999_999_999]) {
      const found = await messagesOf(`${FIRST}Content-Length: ${length}\n\nabc\n\n${SECOND}\nx\n`);
      assert.equal(found.length, 2, String(length));
      assert.equal(found[0]?.text, '\r\nabc\r\n');
    }
  });

  it('tells flags as mail programs keep them, and keeps their fields to itself', async () => {
    const found = await messagesOf(
      `${FIRST}Status: RO\nX-Status: AF\nX-Keywords: work $Label1\nX-UID: 7\nSubject: a\n\nx\n\n${SECOND}X-Mozilla-Status: 0005\nX-Mozilla-Status2: 00000000\nX-Mozilla-Keys: todo\nSubject: b\n\ny\n\n${SECOND}X-Gmail-Labels: Inbox,Starred\nSubject: c\n\nz\n`,
    );
    assert.deepEqual(found.map(({ flags }) => [...flags].sort()), [['$Label1', '\\Answered', '\\Flagged', '\\Seen', 'work'], ['\\Flagged', '\\Seen', 'todo'], ['\\Flagged', '\\Seen']]);
    assert.equal(found[0]?.uid, 7);
    assert.equal(found[0]?.text, 'Subject: a\r\n\r\nx\r\n');
  });

  it('has notes of IMAP servers and messages that Thunderbird deleted, which are none', async () => {
    const found = await messagesOf(`${FIRST}Subject: DON'T DELETE THIS MESSAGE -- FOLDER INTERNAL DATA\nX-IMAP: 123 5\n\nx\n\n${SECOND}X-Mozilla-Status: 0009\n\ny\n`);
    assert.deepEqual(found.map(({ pseudo, gone }) => [pseudo, gone]), [[true, false], [false, true]]);
  });

  it('with CRLF, without a last line end, and larger than what is read at once', async () => {
    const large = `${'x'.repeat(70)}\r\n`.repeat(50_000);
    const found = await messagesOf(`${FIRST}S: 1\r\n\r\n${large}\r\n${SECOND}S: 2\r\n\r\nend`);
    assert.deepEqual(found.map(({ text }) => text.length), [8 + large.length, 11]);
  });

  it('that is something else is refused, and an empty file is empty', async () => {
    await assert.rejects(messagesOf('PK\u0003\u0004 no mail'), /is no mbox: at byte 0/);
    assert.deepEqual(await messagesOf(''), []);
    assert.deepEqual(await messagesOf('\n\n'), []);
  });
});
