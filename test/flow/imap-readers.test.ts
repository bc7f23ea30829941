/** Programs that read mail over IMAP and that none of us wrote, against the lab: curl, mutt, s-nail, fetchmail, getmail, and imapflow with nodemailer. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import { ImapFlow } from 'imapflow';
import { createTransport } from 'nodemailer';
import { eventually, runCommand, startLab, type CommandResult, type LabProcess } from '../harness/lab-process.ts';
import { missingTool } from '../harness/missing-tool.ts';

let lab: LabProcess;
let alice: { readonly address: string; readonly password: string };
let bob: typeof alice;

before(async () => {
  lab = await startLab();
  [alice, bob] = lab.ready.accounts as [typeof alice, typeof alice];
});

after(() => lab.stop());

/** Three letters, one of them read, in an otherwise empty account. */
beforeEach(async () => {
  await withClient(async (client) => {
    for (const { path } of await client.list()) {
      const lock = await client.getMailboxLock(path);
      if (client.mailbox && client.mailbox.exists > 0) await client.messageDelete('1:*');
      lock.release();
    }
    for (const subject of ['one', 'two', 'three']) await client.append('INBOX', letter(subject), subject === 'one' ? ['\\Seen'] : []);
  });
});

function letter(subject: string): string {
  return (
    `From: joe@good.example\r\nTo: alice@example.org\r\nSubject: ${subject}\r\nMessage-ID: <${subject}@good.example>\r\nDate: Fri, 20 Nov 2026 18:00:00 +0000\r\n` +
    'MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n' +
    `--x\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nGr=C3=BC=C3=9Fe ${subject}\r\n.\r\nFrom me\r\n` +
    '--x\r\nContent-Type: application/pdf; name=a.pdf\r\nContent-Transfer-Encoding: base64\r\n\r\nSGVsbG8=\r\n--x--\r\n'
  );
}

function imapFlow(): ImapFlow {
  const { host, port } = lab.ready.imaps;
  return new ImapFlow({ host, port, secure: true, servername: 'mail.example.org', tls: { ca: readFileSync(lab.ready.ca) }, auth: { user: alice.address, pass: alice.password }, logger: false, qresync: true });
}

async function withClient<T>(work: (client: ImapFlow) => Promise<T>): Promise<T> {
  const client = imapFlow();
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.logout();
  }
}

/** "subject flags" of what is in a folder, in its order. */
function messages(folder: string): Promise<string[]> {
  return withClient(async (client) => {
    const lock = await client.getMailboxLock(folder);
    try {
      if (client.mailbox && client.mailbox.exists === 0) return [];
      const all = await client.fetchAll('1:*', { envelope: true, flags: true });
      return all.map(({ envelope, flags }) => [envelope?.subject, ...[...(flags ?? [])].filter((flag) => flag !== '\\Recent').toSorted()].join(' '));
    } finally {
      lock.release();
    }
  });
}

async function curl(path: string, ...args: string[]): Promise<string> {
  const { host, port } = lab.ready.imap;
  const { status, stdout, stderr } = await runCommand('curl', ['-sS', '--user', `${alice.address}:${alice.password}`, `imap://${host}:${port}/${path}`, ...args]);
  assert.equal(status, 0, stderr);
  return stdout;
}

test('curl lists, fetches, searches, appends, flags and deletes', { skip: missingTool('curl') }, async () => {
  assert.match(await curl(''), /^\* LIST \(\\HasNoChildren \\Trash\) "\/" Trash\r$/m);
  assert.equal(await curl('INBOX;MAILINDEX=2'), letter('two'));
  assert.match(await curl('INBOX;MAILINDEX=1;SECTION=1'), /^Gr=C3=BC=C3=9Fe one\r\n\.\r\nFrom me/);
  assert.equal((await curl('INBOX?SUBJECT%20two%20UNSEEN')).trim(), '* SEARCH');
  assert.equal((await curl('INBOX?TEXT%20three')).trim(), '* SEARCH 3');
  const file = join(lab.ready.dir, 'four.eml');
  writeFileSync(file, letter('four'));
  await curl('INBOX', '-T', file);
  await curl('INBOX', '-X', 'STORE 1 +FLAGS \\Deleted');
  assert.match(await curl('INBOX', '-X', 'EXPUNGE'), /^\* 1 EXPUNGE/);
  assert.deepEqual(await messages('INBOX'), ['two \\Seen', 'three', 'four \\Seen']);
});

