/** NOTIFY (RFC 5465) over real sockets, and rights of shared mailboxes in the selected state. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ImapDialogue } from '../harness/imap-dialogue.ts';
import { withImap } from '../harness/imap-kit.ts';

const TEXT = 'From: a@example.org\r\nSubject: hello\r\n\r\ntext\r\n';

const append = (client: ImapDialogue, mailbox = 'INBOX'): Promise<string> => client.result(`APPEND ${mailbox} {${TEXT.length}+}\r\n${TEXT}`);

test('NOTIFY tells of other mailboxes while the client is silent, and of names and subscriptions', () => withImap({}, async (kit) => {
  const [a, b] = [await kit.client(), await kit.client()];
  await a.say('CREATE Lists');
  await append(a, 'Lists');
  const set = await b.say('NOTIFY SET STATUS (mailboxes Lists (MessageNew MessageExpunge FlagChange)) (personal (MailboxName SubscriptionChange))');
  assert.match(set[0] as string, /^\* STATUS Lists \(MESSAGES 1 UIDNEXT 2 UIDVALIDITY \d+ UNSEEN 1 HIGHESTMODSEQ \d+\)$/);
  assert.equal(set.length, 2);
  await append(a, 'Lists');
  assert.match(await b.line(), /^\* STATUS Lists \(MESSAGES 2 UIDNEXT 3 UIDVALIDITY \d+ UNSEEN 2 HIGHESTMODSEQ \d+\)$/);
  await append(a);
  await a.say('SELECT Lists');
  await a.say('STORE 1 +FLAGS.SILENT (\\Seen)');
  assert.match(await b.line(), /^\* STATUS Lists \(MESSAGES 2 UIDNEXT 3 UIDVALIDITY \d+ UNSEEN 1 HIGHESTMODSEQ \d+\)$/, 'INBOX was not asked for');
  await a.say('CREATE New');
  assert.equal(await b.line(), '* LIST () "/" New');
  await a.say('RENAME New Newer');
  assert.equal(await b.line(), '* LIST () "/" Newer ("OLDNAME" (New))');
  await a.say('SUBSCRIBE Newer');
  assert.equal(await b.line(), '* LIST (\\Subscribed) "/" Newer');
  await a.say('DELETE Newer');
  assert.match(await b.line(), /^\* LIST \(\\NonExistent.*\) "\/" Newer$/);
  await b.say('NOTIFY NONE');
  await append(a, 'Lists');
  assert.deepEqual(await b.say('NOOP'), ['OK NOOP completed']);
}));

test('NOTIFY SELECTED tells new messages with what was asked for, expunges at once, and no flags unless wanted', () => withImap({}, async (kit) => {
  const [a, b] = [await kit.client(), await kit.client()];
  await append(a);
  await a.say('SELECT INBOX');
  await b.say('SELECT INBOX');
  assert.match(await b.result('NOTIFY SET (selected (MessageNew (UID BODY.PEEK[HEADER.FIELDS (SUBJECT)]) MessageExpunge))'), /^OK/);
  await append(a);
  assert.equal(await b.line(), '* 2 EXISTS');
  assert.match(await b.line(), /^\* \d RECENT/);
  assert.match(await b.line(), /^\* 2 FETCH \(UID 2 BODY\[HEADER.FIELDS \(SUBJECT\)\] \{\d+\}\r\nSubject: hello\r\n\r\n\)$/);
  await a.say('NOOP');
  await a.say('STORE 1 +FLAGS.SILENT (\\Deleted)');
  await a.say('EXPUNGE');
  assert.equal(await b.line(), '* 1 EXPUNGE', 'no FlagChange was asked for');
  // Own changes are answered all the same.
  assert.match((await b.say('STORE 1 +FLAGS (\\Seen)'))[0] as string, /^\* 1 FETCH \(FLAGS \(\\Seen/);
}));

test('NOTIFY SELECTED-DELAYED keeps expunges for a command that allows them', () => withImap({}, async (kit) => {
  const [a, b] = [await kit.client(), await kit.client()];
  await append(a);
  await append(a);
  await a.say('SELECT INBOX');
  await b.say('SELECT INBOX');
  await b.say('NOTIFY SET (selected-delayed (MessageNew MessageExpunge FlagChange))');
  await a.say('STORE 1:2 +FLAGS.SILENT (\\Deleted)');
  assert.match(await b.line(), /^\* 1 FETCH/);
  assert.match(await b.line(), /^\* 2 FETCH/);
  await a.say('UID EXPUNGE 1');
  assert.ok(!(await b.say('FETCH 2 UID')).some((line) => line.includes('EXPUNGE')));
  assert.equal((await b.say('NOOP'))[0], '* 1 EXPUNGE');
}));

test('NOTIFY refuses what makes no sense', () => withImap({}, async (kit) => {
  const a = await kit.client();
  for (const wrong of ['', 'SET', 'SET (selected (MessageNew))', 'SET (selected (FlagChange))', 'SET (selected (MailboxName))', 'SET (personal (MessageNew (UID) MessageExpunge))', 'SET (nowhere NONE)', 'SET (mailboxes () (MailboxName))x']) {
    assert.match(await a.result(`NOTIFY ${wrong}`), /^BAD/, wrong);
  }
  for (const unknown of ['AnnotationChange', 'SomethingNew']) {
    assert.match(await a.result(`NOTIFY SET (personal (MessageNew MessageExpunge ${unknown}))`), /^NO \[BADEVENT \(MessageNew/);
  }
  assert.match(await a.result('NOTIFY SET (subtree (Lists Work) NONE) (inboxes (MessageNew MessageExpunge)) (subscribed (MailboxName))'), /^OK/);
}));

test('rights of a shared mailbox hold for STORE, EXPUNGE, MOVE and COPY', () => withImap({}, async (kit) => {
  const [alice, bob] = [await kit.client(), await kit.client('bob@example.org')];
  await alice.say('CREATE Team');
  await append(alice, 'Team');
  await append(alice, 'Team');
  await alice.say('SETACL Team bob@example.org lr');
  const shared = 'Shared/alice@example.org/Team';
  const readOnly = await bob.say(`SELECT ${shared}`);
  assert.match(readOnly.at(-1) as string, /^OK \[READ-ONLY\]/);
  assert.ok(readOnly.some((line) => line.startsWith('* OK [PERMANENTFLAGS ()]')));
  await alice.say('SETACL Team bob@example.org lrs');
  const seenOnly = await bob.say(`SELECT ${shared}`);
  assert.match(seenOnly.at(-1) as string, /^OK \[READ-WRITE\]/);
  assert.ok(seenOnly.some((line) => line.startsWith('* OK [PERMANENTFLAGS (\\Seen)]')), seenOnly.join('\n'));
  assert.match(await bob.result('STORE 1 +FLAGS (\\Deleted)'), /^NO \[NOPERM\]/);
  await alice.say('SELECT Team');
  await alice.say('STORE 1 +FLAGS.SILENT (\\Flagged)');
  await bob.say('NOOP');
  assert.match((await bob.say('STORE 1 FLAGS (\\Seen \\Deleted work)'))[0] as string, /FLAGS \(\\Flagged \\Seen/, 'replaces what may be replaced, keeps the rest');
  assert.match(await bob.result('EXPUNGE'), /^NO \[NOPERM\]/);
  assert.match(await bob.result('MOVE 1 INBOX'), /^NO \[NOPERM\]/);
  assert.match(await bob.result('COPY 1 INBOX'), /^OK \[COPYUID/);
  await bob.say('SELECT INBOX');
  assert.match(await bob.result(`COPY 1 ${shared}`), /^NO \[NOPERM\]/);
  await alice.say('SETACL Team bob@example.org lrsite');
  assert.match(await bob.result(`COPY 1 ${shared}`), /^OK \[COPYUID/);
}));

test('rights that are granted or taken away hold for sessions that have the mailbox selected', () => withImap({}, async (kit) => {
  const [alice, bob] = [await kit.client(), await kit.client('bob@example.org')];
  await alice.say('CREATE Team');
  await append(alice, 'Team');
  await alice.say('SETACL Team bob@example.org lr');
  assert.match(await bob.result('SELECT Shared/alice@example.org/Team'), /^OK \[READ-ONLY\]/);
  bob.write('i1 IDLE\r\n');
  await bob.line();
  await alice.say('SETACL Team bob@example.org lrs');
  assert.match(await bob.line(), /^\* FLAGS /);
  assert.match(await bob.line(), /PERMANENTFLAGS \(\\Seen\)/);
  assert.match(await bob.line(), /^\* OK \[READ-WRITE\]/);
  bob.write('DONE\r\n');
  await bob.until('i1');
  assert.match(await bob.result('STORE 1 +FLAGS (\\Seen)'), /^OK/);
  bob.write('i2 IDLE\r\n');
  await bob.line();
  await alice.say('DELETEACL Team bob@example.org');
  assert.match(await bob.line(), /^\* BYE/);
  assert.equal(await bob.line(), '');
}));
