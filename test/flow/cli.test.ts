/** The command line as people and scripts use it: exit statuses, JSON, with and without a running server. */
import assert from 'node:assert/strict';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { after, before } from 'node:test';
import { Home } from './cli-kit.ts';

let home: Home;
before(() => {
  home = new Home();
});
after(() => home.close());

test('help and version need no configuration, wrong usage is status 2', async () => {
  const nowhere = { POSTHORN_CONFIG: join(home.folder, 'none.toml') };
  const help = await home.run('posthorn', ['--help'], '', nowhere);
  assert.equal(help.status, 0);
  assert.match(help.stdout, /quickstart .*set a real server up/);
  assert.equal((await home.run('posthorn', ['version', '--json'], '', nowhere)).status, 0);
  assert.equal((await home.run('posthorn', ['explain', '550 5.1.1 no such user'], '', nowhere)).status, 0);
  assert.match((await home.run('posthorn', ['explain', '550', '5.1.1', 'no', 'such', 'user'], '', nowhere)).stdout, /550 5\.1\.1/);
  for (const args of [[], ['nonsense'], ['queue', 'nonsense'], ['queue'], ['help', 'nonsense'], ['queue', 'lst'], ['lab', '--port-base', 'x'], ['account', 'add'], ['account', 'add', 'bad'], ['--dns', 'x', 'spf', 'check', 'a.b', '--ip', '192.0.2.1'], ['queue', 'retry']]) {
    const { status, stdout, stderr } = await home.posthorn(args);
    assert.deepEqual([status, stdout], [2, ''], args.join(' '));
    if (args.length > 1) assert.match(stderr, /^posthorn: [^\n]+\n$/, args.join(' '));
    else assert.notEqual(stderr, '', args.join(' '));
  }
});

test('wrong usage is told in words that say what is right', async () => {
  const cases: readonly (readonly [readonly string[], RegExp])[] = [
    [['account', 'frobnicate', '--config', 'x'], /"frobnicate" is no command of posthorn account; it has add, list/],
    [['account', '--config', 'x', 'list'], /--config goes behind one of the commands of posthorn account: add/],
    [['account', 'totp', 'frob', '--json'], /"frob" is no command of posthorn account totp; it has enable, confirm/],
    [['account', 'quota', 'alice@example.org', 'lots'], /too many arguments for 'quota'/],
    [['account', 'app-password', 'add', 'alice@example.org', 'phone', '--scope', 'imap,ftp'], /"ftp" is none of imap, pop3, smtp, sieve/],
    [['rules', 'add', 'alice@example.org'], /the account comes first: posthorn rules alice@example\.org add/],
    [['lab', 'weather'], /too many arguments for 'lab'/],
  ];
  for (const [args, words] of cases) {
    const { status, stdout, stderr } = await home.posthorn(args);
    assert.deepEqual([status, stdout], [2, ''], args.join(' '));
    assert.match(stderr, words);
  }
  assert.match((await home.posthorn(['sieve', 'check', '/none.sieve'])).stderr, /cannot read \/none\.sieve: there is no such file/);
});

test('quickstart writes the configuration where --config says', async () => {
  const config = join(home.folder, 'new.toml');
  const { status, stderr } = await home.posthorn(['quickstart', 'you@your-domain.example', '--config', config, '--data-dir', join(home.folder, 'new-data'), '--no-check']);
  assert.equal(status, 0, stderr);
  assert.match(readFileSync(config, 'utf8'), /^imaps = \["0\.0\.0\.0:993", "\[::\]:993"\]/m);
});

test('a missing or wrong configuration is status 2 and one line for each problem', async () => {
  const none = await home.run('posthorn', ['account', 'list'], '', { POSTHORN_CONFIG: join(home.folder, 'none.toml') });
  assert.deepEqual([none.status, none.stdout], [2, '']);
  assert.match(none.stderr, /^posthorn: cannot read the configuration .*none\.toml: there is no such file\n$/);
  const wrong = join(home.folder, 'wrong.toml');
  writeFileSync(wrong, 'hostname = "mail.example.org"\n[listen]\nsmtp = ["25"]\n[netwroks]\n');
  const refused = await home.posthorn(['--config', wrong, 'serve']);
  assert.equal(refused.status, 2);
  assert.match(refused.stderr, /wrong\.toml:3:9: listen\.smtp\[0\] is "25"; allowed: /);
  assert.match(refused.stderr, /wrong\.toml:4:2: netwroks is not a setting; did you mean networks\?/);
});

