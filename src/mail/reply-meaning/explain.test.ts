import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { seeded } from '../../../test/harness/seeded-input.ts';
import { ENHANCED_CODES, explainEnhanced } from './enhanced-codes.ts';
import { explainReply, explainRule, providerOf, RULE_TABLES, type ReplyContext } from './explain.ts';

const parse = (line: string): { code: number; enhanced?: string; text: string } => {
  const match = /^(\d{3}) (?:([245]\.\d+\.\d+) )?(.*)$/s.exec(line);
  return { code: Number(match?.[1]), ...(match?.[2] && { enhanced: match[2] }), text: match?.[3] ?? '' };
};
const rule = (line: string, context: ReplyContext): string => explainReply(parse(line), context).rule;

const GMAIL = { mx: 'gmail-smtp-in.l.google.com' };
const OUTLOOK = { mx: 'outlook-com.olc.protection.outlook.com' };
const YAHOO = { mx: 'mta5.am0.yahoodns.net' };
const ICLOUD = { mx: 'mx01.mail.icloud.com' };
const GMX = { mx: 'mx00.gmx.net' };
const TELEKOM = { mx: 'mx00.t-online.de' };
const OTHER = { mx: 'mx.example.net' };

/** Replies in the words that providers are known to use, and the rule that must answer. */
const REPLIES: readonly (readonly [string, ReplyContext, string])[] = [
  ['421 4.7.28 Gmail has detected an unusual rate of unsolicited mail originating from your IP address. To protect our users', GMAIL, 'google.rate-ip'],
  ['421 4.7.28 Gmail has detected an unusual rate of unsolicited mail originating from your DKIM domain [example.org 36].', GMAIL, 'google.rate-dkim'],
  ['421 4.7.28 Gmail has detected an unusual rate of unsolicited mail originating from your SPF domain [example.org 36].', GMAIL, 'google.rate-spf'],
  ['421 4.7.28 Gmail has detected an unusual rate of unsolicited mail containing one of your URL domains. To protect', GMAIL, 'google.rate-url'],
  ['550 5.7.1 [192.0.2.1] Our system has detected that this message does not meet IPv6 sending guidelines regarding PTR records and authentication.', GMAIL, 'google.ipv6'],
  ['550 5.7.25 The IP address sending this message does not have a PTR record setup', GMAIL, 'google.ptr'],
  ['451 4.7.23 The sending IP address does not have a PTR record', GMAIL, 'google.ptr'],
  ['550 5.7.26 This mail is unauthenticated, which poses a security risk to the sender and Gmail users', GMAIL, 'google.unauthenticated'],
  ['550 5.7.26 Unauthenticated email from example.org is not accepted due to domain\'s DMARC policy.', GMAIL, 'google.dmarc-reject'],
  ['550 5.7.26 This mail has been blocked because the sender is unauthenticated. SPF [example.org] with ip: [192.0.2.1] = did not pass', GMAIL, 'google.unauthenticated'],
  ['550 5.7.26 The MAIL FROM domain [example.org] has an SPF record with a hard fail policy (-all) but it fails to pass SPF checks with the ip: [192.0.2.1].', GMAIL, 'google.spf-hardfail'],
  ['550 5.7.27 Your email has been blocked because SPF for [example.org] did not pass.', GMAIL, 'google.bulk-spf'],
  ['451 4.7.1 Greylisted, please try again later', GMAIL, 'any.greylist'],
  ['451 4.7.1 Greylisted, please try again later', YAHOO, 'any.greylist'],
  ['451 4.7.1 Greylisted, please try again later', ICLOUD, 'any.greylist'],
  ['451 Requested action aborted\nGreylisted, please try again later', GMX, 'any.greylist'],
  ['452 4.3.1 Insufficient system storage', YAHOO, 'any.disk'],
  ['421 4.7.0 Try again later, closing connection.', GMAIL, 'google.temporary'],
  ['550 5.7.1 [192.0.2.1] Our system has detected that this message is likely suspicious due to the very low reputation of the sending domain.', GMAIL, 'google.low-reputation-domain'],
  ['550 5.7.1 [192.0.2.1] Messages missing a valid address in From: header, or having no From: header, are not accepted.', GMAIL, 'google.format'],
  ['550 5.7.1 Our system has detected that this message is likely suspicious due to the very low reputation of the sending IP address.', GMAIL, 'google.low-reputation-ip'],
  ['550 5.1.1 The email account that you tried to reach does not exist. https://support.google.com/mail/?p=NoSuchUser x - gsmtp', GMAIL, 'google.no-user'],
  ['550 5.2.1 The email account that you tried to reach is disabled.', GMAIL, 'google.disabled'],
  ['450 4.2.1 The user you are trying to contact is receiving mail too quickly.', GMAIL, 'google.recipient-rate'],
  ['452 4.2.2 The recipient\'s inbox is out of storage space.', GMAIL, 'google.over-quota'],
  ['550 5.7.515 Access denied, sending domain example.org doesn\'t meet the required authentication level.', OUTLOOK, 'microsoft.bulk-authentication'],
  ['550 5.7.1 Unfortunately, messages from [192.0.2.1] weren\'t sent. Please contact your Internet service provider since part of their network is on our block list (S3150).', OUTLOOK, 'microsoft.blocked-network'],
  ['451 4.7.650 The mail server [192.0.2.1] has been temporarily rate limited due to IP reputation. (S775)', OUTLOOK, 'microsoft.reputation'],
  ['451 4.7.652 The mail server [192.0.2.1] has exceeded the maximum number of connections. (S3115)', OUTLOOK, 'microsoft.connections'],
  ['421 RP-002 Unfortunately, some messages weren\'t sent', OUTLOOK, 'microsoft.connection-rate'],
  ['421 RP-003 Unfortunately, some messages weren\'t sent', OUTLOOK, 'microsoft.connections'],
  ['421 RP-001 Unfortunately, some messages weren\'t sent due to rate limits', OUTLOOK, 'microsoft.reputation'],
  ['550 SC-004 Mail rejected by Outlook.com', OUTLOOK, 'microsoft.complaints'],
  ['550 OU-001 Mail rejected', OUTLOOK, 'microsoft.spamhaus'],
  ['550 5.5.0 Requested action not taken: mailbox unavailable (S2017062302).', OUTLOOK, 'microsoft.no-user'],
  ['421 4.7.0 [TSS04] Messages from 192.0.2.1 temporarily deferred due to unexpected volume or user complaints', YAHOO, 'yahoo.volume'],
  ['421 4.7.1 [TS03] All messages from 192.0.2.1 will be permanently deferred', YAHOO, 'yahoo.deferred-for-good'],
  ['553 5.7.1 [BL23] Connections not accepted from IP addresses on Spamhaus XBL', YAHOO, 'yahoo.infected'],
  ['553 5.7.1 Connections not accepted from IP addresses without valid reverse DNS [192.0.2.1]', YAHOO, 'yahoo.ptr'],
  ['550 Requested action not taken: mailbox unavailable\nSender address is not allowed.', GMX, 'gmx.sender-address'],
  ['450 Requested mail action not taken: mailbox unavailable\nMail send limit exceeded.', GMX, 'gmx.send-limit'],
  ['550 Requested action not taken: mailbox unavailable\nFor explanation visit https://postmaster.gmx.net/en/error-messages?ip=192.0.2.1&c=nx', GMX, 'gmx.no-user'],
  ['554 Transaction failed\nReject due to domain owner policy restrictions.', GMX, 'gmx.dmarc'],
  ['553 5.7.1 [BL21] Connections not accepted from servers on Spamhaus SBL', YAHOO, 'yahoo.spamhaus'],
  ['553 5.7.2 [TSS09] All messages from 192.0.2.1 will be permanently deferred', YAHOO, 'yahoo.deferred-for-good'],
  ['550 5.7.24 The SPF record of the sending domain has one or more suspicious entries.', GMAIL, 'google.spf-suspicious'],
  ['552 5.7.0 This message was blocked because its content presents a potential security issue.', GMAIL, 'google.attachment'],
  ['550 5.4.1 Recipient address rejected: Access denied. AS(201806281)', OUTLOOK, 'microsoft.no-object'],
  ['550 5.7.1 Access denied', OUTLOOK, 'any.policy'],
  ['530 5.7.57 Client not authenticated to send mail.', OUTLOOK, 'microsoft.closed'],
  ['554 Message not allowed - [PH01] Email not accepted for policy reasons.', YAHOO, 'yahoo.content'],
  ['550 5.1.1 <a@icloud.com>: inactive email address', ICLOUD, 'apple.no-user'],
  ['550 User has too many messages on server', GMX, 'gmx.full'],
  ['554 5.7.9 Message not accepted for policy reasons. See https://postmaster.yahooinc.com/error-codes', YAHOO, 'yahoo.policy'],
  ['550 5.7.1 Your message was rejected due to example.org\'s DMARC policy. [CS01]', ICLOUD, 'apple.dmarc'],
  ['554 5.7.1 [HME1] This message was blocked for failing both SPF and DKIM authentication checks.', ICLOUD, 'apple.authentication'],
  ['450 4.1.8 <a@b>: Sender address rejected: Domain not found', ICLOUD, 'apple.sender-domain'],
  ['554 gmx.net (mxgmx116) Nemesis ESMTP Service not available No SMTP service Bad DNS PTR resource record.', GMX, 'gmx.ptr'],
  ['554 gmx.net (mxgmx116) Nemesis ESMTP Service not available No SMTP service IP address is block listed.', GMX, 'gmx.listed'],
  ['554 IP=192.0.2.1 - None/bad reputation. Ask your postmaster for help or to contact tobr@rx.t-online.de for reset. (NOWL)', TELEKOM, 'telekom.unknown-ip'],
  ['450 4.7.1 <bob@example.net>: Recipient address rejected: Greylisted, see http://postgrey.example', OTHER, 'any.greylist'],
  ['554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using zen.spamhaus.org', OTHER, 'any.spamhaus'],
  ['550 5.1.1 <bob@example.net>: Recipient address rejected: User unknown in virtual mailbox table', OTHER, 'any.no-user'],
  ['550 5.7.1 Client host rejected: cannot find your reverse hostname, [192.0.2.1]', OTHER, 'any.ptr'],
  ['554 5.7.1 <bob@example.net>: Relay access denied', OTHER, 'any.relay'],
  ['552 5.2.2 Mailbox full', OTHER, 'any.full'],
  ['552 5.3.4 Message size exceeds fixed limit', OTHER, 'any.size'],
  ['554 5.7.1 Spam message rejected', OTHER, 'any.spam'],
  ['550 5.7.20 no', OTHER, 'enhanced.7.20'],
  ['550 nein', OTHER, 'code.550'],
  ['451 4.4.1 connect to refused.dns.example[192.0.2.9]:25: connection timed out', OTHER, 'own.timeout'],
  ['451 4.4.1 connect to mx.example.net[192.0.2.9]:25: connection refused', OTHER, 'own.refused'],
  ['451 4.4.2 lost connection with mx.example.net[192.0.2.9]:25 while sending RCPT TO', OTHER, 'own.lost'],
  ['451 4.4.2 mx.example.net[192.0.2.9]:25 timed out while waiting for the greeting', OTHER, 'own.timeout'],
  ['451 4.4.2 lost connection with mx.example.net[192.0.2.9]:25 while waiting for the answer to the message', OTHER, 'own.in-doubt'],
  ['451 4.4.2 mx.example.net[192.0.2.9]:25 timed out while waiting for the answer to the message', OTHER, 'own.in-doubt'],
  ['451 4.5.0 mx.example.net[192.0.2.9]:25 does not follow the protocol while waiting for the answer to the message: not a reply line: OK', OTHER, 'own.unclear-answer'],
  ['451 4.5.0 mx.example.net[192.0.2.9]:25 does not follow the protocol while sending RCPT TO: not a reply line: 5.1.1 no such user', OTHER, 'own.garbage'],
  ['451 4.5.0 mx.example.net[192.0.2.9]:25 does not follow the protocol while sending DATA: it answers before it is asked: 552 5.3.4 too large', OTHER, 'own.garbage'],
  ['451 4.5.0 mx.example.net[192.0.2.9]:25 does not follow the protocol while setting up TLS: data in the clear after STARTTLS was agreed', OTHER, 'own.injected'],
  ['451 4.4.2 mx.example.net[192.0.2.9]:25 timed out while sending RCPT TO', OTHER, 'own.silent'],
  ['451 4.4.2 mx.example.net[192.0.2.9]:25 timed out while sending the message', OTHER, 'own.stuck'],
  ['550 5.7.1 Zzz 203.0.113.10 zzz', { mx: 'mx.example.net', ours: ['203.0.113.10', 'out.example.org'] }, 'names-us'],
  ['554 zzz (OUT.example.org[198.51.100.1])', { mx: 'mx.example.net', ours: ['203.0.113.10', 'out.example.org'] }, 'names-us'],
  ['550 5.7.1 zzz https://mx.example.net/zzz?a=203.0.113.10', { mx: 'mx.example.net', ours: ['203.0.113.10'] }, 'names-us'],
  ['550 5.7.1 zzz https://mx.example.net/zzz?a=203.0.113.101 <you@out.example.org>', { mx: 'mx.example.net', ours: ['203.0.113.10', 'out.example.org'] }, 'enhanced.7.1'],
  ['550 5.1.1 zzz 203.0.113.10', { mx: 'mx.example.net', ours: ['203.0.113.10'] }, 'enhanced.1.1'],
  ['550 5.7.1 zzz https://mx.example.net/delist/form', { mx: 'mx.example.net' }, 'any.delist-page'],
  ['451 4.4.3 the address of mx.example.net cannot be looked up now (CNAME aliases that lead in a circle, or too far)', {}, 'own.dns-theirs'],
  ['451 4.7.5 no trusted TLS with mx.example.net[192.0.2.9]:25: certificate has expired', OTHER, 'own.certificate'],
  ['451 4.3.0 local problem while logging in: password file missing', OTHER, 'own.login'],
  ['451 4.4.3 the mail servers of example.net cannot be looked up now (timeout)', {}, 'own.dns-down'],
  ['451 4.4.3 the mail servers of example.net cannot be looked up now (servfail)', {}, 'own.dns-theirs'],
  ['451 4.4.3 the mail servers of example.net cannot be looked up now (timeout; our DNS server answers for other names)', {}, 'own.dns-theirs'],
  ['550 5.1.2 the domain example.nett does not exist', {}, 'own.no-domain'],
  ['550 5.1.2 [0.0.0.0] is no address that mail can go to', {}, 'own.bad-literal'],
  ['550 5.4.4 the MX is the address 192.0.2.1 where a host name must be', {}, 'own.mx-address'],
  ['550 5.1.2 the domain example.net has neither a mail server nor an address', {}, 'own.no-mail-server'],
  ['556 5.1.10 the domain example.net takes no mail (null MX)', {}, 'own.null-mx'],
  ['554 5.4.6 mail for example.net loops back to this server', {}, 'own.loop'],
  ['550 5.1.1 there is no mailbox bob@example.org here any more', {}, 'own.no-user'],
];

