/**
 * GMX and WEB.DE, after postmaster.gmx.net, read 2026: refusals by address come in place of the greeting; an aligned
 * DKIM signature is a must; replies have no enhanced codes.
 */
import { blocked, dkimAligned, dmarcSaysReject, genericPtr, lowReputation, noPtr, ptrUnknown, tooFast, undecided } from './conditions.ts';
import { rule, type ConnectFacts, type MailFacts, type MessageFacts, type ProviderProfile, type ProviderReply, type RecipientFacts } from './profile.ts';

const HOST = 'gmx.net (mxgmx017)';

function see(ip: string, reason: string): string {
  return `For explanation visit https://postmaster.gmx.net/en/error-messages?ip=${ip}&c=${reason}`;
}

function noService(facts: ConnectFacts, why: string, reason: string): ProviderReply {
  return { code: 554, text: `${HOST} Nemesis ESMTP Service not available\nNo SMTP service\n${why}\n${see(facts.ip, reason)}`, close: true };
}

export const gmx: ProviderProfile = {
  name: 'gmx',
  domains: ['gmx.net', 'gmx.de', 'web.de'],
  mxHost: 'mx00.gmx.net',
  banner: `${HOST} Nemesis ESMTP Service ready`,
  dmarc: 'v=DMARC1; p=none; rua=mailto:dmarc-reports@gmx.net',
  secureZone: true,
  extensions: { enhancedCodes: false, chunking: false, smtpUtf8: false, dsn: false, requireTls: true, sizeBytesMax: 157_286_400 },
  blocklists: ['zen.spamhaus.org', 'bl.spamcop.net'],
  messagesPerMinuteMax: 60_000,
  feedbackLoop: true,
  greylisted: { code: 451, text: 'Requested action aborted\nGreylisted, please try again later' },
  rules: {
    connect: [
      rule<ConnectFacts>('listed', blocked, (facts) => noService(facts, 'IP address is block listed.', 'bl')),
      rule<ConnectFacts>('no-ptr', (facts) => noPtr(facts) || genericPtr(facts), (facts) => noService(facts, 'Bad DNS PTR resource record.', 'bdns')),
      rule<ConnectFacts>('ptr-unknown', ptrUnknown, (facts) => ({
        code: 421,
        text: `${HOST} Nemesis ESMTP Service not available\nService closing transmission channel\n${see(facts.ip, 'tmp')}`,
        close: true,
      })),
    ],
    hello: [],
    mail: [
      rule<MailFacts>('rate', tooFast, (facts) => ({ code: 450, text: `Requested mail action not taken: mailbox unavailable\nMail send limit exceeded.\n${see(facts.ip, 'ml')}` })),
      rule<MailFacts>('sender-domain', (facts) => facts.senderDomain === 'no', (facts) => ({
        code: 550,
        text: `Requested action not taken: mailbox unavailable\nSender address is not allowed.\n${see(facts.ip, 'sa')}`,
      })),
      rule<MailFacts>('sender-domain-unknown', (facts) => facts.senderDomain === 'unknown', (facts) => ({
        code: 451,
        text: `Requested action aborted: local error in processing\n${see(facts.ip, 'tmp')}`,
      })),
    ],
    recipient: [
      rule<RecipientFacts>('unknown-user', (facts) => facts.mailbox === 'unknown' || facts.mailbox === 'foreign' || facts.mailbox === 'disabled', (facts) => ({
        code: 550,
        text: `Requested action not taken: mailbox unavailable\n${see(facts.ip, 'nx')}`,
      })),
      rule<RecipientFacts>('recipient-rate', (facts) => facts.mailbox === 'busy', (facts) => ({
        code: 450,
        text: `Requested mail action not taken: mailbox unavailable\nThe recipient receives too many messages.\n${see(facts.ip, 'rl')}`,
      })),
      rule<RecipientFacts>('over-quota', (facts) => facts.mailbox === 'full', (facts) => ({
        code: 552,
        text: `Requested mail action aborted: exceeded storage allocation\nQuota exceeded. The recipient mailbox is full.\n${see(facts.ip, 'quot')}`,
      })),
    ],
    message: [
      rule<MessageFacts>('undecided', undecided, (facts) => ({ code: 451, text: `Requested action aborted: local error in processing\n${see(facts.ip, 'tmp')}` })),
      rule<MessageFacts>('spf', (facts) => facts.spf.result === 'fail', (facts) => ({
        code: 550,
        text: `Requested action not taken: mailbox unavailable\nReject due to SPF policy.\n${see(facts.ip, 'spf')}`,
      })),
      rule<MessageFacts>('dmarc', dmarcSaysReject, (facts) => ({ code: 554, text: `Transaction failed\nReject due to domain owner policy restrictions.\n${see(facts.ip, 'dmarc')}` })),
      rule<MessageFacts>('aligned-dkim', (facts) => facts.sender !== '' && !dkimAligned(facts), (facts) => ({
        code: 554,
        text: `Transaction failed\nReject due to policy restrictions: a DKIM signature of the From domain is needed.\n${see(facts.ip, 'dkim')}`,
      })),
      rule<MessageFacts>('unsubscribe', (facts) => facts.bulk && !facts.header.oneClickUnsubscribe, (facts) => ({
        code: 554,
        text: `Transaction failed\nReject due to policy restrictions: bulk mail needs one-click unsubscription.\n${see(facts.ip, 'hi')}`,
      })),
      rule<MessageFacts>('content', (facts) => facts.weather('spam-content') || (facts.spamPattern && lowReputation(facts)), (facts) => ({
        code: 554,
        text: `Transaction failed\nReject due to policy restrictions.\n${see(facts.ip, 'hi')}`,
      })),
    ],
  },
};
