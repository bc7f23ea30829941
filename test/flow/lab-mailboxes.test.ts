/** Reading mail in the lab without TLS, as test suites do, and settings that replace those of the lab. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startLab } from '../harness/lab-process.ts';
import { RawClient } from '../harness/raw-client.ts';

test('in the lab mail programs may log in without TLS, which makes nobody a relay; settings replace those of the lab', async (t) => {
  const lab = await startLab();
  t.after(() => lab.stop());
  const { imap, pop3, sieve, smtp, submission, accounts } = lab.ready;
  const { address, password } = accounts[0] as { address: string; password: string };
  const reader = await RawClient.open(imap.host, imap.port);
  assert.match(await reader.line(), /^\* OK \[CAPABILITY (?!.*LOGINDISABLED)/);
  assert.match(await reader.ask(`a LOGIN ${address} ${password}`), /^a OK /);
  const fetcher = await RawClient.open(pop3.host, pop3.port);
  await fetcher.line();
  assert.match(await fetcher.ask(`USER ${address}`), /^\+OK/);
  assert.match(await fetcher.ask(`PASS ${password}`), /^\+OK/);
  const editor = await RawClient.open(sieve.host, sieve.port);
  assert.ok((await heardUntil(editor, /^OK/)).some((line) => /^"SASL" ".*PLAIN/.test(line)));
  const sender = await RawClient.open(smtp.host, smtp.port);
  await sender.line();
  await sender.ask('HELO client.example');
  await sender.ask('MAIL FROM:<joe@client.example>');
  assert.match(await sender.ask('RCPT TO:<joe@gmail.com>'), /^5\d\d /);
  const submitter = await RawClient.open(submission.host, submission.port);
  await submitter.line();
  submitter.send('EHLO client.example\r\n');
  assert.ok(!(await heardUntil(submitter, /^250 /)).some((line) => line.includes('AUTH')));
  for (const client of [reader, fetcher, editor, sender, submitter]) client.destroy();
});

test('--settings replaces what the lab has set', async (t) => {
  const lab = await startLab({ settings: '[networks]\ncleartext-login = []\n[sieve]\nvacation-min-period = 0\n' });
  t.after(() => lab.stop());
  const { imap, accounts } = lab.ready;
  const reader = await RawClient.open(imap.host, imap.port);
  assert.match(await reader.line(), /LOGINDISABLED/);
  assert.match(await reader.ask(`a LOGIN ${accounts[0]?.address} ${accounts[0]?.password}`), /^a NO \[PRIVACYREQUIRED\]/);
  reader.destroy();
  await assert.rejects(startLab({ settings: '[networks\n' }), /--settings:\d+:\d+: not TOML/);
});

/** Lines up to the one that fits. */
async function heardUntil(client: RawClient, last: RegExp): Promise<string[]> {
  const lines: string[] = [];
  do lines.push(await client.line());
  while (!last.test(lines.at(-1) ?? ''));
  return lines;
}