/** A program that wants a terminal, in one that `script` makes. */
async function inTerminal(command: readonly string[], home: string): Promise<CommandResult> {
  const quoted = command.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' ');
  return runCommand('script', ['-qec', quoted, '/dev/null'], { env: { HOME: home, TERM: 'xterm', LC_ALL: 'C.UTF-8' } });
}

test('mutt opens, copies, flags, saves, deletes, searches and purges', { skip: missingTool('mutt') || missingTool('script') }, async () => {
  const home = join(lab.ready.dir, 'mutt');
  mkdirSync(join(home, 'cache'), { recursive: true });
  const { host, port } = lab.ready.imap;
  writeFileSync(
    join(home, 'rc'),
    `set imap_user="${alice.address}" imap_pass="${alice.password}" ssl_starttls=no ssl_force_tls=no folder="imap://${host}:${port}/" spoolfile="imap://${host}:${port}/INBOX"\n` +
      `set header_cache=${home}/cache message_cachedir=${home}/cache imap_condstore=yes imap_qresync=yes imap_idle=yes\n` +
      `set delete=yes move=no quit=yes confirmappend=no confirmcreate=no wait_key=no auto_tag=yes trash="" save_name=no mark_old=no\n`,
    { mode: 0o600 },
  );
  const mutt = async (keys: string): Promise<void> => {
    const { status, stdout } = await inTerminal(['mutt', '-n', '-F', join(home, 'rc'), '-e', `push "${keys}"`], home);
    assert.equal(status, 0, stdout);
  };
  await mutt('<limit>=b Gr<enter><limit>=s two<enter><display-message><exit><flag-message><copy-message><kill-line>=Archive<enter><limit>all<enter><quit>');
  assert.deepEqual(await messages('INBOX'), ['one \\Seen', 'two \\Flagged \\Seen', 'three']);
  assert.deepEqual(await messages('Archive'), ['two \\Flagged \\Seen']);
  await mutt('<limit>~s three<enter><save-message><kill-line>=Drafts<enter><limit>all<enter><delete-pattern>~s one<enter><sync-mailbox><change-folder><kill-line>=Drafts<enter><set-flag>r<quit>');
  assert.deepEqual(await messages('INBOX'), ['two \\Flagged \\Seen']);
  assert.deepEqual(await messages('Drafts'), ['three \\Answered \\Seen']);
});

test('s-nail reads over IMAP and POP3', { skip: missingTool('s-nail') }, async () => {
  const user = encodeURIComponent(alice.address);
  const run = async (url: string, commands: string): Promise<string> => {
    const home = lab.ready.dir;
    const { status, stdout, stderr } = await runCommand('s-nail', ['-n', '-S', 'v15-compat', '-f', url], { stdin: commands, env: { HOME: home, MAILRC: '/dev/null', LC_ALL: 'C.UTF-8' } });
    assert.equal(status, 0, stdout + stderr);
    return stdout;
  };
  const { imap, pop3 } = lab.ready;
  const shown = await run(`imap://${user}:${alice.password}@${imap.host}:${imap.port}/INBOX`, `type 2\ncopy 2 imap://${user}@${imap.host}:${imap.port}/Archive\nflag 3\ndelete 1\nquit\n`);
  assert.match(shown, /Grüße two\n\.\n/);
  assert.deepEqual(await messages('INBOX'), ['two \\Seen', 'three \\Flagged']);
  assert.equal((await messages('Archive')).length, 1);
  const popped = await run(`pop3://${user}:${alice.password}@${pop3.host}:${pop3.port}`, 'headers\ntype 2\ndelete 1\nquit\n');
  assert.match(popped, /Grüße three/);
  assert.deepEqual(await messages('INBOX'), ['three \\Flagged \\Seen']);
});

