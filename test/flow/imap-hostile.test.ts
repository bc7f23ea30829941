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

/** `N` a name, `S` a set, `L` a literal of three bytes, `F` flags, `K` search keys, `I` items of FETCH. */
const FITTING = [
  'SELECT N', 'SELECT N (CONDSTORE)', 'SELECT N (QRESYNC (1 2 S))', 'EXAMINE INBOX', 'SELECT INBOX', 'CREATE N', 'DELETE N', 'RENAME N N', 'SUBSCRIBE N', 'UNSUBSCRIBE N', 'LIST "" *', 'LIST (SUBSCRIBED RECURSIVEMATCH) "" (% N/*) RETURN (STATUS (MESSAGES RECENT) MYRIGHTS)',
  'LSUB "" %', 'STATUS N (MESSAGES UIDNEXT UNSEEN SIZE RECENT DELETED-STORAGE HIGHESTMODSEQ)', 'APPEND N F L', 'APPEND N F L F L', 'APPEND INBOX L', 'FETCH S I', 'UID FETCH S I', 'FETCH S I (CHANGEDSINCE 1 VANISHED)', 'STORE S +FLAGS F', 'STORE S (UNCHANGEDSINCE 3) -FLAGS F',
  'UID STORE S FLAGS.SILENT F', 'COPY S N', 'UID COPY S N', 'MOVE S N', 'UID MOVE S INBOX', 'EXPUNGE', 'UID EXPUNGE S', 'CLOSE', 'UNSELECT', 'CHECK', 'NOOP', 'SEARCH K', 'SEARCH RETURN (SAVE) K', 'UID SEARCH RETURN (MIN MAX ALL COUNT) K K', 'SORT (SUBJECT REVERSE DATE) UTF-8 K',
  'UID THREAD REFERENCES UTF-8 K', 'THREAD ORDEREDSUBJECT US-ASCII K', 'SETACL N bob@example.org lrswi', 'GETACL N', 'MYRIGHTS N', 'GETQUOTAROOT N', 'SETMETADATA N (/private/comment L)', 'GETMETADATA (DEPTH infinity) N /private', 'NOTIFY SET (SELECTED (MessageNew (I) MessageExpunge)) (personal (MailboxName))', 'NOTIFY NONE', 'REPLACE 1 N F L',
  'UID REPLACE 1 INBOX L', 'ENABLE CONDSTORE', 'ENABLE UTF8=ACCEPT',
];
const FILLINGS: Readonly<Record<string, readonly string[]>> = {
  N: ['INBOX', 'a', 'a/b', 'b', '"Entw&APw-rfe"', '{3+}\r\nabc', 'Shared/bob@example.org/Team'],
  S: ['1', '1:*', '2:4,1', '*', '$', '4294967295', '9:3'],
  L: ['{26+}\r\nSubject: x\r\n\r\nbody text\r\n', '~{20+}\r\nSubject: y\r\n\r\nbody\0\xff', '{1+}\r\nx', '{3+}\r\n\r\n\r'],
  F: ['(\\Seen)', '(\\Deleted $x)', '()', '(\\Recent)', '(\\Answered \\Flagged)'],
  K: ['ALL', 'UNSEEN', 'NOT DELETED', 'OR SUBJECT x BODY y', 'UID 1:3', '$', 'MODSEQ 2', 'SINCE 1-Jan-2020', '(SMALLER 9 FROM "")', 'HEADER Subject ""', '2:*'],
  I: ['FLAGS', 'ALL', '(UID ENVELOPE BODYSTRUCTURE)', '(BODY.PEEK[] RFC822.SIZE)', 'BODY[1]<1.5>', 'BINARY.PEEK[1]', '(PREVIEW MODSEQ EMAILID)', 'BODY.PEEK[HEADER.FIELDS (SUBJECT)]'],
};

/** Mostly right, sometimes with a part of something else in it. */
function fitting(input: SeededInput): string {
  const command = input.pick(FITTING).replace(/(?<= |\(|^)[NSLFKI](?= |\)|\/|$)/g, (letter) => input.pick(FILLINGS[letter] as readonly string[]));
  return input.below(12) === 0 ? `${command}${input.pick(ARGUMENTS)}` : command;
}

/** Sends a heap of commands, then waits until the session is in step again. Returns how many were done. */
async function storm(kit: ImapKit, input: SeededInput, makeLine: (index: number) => string): Promise<number> {
  const client = await kit.client();
  for (let index = 0; index < 250; index++) client.write(Buffer.from(makeLine(index), 'latin1'));
  // A literal that was waited for may have swallowed some of these.
  for (let round = 0; round < 5; round++) client.write(`\r\nend${round} NOOP\r\n`);
  const lines = await client.until('end4');
  const last = lines.at(-1) as string;
  assert.ok(last === '' ? lines.slice(-3).some((line) => line.startsWith('* BYE')) : last.startsWith('end4 OK'), `${last} ${input.note}`);
  client.close();
  return lines.filter((line) => /^t\d+ OK/.test(line)).length;
}

function assertNoBugs(kit: ImapKit, note: string): void {
  const bugs = kit.log.filter((entry) => entry.level === 'error');
  assert.deepEqual(bugs, [], note);
}

test('commands that fit, in an order that makes no sense', () =>
  withImap({}, async (kit) => {
    const input = seeded('IMAP storms');
    const done = await Promise.all(Array.from({ length: 3 }, () => storm(kit, input, (index) => `t${index} ${fitting(input)}\r\n`)));
    assertNoBugs(kit, input.note);
    assert.ok(Math.max(...done) > 20, `${done.join()} ${input.note}`);
  }));

test('commands with arguments that do not fit them', () =>
  withImap({}, async (kit) => {
    const input = seeded('IMAP sessions');
    for (let round = 0; round < 2; round++) await storm(kit, input, (index) => `t${index} ${input.pick(COMMANDS)}${input.pieces(ARGUMENTS, 4)}\r\n`);
    assertNoBugs(kit, input.note);
  }));

test('bytes that are no commands', () =>
  withImap({}, async (kit) => {
    const input = seeded('IMAP bytes');
    for (let round = 0; round < 3; round++) await storm(kit, input, () => input.bytes('a1 {}+()"\\\r\n*LISTNOOP', 60).toString('latin1'));
    assertNoBugs(kit, input.note);
  }));
