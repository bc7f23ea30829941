import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withImap } from '../harness/imap-kit.ts';
import type { ImapDialogue } from '../harness/imap-dialogue.ts';

/** Untagged answers of one command; it must end with OK. */
async function answers(client: ImapDialogue, command: string): Promise<string[]> {
  const lines = await client.say(command);
  assert.match(lines.at(-1) as string, /^OK/, command);
  return lines.slice(0, -1);
}

const MESSAGE = 'From: a@example.org\r\nSubject: one\r\n\r\nbody\r\n';
const append = (mailbox: string, text = MESSAGE): string => `APPEND ${mailbox} {${text.length}+}\r\n${text}`;

test('CREATE with the names above, LIST of them, RENAME with those below, DELETE that leaves them', () =>
  withImap({}, async (kit) => {
    const client = await kit.client();
    assert.match(await client.result('CREATE work/2026/july/'), /^OK \[MAILBOXID \([A-Za-z0-9_-]+\)\]/);
    // Made in passing, it can be created, once.
    assert.match(await client.result('CREATE work'), /^OK \[MAILBOXID/);
    assert.match(await client.result('CREATE work'), /^NO \[ALREADYEXISTS\]/);
    assert.match(await client.result('CREATE inbox'), /^NO \[ALREADYEXISTS\]/);
    assert.match(await client.result('CREATE "a//b"'), /^NO \[CANNOT\]/);
    assert.deepEqual(await answers(client, 'LIST "" work*'), [
      '* LIST (\\HasChildren) "/" work',
      '* LIST (\\HasChildren) "/" work/2026',
      '* LIST (\\HasNoChildren) "/" work/2026/july',
    ]);
    assert.deepEqual(await answers(client, 'LIST "work/" %'), ['* LIST (\\HasChildren) "/" work/2026']);
    assert.deepEqual(await answers(client, 'LIST "" ""'), ['* LIST (\\Noselect) "/" ""']);
    assert.deepEqual(await answers(client, 'LIST "" inbox'), ['* LIST (\\HasNoChildren) "/" INBOX']);
    assert.match(await client.result('RENAME work job'), /^OK/);
    assert.match(await client.result('RENAME work other'), /^NO \[NONEXISTENT\]/);
    assert.match(await client.result('RENAME job INBOX'), /^NO \[ALREADYEXISTS\]/);
    assert.match(await client.result('RENAME job job/below'), /^NO \[CANNOT\]/);
    assert.match(await client.result('DELETE job/2026'), /^OK/);
    assert.deepEqual(await answers(client, 'LIST "" job*'), [
      '* LIST (\\HasChildren) "/" job',
      '* LIST (\\Noselect \\HasChildren) "/" job/2026',
      '* LIST (\\HasNoChildren) "/" job/2026/july',
    ]);
    assert.deepEqual(await answers(client, 'LIST () "" job/% RETURN (CHILDREN)'), ['* LIST (\\NonExistent \\HasChildren) "/" job/2026']);
    assert.match(await client.result('DELETE job/2026'), /^NO \[HASCHILDREN\]/);
    assert.match(await client.result('RENAME job/2026 job/2027'), /^OK/);
    assert.deepEqual(await answers(client, 'LIST "" job/%/%'), ['* LIST (\\HasNoChildren) "/" job/2027/july']);
    assert.match(await client.result('DELETE INBOX'), /^NO \[CANNOT\]/);
    assert.match(await client.result('DELETE nothing'), /^NO \[NONEXISTENT\]/);
  }));

test('names in UTF-7 for IMAP4rev1, in UTF-8 once enabled; OLDNAME for IMAP4rev2', () =>
  withImap({}, async (kit) => {
    const old = await kit.client();
    assert.match(await old.result('CREATE "Entw&APw-rfe &- mehr"'), /^OK/);
    assert.deepEqual(await answers(old, 'LIST "" Entw*'), ['* LIST (\\HasNoChildren) "/" "Entw&APw-rfe &- mehr"']);
    const modern = await kit.client();
    await answers(modern, 'ENABLE IMAP4rev2');
    const utf8 = (text: string): string => Buffer.from(text).toString('latin1');
    assert.deepEqual(await answers(modern, 'LIST "" Entw*'), [utf8('* LIST (\\HasNoChildren) "/" "Entwürfe & mehr"')]);
    assert.match(await modern.result('RENAME "Entwürfe & mehr" "日本"'), /^OK/);
    assert.deepEqual(await answers(old, 'LIST "" "&ZeVnLA-"'), ['* LIST (\\HasNoChildren) "/" "&ZeVnLA-"']);
    const composed = await modern.say('CREATE "e\u0301te"');
    assert.match(composed[0] as string, /OLDNAME/);
    assert.deepEqual(await answers(modern, 'RENAME "\u00e9te" sommer'), [utf8('* LIST () "/" sommer ("OLDNAME" ("éte"))')]);
  }));

test('subscriptions: LSUB, LIST (SUBSCRIBED), RECURSIVEMATCH with CHILDINFO', () =>
  withImap({}, async (kit) => {
    const client = await kit.client();
    for (const name of await client.say('LSUB "" *')) {
      const found = /^\* LSUB \(\) "\/" (.+)$/.exec(name);
      if (found) await answers(client, `UNSUBSCRIBE ${found[1]}`);
    }
    await answers(client, 'CREATE a/b/c');
    await answers(client, 'SUBSCRIBE a/b/c');
    await answers(client, 'SUBSCRIBE gone/below');
    assert.deepEqual(await answers(client, 'LSUB "" *'), ['* LSUB () "/" a/b/c', '* LSUB () "/" gone/below']);
    assert.deepEqual(await answers(client, 'LSUB "" %'), ['* LSUB (\\Noselect) "/" a', '* LSUB (\\Noselect) "/" gone']);
    assert.deepEqual(await answers(client, 'LIST (SUBSCRIBED) "" *'), [
      '* LIST (\\HasNoChildren \\Subscribed) "/" a/b/c',
      '* LIST (\\NonExistent \\HasNoChildren \\Subscribed) "/" gone/below',
    ]);
    assert.deepEqual(await answers(client, 'LIST (SUBSCRIBED RECURSIVEMATCH) "" %'), [
      '* LIST (\\HasChildren) "/" a ("CHILDINFO" ("SUBSCRIBED"))',
      '* LIST (\\NonExistent \\HasNoChildren) "/" gone ("CHILDINFO" ("SUBSCRIBED"))',
    ]);
    assert.match(await client.result('LIST (RECURSIVEMATCH) "" %'), /^BAD/);
    // What is told itself needs nothing told above it.
    assert.deepEqual(await answers(client, 'LIST (SUBSCRIBED RECURSIVEMATCH) "" (a a/b/c gone)'), [
      '* LIST (\\HasNoChildren \\Subscribed) "/" a/b/c',
      '* LIST (\\NonExistent \\HasNoChildren) "/" gone ("CHILDINFO" ("SUBSCRIBED"))',
    ]);
    assert.deepEqual(await answers(client, 'LIST "" (a a/b/c) RETURN (SUBSCRIBED)'), [
      '* LIST (\\HasChildren) "/" a',
      '* LIST (\\HasNoChildren \\Subscribed) "/" a/b/c',
    ]);
    await answers(client, 'UNSUBSCRIBE a/b/c');
    assert.deepEqual(await answers(client, 'LSUB "" a*'), []);
  }));

test('special uses: CREATE USE, LIST (SPECIAL-USE), METADATA', () =>
  withImap({}, async (kit) => {
    const client = await kit.client();
    assert.match(await client.result('CREATE Ham (USE (\\Archive))'), /^OK/);
    assert.match(await client.result('CREATE All (USE (\\All))'), /^NO \[USEATTR\]/);
    assert.match((await answers(client, 'LIST "" Ham')).join(), /\\HasNoChildren \\Archive/);
    const used = await answers(client, 'LIST (SPECIAL-USE) "" *');
    assert.ok(used.some((line) => line.endsWith(' Trash')) && used.some((line) => line.endsWith(' Ham')) && !used.some((line) => line.endsWith(' INBOX')));
    await answers(client, 'SETMETADATA Ham (/private/specialuse "\\\\Junk")');
    assert.match((await answers(client, 'LIST "" Ham')).join(), /\\Junk/);
    assert.deepEqual(await answers(client, 'GETMETADATA Ham /private/specialuse'), ['* METADATA Ham ("/private/specialuse" "\\\\Junk")']);
  }));

test('APPEND: one and several, with flags and date, into nothing, too large; STATUS counts them', () =>
  withImap({ messageBytesMax: 5000 }, async (kit) => {
    const client = await kit.client();
    assert.match(await client.result(append('INBOX (\\Seen $Work)  '.trim())), /^OK \[APPENDUID \d+ 1\]/);
    const two = `APPEND INBOX (\\Deleted \\Recent) "01-Jul-2026 08:00:00 +0200" {${MESSAGE.length}+}\r\n${MESSAGE} () ~{${MESSAGE.length}+}\r\n${MESSAGE}`;
    assert.match(await client.result(two), /^OK \[APPENDUID \d+ 2:3\]/);
    const utf8 = `APPEND INBOX UTF8 (~{${MESSAGE.length}+}\r\n${MESSAGE})`;
    await answers(client, 'ENABLE UTF8=ACCEPT');
    assert.match(await client.result(utf8), /^OK \[APPENDUID \d+ 4\]/);
    assert.match(await client.result(append('nowhere')), /^NO \[TRYCREATE\]/);
    assert.match(await client.result(`APPEND INBOX {6000+}\r\n${'x'.repeat(6000)}`), /^NO \[TOOBIG\]/);
    client.write('t1 APPEND INBOX {6000}\r\n');
    assert.match(await client.line(), /^t1 NO \[TOOBIG\]/);
    assert.match(await client.result('APPEND INBOX "99-Foo-2026 00:00:00 +0000" {1+}\r\nx'), /^BAD/);
    const [status] = await answers(client, 'STATUS INBOX (MESSAGES UIDNEXT UNSEEN DELETED SIZE RECENT HIGHESTMODSEQ APPENDLIMIT DELETED-STORAGE)');
    assert.match(
      status as string,
      new RegExp(`^\\* STATUS INBOX \\(MESSAGES 4 UIDNEXT 5 UNSEEN 3 DELETED 1 SIZE \\d+ RECENT 4 HIGHESTMODSEQ \\d+ APPENDLIMIT 5000 DELETED-STORAGE \\d+\\)$`),
    );
    assert.match((await answers(client, 'STATUS inbox (MAILBOXID UIDVALIDITY)')).join(), /MAILBOXID \([A-Za-z0-9_-]+\) UIDVALIDITY \d+\)$/);
    assert.match(await client.result('STATUS nothing (MESSAGES)'), /^NO \[NONEXISTENT\]/);
    const listed = await answers(client, 'LIST "" INBOX RETURN (STATUS (MESSAGES UNSEEN))');
    assert.deepEqual(listed, ['* LIST (\\HasNoChildren) "/" INBOX', '* STATUS INBOX (MESSAGES 4 UNSEEN 3)']);
    await answers(client, 'RENAME INBOX Old');
    assert.deepEqual(await answers(client, 'STATUS Old (MESSAGES)'), ['* STATUS Old (MESSAGES 4)']);
    assert.deepEqual(await answers(client, 'STATUS INBOX (MESSAGES)'), ['* STATUS INBOX (MESSAGES 0)']);
  }));

