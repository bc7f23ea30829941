/** The selected mailbox over real sockets: what a session is told of what it and others do. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from '../harness/lab-process.ts';
import type { ImapDialogue } from '../harness/imap-dialogue.ts';
import { withImap, type ImapKit } from '../harness/imap-kit.ts';

function messageOf(subject: string): string {
  return `From: a@example.org\r\nSubject: ${subject}\r\n\r\ntext of ${subject}\r\n`;
}

async function append(client: ImapDialogue, subject: string, options: { mailbox?: string; flags?: string } = {}): Promise<string> {
  const text = messageOf(subject);
  return client.result(`APPEND ${options.mailbox ?? 'INBOX'} ${options.flags ? `(${options.flags}) ` : ''}{${text.length}+}\r\n${text}`);
}

/** Alice's INBOX with messages 1 to `count`, and so many sessions that have it selected. */
async function sessions(kit: ImapKit, count: number, clients = 2): Promise<ImapDialogue[]> {
  const opened: ImapDialogue[] = [];
  for (let i = 0; i < clients; i++) opened.push(await kit.client());
  for (let i = 1; i <= count; i++) await append(opened[0] as ImapDialogue, `m${i}`);
  for (const client of opened) await client.say('SELECT INBOX');
  return opened;
}

test('SELECT tells the state, and \\Recent goes to the first session only', () => withImap({}, async (kit) => {
  const [a, b] = [await kit.client(), await kit.client()];
  await append(a, 'one', { flags: '\\Seen' });
  await append(a, 'two', { flags: 'work' });
  const looked = await b.say('EXAMINE INBOX');
  assert.ok(looked.includes('* 2 RECENT'), 'EXAMINE takes nothing away');
  assert.match(looked.at(-1) as string, /^OK \[READ-ONLY\]/);
  const lines = await a.say('SELECT INBOX');
  assert.ok(lines.includes('* 2 EXISTS') && lines.includes('* 2 RECENT'));
  assert.ok(lines.some((line) => line.startsWith('* OK [UNSEEN 2]')));
  assert.ok(lines.some((line) => /^\* OK \[PERMANENTFLAGS \(.*\\Deleted.* work \\\*\)\]/.test(line)), lines.join('\n'));
  for (const code of ['UIDVALIDITY', 'UIDNEXT 3', 'HIGHESTMODSEQ', 'MAILBOXID']) assert.ok(lines.some((line) => line.startsWith(`* OK [${code}`)), code);
  assert.match(lines.at(-1) as string, /^OK \[READ-WRITE\]/);
  const again = await b.say('SELECT INBOX');
  assert.match(again[0] as string, /^\* OK \[CLOSED\]/);
  assert.ok(again.includes('* 0 RECENT'));
  assert.ok((await a.say('FETCH 1 FLAGS'))[0]?.includes('\\Recent'));
}));

test('a failed SELECT leaves no mailbox selected; a malformed one leaves the old', () => withImap({}, async (kit) => {
  const a = await kit.client();
  await a.say('SELECT INBOX');
  assert.match(await a.result('SELECT INBOX (NONSENSE)'), /^BAD/);
  assert.match(await a.result('CHECK'), /^OK/);
  assert.match(await a.result('SELECT nowhere'), /^NO \[NONEXISTENT\]/);
  assert.match(await a.result('CHECK'), /^BAD/);
}));

test('IMAP4rev2: no RECENT, no UNSEEN, a LIST line', () => withImap({}, async (kit) => {
  const a = await kit.client();
  await append(a, 'one');
  await a.say('ENABLE IMAP4rev2');
  const lines = await a.say('SELECT inbox');
  assert.ok(!lines.some((line) => /RECENT|UNSEEN/.test(line)), lines.join('\n'));
  assert.ok(lines.includes('* LIST () "/" INBOX'));
}));