describe('explainReply', () => {
  for (const [line, context, expected] of REPLIES) it(`knows ${expected}: ${line.slice(0, 60)}`, () => assert.equal(rule(line, context), expected));

  it('never blames the recipient for a block of ours', () => {
    for (const line of ['550 5.7.1 blocked', '554 5.7.1 rejected', '550 rejected', '554 go away', '550 5.7.0 no', '554 Your IP is listed on our RBL']) {
      assert.notEqual(explainReply(parse(line), OTHER).culprit, 'recipient', line);
    }
  });

  it('knows a provider by its marks when the MX name tells nothing', () => {
    assert.equal(explainReply(parse('550 5.7.1 part of their network is on our block list (S3140)'), OTHER).provider, 'Microsoft');
    assert.equal(providerOf('ASPMX.L.GOOGLE.COM.'), 'Gmail');
    assert.equal(providerOf('evilgoogle.com'), undefined);
  });

  it('has every code of RFC 3463', () => {
    const rfc3463 = { 0: 0, 1: 8, 2: 4, 3: 5, 4: 7, 5: 5, 6: 5, 7: 7 };
    for (const [subject, last] of Object.entries(rfc3463)) {
      for (let detail = 0; detail <= last; detail += 1) assert.ok(ENHANCED_CODES.includes(`${subject}.${detail}`), `${subject}.${detail}`);
    }
    assert.equal(explainEnhanced('5.7.999')?.culprit, 'policy');
    assert.equal(explainEnhanced('rubbish'), undefined);
  });

  it('has sources, dates, and names that are unique', () => {
    const ids = RULE_TABLES.flatMap((table) => table.rules.map(({ id }) => id));
    assert.equal(new Set(ids).size, ids.length);
    for (const table of RULE_TABLES) {
      assert.match(table.date, /^20\d\d-\d\d$/);
      assert.notEqual(table.source, '');
      for (const { meaning, nextStep } of table.rules) assert.ok(/[.]$/.test(meaning) && /[.]$/.test(nextStep));
    }
  });

  it('does not claim a source for what nobody has compared', () => {
    assert.match(explainReply(parse('550 5.1.1 unknown'), TELEKOM).source, /not yet compared/);
    assert.match(explainReply(parse('554 (NOWL)'), TELEKOM).source, /^https:/);
  });

  it('answers everything, soon', () => {
    const random = seeded('replies');
    const words = ['domain ', 'of ', 'sender ', 'user ', 'exceeds ', 'message ', 'too ', 'large', 'limit', '5.7.1 ', '4.2.', '\n', 'spf', ' ', 'x', 'account ', 'helo', 'listed '];
    const before = performance.now();
    for (let i = 0; i < 2000; i += 1) {
      const answer = explainReply({ code: 400 + random.below(200), text: random.pieces(words, 300) }, random.pick([OTHER, GMAIL, OUTLOOK, {}]));
      assert.ok(answer.meaning !== '' && answer.nextStep !== '' && answer.source !== '', random.note);
    }
    for (const word of words) explainReply({ code: 550, text: word.repeat(5000) }, GMAIL);
    assert.ok(performance.now() - before < 10_000);
  });
});

