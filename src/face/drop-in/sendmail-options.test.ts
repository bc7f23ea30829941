import assert from 'node:assert/strict';
import test from 'node:test';
import { parseSendmailOptions, type SendmailOptions } from './sendmail-options.ts';

function read(...args: string[]): SendmailOptions {
  const parsed = parseSendmailOptions(args);
  assert.ok(parsed.kind === 'options', JSON.stringify(parsed));
  return parsed.options;
}

test('command lines of the usual callers', () => {
  const cron = read('-FCronDaemon', '-i', '-B8BITMIME', '-oem', 'root');
  assert.deepEqual([cron.fullName, cron.ignoreDots, cron.body, cron.recipients], ['CronDaemon', true, '8bitmime', ['root']]);
  const php = read('-t', '-i', '-fwww@example.org');
  assert.deepEqual([php.fromHeader, php.ignoreDots, php.sender], [true, true, 'www@example.org']);
  const git = read('-i', '-f', 'me@example.org', '--', '-odd@example.org', 'b@example.org');
  assert.deepEqual([git.sender, git.recipients], ['me@example.org', ['-odd@example.org', 'b@example.org']]);
  const nail = read('-oi', '-odb', '-m', '-r', 'a@b', '--', 'c@d');
  assert.deepEqual([nail.ignoreDots, nail.sender, nail.recipients], [true, 'a@b', ['c@d']]);
});

test('bundled flags, null senders, DSN options', () => {
  const all = read('-tiv', '-f', '<>', '-N', 'failure,delay', '-R', 'hdrs', '-V', 'id-1', '-O', 'DeliveryMode=b', '-L', 'tag', '-G');
  assert.deepEqual(
    [all.fromHeader, all.ignoreDots, all.verbose, all.sender, all.notify, all.returnContent, all.envelopeId],
    [true, true, true, '', ['failure', 'delay'], 'headers', 'id-1'],
  );
  assert.equal(read('-f', '', 'x').sender, '');
});

test('modes', () => {
  assert.equal(read('-bp').mode, 'queue');
  assert.equal(read('-bs').mode, 'smtp');
  assert.equal(read('-bi').mode, 'aliases');
  assert.equal(read('-q').mode, 'flush');
  assert.equal(read('-q30m', '-bm', 'x').mode, 'deliver');
});

test('what cannot be done is wrong usage', () => {
  for (const args of [['-bd'], ['-Z'], ['-f'], ['-N', 'never,delay'], ['-R', 'some'], ['-B', 'base64'], ['-V', 'a b'], ['--config']]) {
    assert.equal(parseSendmailOptions(args).kind, 'wrong', args.join(' '));
  }
});
