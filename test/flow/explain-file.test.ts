/** `posthorn explain FILE`: a mail log in its usual shapes, a bounce, and what is neither. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import test, { after, before } from 'node:test';
import { Home } from './cli-kit.ts';

let home: Home;
before(() => {
  home = new Home();
});
after(() => home.close());

const LOG = [
  'Nov 20 18:00:02 host postfix/qmgr[12]: 4F1A2B3C4D: from=<bob@example.org>, size=1200, nrcpt=2 (queue active)',
  'Nov 20 18:00:03 host postfix/smtp[13]: 4F1A2B3C4D: to=<a@y.example>, relay=mx.y.example[192.0.2.1]:25, delay=9, delays=0.1/0.01/8/0.4, dsn=5.1.1, status=bounced (host mx.y.example[192.0.2.1] said: 550 5.1.1 No such user (in reply to RCPT TO command))',
  'Nov 20 18:00:33 host postfix/smtp[13]: 4F1A2B3C4D: to=<c@d.example>, relay=none, delay=30, delays=0.1/0.02/30/0, dsn=4.4.1, status=deferred (connect to mx.d.example[192.0.2.9]:25: Connection timed out)',
  '',
].join('\n');

const explain = (args: readonly string[], input = '') => home.run('posthorn', ['explain', ...args], input, { POSTHORN_CONFIG: join(home.folder, 'none.toml') });

test('a log tells each failure, where the time went and what to do; packed, and from standard input, too', async () => {
  const file = join(home.folder, 'mail.log');
  const packed = join(home.folder, 'mail.log.1.gz');
  writeFileSync(file, LOG);
  writeFileSync(packed, gzipSync(LOG));
  const told = await explain([file]);
  assert.equal(told.status, 1);
  assert.match(told.stdout, /0 delivered, 1 bounced, 0 given up, 1 still waiting/);
  assert.match(told.stdout, /y\.example: 1 bounced/);
  assert.match(told.stdout, /what to do: +If it is one domain, wait\./);
  assert.match(told.stdout, /Of 9 s, 8 s went by looking up the name, connecting/);
  for (const again of [await explain([packed]), await explain(['-'], LOG)]) assert.equal(again.stdout, told.stdout);
  const { failures, groups } = JSON.parse((await explain([file, '--json'])).stdout) as { failures: { recipient: string; culprit: string; delays: unknown }[]; groups: unknown[] };
  assert.deepEqual(failures.map(({ recipient, culprit }) => [recipient, culprit]), [['a@y.example', 'recipient'], ['c@d.example', 'theirs']]);
  assert.deepEqual(failures[0]?.delays, { beforeQueue: 0.1, inQueue: 0.01, connection: 8, transmission: 0.4 });
  assert.equal(groups.length, 2);
  assert.match((await explain([file, '--all'])).stdout, /before the queue 0\.1 s, in the queue 0\.01 s, connecting 8 s, handing over 0\.4 s/);
});

test('a bounce is read, and what is neither log nor bounce is refused in words', async () => {
  const bounce = join(home.folder, 'bounce.eml');
  writeFileSync(bounce, 'From: MAILER-DAEMON@h.example\nSubject: failure notice\n\n<x@y.example>:\nRemote host said: 550 5.1.1 No such user\n');
  const told = await explain([bounce]);
  assert.equal(told.status, 1);
  assert.match(told.stdout, /Recipient: +x@y\.example/);
  const other = join(home.folder, 'other.eml');
  writeFileSync(other, 'Subject: hi\n\nhello\n');
  for (const [args, words] of [[[other], /neither a mail log of Postfix or Posthorn nor a bounce/], [['missing.log'], /cannot read missing\.log: there is no such file/], [[home.folder], /it is a folder/], [['hello'], /give the reply as it was/], [[''], /give the reply as it was/]] as const) {
    const { status, stderr, stdout } = await explain(args);
    assert.ok(status === 1 || status === 2, args.join());
    assert.equal(stdout, '');
    assert.match(stderr, words);
  }
  writeFileSync(join(home.folder, 'broken.gz'), gzipSync(LOG).subarray(0, 60));
  assert.match((await explain([join(home.folder, 'broken.gz')])).stderr, /no sound gzip file/);
  assert.equal((await explain(['-'], '')).status, 1);
});

test('a log that cannot be read is named, with what to do', async () => {
  for (const [name, content, words] of [
    ['a.log.xz', Buffer.from('fd377a585a000004', 'hex'), /packed with xz.*xz -dc/],
    ['mainlog.log', Buffer.from('2026-11-20 10:00:00 1tABCD-000000-00 <= a@b.example H=x [192.0.2.1]\n'), /a log of Exim/],
    ['sendmail.log', Buffer.from('Nov 20 10:00:00 h sendmail[12]: 4AKA0: to=<bob@example.com>, stat=User unknown\n'), /a log of Sendmail/],
    ['empty.log', Buffer.alloc(0), /is empty/],
  ] as const) {
    const file = join(home.folder, name);
    writeFileSync(file, content);
    const told = await explain([file]);
    assert.deepEqual([told.status, told.stdout], [1, ''], name);
    assert.match(told.stderr, words);
  }
});