describe('what answers MAIL', () => {
  it('means the sender when it speaks of a mailbox: nobody else had been named', () => {
    const said = explainReply({ code: 550, enhanced: '5.1.1', text: 'User unknown' }, { mx: 'mx.example.net', answeredMail: true });
    assert.deepEqual([said.rule, said.culprit, said.faultClass], ['sender-not-found', 'our-dns', 'authentication']);
    assert.deepEqual(explainRule('sender-not-found')?.meaning, said.meaning);
  });

  it('means the announced size when it is 552', () => {
    const said = explainReply({ code: 552, text: 'sorry' }, { mx: 'mx.example.net', answeredMail: true });
    assert.deepEqual([said.culprit, said.faultClass], ['message', 'format']);
  });

  it('means what it says when it speaks of us', () => {
    assert.equal(explainReply({ code: 550, text: 'Your IP is blacklisted' }, { mx: 'mx.example.net', answeredMail: true }).culprit, 'source-ip');
  });
});

describe('what an operator reads at night', () => {
  const read = (code: number, text: string): string => explainReply({ code, text }, { mx: 'mx.example.net' }).meaning;

  it('521 is no refusal without a reason: its code says that no mail is taken (RFC 7504)', () => {
    assert.match(read(521, 'we take no mail'), /takes no mail at all/);
    assert.match(read(556, 'not here'), /takes no mail at all/);
  });

  it('an address that is malformed is not an address that does not exist', () => {
    assert.match(read(501, 'Bad recipient address syntax'), /malformed/);
  });

  it('a file that cannot be written is not said to be a full disk only', () => {
    assert.match(read(451, 'queue file write error'), /no room, or cannot write/);
  });

  it('who has moved is not just inactive', () => {
    assert.match(read(551, 'user has moved to new@example.net'), /has moved/);
  });
});
