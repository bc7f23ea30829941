/** POP3 with clients that none of us wrote, against the lab: Python’s poplib, curl, fetchmail, getmail. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { eventually, startLab, type LabProcess } from '../harness/lab-process.ts';
import { missingTool } from '../harness/missing-tool.ts';

const SUBJECTS = ['one', 'two', 'three'];
const BODY = 'Hello\r\n.\r\n..two dots\r\n\r\nend\r\n';

let lab: LabProcess;

before(async () => {
  lab = await startLab();
});

after(() => lab.stop());

interface Account {
  readonly address: string;
  readonly password: string;
}

const accountOf = (index: number): Account => lab.ready.accounts[index] as Account;

/** Three messages by way of the outside host. */
async function fill({ address }: Account): Promise<void> {
  for (const subject of SUBJECTS) {
    const file = join(lab.ready.dir, `${subject}.eml`);
    writeFileSync(file, `From: someone@good.example\r\nTo: ${address}\r\nMessage-ID: <${subject}.${address}>\r\nDate: Fri, 20 Nov 2026 18:00:00 +0000\r\nSubject: ${subject}\r\n\r\n${BODY}`);
    await lab.json(['lab', 'deliver', '--file', file, '--to', address, '--from', 'someone@good.example']);
  }
  await eventually('all are in the mailbox', async () => {
    const { stdout, stderr, status } = await curl(accountOf(lab.ready.accounts.findIndex((one) => one.address === address)), '');
    assert.equal(status, 0, stderr);
    return stdout.trim().split('\r\n').length === SUBJECTS.length;
  });
}

interface Outcome {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

async function run(command: string, args: readonly string[], environment: NodeJS.ProcessEnv = {}): Promise<Outcome> {
  const child = spawn(command, args, { env: { ...process.env, LC_ALL: 'C', ...environment }, timeout: 60_000 });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString('latin1')));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString('latin1')));
  child.stdin.end();
  const [status] = (await once(child, 'close')) as [number | null];
  return { status, stdout, stderr };
}

/** `path` is a message's number, or '' for the list. The lab's certificate has the name localhost; curl is told where that is. */
function curl({ address, password }: Account, path: string): Promise<Outcome> {
  const { host, port } = lab.ready.pop3s;
  const where = `localhost:${port}:${host}`;
  return run('curl', ['-sS', '--cacert', lab.ready.ca, '--resolve', where, '--user', `${address}:${password}`, `pop3s://localhost:${port}/${path}`]);
}

test('curl and poplib', { skip: missingTool('curl') || missingTool('python3') }, async () => {
  const alice = accountOf(0);
  await fill(alice);
  const { stdout } = await curl(alice, '2');
  assert.ok(stdout.endsWith(`Subject: two\r\n\r\n${BODY}`), stdout);
  assert.equal((await curl({ ...alice, password: 'wrong' }, '')).status, 67);
  const { host, port } = lab.ready.pop3;
  const script = `
import poplib, ssl
p = poplib.POP3(${JSON.stringify(host)}, ${port})
context = ssl.create_default_context(cafile=${JSON.stringify(lab.ready.ca)})
p.stls(context)
p.user(${JSON.stringify(alice.address)})
p.pass_(${JSON.stringify(alice.password)})
count, size = p.stat()
assert count == 3
lengths = []
for number in range(1, count + 1):
    answer, lines, octets = p.retr(number)
    total = sum(len(line) + 2 for line in lines)
    assert answer == b'+OK %d octets' % total, (answer, total)
    assert b'..two dots' in lines and b'.' in lines
    lengths.append(total)
assert sum(lengths) == size
assert [len(p.uidl(n).split()) for n in (1, 2, 3)] == [3, 3, 3]
p.dele(1); p.rset(); p.dele(2)
p.quit()
print('ok')
`;
  const { status, stdout: said, stderr } = await run('python3', ['-c', script]);
  assert.equal(`${said.trim()} ${status}`, 'ok 0', stderr);
  assert.equal((await curl(alice, '')).stdout.trim().split('\r\n').length, 2);
});

test('fetchmail takes all and leaves nothing', { skip: missingTool('fetchmail') }, async () => {
  const bob = accountOf(1);
  await fill(bob);
  const dir = join(lab.ready.dir, 'fetchmail');
  mkdirSync(dir, { recursive: true });
  const { host, port } = lab.ready.pop3s;
  const inbox = join(dir, 'inbox');
  const file = join(dir, 'rc');
  const options = `ssl sslcertck sslcertfile ${JSON.stringify(lab.ready.ca)} sslcommonname mail.example.org`;
  writeFileSync(
    file,
    `poll ${host} protocol pop3 port ${port} uidl\n  user ${JSON.stringify(bob.address)} password ${JSON.stringify(bob.password)} ${options} mda "cat >> ${inbox}"\n`,
    { mode: 0o600 },
  );
  const environment = { HOME: dir, FETCHMAILHOME: dir };
  const first = await run('fetchmail', ['-f', file, '--nodetach', '--keep', '--pidfile', join(dir, 'pid')], environment);
  assert.equal(first.status, 0, first.stdout + first.stderr);
  assert.deepEqual(readFileSync(inbox, 'latin1').match(/^Subject: .*$/gm)?.map((line) => line.trim()), SUBJECTS.map((subject) => `Subject: ${subject}`));
  assert.match(readFileSync(inbox, 'latin1'), /^\.\.two dots/m);
  const again = await run('fetchmail', ['-f', file, '--nodetach', '--keep', '--pidfile', join(dir, 'pid')], environment);
  assert.equal(again.status, 1, `nothing is new: ${again.stdout}${again.stderr}`);
  const emptied = await run('fetchmail', ['-f', file, '--nodetach', '--all', '--nokeep', '--pidfile', join(dir, 'pid')], environment);
  assert.equal(emptied.status, 0, emptied.stdout + emptied.stderr);
  assert.equal((await curl(bob, '')).stdout.trim(), '');
});

test('getmail, twice: the second time there is nothing new', { skip: missingTool('getmail') }, async () => {
  const bob = accountOf(1);
  await fill(bob);
  const dir = join(lab.ready.dir, 'getmail');
  mkdirSync(dir, { recursive: true });
  const inbox = join(dir, 'inbox');
  const { host, port } = lab.ready.pop3s;
  writeFileSync(
    join(dir, 'getmailrc'),
    `[retriever]\ntype = SimplePOP3SSLRetriever\nserver = ${host}\nport = ${port}\nusername = ${bob.address}\npassword = ${bob.password}\nca_certs = ${lab.ready.ca}\n` +
      `[destination]\ntype = MDA_external\npath = /usr/bin/tee\narguments = ("-a", "${inbox}")\nallow_root_commands = true\nignore_stderr = true\n[options]\nread_all = false\ndelete = false\n`,
    { mode: 0o600 },
  );
  for (const time of ['first', 'second']) {
    const { status, stdout, stderr } = await run('getmail', ['--getmaildir', dir]);
    assert.equal(status, 0, stdout + stderr);
    assert.equal(readFileSync(inbox, 'latin1').match(/^Subject: /gm)?.length, SUBJECTS.length, time);
  }
});