test('CATENATE makes a message of new text and of what lies in mailboxes', () =>
  withImap({ messageBytesMax: 5000 }, async (kit) => {
    const client = await kit.client();
    const text = (bytes: string): string => `TEXT {${bytes.length}+}\r\n${bytes}`;
    const original = 'From: a@example.org\r\nSubject: one\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\nfirst\r\n--x\r\n\r\nsecond\r\n--x--\r\n';
    await client.say(`APPEND INBOX CATENATE (${text(original.slice(0, 40))} ${text(original.slice(40))})`);
    await client.say('SELECT INBOX');
    const validity = /UIDVALIDITY (\d+)/.exec((await client.say('STATUS INBOX (UIDVALIDITY)')).join())?.[1];
    const source = `/inbox;UIDVALIDITY=${validity}/;UID=1`;
    const made = await client.say(`APPEND INBOX (\\Seen) CATENATE (URL "${source}/;SECTION=HEADER.FIELDS%20(Subject)" URL ${source}/;SECTION=2 ${text('\r\n-- \r\n')} URL "/INBOX/;UID=1/;SECTION=1/;PARTIAL=1.3") CATENATE (URL /INBOX/;UID=1) {3+}\r\nabc`);
    assert.match(made.at(-1) as string, /^OK \[APPENDUID \d+ 2:4\]/);
    assert.match((await client.say('FETCH 2 BODY.PEEK[]'))[0] as string, /\{\d+\}\r\nSubject: one\r\n\r\nsecond\r\n-- \r\nirs\)$/);
    assert.ok((await client.say('FETCH 3 BODY.PEEK[]'))[0]?.endsWith(`\r\n${original})`));
    for (const url of ['/INBOX/;UID=9', '/Nowhere/;UID=1', `/INBOX;UIDVALIDITY=${Number(validity) + 1}/;UID=1`, '/INBOX/;UID=1/;SECTION=7', 'imap://elsewhere.example/INBOX/;UID=1']) {
      assert.equal((await client.result(`APPEND INBOX CATENATE (${text('a: b\r\n\r\n')} URL "${url}") {3+}\r\nabc`)).slice(0, 13 + url.length), `NO [BADURL ${url}] `);
    }
    assert.match(await client.result(`APPEND INBOX CATENATE (${Array(60).fill('URL /INBOX/;UID=1').join(' ')})`), /^NO \[TOOBIG\]/);
    assert.match(await client.result('APPEND INBOX CATENATE ()'), /^BAD/);
    assert.match(await client.result('APPEND Nowhere CATENATE (URL /INBOX/;UID=1)'), /^NO \[TRYCREATE\]/);
    assert.match(await client.result(`REPLACE 4 INBOX CATENATE (URL /INBOX/;UID=1/;SECTION=HEADER ${text('new\r\n')})`), /^OK/);
    assert.match((await client.say('UID FETCH * BODY.PEEK[TEXT]'))[0] as string, /\r\nnew\r\n\)$/);
    const bob = await kit.client('bob@example.org');
    assert.match(await bob.result('APPEND INBOX CATENATE (URL "/Shared/alice@example.org/INBOX/;UID=1")'), /^NO \[BADURL/);
  }));