test('fetchmail waits in IDLE and takes what comes', { skip: missingTool('fetchmail') }, async (t) => {
  const home = join(lab.ready.dir, 'fetchmail');
  const inbox = join(home, 'inbox');
  mkdirSync(home, { recursive: true });
  const { host, port } = lab.ready.imap;
  writeFileSync(join(home, 'rc'), `poll ${host} protocol imap port ${port} auth password\n  user "${alice.address}" password "${alice.password}" sslproto '' idle keep mda "cat >> ${inbox}"\n`, { mode: 0o600 });
  const child = spawn('fetchmail', ['-v', '-f', join(home, 'rc'), '--nodetach', '--nosyslog', '--pidfile', join(home, 'pid')], { env: { ...process.env, HOME: home, FETCHMAILHOME: home } });
  let said = '';
  child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
  t.after(async () => {
    const gone = once(child, 'exit');
    child.kill('SIGTERM');
    await gone;
  });
  const fetched = (): string => (existsSync(inbox) ? readFileSync(inbox, 'utf8') : '');
  await eventually('fetchmail waits', async () => said.includes('IMAP< + idling'));
  assert.deepEqual(fetched().match(/^Subject: .*$/gm), ['Subject: two', 'Subject: three']);
  await withClient((client) => client.append('INBOX', letter('news')));
  await eventually('the news are fetched', async () => /^Subject: news$/m.test(fetched()));
});

test('getmail, twice: the second time there is nothing new', { skip: missingTool('getmail') }, async () => {
  const home = join(lab.ready.dir, 'getmail');
  const inbox = join(home, 'inbox');
  mkdirSync(home, { recursive: true });
  const { host, port } = lab.ready.imap;
  writeFileSync(
    join(home, 'getmailrc'),
    `[retriever]\ntype = SimpleIMAPRetriever\nserver = ${host}\nport = ${port}\nusername = ${alice.address}\npassword = ${alice.password}\nmailboxes = ("INBOX",)\n` +
      `[destination]\ntype = MDA_external\npath = /usr/bin/tee\narguments = ("-a", "${inbox}")\nallow_root_commands = true\nignore_stderr = true\n[options]\nread_all = false\ndelete = false\n`,
    { mode: 0o600 },
  );
  for (const time of ['first', 'second']) {
    const { status, stdout, stderr } = await runCommand('getmail', ['--getmaildir', home], { env: { HOME: home } });
    assert.equal(status, 0, stdout + stderr);
    assert.equal(readFileSync(inbox, 'utf8').match(/^Subject: /gm)?.length, 3, time);
  }
});

test('imapflow with COMPRESS and QRESYNC waits for a letter that nodemailer hands in, and sees what another session does', async () => {
  await withClient(async (reader) => {
    const lock = await reader.getMailboxLock('INBOX');
    lock.release();
    for (const capability of ['COMPRESS=DEFLATE', 'CONDSTORE', 'IDLE', 'MOVE', 'UIDPLUS']) assert.ok(reader.capabilities.has(capability), capability);
    assert.ok(reader.enabled.has('QRESYNC'));
    const grown = once(reader, 'exists');
    const waiting = reader.idle();
    const { host, port } = lab.ready.submission;
    const transport = createTransport({ host, port, name: 'client.example', requireTLS: true, tls: { ca: readFileSync(lab.ready.ca), servername: 'mail.example.org' }, auth: { user: bob.address, pass: bob.password } });
    await transport.sendMail({ from: bob.address, to: alice.address, subject: 'Käse', text: 'schön', attachments: [{ filename: 'ä.txt', content: 'inside' }] });
    transport.close();
    const [event] = (await grown) as [{ count: number }];
    assert.equal(event.count, 4);
    const found = await reader.search({ header: { Subject: 'käse' } }, { uid: true });
    assert.ok(found && found.length === 1);
    const message = await reader.fetchOne(String(found[0]), { bodyStructure: true, envelope: true }, { uid: true });
    assert.ok(message && message.envelope?.subject === 'Käse');
    assert.equal(message.bodyStructure?.childNodes?.[1]?.dispositionParameters?.['filename'], 'ä.txt');
    const { content } = await reader.download(String(found[0]), '2', { uid: true });
    assert.equal(Buffer.concat(await content.toArray()).toString(), 'inside');
    const flagged = once(reader, 'flags');
    const gone = once(reader, 'expunge');
    await waiting;
    const waitingAgain = reader.idle();
    await withClient(async (other) => {
      const otherLock = await other.getMailboxLock('INBOX');
      await other.messageFlagsAdd('1', ['$label1']);
      await other.messageMove('2', 'Archive');
      otherLock.release();
      assert.equal((await other.status('Archive', { messages: true })).messages, 1);
    });
    const [{ flags }] = (await flagged) as [{ flags: Set<string> }];
    assert.ok(flags.has('$label1'));
    const [expunged] = (await gone) as [{ uid?: number; vanished?: boolean }];
    assert.equal(expunged.vanished, true);
    await reader.noop();
    await waitingAgain;
  });
});
