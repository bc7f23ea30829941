import assert from 'node:assert/strict';
import test from 'node:test';
import { qualifyHeader } from './qualify-header.ts';

const header = (fields: string): string => qualifyHeader(Buffer.from(`${fields}\r\n\r\nTo: body\r\n`), 'example.org').toString().replace('\r\n\r\nTo: body\r\n', '');

test('names without a domain get one, with what stands around them', () => {
  assert.equal(header('From: root (Cron Daemon)'), 'From: Cron Daemon <root@example.org>');
  assert.equal(header('To: root, Bob <bob@x.example>, "A, B" <al>'), 'To: root@example.org, Bob <bob@x.example>, "A, B" <al@example.org>');
  assert.equal(header('Cc: staff: a, b;, c'), 'Cc: staff: a@example.org, b@example.org;, c@example.org');
});

test('what is complete, no address or unreadable stays byte for byte', () => {
  for (const fields of ['From:  Bob   <bob@X.example>', 'Subject: root', 'To: undisclosed-recipients:;', 'To: <>', 'To: "a b"', 'To: a b c, <x', 'To: @']) assert.equal(header(fields), fields);
});
