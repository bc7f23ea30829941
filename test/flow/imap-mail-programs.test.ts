/** What well-known mail programs send when an account is opened, read and tidied: none of it may be refused. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PASSWORD, withImap, type ImapKit } from '../harness/imap-kit.ts';

const USER = 'alice@example.org';
const TOKEN = Buffer.from(`\0${USER}\0${PASSWORD}`).toString('base64');
const LETTER =
  'From: joe@good.example\r\nTo: alice@example.org\r\nSubject: letter\r\nMessage-ID: <1@good.example>\r\nDate: Fri, 20 Nov 2026 18:00:00 +0000\r\n' +
  'MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\nContent-Type: text/plain\r\n\r\nHello\r\n--x\r\nContent-Type: application/pdf\r\n\r\nPDF\r\n--x--\r\n';

/** The commands of a session, in order; each is to be answered with OK. */
const PROGRAMS: Readonly<Record<string, readonly string[]>> = {
  Thunderbird: [
    'CAPABILITY',
    `authenticate PLAIN ${TOKEN}`,
    'ID ("name" "Thunderbird" "version" "128.0")',
    'ENABLE UTF8=ACCEPT',
    'namespace',
    'lsub "" "*"',
    'list (subscribed) "" "*" return (special-use)',
    'list "" "INBOX"',
    'select "INBOX" (CONDSTORE)',
    'getquotaroot "INBOX"',
    'myrights "INBOX"',
    'UID fetch 1:* (FLAGS)',
    'UID fetch 1:* (UID RFC822.SIZE FLAGS BODY.PEEK[HEADER.FIELDS (From To Cc Bcc Resent-Message-ID Subject Date Message-ID Priority X-Priority References Newsgroups In-Reply-To Content-Type Reply-To)])',
    'UID fetch 1 (BODYSTRUCTURE)',
    'UID fetch 1 (UID RFC822.SIZE BODY.PEEK[])',
    'UID fetch 1 (BODY.PEEK[HEADER] BODY.PEEK[1.MIME] BODY.PEEK[1] BODY.PEEK[2.MIME])',
    'uid store 1 +Flags ($label1 NonJunk)',
    'uid store 1 -FLAGS ($label1)',
    'UID fetch 1:* (FLAGS) (CHANGEDSINCE 1)',
    'uid copy 1 "Archive"',
    'uid move 2 "Trash"',
    'uid store 1 +FLAGS (\\Deleted \\Seen)',
    'UID EXPUNGE 1',
    'create "Neu/Unter"',
    'subscribe "Neu/Unter"',
    'rename "Neu/Unter" "Neu/Anders"',
    'list (subscribed) "" "*" return (special-use status (messages unseen uidnext))',
    'close',
    'logout',
  ],
  'Apple Mail': [
    'ID ("name" "Mac OS X Mail" "version" "16.0" "os" "Mac OS X" "vendor" "Apple Inc.")',
    `LOGIN ${USER} ${PASSWORD}`,
    'ENABLE CONDSTORE',
    'ENABLE QRESYNC',
    'NAMESPACE',
    'LIST "" "*" RETURN (CHILDREN SPECIAL-USE STATUS (MESSAGES UIDNEXT UIDVALIDITY UNSEEN HIGHESTMODSEQ))',
    'GETQUOTAROOT INBOX',
    'SELECT INBOX (CONDSTORE)',
    'UID SEARCH 1:* NOT DELETED',
    'UID FETCH 1:* (INTERNALDATE UID RFC822.SIZE FLAGS BODY.PEEK[HEADER.FIELDS (date subject from to cc message-id in-reply-to references content-type x-priority list-id list-unsubscribe)])',
    'UID FETCH 1 (BODYSTRUCTURE BODY.PEEK[HEADER])',
    'UID FETCH 1 BODY.PEEK[1]<0.65536>',
    'UID STORE 1 +FLAGS.SILENT (\\Seen $MailFlagBit0)',
    'UID SEARCH RETURN (ALL) UNSEEN',
    'UID FETCH 1:* (FLAGS) (CHANGEDSINCE 1 VANISHED)',
    'CHECK',
    'LOGOUT',
  ],
  Outlook: [
    'CAPABILITY',
    `LOGIN "${USER}" "${PASSWORD}"`,
    'LIST "" "*"',
    'LIST (SPECIAL-USE) "" "*" RETURN (SUBSCRIBED)',
    'LSUB "" "*"',
    'SELECT "INBOX"',
    'UID FETCH 1:* (UID FLAGS)',
    'UID FETCH 1:* (BODY.PEEK[HEADER] BODYSTRUCTURE FLAGS RFC822.SIZE INTERNALDATE ENVELOPE UID)',
    'UID SEARCH SINCE 1-Nov-2026',
    'UID SEARCH UID 1:* UNDELETED',
    'UID STORE 1 FLAGS (\\Seen)',
    'LOGOUT',
  ],
  'K-9 and FairEmail': [
    `AUTHENTICATE PLAIN ${TOKEN}`,
    'STATUS "INBOX" (UNSEEN UIDNEXT UIDVALIDITY MESSAGES)',
    'SELECT "INBOX"',
    'UID SEARCH 1:* NOT DELETED',
    'UID SEARCH RETURN () 1:* SINCE 21-Oct-2026 NOT DELETED',
    'UID SEARCH CHARSET UTF-8 OR OR SUBJECT "letter" FROM "joe" BODY "Hello"',
    'UID FETCH 1 (UID INTERNALDATE RFC822.SIZE FLAGS BODY.PEEK[HEADER.FIELDS (date subject from content-type to cc reply-to message-id references in-reply-to list-unsubscribe X-K9mail-Identity)])',
    'UID FETCH 1 (BODY.PEEK[1]<0.32768> BODY.PEEK[1.MIME])',
    'UID STORE 1 +FLAGS.SILENT (\\Answered $Forwarded)',
    'UID COPY 1 "Sent"',
    'UNSELECT',
    'LOGOUT',
  ],
};

async function twoLetters(kit: ImapKit): Promise<void> {
  const client = await kit.client();
  for (let times = 0; times < 2; times += 1) assert.match(await client.result(`APPEND INBOX {${LETTER.length}+}\r\n${LETTER}`), /^OK \[APPENDUID/);
}

for (const [program, commands] of Object.entries(PROGRAMS)) {
  test(program, () =>
    withImap({}, async (kit) => {
      await twoLetters(kit);
      const client = await kit.open();
      await client.line();
      for (const command of commands) assert.match(await client.result(command), /^OK/, command);
    }));
}
