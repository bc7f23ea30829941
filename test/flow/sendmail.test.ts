/** The sendmail and mailq drop-ins, with the server up and down. */
import assert from 'node:assert/strict';
import { readdirSync, renameSync, symlinkSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import test, { after, before } from 'node:test';
import { eventually } from '../harness/lab-process.ts';
import { Home } from './cli-kit.ts';

const bin = join(dirname(dirname(dirname(fileURLToPath(import.meta.url)))), 'bin');
let home: Home;
before(async () => {
  // A name server that never answers: mail to elsewhere stays in the queue.
  home = new Home('[dns]\nservers = ["127.255.255.1:9"]\n');
  await home.posthorn(['account', 'add', 'alice@example.org', '--create-domain']);
  await home.posthorn(['account', 'add', 'bob@example.org']);
});
after(() => home.close());

const drop = (): string[] => readdirSync(join(home.data, 'spool', 'maildrop'));

test('with the server down the message is kept, and delivered after its start', async () => {
  const kept = await home.run('sendmail', ['-t', '-i'], 'To: alice@example.org\nSubject: kept\n\none\n.\ntwo\n');
  assert.equal(kept.status, 0, kept.stderr);
  assert.match(kept.stderr, /the server is not running; the message is kept and goes out when the server starts/);
  assert.equal(drop().length, 1);
  await home.start();
  const [message] = await home.messages('alice@example.org', 1);
  assert.equal(message?.subject, 'kept');
  const { text } = await home.json<{ text: string }>(['mail', 'read', '1', '--account', 'alice']);
  assert.equal(text.trimEnd(), 'one\n.\ntwo');
  await eventually('it is kept no longer', async () => drop().length === 0);
});

test('what was kept while the server was too busy to answer goes out without a restart', async () => {
  const socket = join(home.data, 'run', 'submit.sock');
  renameSync(socket, `${socket}.away`);
  const kept = await home.run('sendmail', ['alice'], 'Subject: kept meanwhile\n\nx\n');
  renameSync(`${socket}.away`, socket);
  assert.equal(kept.status, 0, kept.stderr);
  assert.match(kept.stderr, /the message is kept/);
  const messages = await home.messages('alice@example.org', 2);
  assert.equal(messages.at(-1)?.subject, 'kept meanwhile');
  await eventually('it is kept no longer', async () => drop().length === 0);
});

test('-t reaches To, Cc and Bcc, and nobody sees the Bcc', async () => {
  const sent = await home.run('sendmail', ['-t', '-v', '-F', 'Root Älter'], 'To: alice@example.org\nBcc: bob@example.org\nSubject: blind\n\nhi\n.\nnot this\n');
  assert.equal(sent.status, 0, sent.stderr);
  assert.match(sent.stderr, /queued as [0-9a-z]{16}/);
  await home.messages('bob@example.org', 1);
  const raw = (await home.posthorn(['mail', 'read', '1', '--account', 'bob', '--raw'])).stdout;
  assert.ok(!/^bcc/im.test(raw));
  assert.ok(!raw.includes('not this'));
  assert.match(raw, /^From: =\?utf-8\?B\?[^?]+\?= <[^>]+@example\.org>\r$/m);
  assert.match(raw, /^Date: /m);
  assert.match(raw, /^Message-ID: </im);
});

test('exit statuses are those of sysexits', async () => {
  const status = async (args: string[], input = 'Subject: x\n\nx\n'): Promise<number> => (await home.run('sendmail', args, input)).status;
  assert.equal(await status(['nobody@example.org']), 67);
  assert.equal(await status([]), 64);
  assert.equal(await status(['-t']), 64);
  assert.equal(await status(['-Z', 'alice']), 64);
  assert.equal(await status(['a b@c d']), 65);
  assert.equal(await status(['-bd']), 64);
  assert.equal((await home.run('sendmail', ['alice'], 'x', { POSTHORN_CONFIG: '/none.toml' })).status, 78);
  assert.equal(await status(['-bi']), 0);
});

test('one refused recipient does not keep the others from getting it', async () => {
  const sent = await home.run('sendmail', ['-i', 'nobody@example.org', 'bob'], 'Subject: both\n\nx\n');
  assert.equal(sent.status, 67);
  assert.match(sent.stderr, /nobody@example\.org: 550 /);
  const messages = await home.messages('bob@example.org', 2);
  assert.equal(messages.at(-1)?.subject, 'both');
});

test('cron’s mail to root arrives, and -bv says beforehand what would', async () => {
  const cron = await home.run('sendmail', ['-i', '-FCronDaemon', '-B8BITMIME', '-oem', 'root'], 'From: root (Cron Daemon)\nTo: root\nSubject: Cron\n\nout\n');
  assert.deepEqual([cron.status, cron.stderr], [0, '']);
  const asked = await home.run('sendmail', ['-bv', 'root', 'nobody@example.org', 'x@elsewhere.example']);
  assert.deepEqual([asked.status, asked.stderr], [67, '']);
  assert.match(asked.stdout, /^root@example\.org\.\.\. deliverable\nnobody@example\.org\.\.\. 550 5\.1\.1 .*\nx@elsewhere\.example\.\.\. deliverable\n$/);
  assert.equal((await home.run('sendmail', ['-bv'])).status, 64);
  assert.equal((await home.run('mailq', [], '', { POSTHORN_CONFIG: '/none.toml' })).status, 78);
});

test('-bs speaks SMTP with the server', async () => {
  const spoken = await home.run('sendmail', ['-bs'], 'EHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<alice@example.org>\r\nQUIT\r\n');
  assert.equal(spoken.status, 0);
  assert.match(spoken.stdout, /^220 /);
  assert.match(spoken.stdout, /\r\n221 /);
});

test('the scripts answer by the name they are called by', async () => {
  for (const [name, pattern] of [['mailq', /Mail queue is empty/], ['newaliases', /^$/]] as const) {
    const link = join(home.folder, name);
    symlinkSync(join(bin, 'sendmail'), link);
    const { status, stdout } = spawnSync(link, [], { env: { ...process.env, POSTHORN_CONFIG: home.config }, encoding: 'utf8' });
    assert.deepEqual([status, pattern.test(stdout)], [0, true], name);
  }
});

test('mailq lists what waits in the form of Postfix', async () => {
  await home.run('sendmail', ['-f', 'alice@example.org', 'somebody@elsewhere.example'], 'Subject: far\n\nx\n');
  const waiting = /^-Queue ID-  --Size-- ----Arrival Time---- -Sender\/Recipient-------\n[0-9a-z]{16} +\d+ \w{3} \w{3} [ \d]\d \d\d:\d\d:\d\d  alice@example\.org\n(?:.*\n)? {41}somebody@elsewhere\.example\n\n-- \d+ Kbytes in 1 Request\.\n$/;
  assert.match((await home.run('mailq', [])).stdout, waiting);
  assert.equal((await home.posthorn(['queue', 'hold', '--all'])).status, 0);
  assert.match((await home.run('sendmail', ['-bp'])).stdout, /^[0-9a-z]{16}! /m);
  assert.equal((await home.posthorn(['queue', 'delete', '--all'])).status, 0);
  assert.equal((await home.run('mailq', [])).stdout, 'Mail queue is empty\n');
});