test('flags of another session come with the next command; own ones are answered, or silent', () => withImap({}, async (kit) => {
  const [a, b] = (await sessions(kit, 3)) as [ImapDialogue, ImapDialogue];
  assert.deepEqual((await a.say('STORE 2 +FLAGS (\\Flagged)')).slice(0, -1), ['* 2 FETCH (FLAGS (\\Flagged \\Recent))']);
  assert.deepEqual((await b.say('NOOP')).slice(0, -1), ['* 2 FETCH (FLAGS (\\Flagged))']);
  assert.deepEqual((await b.say('NOOP')).slice(0, -1), []);
  assert.deepEqual((await a.say('STORE 1:2 +FLAGS.SILENT \\Seen')).slice(0, -1), []);
  assert.deepEqual((await b.say('UID STORE 3 FLAGS \\Draft')).slice(0, -1), ['* 1 FETCH (UID 1 FLAGS (\\Seen))', '* 2 FETCH (UID 2 FLAGS (\\Flagged \\Seen))', '* 3 FETCH (UID 3 FLAGS (\\Draft))']);
  // Unchanged flags are answered all the same.
  assert.deepEqual((await a.say('STORE 3 FLAGS (\\Draft)')).slice(0, -1), ['* 3 FETCH (FLAGS (\\Draft \\Recent))']);
  assert.match(await a.result('STORE 1 FLAGS (\\Recent)'), /^BAD/);
  assert.match(await a.result('STORE 4 FLAGS (\\Seen)'), /^BAD/);
  assert.match(await a.result('UID STORE 44 FLAGS (\\Seen)'), /^OK/);
}));

test('.SILENT tells what somebody else changed in the same message', () => withImap({}, async (kit) => {
  const [a, b] = (await sessions(kit, 1)) as [ImapDialogue, ImapDialogue];
  await b.say('STORE 1 +FLAGS.SILENT (\\Answered)');
  assert.deepEqual((await a.say('STORE 1 +FLAGS.SILENT (\\Seen)')).slice(0, -1), ['* 1 FETCH (FLAGS (\\Answered \\Recent \\Seen))'].map((line) => line.replace('\\Recent \\Seen', '\\Seen \\Recent')));
}));

test('a new keyword is told before the message that has it', () => withImap({}, async (kit) => {
  const [a, b] = (await sessions(kit, 1)) as [ImapDialogue, ImapDialogue];
  await a.say('STORE 1 +FLAGS ($Junk)');
  const lines = await b.say('NOOP');
  assert.match(lines[0] as string, /^\* FLAGS \(.*\$Junk\)/);
  assert.match(lines[1] as string, /PERMANENTFLAGS/);
  assert.equal(lines[2], '* 1 FETCH (FLAGS ($Junk))');
}));

test('EXPUNGE is never told behind FETCH, STORE or SEARCH; numbers hold until then', () => withImap({}, async (kit) => {
  const [a, b] = (await sessions(kit, 5)) as [ImapDialogue, ImapDialogue];
  await a.say('STORE 1,3 +FLAGS.SILENT (\\Deleted)');
  assert.deepEqual((await a.say('EXPUNGE')).slice(0, -1), ['* 3 EXPUNGE', '* 1 EXPUNGE']);
  await append(a, 'm6');
  const kept = await b.say('FETCH 2,5 UID');
  assert.deepEqual(kept.slice(0, 2), ['* 2 FETCH (UID 2)', '* 5 FETCH (UID 5)']);
  assert.ok(!kept.some((line) => /EXPUNGE$|EXISTS/.test(line)), kept.join('\n'));
  assert.match(await b.result('FETCH 3 FLAGS'), /^NO \[EXPUNGEISSUED\]/);
  assert.deepEqual((await b.say('FETCH 3 UID')).slice(0, 1), ['* 3 FETCH (UID 3)'], 'its UID is known still');
  assert.deepEqual((await b.say('STORE 2 +FLAGS (\\Seen)')).slice(0, -1).filter((line) => line.includes('EXPUNGE')), []);
  const told = (await b.say('NOOP')).slice(0, -1);
  assert.deepEqual(told, ['* 3 EXPUNGE', '* 1 EXPUNGE', '* 4 EXISTS', '* 0 RECENT']);
  assert.deepEqual((await b.say('FETCH 1:* UID')).slice(0, -1), ['* 1 FETCH (UID 2)', '* 2 FETCH (UID 4)', '* 3 FETCH (UID 5)', '* 4 FETCH (UID 6)']);
}));

