/**
 * Gmail, after its public sender guidelines (support pages 81126 and 14229414) and the replies they list, read 2026.
 *
 * Where the guidelines leave room: an SPF hard fail is refused only when no DKIM signature passes, since Gmail takes
 * forwarded mail; the temporary forms (4.7.23, 4.7.26) are used when a look-up failed, the permanent ones otherwise.
 */
import {
  blocked,
  dkimPasses,
  dmarcSaysReject,
  fromDomain,
  hasDmarcRecord,
  lowReputation,
  noPtr,
  ptrUnknown,
  spfPasses,
  tooFast,
  unauthenticated,
  undecided,
  validHello,
  domainOf,
} from './conditions.ts';
import { RATE_LIMITED_PER_MINUTE } from './receiver.ts';
import { rule, type ConnectFacts, type CulpritRate, type HelloFacts, type MailFacts, type MessageFacts, type ProviderProfile, type ProviderReply, type RecipientFacts } from './profile.ts';

const HELP = 'For more information, go to https://support.google.com/mail/';
const SAME_MESSAGE_ID_MAX = 500;
const CULPRIT_WORDS: Readonly<Record<CulpritRate['kind'], string>> = {
  netblock: 'originating from your IP Netblock',
  dkim: 'originating from your DKIM domain',
  spf: 'originating from your SPF domain',
  url: 'containing one of your URL domains',
};

function reply(code: number, enhanced: string, text: string): ProviderReply {
  return { code, enhanced, text: `${text} - gsmtp` };
}

function bulk(name: string, when: (facts: MessageFacts) => boolean, enhanced: string, text: (facts: MessageFacts) => string) {
  const judge = (facts: MessageFacts): ProviderReply => {
    const temporary = enhanced.startsWith('4') || facts.weather('bulk-lenient');
    // A missing DMARC record has two numbers: 4.7.31 while it is tolerated, 5.7.40 since it is not.
    const code = temporary ? enhanced.replace(/^5/, '4').replace('4.7.40', '4.7.31') : enhanced;
    const words = text(facts);
    return reply(temporary ? 421 : 550, code, temporary ? words.replace('has been blocked', 'has been rate limited') : words);
  };
  return rule<MessageFacts>(name, (facts) => facts.bulk && when(facts), judge);
}

