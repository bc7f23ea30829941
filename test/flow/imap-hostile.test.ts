import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withImap, type ImapKit } from '../harness/imap-kit.ts';
import { seeded, type SeededInput } from '../harness/seeded-input.ts';

const COMMANDS = [
  'CAPABILITY', 'NOOP', 'ID NIL', 'ENABLE', 'LIST', 'LSUB', 'STATUS', 'CREATE', 'DELETE', 'RENAME', 'SUBSCRIBE', 'UNSUBSCRIBE', 'NAMESPACE', 'APPEND', 'GETQUOTA', 'GETQUOTAROOT', 'GETACL', 'SETACL', 'DELETEACL',
  'LISTRIGHTS', 'MYRIGHTS', 'GETMETADATA', 'SETMETADATA', 'SELECT INBOX', 'EXAMINE', 'CLOSE', 'UNSELECT', 'EXPUNGE', 'FETCH', 'STORE', 'COPY', 'MOVE', 'SEARCH', 'SORT', 'THREAD', 'UID FETCH', 'UID STORE', 'UID SEARCH',
  'UID EXPUNGE', 'NOTIFY', 'CHECK', 'REPLACE',
];
const ARGUMENTS = [
  ' INBOX', ' a', ' a/b', ' Shared/bob@example.org/Team', ' "Entw&APw-rfe"', ' {3+}\r\nabc', ' ~{4+}\r\na\0bc', ' {0+}\r\n', ' {5}\r\n', ' ""', ' *', ' %', ' 1:*', ' 2', ' $', ' (MESSAGES SIZE)', ' (\\Seen)', ' +FLAGS (\\Deleted)',
  ' FLAGS.SILENT ()', ' (FLAGS UID)', ' BODY[]', ' ENVELOPE', ' ALL', ' NOT SEEN', ' TEXT x', ' bob@example.org', ' lrs', ' +a', ' /private/comment', ' (/private/comment "x")', ' RETURN (STATUS (UNSEEN))', ' CONDSTORE', ' QRESYNC',
  ' (CONDSTORE)', ' NONE', ' UTF-8', ' REFERENCES', ' (DATE)', ' "01-Jul-2026 08:00:00 +0000"', '(', ')', '"', '\\', '\0', '\xff\xfe',
];

/** Sends a heap of commands, then waits until the session is in step again. */
async function storm(kit: ImapKit, input: SeededInput, makeLine: (index: number) => string): Promise<void> {
  const client = await kit.client();
  for (let index = 0; index < 250; index++) client.write(Buffer.from(makeLine(index), 'latin1'));
  // A literal that was waited for may have swallowed some of these.
  for (let round = 0; round < 5; round++) client.write(`\r\nend${round} NOOP\r\n`);
  const lines = await client.until('end4');
  const last = lines.at(-1) as string;
  assert.ok(last === '' ? lines.at(-2)?.startsWith('* BYE') : last.startsWith('end4 OK'), `${last} ${input.note}`);
  client.close();
}

function assertNoBugs(kit: ImapKit, note: string): void {
  const bugs = kit.log.filter((entry) => entry.level === 'error');
  assert.deepEqual(bugs, [], note);
}

test('commands with arguments that do not fit them', () =>
  withImap({}, async (kit) => {
    const input = seeded('IMAP sessions');
    for (let round = 0; round < 4; round++) await storm(kit, input, (index) => `t${index} ${input.pick(COMMANDS)}${input.pieces(ARGUMENTS, 4)}\r\n`);
    assertNoBugs(kit, input.note);
  }));

test('bytes that are no commands', () =>
  withImap({}, async (kit) => {
    const input = seeded('IMAP bytes');
    for (let round = 0; round < 3; round++) await storm(kit, input, () => input.bytes('a1 {}+()"\\\r\n*LISTNOOP', 60).toString('latin1'));
    assertNoBugs(kit, input.note);
  }));
