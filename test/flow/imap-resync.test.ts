/** CONDSTORE and QRESYNC over real sockets: the dialogues of RFC 7162, with our numbers. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ImapDialogue } from '../harness/imap-dialogue.ts';
import { withImap, type ImapKit } from '../harness/imap-kit.ts';

const TEXT = 'From: a@example.org\r\nSubject: s\r\n\r\ntext\r\n';

async function filled(kit: ImapKit, count: number): Promise<ImapDialogue> {
  const client = await kit.client();
  for (let i = 0; i < count; i++) await client.say(`APPEND INBOX {${TEXT.length}+}\r\n${TEXT}`);
  return client;
}

function numberIn(lines: readonly string[], code: string): number {
  const match = new RegExp(`\\[${code} (\\d+)`).exec(lines.join('\n'));
  assert.ok(match, `${code} in ${lines.join('\n')}`);
  return Number(match[1]);
}

test('RFC 7162 §3.1.3: UNCHANGEDSINCE, MODIFIED, and MODSEQ with .SILENT', () => withImap({}, async (kit) => {
  const a = await filled(kit, 4);
  const b = await kit.client();
  const modseq = numberIn(await a.say('SELECT INBOX (CONDSTORE)'), 'HIGHESTMODSEQ');
  await b.say('SELECT INBOX');
  await b.say('STORE 2 +FLAGS.SILENT (\\Answered)');
  const stored = await a.say(`STORE 1:3 (UNCHANGEDSINCE ${modseq}) +FLAGS.SILENT (\\Deleted)`);
  assert.match(stored.at(-1) as string, /^OK \[MODIFIED 2\]/);
  assert.deepEqual(stored.slice(0, -1), [
    `* 1 FETCH (UID 1 MODSEQ (${modseq + 2}))`,
    `* 2 FETCH (UID 2 MODSEQ (${modseq + 1}) FLAGS (\\Answered \\Recent))`,
    `* 3 FETCH (UID 3 MODSEQ (${modseq + 2}))`,
  ]);
  const byUid = await a.say(`UID STORE 2 (UNCHANGEDSINCE 1) FLAGS (\\Seen)`);
  assert.match(byUid.at(-1) as string, /^OK \[MODIFIED 2\]/);
  assert.match(await a.result(`STORE 4 (UNCHANGEDSINCE ${modseq + 9}) FLAGS (\\Seen)`), /^OK (?!\[)/);
  // The other one has not asked for MODSEQ and is not told any.
  assert.ok((await b.say('NOOP')).slice(0, -1).every((line) => !line.includes('MODSEQ')));
}));

test('RFC 7162 §3.2.5: SELECT with QRESYNC tells what vanished and what changed', () => withImap({}, async (kit) => {
  const a = await filled(kit, 8);
  const selected = await a.say('SELECT INBOX');
  const uidValidity = numberIn(selected, 'UIDVALIDITY');
  const modseq = numberIn(selected, 'HIGHESTMODSEQ');
  await a.say('STORE 2,5,6 +FLAGS.SILENT (\\Deleted)');
  await a.say('EXPUNGE');
  await a.say('UID STORE 7 +FLAGS.SILENT (\\Flagged)');
  const b = await kit.client();
  assert.match(await b.result(`SELECT INBOX (QRESYNC (${uidValidity} ${modseq}))`), /^BAD/, 'not without ENABLE');
  assert.match((await b.say('ENABLE QRESYNC')).join('\n'), /\* ENABLED.*QRESYNC/);
  const all = await b.say(`SELECT INBOX (QRESYNC (${uidValidity} ${modseq}))`);
  assert.ok(all.includes('* VANISHED (EARLIER) 2,5:6'), all.join('\n'));
  assert.deepEqual(all.filter((line) => line.includes('FETCH')), [`* 4 FETCH (UID 7 FLAGS (\\Flagged) MODSEQ (${modseq + 3}))`]);
  const some = await b.say(`SELECT INBOX (QRESYNC (${uidValidity} ${modseq} 1:5))`);
  assert.match(some[0] as string, /^\* OK \[CLOSED\]/);
  assert.ok(some.includes('* VANISHED (EARLIER) 2,5') && !some.some((line) => line.includes('FETCH')), some.join('\n'));
  const matched = await b.say(`SELECT INBOX (QRESYNC (${uidValidity} ${modseq} 1:8 (1,3 1,4)))`);
  assert.ok(matched.includes('* VANISHED (EARLIER) 5:6') || matched.includes('* VANISHED (EARLIER) 2,5:6'), matched.join('\n'));
  const other = await b.say(`SELECT INBOX (QRESYNC (${uidValidity + 1} ${modseq}))`);
  assert.ok(!other.some((line) => /VANISHED|FETCH/.test(line)), 'other UIDVALIDITY: begin anew');
  const none = await b.say(`SELECT INBOX (QRESYNC (${uidValidity} ${modseq + 3}))`);
  assert.ok(!none.some((line) => /VANISHED|FETCH/.test(line)), none.join('\n'));
  const uidFetch = await b.say(`UID FETCH 1:* (FLAGS) (CHANGEDSINCE ${modseq} VANISHED)`);
  assert.ok(uidFetch.includes('* VANISHED (EARLIER) 2,5:6'), uidFetch.join('\n'));
}));

test('RFC 7162 §3.2.7, §3.2.10: VANISHED in place of EXPUNGE, HIGHESTMODSEQ with the answer', () => withImap({}, async (kit) => {
  const a = await filled(kit, 5);
  const b = await kit.client();
  for (const client of [a, b]) await client.say('ENABLE QRESYNC');
  const modseq = numberIn(await a.say('SELECT INBOX'), 'HIGHESTMODSEQ');
  await b.say('SELECT INBOX');
  await a.say('STORE 2:4 +FLAGS.SILENT (\\Deleted)');
  const expunged = await a.say('EXPUNGE');
  assert.deepEqual(expunged[0], '* VANISHED 2:4');
  assert.match(expunged.at(-1) as string, new RegExp(`^OK \\[HIGHESTMODSEQ ${modseq + 2}\\]`));
  assert.deepEqual((await b.say('NOOP')).slice(0, -1), ['* VANISHED 2:4']);
  const flags = (await a.say('UID STORE 5 FLAGS (\\Seen)')).slice(0, -1);
  assert.deepEqual(flags, [`* 2 FETCH (UID 5 MODSEQ (${modseq + 3}) FLAGS (\\Seen \\Recent))`]);
  await b.say('STORE 1 +FLAGS (\\Deleted)');
  await a.say('UID STORE 5 +FLAGS (unheard)');
  assert.match(await b.result('CLOSE'), /^OK (?!\[)/, 'HIGHESTMODSEQ would hide what was not told');
}));

test('RFC 9586: with UIDONLY no sequence number is said or taken', () => withImap({}, async (kit) => {
  const a = await filled(kit, 4);
  const b = await kit.client();
  assert.match((await a.say('ENABLE UIDONLY')).join('\n'), /\* ENABLED UIDONLY/);
  const lines = await a.say('SELECT INBOX');
  assert.ok(lines.includes('* 4 EXISTS') && !lines.some((line) => line.includes('UNSEEN')));
  for (const command of ['FETCH 1 FLAGS', 'STORE 1 FLAGS ()', 'SEARCH ALL', 'COPY 1 INBOX', 'MOVE 1 INBOX', 'SORT (DATE) UTF-8 ALL']) {
    assert.match(await a.result(command), /^BAD \[UIDREQUIRED\]/, command);
  }
  await b.say('SELECT INBOX');
  await b.say('STORE 2 +FLAGS.SILENT (\\Deleted)');
  await b.say('EXPUNGE');
  await b.say('STORE 2 +FLAGS (\\Flagged)');
  assert.deepEqual((await a.say('NOOP')).slice(0, -1), ['* VANISHED 2', '* 3 UIDFETCH (FLAGS (\\Flagged \\Recent))']);
  assert.deepEqual((await a.say('UID FETCH 3:4 FLAGS')).slice(0, -1), ['* 3 UIDFETCH (FLAGS (\\Flagged \\Recent))', '* 4 UIDFETCH (FLAGS (\\Recent))']);
  assert.deepEqual((await a.say('UID STORE 4 +FLAGS (\\Seen)')).slice(0, -1), ['* 4 UIDFETCH (FLAGS (\\Seen \\Recent))']);
  assert.match((await a.say('CAPABILITY'))[0] as string, / UIDONLY/);
}));

test('MODSEQ never goes back, and every change has one of its own', () => withImap({}, async (kit) => {
  const a = await filled(kit, 3);
  let modseq = numberIn(await a.say('SELECT INBOX (CONDSTORE)'), 'HIGHESTMODSEQ');
  for (const command of ['STORE 1 +FLAGS (\\Seen)', 'STORE 2:3 +FLAGS (kw)', 'STORE 1 -FLAGS (\\Seen)', 'UID STORE 1:3 FLAGS.SILENT (\\Deleted)']) {
    const told = [...(await a.say(command)).join('\n').matchAll(/MODSEQ \((\d+)\)/g)].map((match) => Number(match[1]));
    assert.ok(told.length > 0 && told.every((one) => one === modseq + 1), `${command}: ${told.join()}`);
    modseq += 1;
  }
  assert.match(await a.result('EXPUNGE'), new RegExp(`HIGHESTMODSEQ ${modseq + 1}`));
  assert.equal(numberIn(await a.say('SELECT INBOX'), 'HIGHESTMODSEQ'), modseq + 1);
}));
