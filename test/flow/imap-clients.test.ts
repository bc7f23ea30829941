import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { ImapFlow } from 'imapflow';
import { ACCOUNTS, HOST, PASSWORD, withImap, type ImapKit } from '../harness/imap-kit.ts';

const run = promisify(execFile);
const LETTER = 'From: alice@example.org\r\nTo: bob@example.org\r\nSubject: letter\r\nMessage-ID: <1@example.org>\r\n\r\nhello\r\n';

function imapFlow(kit: ImapKit): ImapFlow {
  return new ImapFlow({
    host: '127.33.0.1',
    port: kit.securePort,
    secure: true,
    servername: HOST,
    tls: { ca: kit.ca },
    auth: { user: ACCOUNTS[0] as string, pass: PASSWORD },
    logger: false,
  });
}

test('imapflow: folders, messages, flags, search, quota', () =>
  withImap({ trusted: [] }, async (kit) => {
    await kit.store.mailbox.quotas.set(ACCOUNTS[0] as string, { bytesMax: 1_000_000 });
    const client = imapFlow(kit);
    await client.connect();
    try {
      const created = await client.mailboxCreate(['Projects', 'Übersicht']);
      assert.equal(created.created, true);
      const folders = await client.list({ statusQuery: { messages: true, unseen: true } });
      assert.ok(folders.some((folder) => folder.path === 'Projects/Übersicht'));
      assert.equal(folders.find((folder) => folder.path === 'Trash')?.specialUse, '\\Trash');
      const appended = await client.append('Projects/Übersicht', LETTER, ['\\Seen', '$work'], new Date('2026-07-01T08:00:00Z'));
      assert.ok(appended && appended.uid === 1);
      const lock = await client.getMailboxLock('Projects/Übersicht');
      try {
        const message = await client.fetchOne('1', { envelope: true, flags: true, bodyStructure: true, source: true, internalDate: true });
        assert.ok(message);
        assert.equal(message.envelope?.subject, 'letter');
        assert.equal(message.source?.toString(), LETTER);
        assert.ok(message.flags?.has('\\Seen') && message.flags.has('$work'));
        assert.equal(new Date(message.internalDate as string | Date).toISOString(), '2026-07-01T08:00:00.000Z');
        await client.messageFlagsAdd('1', ['\\Flagged']);
        assert.deepEqual(await client.search({ flagged: true }, { uid: true }), [1]);
        const moved = await client.messageMove('1', 'INBOX');
        assert.ok(moved && moved.destination === 'INBOX');
      } finally {
        lock.release();
      }
      assert.equal((await client.status('INBOX', { messages: true })).messages, 1);
      const quota = await client.getQuota('INBOX');
      assert.ok(quota && quota.storage?.limit === 999_424);
      assert.equal((await client.mailboxRename('Projects/Übersicht', 'Überblick')).newPath, 'Überblick');
      await client.mailboxDelete('Überblick');
      assert.ok(!(await client.list()).some((folder) => folder.path === 'Überblick'));
    } finally {
      await client.logout();
    }
  }));

const PYTHON = `
import imaplib, sys, time
host, port, user, password = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4]
M = imaplib.IMAP4(host, port)
def ok(answer):
    assert answer[0] == 'OK', answer
    return answer[1]
ok(M.login(user, password))
ok(M.create('Py/Sub'))
ok(M.append('Py/Sub', '(\\\\Seen)', imaplib.Time2Internaldate(time.time()), b'Subject: hi\\r\\n\\r\\nhello\\r\\n'))
assert ok(M.select('Py/Sub')) == [b'1']
assert ok(M.fetch('1', '(RFC822)'))[0][1] == b'Subject: hi\\r\\n\\r\\nhello\\r\\n'
assert ok(M.search(None, 'SEEN')) == [b'1']
ok(M.store('1', '+FLAGS', '\\\\Deleted'))
ok(M.copy('1', 'INBOX'))
assert ok(M.expunge()) == [b'1']
assert ok(M.status('INBOX', '(MESSAGES)')) == [b'INBOX (MESSAGES 1)']
assert ok(M.namespace()) == [b'(("" "/")) (("Shared/" "/")) NIL']
ok(M.setacl('INBOX', 'bob@example.org', 'lr'))
assert b'bob@example.org lr' in ok(M.getacl('INBOX'))[0]
ok(M.subscribe('Py'))
assert b'() "/" Py' in ok(M.lsub())
ok(M.close())
ok(M.rename('Py/Sub', 'Py/Other'))
ok(M.delete('Py/Other'))
ok(M.enable('UTF8=ACCEPT'))
ok(M.append('INBOX', None, None, 'Subject: gr\\u00fc\\u00dfe\\r\\n\\r\\nx\\r\\n'.encode()))
assert M.logout()[0] == 'BYE'
print('done')
`;

test('Python imaplib', async (t) => {
  const found = await run('python3', ['--version']).catch(() => undefined);
  if (!found) return t.skip('python3 is not installed');
  await withImap({}, async (kit) => {
    const { stdout } = await run('python3', ['-c', PYTHON, '127.33.0.1', String(kit.port), ACCOUNTS[0] as string, PASSWORD], { timeout: 30_000 });
    assert.equal(stdout, 'done\n');
  });
});