test('UID EXPUNGE takes only what it names; CLOSE expunges silently, UNSELECT does not', () => withImap({}, async (kit) => {
  const [a] = (await sessions(kit, 4)) as [ImapDialogue];
  await a.say('STORE 1:3 +FLAGS.SILENT (\\Deleted)');
  assert.deepEqual((await a.say('UID EXPUNGE 2,4:*')).slice(0, -1), ['* 2 EXPUNGE']);
  await a.say('UNSELECT');
  assert.ok((await a.say('SELECT INBOX')).includes('* 3 EXISTS'));
  assert.deepEqual((await a.say('CLOSE')).length, 1);
  assert.ok((await a.say('SELECT INBOX')).includes('* 1 EXISTS'));
  await a.say('EXAMINE INBOX');
  assert.match(await a.result('STORE 1 +FLAGS (\\Deleted)'), /^NO \[NOPERM\]/);
  assert.match(await a.result('EXPUNGE'), /^NO \[NOPERM\]/);
  assert.match(await a.result('CLOSE'), /^OK/);
}));

test('COPY and MOVE: COPYUID, TRYCREATE, flags kept', () => withImap({}, async (kit) => {
  const [a, b] = (await sessions(kit, 3)) as [ImapDialogue, ImapDialogue];
  assert.match(await a.result('COPY 1 Elsewhere'), /^NO \[TRYCREATE\]/);
  await a.say('CREATE Elsewhere');
  await a.say('STORE 1 +FLAGS.SILENT (\\Flagged)');
  assert.match(await a.result('COPY 1:2 Elsewhere'), /^OK \[COPYUID \d+ 1:2 1:2\]/);
  assert.match(await a.result('UID COPY 99 Elsewhere'), /^OK (?!\[)/);
  const moved = await a.say('MOVE 2:3 Elsewhere');
  assert.match(moved[0] as string, /^\* OK \[COPYUID \d+ 2:3 3:4\]/);
  assert.deepEqual(moved.slice(1, 3), ['* 3 EXPUNGE', '* 2 EXPUNGE']);
  assert.deepEqual((await b.say('NOOP')).filter((line) => line.includes('EXPUNGE')), ['* 3 EXPUNGE', '* 2 EXPUNGE']);
  const there = await b.say('SELECT Elsewhere');
  assert.ok(there.includes('* 4 EXISTS'));
  assert.match((await b.say('FETCH 1 FLAGS'))[0] as string, /\\Flagged/);
  assert.match((await b.say('UID COPY 1 Elsewhere')).join('\n'), /\* 5 EXISTS[^]*COPYUID \d+ 1 5/);
}));

test('what another session copied or appended to the mailbox is told by the next NOOP', () => withImap({}, async (kit) => {
  const [a, b] = (await sessions(kit, 1)) as [ImapDialogue, ImapDialogue];
  await a.say('CREATE Other');
  await b.say('SELECT Other');
  for (let count = 1; count <= 20; count += 2) {
    await a.say('COPY 1 Other');
    assert.deepEqual((await b.say('NOOP')).slice(0, 1), [`* ${count} EXISTS`]);
    await append(a, 'more', { mailbox: 'Other' });
    assert.deepEqual((await b.say('CHECK')).slice(0, 1), [`* ${count + 1} EXISTS`]);
  }
}));

test('who asks for MODSEQ with a mailbox selected is told from where on to count, once', () => withImap({}, async (kit) => {
  const [a] = (await sessions(kit, 1)) as [ImapDialogue];
  const told = await a.say('FETCH 1 MODSEQ');
  assert.match(told[0] as string, /^\* OK \[HIGHESTMODSEQ 2\]/);
  assert.match(told[1] as string, /^\* 1 FETCH \(MODSEQ \(2\)\)/);
  assert.equal((await a.say('ENABLE QRESYNC')).filter((line) => line.includes('HIGHESTMODSEQ')).length, 0);
}));

test('STATUS RECENT leaves out what a session has taken for itself', () => withImap({}, async (kit) => {
  const [a, b] = (await sessions(kit, 0)) as [ImapDialogue, ImapDialogue];
  await append(a, 'new');
  await b.say('UNSELECT');
  assert.equal((await b.say('STATUS INBOX (MESSAGES RECENT)'))[0], '* STATUS INBOX (MESSAGES 1 RECENT 0)');
}));

test('IDLE tells deliveries, flags and expunges as they come', () => withImap({}, async (kit) => {
  const [a, b] = (await sessions(kit, 2)) as [ImapDialogue, ImapDialogue];
  b.write('i1 IDLE\r\n');
  assert.match(await b.line(), /^\+ /);
  await append(a, 'm3');
  assert.equal(await b.line(), '* 3 EXISTS');
  assert.match(await b.line(), /^\* \d RECENT$/);
  await a.say('STORE 1 +FLAGS.SILENT (\\Deleted)');
  assert.match(await b.line(), /^\* 1 FETCH \(FLAGS \(\\Deleted/);
  await a.say('EXPUNGE');
  assert.equal(await b.line(), '* 1 EXPUNGE');
  b.write('DONE\r\n');
  assert.match(await b.line(), /^i1 OK/);
  b.write('i2 IDLE\r\n');
  await b.line();
  b.write('quit\r\n');
  assert.match(await b.line(), /^i2 BAD/);
}));

test('what happened before IDLE is told at its start; a burst is told together', () => withImap({}, async (kit) => {
  const [a, b] = (await sessions(kit, 1)) as [ImapDialogue, ImapDialogue];
  const text = messageOf('many');
  await a.say(`APPEND INBOX ${Array.from({ length: 50 }, () => `{${text.length}+}\r\n${text}`).join(' ')}`);
  b.write('i1 IDLE\r\n');
  assert.match(await b.line(), /^\+ /);
  assert.equal(await b.line(), '* 51 EXISTS');
}));

test('APPEND and REPLACE in the selected mailbox', () => withImap({}, async (kit) => {
  const [a, b] = (await sessions(kit, 2)) as [ImapDialogue, ImapDialogue];
  const text = messageOf('again');
  const lines = await a.say(`APPEND INBOX {${text.length}+}\r\n${text}`);
  assert.ok(lines.includes('* 3 EXISTS'));
  const replaced = await a.say(`REPLACE 1 INBOX (\\Seen) {${text.length}+}\r\n${text}`);
  assert.match(replaced[0] as string, /^\* OK \[APPENDUID \d+ 4\]/);
  assert.deepEqual(replaced.slice(1, 3), ['* 1 EXPUNGE', '* 3 EXISTS']);
  assert.match(replaced.at(-1) as string, /^OK/);
  await b.say('NOOP');
  assert.match(await b.result(`UID REPLACE 1 INBOX {${text.length}+}\r\n${text}`), /^NO/);
  assert.match(await b.result(`UID REPLACE 2 nowhere {${text.length}+}\r\n${text}`), /^NO \[TRYCREATE\]/);
  assert.match((await b.say(`UID REPLACE 2 INBOX {${text.length}+}\r\n${text}`)).join('\n'), /APPENDUID \d+ 5/);
}));

test('the selected mailbox is deleted by another session: BYE', () => withImap({}, async (kit) => {
  const [a, b] = [await kit.client(), await kit.client()];
  await a.say('CREATE gone');
  await b.say('SELECT gone');
  await a.say('DELETE gone');
  await eventually('BYE', async () => ((await b.say('NOOP')).some((line) => line === '' || line.startsWith('* BYE')) ? true : undefined));
  const idling = await kit.client();
  await a.say('CREATE gone3');
  await idling.say('SELECT gone3');
  idling.write('i1 IDLE\r\n');
  await idling.line();
  await a.say('DELETE gone3');
  assert.match(await idling.line(), /^\* BYE/);
  assert.equal(await idling.line(), '', 'and the connection is ended');
  const own = await kit.client();
  await own.say('CREATE gone2');
  await own.say('SELECT gone2');
  assert.match((await own.say('DELETE gone2')).join('\n'), /CLOSED[^]*OK/);
  assert.match(await own.result('NOOP'), /^OK/);
}));
