/** The mail command: writing, reading at the prompt, and the sub-commands for scripts. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { after, before } from 'node:test';
import { Home } from './cli-kit.ts';

let home: Home;
before(async () => {
  home = new Home();
  await home.posthorn(['account', 'add', 'alice@example.org', '--create-domain']);
  await home.posthorn(['account', 'add', 'bob@example.org']);
  await home.start();
});
after(() => home.close());

test('mail sends its input with subject, header and attachment', async () => {
  writeFileSync(join(home.folder, 'report.txt'), 'numbers\n');
  const sent = await home.run('mail', ['-s', 'Grüße aus Köln', '-a', 'X-Job: 7', '-A', 'report.txt', '-r', 'bob@example.org', 'alice'], 'Hällo\n.\nend\n');
  assert.equal(sent.status, 0, sent.stderr);
  const [message] = await home.messages('alice@example.org', 1);
  assert.equal(message?.subject, 'Grüße aus Köln');
  const read = await home.json<{ text: string; attachments: { name: string }[] }>(['mail', 'read', '1', '--account', 'alice@example.org', '--peek']);
  assert.equal(read.text.trimEnd(), 'Hällo\n.\nend');
  assert.equal(read.attachments[0]?.name, 'report.txt');
  const raw = await home.posthorn(['mail', 'read', '1', '--account', 'alice', '--raw', '--peek']);
  assert.match(raw.stdout, /^X-Job: 7\r$/m);
});

test('the prompt shows, answers, moves and deletes', async () => {
  const script = ['h', '1', 'reply', 'Danke', '~s Antwort', '.', 'd 1', 'u 1', 's 1 Done', 'bogus', 'q'].join('\n');
  const shown = await home.run('mail', ['-u', 'alice'], `${script}\n`);
  assert.equal(shown.status, 0, shown.stderr);
  assert.match(shown.stdout, /1 message 1 unread/);
  assert.match(shown.stdout, /^>[UN] +1 bob@example\.org/m);
  assert.match(shown.stdout, /^Subject: Grüße aus Köln$/m);
  assert.match(shown.stdout, /1 message moved to Done/);
  assert.match(shown.stdout, /Unknown command: "bogus"/);
  const [answer] = await home.messages('bob@example.org', 1);
  assert.equal(answer?.subject, 'Antwort');
  const read = await home.json<{ text: string; messageId: string }>(['mail', 'read', '1', '--account', 'bob']);
  assert.equal(read.text.trimEnd(), 'Danke');
  const { folders } = await home.json<{ folders: { name: string; messages: number }[] }>(['mail', 'folders', '--account', 'alice']);
  assert.equal(folders.find(({ name }) => name === 'Done')?.messages, 1);
});

test('exit forgets deletions, quit does them', async () => {
  await home.run('mail', ['-u', 'bob'], 'd *\nx\n');
  assert.equal((await home.messages('bob@example.org', 1)).length, 1);
  const gone = await home.run('mail', ['-u', 'bob'], 'd *\nq\n');
  assert.match(gone.stdout, /1 deleted/);
  assert.equal((await home.run('mail', ['-e', '-u', 'bob'])).status, 1);
  assert.match((await home.run('mail', ['-u', 'bob'])).stdout, /^No mail for bob@example\.org/);
});

test('scripts list, search, reply and delete', async () => {
  await home.run('mail', ['-s', 'first', 'alice'], 'one\n');
  await home.messages('alice@example.org', 1);
  await home.run('mail', ['-s', 'second', '-r', 'bob', 'alice'], 'two\n');
  const messages = await home.messages('alice@example.org', 2);
  assert.deepEqual(messages.map(({ subject, seen }) => [subject, seen]), [['first', false], ['second', false]]);
  const found = await home.json<{ messages: { number: number }[] }>(['mail', 'search', 'SECOND', '--account', 'alice']);
  assert.deepEqual(found.messages.map(({ number }) => number), [2]);
  const byText = await home.json<{ messages: { subject: string; seen: boolean }[] }>(['mail', 'search', 'One', '--account', 'alice']);
  assert.deepEqual(byText.messages.map(({ subject, seen }) => [subject, seen]), [['first', false]]);
  const replied = await home.posthorn(['mail', 'reply', '2', '--account', 'alice'], 'thanks\n');
  assert.equal(replied.status, 0, replied.stderr);
  assert.equal((await home.messages('bob@example.org', 1))[0]?.subject, 'Re: second');
  assert.ok((await home.messages('alice@example.org', 2))[1]?.flags.includes('\\Answered'));
  assert.deepEqual(await home.json(['mail', 'delete', '1', '--account', 'alice']), { deleted: [messages[0]?.uid] });
  assert.equal((await home.messages('alice@example.org', 1))[0]?.subject, 'second');
  assert.equal((await home.posthorn(['mail', 'read', '9', '--account', 'alice'])).status, 1);
  assert.equal((await home.posthorn(['mail', 'read', 'x', '--account', 'alice'])).status, 2);
});

test('tilde escapes work where they are asked for, and a text without anything is told', async () => {
  const sent = await home.run('mail', ['-~', 'alice'], '~s Escaped\n~c bob\n~~ tilde\ntext\n~.\nafter\n');
  assert.equal(sent.status, 0, sent.stderr);
  const messages = await home.messages('alice@example.org', 2);
  assert.equal(messages.at(-1)?.subject, 'Escaped');
  const read = await home.json<{ text: string }>(['mail', 'read', '2', '--account', 'alice']);
  assert.equal(read.text.trimEnd(), '~ tilde\ntext');
  const empty = await home.run('mail', ['-s', 'empty', '-E', 'alice'], '');
  assert.deepEqual([empty.status, empty.stderr], [0, '']);
  assert.match((await home.run('mail', ['-s', 'empty', 'alice'], '')).stderr, /Null message body/);
});

test('an unknown account is told with the way out', async () => {
  const { status, stderr } = await home.run('mail', ['-u', 'nobody@example.org']);
  assert.equal(status, 1);
  assert.match(stderr, /nobody@example\.org/);
});