test('domains, accounts and aliases are kept without a server, and changed in it when one runs', async () => {
  const unknown = await home.posthorn(['account', 'add', 'alice@example.org']);
  assert.equal(unknown.status, 1);
  assert.match(unknown.stderr, /example\.org is not a domain of this server/);
  const made = await home.json<{ address: string; password: string }>(['account', 'add', 'alice@example.org', '--create-domain']);
  assert.equal(made.address, 'alice@example.org');
  assert.ok(made.password.length >= 16);
  const told = await home.posthorn(['account', 'add', 'bob@example.org', '--password-stdin', '--json'], 'correct horse battery\n');
  assert.deepEqual(JSON.parse(told.stdout), { address: 'bob@example.org', domainCreated: false });
  await home.start();
  const alias = await home.json<{ targets: string[] }>(['alias', 'add', 'team@example.org', 'alice@example.org', 'bob@example.org']);
  assert.deepEqual(alias.targets.toSorted(), ['alice@example.org', 'bob@example.org']);
  const { accounts } = await home.json<{ accounts: { address: string }[] }>(['account', 'list']);
  assert.deepEqual(accounts.map(({ address }) => address), ['alice@example.org', 'bob@example.org']);
  assert.match((await home.posthorn(['domain', 'list'])).stdout, /^Domain +Accounts +Alias of +Catch-all\nexample\.org +2/);
  assert.equal(statSync(join(home.data, 'run', 'control.sock')).mode & 0o777, 0o600);
});

test('a second server on the same data is refused with the pid of the first', async () => {
  const second = await home.posthorn(['serve']);
  assert.equal(second.status, 1);
  assert.match(second.stderr, new RegExp(`\\b${home.pid}\\b`));
});

test('records are a table, a zone file or JSON', async () => {
  assert.match((await home.posthorn(['dns', 'records', 'example.org'])).stdout, /example\.org +MX +10 mail\.example\.org\./);
  assert.match((await home.posthorn(['dns', 'records', 'example.org', '--format', 'zone'])).stdout, /^example\.org\. +\d+ IN MX +10 mail\.example\.org\.$/m);
  const { records } = await home.json<{ records: { type: string }[] }>(['dns', 'records', 'example.org']);
  assert.ok(records.some(({ type }) => type === 'TXT'));
});

test('the queue and trace find a message by id, address and Message-ID', async () => {
  const sent = await home.posthorn(['send', '--from', 'alice@example.org', '--to', 'bob@example.org', '--subject', 'grüße', '--text', 'hello']);
  assert.equal(sent.status, 0, sent.stderr);
  const id = sent.stdout.trim();
  assert.match(id, /^[0-9a-z]{16}$/);
  const found = await home.json<{ messages: { id: string; messageId: string }[] }>(['trace', id]);
  assert.equal(found.messages[0]?.id, id);
  const byMessageId = await home.json<{ messages: { id: string }[] }>(['trace', found.messages[0]?.messageId ?? '']);
  assert.equal(byMessageId.messages[0]?.id, id);
  const text = await home.posthorn(['trace', id, '--follow']);
  assert.match(text.stdout, /<bob@example\.org> delivered/);
  assert.equal((await home.posthorn(['trace', 'nobody@nowhere.example'])).status, 1);
  assert.match((await home.posthorn(['queue', 'list'])).stdout, /the queue is empty/);
  assert.equal((await home.posthorn(['queue', 'show', 'nothing'])).status, 1);
});

test('commands of the lab say so when none runs', async () => {
  const { status, stderr } = await home.posthorn(['lab', 'inbox', 'gmail']);
  assert.equal(status, 1);
  assert.match(stderr, /does not know "lab\.inbox"|needs a running lab/);
});
