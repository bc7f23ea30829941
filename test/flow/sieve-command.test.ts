/** `posthorn sieve` and `posthorn rules` as people call them: on files alone, and against a running server. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { posthorn } from '../harness/lab-process.ts';
import { handOver, startSmallServer, type SmallServer } from '../harness/small-server.ts';

let small: SmallServer;
before(async () => {
  small = await startSmallServer();
  writeFileSync(join(small.dir, 'good.sieve'), 'require ["fileinto", "include"];\ninclude :personal :optional "more";\nif header :contains "subject" "bill" { fileinto "Money"; }\n');
  writeFileSync(join(small.dir, 'bad.sieve'), 'fileinto "x";\nfoo;\n');
  writeFileSync(join(small.dir, 'mail.eml'), 'Return-Path: <pat@far.example>\nFrom: pat@far.example\nTo: ann@serve.example\nSubject: a bill\n\nx\n');
  writeFileSync(join(small.dir, 'mailfilter'), 'if (/^Subject:.*bill/)\n  to Maildir/.Money\nxfilter "spamc"\n');
});
after(() => small?.stop());

function run(...args: readonly string[]): Promise<{ status: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    execFile(posthorn, args, { cwd: small.dir, env: { ...process.env, POSTHORN_CONFIG: join(small.dir, 'posthorn.toml') } }, (error, stdout, stderr) => resolve({ status: Number(error?.code ?? 0), stdout, stderr }));
  });
}

test('check, test and convert need no server', async () => {
  assert.deepEqual(await run('sieve', 'check', 'good.sieve'), { status: 0, stdout: 'the script is right\n', stderr: '' });
  const bad = await run('sieve', 'check', 'bad.sieve');
  assert.equal(bad.status, 1);
  assert.match(bad.stderr, /^bad\.sieve:1:1: .*fileinto[^]*bad\.sieve:2:1: /);
  const tried = await run('sieve', 'test', 'good.sieve', 'mail.eml', '--json');
  const { from, to, actions } = JSON.parse(tried.stdout) as { from: string; to: string; actions: { kind: string; folder: string }[] };
  assert.deepEqual([from, to, actions.map(({ kind, folder }) => [kind, folder])], ['pat@far.example', 'ann@serve.example', [['fileinto', 'Money']]]);
  assert.match((await run('sieve', 'test', 'good.sieve', 'mail.eml')).stdout, /^file into "Money"\n/);
  const converted = await run('sieve', 'convert', 'mailfilter');
  assert.equal(converted.status, 1);
  assert.match(converted.stdout, /fileinto "Money";/);
  assert.match(converted.stderr, /^mailfilter:3: xfilter/);
});

test('scripts of an account', async () => {
  const put = await run('sieve', 'put', 'ann@serve.example', 'good.sieve', '--activate');
  assert.deepEqual([put.status, put.stdout], [0, 'good is stored and active\n']);
  assert.match((await run('sieve', 'list', 'ann@serve.example')).stdout, /good +active/);
  assert.match((await run('sieve', 'show', 'ann@serve.example')).stdout, /^require /);
  assert.match((await run('sieve', 'put', 'ann@serve.example', 'bad.sieve')).stderr, /line 2/);
  assert.equal((await run('sieve', 'remove', 'ann@serve.example', 'good')).status, 1);
  await run('sieve', 'deactivate', 'ann@serve.example');
  assert.equal((await run('sieve', 'remove', 'ann@serve.example', 'good')).status, 0);
  assert.match((await run('sieve', 'list', 'nobody@serve.example')).stderr, /no account/);
});

test('rules make a script that runs, and are read back', async () => {
  const ben = 'ben@serve.example';
  const added = await run('rules', ben, 'add', '--subject', 'bill', '--file', 'Money', '--flag', '\\Flagged', '--name', 'Bills');
  assert.match(added.stdout, /1 +Bills +subject contains bill +flag \\Flagged, into Money/, added.stderr);
  await run('rules', ben, 'add', '--from', 'noise@', '--discard', '--position', '1');
  await run('rules', ben, 'vacation', 'Back', 'on', 'Monday', '--days', '3');
  const listed = JSON.parse((await run('rules', ben, '--json')).stdout) as { active: boolean; vacation: { text: string; days: number }; rules: { name?: string }[] };
  assert.deepEqual([listed.active, listed.vacation.text, listed.vacation.days, listed.rules.length, listed.rules[1]?.name], [true, 'Back on Monday', 3, 2, 'Bills']);
  await handOver(small.lmtpPort, { from: 'pat@far.example', to: ['ben'], content: 'From: pat@far.example\r\nTo: ben@serve.example\r\nSubject: a bill\r\n\r\nx' });
  assert.deepEqual((await small.holds(1, 'ben', 'Money'))[0]?.flags, ['\\Flagged']);
  await run('rules', ben, 'remove', '1');
  await run('rules', ben, 'vacation', '--off');
  const left = JSON.parse((await run('rules', ben, '--json')).stdout) as { vacation?: unknown; rules: unknown[] };
  assert.deepEqual([left.vacation, left.rules.length], [undefined, 1]);
  assert.equal((await run('rules', ben, 'add', '--file', 'x')).status, 2);
  await run('sieve', 'put', ben, 'good.sieve', '--name', 'rules');
  assert.match((await run('rules', ben, 'list')).stderr, /changed by hand/);
});
