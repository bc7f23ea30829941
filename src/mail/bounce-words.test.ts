/** Bounces of many systems as they write them: whom they name and why is found, or left out, never invented. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readBounce } from './bounce-reading.ts';

type Told = readonly [recipient: string, code: number, enhanced: string | undefined, action: string, culprit: string, host?: string];

const DAEMON = 'MAILER-DAEMON@h.example';
const CASES: readonly (readonly [system: string, from: string, subject: string, body: string, ...told: Told[]])[] = [
  ['Yahoo', 'mailer-daemon@yahoo.com', 'Failure Notice', 'Sorry, we were unable to deliver your message to the following address.\n\n<bob@example.com>:\n550: 5.1.1 <bob@example.com> User unknown; rejecting\n\n--- Below this line is a copy of the message.', ['bob@example.com', 550, '5.1.1', 'failed', 'recipient']],
  ['GMX', '"GMX Mailer Daemon" <mailer-daemon@gmx.net>', 'Mail delivery failed: returning message to sender', 'The following address\nfailed:\n\nbob@example.com:\nSMTP error from remote server for RCPT TO command, host: mx.example.com (192.0.2.1) reason: 550 5.1.1 User unknown\n\n--- The header of the original message is following. ---\n\nTo: carol@example.org 550 5.7.1', ['bob@example.com', 550, '5.1.1', 'failed', 'recipient', 'mx.example.com']],
  ['Exim, two recipients', DAEMON, 'Mail delivery failed', '  bob@example.com\n    host mx.example.com [192.0.2.1]\n    SMTP error from remote mail server after RCPT TO:<bob@example.com>:\n    550 5.1.1 No such user\n  carol@example.org\n    host mx.example.org [192.0.2.2]\n    SMTP error from remote mail server after end of data:\n    554 5.7.1 Message refused as spam\n', ['bob@example.com', 550, '5.1.1', 'failed', 'recipient', 'mx.example.com'], ['carol@example.org', 554, '5.7.1', 'failed', 'content', 'mx.example.org']],
  ['Exim, no route', DAEMON, 'Mail delivery failed', '  bob@nosuch.example\n    Unrouteable address\n', ['bob@nosuch.example', 550, '5.1.2', 'failed', 'recipient']],
  ['Exim, given up', DAEMON, 'Mail delivery failed', '  bob@example.com\n    host mx.example.com [192.0.2.1]\n    Connection timed out: retry timeout exceeded\n', ['bob@example.com', 451, '4.4.1', 'failed', 'theirs', 'mx.example.com']],
  ['Exim, a delay', DAEMON, 'Warning: message 1abc delayed 24 hours', '  bob@example.com\n    host mx.example.com [192.0.2.1]\n    SMTP error from remote mail server after RCPT TO:<bob@example.com>:\n    451 4.7.1 Greylisted, please try again\n\nNo action is required on your part.', ['bob@example.com', 451, '4.7.1', 'delayed', 'theirs', 'mx.example.com']],
  ['qmail, given up', DAEMON, 'failure notice', 'Hi. This is the qmail-send program at mail.example.net.\n\n<bob@example.com>:\n192.0.2.1 failed after I sent the message.\nRemote host said: 451 4.3.0 Temporary failure\nI\'m not going to try again; this message has been in the queue too long.\n', ['bob@example.com', 451, '4.3.0', 'failed', 'theirs']],
  ['qmail, no host', DAEMON, 'failure notice', '<bob@nosuch.example>:\nSorry, I couldn\'t find any host named nosuch.example. (#5.1.2)\n', ['bob@nosuch.example', 554, '5.1.2', 'failed', 'recipient']],
  ['Lotus Domino', 'Postmaster@corp.example', 'DELIVERY FAILURE: User bob not listed in Domino Directory', 'was not delivered to:\n\n  bob@corp.example\n\nbecause:\n\n  User bob (bob@corp.example) not listed in Domino Directory\n', ['bob@corp.example', 550, '5.1.1', 'failed', 'recipient']],
  ['Exchange in Spanish', 'postmaster@empresa.example', 'No se puede entregar: Hola', 'No se pudo entregar el mensaje:\n\nberta@empresa.example\nEl buzón del destinatario está lleno.\n\nRemote Server returned \'554 5.2.2 mailbox full\'\n', ['berta@empresa.example', 554, '5.2.2', 'failed', 'recipient']],
  ['Exchange in Japanese', 'postmaster@kaisha.example', '配信不能: こんにちは', 'bunta@kaisha.example\n入力された電子メール アドレスが見つかりませんでした。\n\nRemote Server returned \'550 5.1.10 RESOLVER.ADR.RecipientNotFound\'\n', ['bunta@kaisha.example', 550, '5.1.10', 'failed', 'recipient']],
  ['QQ in Chinese', 'PostMaster@qq.com', '退信', '收件人：bob@example.cn\nhost mx.example.cn[192.0.2.4] said: 550 User not found: bob@example.cn\n', ['bob@example.cn', 550, undefined, 'failed', 'recipient', 'mx.example.cn']],
  ['Mail.ru', 'mailer-daemon@corp.mail.ru', 'Mail failure.', 'The following address(es) failed:\n\nbob@mail.ru: user not found\n', ['bob@mail.ru', 550, '5.1.1', 'failed', 'recipient']],
  ['Barracuda', DAEMON, '**Message you sent blocked by our bulk email filter**', 'Your message to: bob@corp.example\nwas blocked by our Spam Firewall.', ['bob@corp.example', 550, '5.7.1', 'failed', 'content']],
  ['IMail', 'Postmaster <postmaster@corp.example>', 'Undeliverable Mail', 'Unknown host: bob@nosuch.example\n', ['bob@nosuch.example', 550, '5.1.2', 'failed', 'recipient']],
  ['Sendmail', DAEMON, 'Returned mail: see transcript for details', '   ----- The following addresses had permanent fatal errors -----\n<bob@example.com>\n    (reason: 550 5.1.1 User unknown)\n<carol@example.org>\n    (reason: 552 5.2.2 Mailbox full)\n', ['bob@example.com', 550, '5.1.1', 'failed', 'recipient'], ['carol@example.org', 552, '5.2.2', 'failed', 'recipient']],
  ['the sender named before the recipient', DAEMON, 'Returned mail', 'Your message from sender@example.net\nto bob@example.com failed: 550 5.1.1 user unknown', ['bob@example.com', 550, '5.1.1', 'failed', 'recipient']],
  ['Proton', DAEMON, 'Undelivered Mail Returned to Sender', '<bob@proton.example>: host mail.proton.example[192.0.2.1] said: 550 5.1.1\n    <bob@proton.example>: Recipient address rejected: Address does not exist (in reply to RCPT TO command)\n', ['bob@proton.example', 550, '5.1.1', 'failed', 'recipient', 'mail.proton.example']],
  ['Yandex', 'MAILER-DAEMON <mailer-daemon@yandex.example>', 'Недоставленное сообщение', '<bob@yandex.example>: host mx.yandex.example[192.0.2.1] said: 550 5.7.1 No such user! (in reply to RCPT TO command)\n', ['bob@yandex.example', 550, '5.7.1', 'failed', 'recipient', 'mx.yandex.example']],
  ['CommuniGate', DAEMON, 'Undeliverable mail: Hello', "Failed to deliver to '<bob@corp.example>'\nSMTP module(domain corp.example) reports:\n host mx.corp.example says:\n 550 5.1.1 unknown user account\n", ['bob@corp.example', 550, '5.1.1', 'failed', 'recipient', 'mx.corp.example']],
  ['CommuniGate, a full account', DAEMON, 'Undeliverable mail: Hello', "Failed to deliver to 'bob@corp.example'\nLOCAL module(account bob) reports:\n account is full (quota exceeded)\n", ['bob@corp.example', 552, '5.2.2', 'failed', 'recipient']],
  ['MDaemon', 'MDaemon@corp.example', 'Warning: bob@corp.example - User unknown!', '  bob@corp.example - no such user here.\n\n--- Session Transcript ---\n  Fri 2026-11-20 10:00:00: --> RCPT To:<bob@corp.example>\n  Fri 2026-11-20 10:00:00: <-- 550 bob@corp.example, Recipient unknown\n', ['bob@corp.example', 550, undefined, 'failed', 'recipient']],
  ['Courier', '"Courier mail server" <@corp.example>', 'NOTICE: mail delivery status.', 'Your message to the following recipients cannot be delivered:\n\n<bob@corp.example>:\n    mx.corp.example [192.0.2.9]:\n>>> RCPT TO:<bob@corp.example>\n<<< 550 User unknown.\n', ['bob@corp.example', 550, undefined, 'failed', 'recipient']],
  ['Kerio', 'postmaster@corp.example', 'Message delivery failed', 'Your message was not delivered to: bob@corp.example\n\nReason: 550 5.1.1 Account does not exist in the domain\n', ['bob@corp.example', 550, '5.1.1', 'failed', 'recipient']],
  ['GroupWise', 'Mailer-Daemon@gw.example', 'Mail Failure: Hello', 'The attached file had the following undeliverable recipient(s):\n\tbob@corp.example\n\tTranscript of session follows:\n\nCommand:\nRCPT TO:<bob@corp.example>\nResponse:\n550 5.1.1 User unknown\n', ['bob@corp.example', 550, '5.1.1', 'failed', 'recipient']],
  ['Cisco IronPort', DAEMON, 'Delivery Status Notification (Failure)', 'The following message to <bob@nosuch.example> was undeliverable.\nThe reason for the problem:\n5.1.2 - Bad destination host \'DNS Hard Error looking up nosuch.example (MX):  NXDomain\'\n', ['bob@nosuch.example', 554, '5.1.2', 'failed', 'recipient']],
  ['Zimbra with amavis', '"Content-filter" <postmaster@corp.example>', 'Considered UNSOLICITED BULK EMAIL, apparently from you', 'A message from <sender@example.net> to:\n-> bob@corp.example\n\nwas considered unsolicited bulk e-mail (UBE).\n', ['bob@corp.example', 550, '5.7.1', 'failed', 'content']],
  ['IMail, a full mailbox', 'Postmaster <postmaster@corp.example>', 'Undeliverable Mail', 'User mailbox exceeds allowed size: bob@corp.example\n\nOriginal message follows.\n', ['bob@corp.example', 552, '5.2.2', 'failed', 'recipient']],
  ['Domino, a loop', 'Postmaster@corp.example', 'DELIVERY FAILURE: Error transferring to MX.CORP.EXAMPLE; Maximum hop count exceeded.', 'was not delivered to:\n\n  bob@corp.example\n\nbecause:\n\n  Error transferring to MX.CORP.EXAMPLE; Maximum hop count exceeded.\n', ['bob@corp.example', 554, '5.4.6', 'failed', 'theirs']],
  ['Trend Micro, without a reason', 'postmaster@corp.example', 'Message Delivery Notification: policy violation', 'Your message to bob@corp.example violated our policy and was deleted. Rule: Spam.\n'],
  ['Mailgun, with a code of its own', 'mailer-daemon@mailgun.example', 'Undelivered', 'bob@corp.example\nServer response: 605 Not delivering to previously bounced address\n'],
  ['Amazon SES, without a reason', 'MAILER-DAEMON@ses.example', 'Delivery Status Notification (Failure)', 'An error occurred while trying to deliver the mail to the following recipients:\nbob@corp.example\n'],
  ['a parcel service', 'Shop <shop@corp.example>', 'Delivery status of your order 550', 'Your parcel 5.1.1 to bob@corp.example was delivered. Recipient: unknown user at the door.'],
  ['an absence', 'Bob <bob@example.com>', 'Undeliverable? No: out of office', 'I am away from 5.1.26 to 5.2.26. Call 550 1234 or write to carol@example.com.'],
  ['a newsletter without return path', 'News <news@example.com>', 'Our 550 best offers', '550 garden benches for 19.90, write to shop@example.com. Version 5.1.1 is out.'],
];

describe('a bounce in words', () => {
  for (const [system, from, subject, body, ...told] of CASES) {
    it(`of ${system}`, () => {
      const bounce = readBounce(Buffer.from(`Return-Path: <>\nFrom: ${from}\nTo: sender@example.net\nSubject: ${subject}\nContent-Type: text/plain; charset=utf-8\n\n${body}`.replaceAll('\n', '\r\n')));
      assert.deepEqual((bounce?.recipients ?? []).map(({ recipient, reply, action, explanation, host }) => [recipient, reply.code, reply.enhanced, action, explanation.culprit, ...(host === undefined ? [] : [host])]), told);
    });
  }
});