test('quotas: told, kept, not set by users', () =>
  withImap({}, async (kit) => {
    const client = await kit.client();
    assert.deepEqual(await answers(client, 'GETQUOTAROOT INBOX'), ['* QUOTAROOT INBOX alice@example.org', '* QUOTA alice@example.org ()']);
    await kit.store.mailbox.quotas.set('alice@example.org', { bytesMax: 102_400, messagesMax: 1 });
    assert.match(await client.result(append('INBOX')), /^OK/);
    assert.deepEqual(await answers(client, 'GETQUOTA alice@example.org'), ['* QUOTA alice@example.org (STORAGE 1 100 MESSAGE 1 1)']);
    assert.match(await client.result(append('INBOX')), /^NO \[OVERQUOTA\]/);
    // Whoever asks before sending is spared the upload.
    client.write('q1 APPEND INBOX {1000}\r\n');
    assert.match(await client.line(), /^q1 NO \[OVERQUOTA\]/);
    client.write('q2 APPEND nowhere (\\Seen) {1000}\r\n');
    assert.match(await client.line(), /^q2 NO \[TRYCREATE\]/);
    client.write('q3 APPEND {5}\r\n');
    assert.match(await client.line(), /^\+/);
    client.write('INBOX {1000}\r\n');
    assert.match(await client.line(), /^q3 NO \[OVERQUOTA\]/);
    assert.match(await client.result('GETQUOTA bob@example.org'), /^NO \[NONEXISTENT\]/);
    assert.match(await client.result('SETQUOTA "alice@example.org" (STORAGE 512)'), /^NO \[NOPERM\]/);
  }));