export const gmail: ProviderProfile = {
  name: 'gmail',
  domains: ['gmail.com', 'googlemail.com'],
  mxHost: 'gmail-smtp-in.l.google.com',
  banner: 'mx.google.com ESMTP - gsmtp',
  dmarc: 'v=DMARC1; p=none; sp=quarantine; rua=mailto:mailauth-reports@google.com',
  extensions: { enhancedCodes: true, chunking: true, smtpUtf8: true, dsn: false, sizeBytesMax: 157_286_400 },
  blocklists: ['zen.spamhaus.org'],
  messagesPerMinuteMax: 60_000,
  feedbackLoop: false,
  greylisted: { code: 451, enhanced: '4.7.1', text: 'Greylisted, please try again later' },
  rules: {
    connect: [
      rule<ConnectFacts>('connection-limit', (facts) => facts.weather('connection-limit') && facts.connections.open > 1, () => reply(421, '4.7.0', 'Too many concurrent SMTP connections; please try again later.')),
    ],
    hello: [
      rule<HelloFacts>('bad-ehlo', (facts) => !validHello(facts.helo), (facts) => ({
        code: 501,
        enhanced: '5.5.4',
        text: `HELO/EHLO argument "${facts.helo.slice(0, 100)}" invalid, closing connection. - gsmtp`,
        close: true,
      })),
    ],
    mail: [
      rule<MailFacts>('reputation', lowReputation, (facts) =>
        reply(421, '4.7.0', `[${facts.ip}] Our system has detected that this message is suspicious due to the very low reputation of the sending IP address. ${HELP}?p=IpReputation`)),
      rule<MailFacts>('rate', (facts) => tooFast(facts) || facts.weather('volume-jump'), (facts) =>
        reply(421, '4.7.28', `Gmail has detected an unusual rate of unsolicited mail originating from your IP address [${facts.ip}]. To protect our users from spam, mail sent from your IP address has been temporarily rate limited. ${HELP}?p=UnsolicitedRateLimitError`)),
    ],
    recipient: [
      rule<RecipientFacts>('unknown-user', (facts) => facts.mailbox === 'unknown' || facts.mailbox === 'foreign', () =>
        reply(550, '5.1.1', `The email account that you tried to reach does not exist. Please try\ndouble-checking the recipient's email address for typos or\nunnecessary spaces. ${HELP}?p=NoSuchUser`)),
      rule<RecipientFacts>('recipient-rate', (facts) => facts.mailbox === 'busy', () =>
        reply(450, '4.2.1', `The user you are trying to contact is receiving mail at a rate that\nprevents additional messages from being delivered. Please resend your\nmessage at a later time. ${HELP}?p=ReceivingRate`)),
      rule<RecipientFacts>('disabled', (facts) => facts.mailbox === 'disabled', () =>
        reply(550, '5.2.1', `The email account that you tried to reach is disabled. ${HELP}?p=DisabledUser`)),
      rule<RecipientFacts>('over-quota', (facts) => facts.mailbox === 'full', () =>
        reply(452, '4.2.2', `The recipient's inbox is out of storage space. Please direct\nthe recipient to https://support.google.com/mail/?p=OverQuotaTemp`)),
    ],
    message: [
      rule<MessageFacts>('from', (facts) => facts.header.fromFields !== 1 || facts.header.fromAddresses !== 1, (facts) =>
        reply(550, '5.7.1', `${fromProblem(facts)} To reduce the amount of spam sent to Gmail, this message has been blocked. ${HELP}?p=RfcMessageNonCompliant`)),
      rule<MessageFacts>('message-id', (facts) => facts.header.messageIdFields === 0, () =>
        reply(550, '5.7.1', `Messages missing a valid Message-ID header are not accepted. This message has been blocked. ${HELP}?p=RfcMessageNonCompliant`)),
      rule<MessageFacts>('duplicate-headers', (facts) => facts.header.duplicates.length > 0, (facts) =>
        reply(550, '5.7.1', `This message is not RFC 5322 compliant: there are multiple ${facts.header.duplicates[0]} headers. It has been blocked. ${HELP}?p=RfcMessageNonCompliant`)),
      rule<MessageFacts>('ptr-unknown', ptrUnknown, (facts) =>
        reply(451, '4.7.23', `The sending IP address [${facts.ip}] does not have a PTR record, or the forward DNS entry does not match, at this time. ${HELP}answer/81126#ip-practices`)),
      rule<MessageFacts>('no-ptr', noPtr, noPtrReply),
      rule<MessageFacts>('listed', blocked, (facts) =>
        reply(550, '5.7.1', `[${facts.ip}] Our system has detected that this message is likely unsolicited mail due to the very low reputation of the sending IP address. To reduce the amount of spam, this message has been blocked. ${HELP}?p=UnsolicitedMessageError`)),
      rule<MessageFacts>('dmarc', dmarcSaysReject, (facts) =>
        reply(550, '5.7.26', `Unauthenticated email from ${fromDomain(facts)} is not accepted due to\ndomain's DMARC policy. Please contact the administrator of\n${fromDomain(facts)} domain if this was a legitimate mail. ${HELP}?p=DmarcRejection`)),
      rule<MessageFacts>('undecided', (facts) => unauthenticated(facts) && undecided(facts), (facts) =>
        reply(421, '4.7.26', `This mail has been rate limited because the sender is unauthenticated. Gmail requires all senders to authenticate with either SPF or DKIM. Authentication results: ${results(facts)} ${HELP}answer/81126#authentication`)),
      rule<MessageFacts>('spf-hard-fail', (facts) => facts.spf.result === 'fail' && !dkimPasses(facts), (facts) =>
        reply(550, '5.7.26', `The MAIL FROM domain [${facts.spf.domain}] has an SPF record with a hard fail policy (-all) but it fails to pass SPF checks with the ip: [${facts.ip}]. The message has been blocked. ${HELP}answer/81126#authentication`)),
      rule<MessageFacts>('unauthenticated', unauthenticated, (facts) =>
        reply(550, '5.7.26', `This mail has been blocked because the sender is unauthenticated.\nGmail requires all senders to authenticate with either SPF or DKIM.\nAuthentication results: ${results(facts)}\n${HELP}answer/81126#authentication`)),
      rule<MessageFacts>('domain-reputation', (facts) => facts.weather('low-domain-reputation'), () =>
        reply(550, '5.7.1', `Our system has detected that this message is likely suspicious due to the very low reputation of the sending domain. To best protect our users from spam, the message has been blocked. ${HELP}answer/188131`)),
      rule<MessageFacts>('content', (facts) => facts.weather('spam-content'), (facts) =>
        reply(550, '5.7.1', `[${facts.ip}] Our system has detected that this message is likely unsolicited mail. To reduce the amount of spam sent to Gmail, this message has been blocked. ${HELP}?p=UnsolicitedMessageError`)),
      bulk('bulk-spf', (facts) => !spfPasses(facts), '5.7.27', (facts) => `Your email has been blocked because SPF for [${domainOf(facts.sender)}] did not pass. Gmail requires bulk senders to authenticate with SPF. ${HELP}answer/81126#authentication`),
      bulk('bulk-tls', (facts) => facts.tls === undefined, '5.7.29', () => `Your email has been blocked because it was sent without TLS. Gmail requires bulk senders to use a TLS connection. ${HELP}answer/81126#tls`),
      bulk('bulk-dkim', (facts) => !dkimPasses(facts), '5.7.30', () => `Your email has been blocked because DKIM did not pass. Gmail requires bulk senders to authenticate with DKIM. ${HELP}answer/81126#authentication`),
      bulk('bulk-dmarc', (facts) => !hasDmarcRecord(facts), '5.7.40', (facts) => `Your email has been blocked because the sending domain ${fromDomain(facts)} has no DMARC record. Gmail requires bulk senders to publish one. ${HELP}answer/81126#dmarc`),
      bulk('bulk-alignment', (facts) => facts.dmarc.result === 'fail', '4.7.32', (facts) => `Your email has been rate limited because the From: header (RFC5322) domain ${fromDomain(facts)} is not aligned with either the authenticated SPF or DKIM organizational domain. ${HELP}answer/81126#alignment`),
      rule<MessageFacts>('complaints', (facts) => facts.complaintRate >= 0.003, (facts) =>
        reply(421, '4.7.28', `Gmail has detected an unusual rate of unsolicited mail originating from your DKIM domain [${fromDomain(facts)}]. It has been temporarily rate limited. ${HELP}?p=UnsolicitedRateLimitError`)),
      {
        name: 'culprit-rate',
        judge: (facts) => {
          const culprit = facts.culprits.find(({ kind, perMinute }) => facts.weather(`rate-limit-${kind}`) && perMinute > RATE_LIMITED_PER_MINUTE);
          if (!culprit) return undefined;
          return reply(421, '4.7.28', `Gmail has detected an unusual rate of unsolicited mail ${CULPRIT_WORDS[culprit.kind]} [${culprit.key}]. To protect our users from spam, it has been temporarily rate limited. ${HELP}?p=UnsolicitedRateLimitError`);
        },
      },
      rule<MessageFacts>('repeated-message-id', (facts) => facts.sameMessageId > SAME_MESSAGE_ID_MAX, () =>
        reply(421, '4.7.28', `Gmail has detected an unusual rate of mail with the same Message-ID header. It has been temporarily rate limited. ${HELP}?p=UnsolicitedRateLimitError`)),
    ],
  },
};

function fromProblem(facts: MessageFacts): string {
  if (facts.header.fromFields === 0) return 'Messages missing a valid address in From: header are not accepted.';
  if (facts.header.fromFields > 1) return 'Messages with multiple From: headers are not accepted.';
  return 'Messages missing a valid address in From: header, or having multiple addresses in From: header, are not accepted.';
}

function noPtrReply(facts: ConnectFacts): ProviderReply {
  if (facts.ip.includes(':')) {
    return reply(550, '5.7.1', `[${facts.ip}] Our system has detected that this message does not meet IPv6 sending guidelines regarding PTR records and authentication. ${HELP}?p=IPv6AuthError`);
  }
  return reply(550, '5.7.25', `[${facts.ip}] The IP address sending this message does not have a PTR\nrecord setup, or the corresponding forward DNS entry does not match\nthe sending IP. Gmail does not accept messages from IPs with\nmissing PTR records. ${HELP}answer/81126#ip-practices`);
}

function results(facts: MessageFacts): string {
  return `DKIM = ${dkimPasses(facts) ? 'pass' : 'did not pass'} SPF [${facts.spf.domain}] with ip: [${facts.ip}] = ${spfPasses(facts) ? 'pass' : 'did not pass'}`;
}