test('shared folders: what is not shared does not exist, and each right is asked for', () =>
  withImap({}, async (kit) => {
    const alice = await kit.client();
    const bob = await kit.client('bob@example.org');
    const shared = 'Shared/alice@example.org/Team';
    await answers(alice, 'CREATE Team');
    assert.match(await bob.result(`STATUS ${shared} (MESSAGES)`), /^NO \[NONEXISTENT\]/);
    assert.deepEqual(await answers(bob, 'NAMESPACE'), ['* NAMESPACE (("" "/")) (("Shared/" "/")) NIL']);
    await answers(alice, 'SETACL Team bob@example.org lr');
    assert.deepEqual(await answers(bob, 'LIST "" Shared/*'), [
      '* LIST (\\Noselect \\HasChildren) "/" Shared/alice@example.org',
      `* LIST (\\HasNoChildren) "/" ${shared}`,
    ]);
    assert.deepEqual(await answers(bob, `MYRIGHTS ${shared}`), [`* MYRIGHTS ${shared} lr`]);
    assert.match(await bob.result(append(shared)), /^NO \[NOPERM\]/);
    assert.match(await bob.result(`CREATE ${shared}/Sub`), /^NO \[NOPERM\]/);
    assert.match(await bob.result(`DELETE ${shared}`), /^NO \[NOPERM\]/);
    assert.match(await bob.result(`GETACL ${shared}`), /^NO \[NOPERM\]/);
    assert.match(await bob.result(`SETMETADATA ${shared} (/shared/comment "x")`), /^NO \[NOPERM\]/);
    await answers(alice, 'SETACL Team bob@example.org +ikc');
    assert.deepEqual(await answers(alice, 'GETACL Team'), ['* ACL Team alice@example.org lrswipkxteacd bob@example.org lrikxc']);
    assert.match(await bob.result(append(`${shared} (\\Seen \\Deleted)`)), /^OK \[APPENDUID/);
    assert.deepEqual(await answers(bob, `STATUS ${shared} (MESSAGES UNSEEN DELETED)`), [`* STATUS ${shared} (MESSAGES 1 UNSEEN 1 DELETED 0)`]);
    assert.match(await bob.result(`CREATE ${shared}/Sub`), /^OK/);
    assert.deepEqual(await answers(alice, 'GETACL Team/Sub'), ['* ACL Team/Sub alice@example.org lrswipkxteacd bob@example.org lrikxc']);
    assert.match(await bob.result(`RENAME ${shared}/Sub Mine`), /^NO \[CANNOT\]/);
    assert.match(await bob.result('CREATE Shared/alice@example.org/Top'), /^NO \[NOPERM\]/);
    assert.deepEqual(await answers(alice, 'LISTRIGHTS Team bob@example.org'), ['* LISTRIGHTS Team bob@example.org "" l r s w i p k x t e a']);
    assert.match(await alice.result('SETACL Team bob@example.org rq'), /^BAD/);
    assert.match(await alice.result('DELETEACL Team alice@example.org'), /^NO/);
    await answers(alice, 'DELETEACL Team bob@example.org');
    assert.match(await bob.result(`STATUS ${shared} (MESSAGES)`), /^NO \[NONEXISTENT\]/);
    assert.match(await bob.result(append(shared)), /^NO \[TRYCREATE\]/);
  }));

test('METADATA: private and shared, depth and size, removal', () =>
  withImap({}, async (kit) => {
    const client = await kit.client();
    await answers(client, 'SETMETADATA INBOX (/private/comment "mine" /shared/vendor/x/color {5+}\r\ngreen)');
    assert.deepEqual(await answers(client, 'GETMETADATA INBOX (/private/comment /private/none)'), [
      '* METADATA INBOX ("/private/comment" "mine" "/private/none" NIL)',
    ]);
    assert.deepEqual(await answers(client, 'GETMETADATA (DEPTH infinity) INBOX /shared'), ['* METADATA INBOX ("/shared/vendor/x/color" "green")']);
    assert.match((await client.say('GETMETADATA (MAXSIZE 4) INBOX (/private/comment /shared/vendor/x/color)')).join('|'), /"mine"\)\|OK \[METADATA LONGENTRIES 5\]/);
    await answers(client, 'SETMETADATA "" (/private/vendor/x/y "account")');
    assert.deepEqual(await answers(client, 'GETMETADATA "" /private/vendor/x/y'), ['* METADATA "" ("/private/vendor/x/y" "account")']);
    assert.match(await client.result('SETMETADATA "" (/shared/comment "x")'), /^NO \[NOPERM\]/);
    await answers(client, 'SETMETADATA INBOX (/private/comment NIL)');
    assert.deepEqual(await answers(client, 'GETMETADATA INBOX /private/comment'), ['* METADATA INBOX ("/private/comment" NIL)']);
    assert.match(await client.result('SETMETADATA INBOX (comment "x")'), /^BAD/);
    assert.deepEqual(await answers(client, 'LIST "" INBOX RETURN (METADATA ("/shared/vendor/x/color") MYRIGHTS)'), [
      '* LIST (\\HasNoChildren) "/" INBOX',
      '* MYRIGHTS INBOX lrswipkxteacd',
      '* METADATA INBOX ("/shared/vendor/x/color" "green")',
    ]);
  }));
