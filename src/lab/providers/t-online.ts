/**
 * T-Online, after postmaster.t-online.de, read 2026: addresses without a known good name are refused until their
 * operator has written. The lab's sending address counts as known unless the scenario `unknown-ip` says otherwise.
 */
import { blocked, dmarcSaysReject, lowReputation, noPtr, ptrUnknown, tooFast, unauthenticated, undecided } from './conditions.ts';
import { rule, type ConnectFacts, type MailFacts, type MessageFacts, type ProviderProfile, type RecipientFacts } from './profile.ts';

export const tOnline: ProviderProfile = {
  name: 't-online',
  domains: ['t-online.de', 'magenta.de'],
  mxHost: 'mx00.t-online.de',
  banner: 'mailin41.mgt.mul.t-online.de T-Online ESMTP receiver ssmtpd ready.',
  dmarc: 'v=DMARC1; p=none',
  secureZone: true,
  extensions: { enhancedCodes: true, chunking: false, smtpUtf8: false, dsn: false, sizeBytesMax: 52_428_800 },
  blocklists: ['zen.spamhaus.org'],
  messagesPerMinuteMax: 60_000,
  feedbackLoop: true,
  greylisted: { code: 451, enhanced: '4.7.1', text: 'Greylisted, please try again later' },
  rules: {
    connect: [
      rule<ConnectFacts>('unknown-ip', (facts) => facts.weather('unknown-ip') || facts.weather('new-ip') || blocked(facts), (facts) => ({
        code: 554,
        text: `IP=${facts.ip} - None/bad reputation. Ask your postmaster for help or to contact tobr@rx.t-online.de for reset. (NOWL)`,
        close: true,
      })),
      rule<ConnectFacts>('no-ptr', noPtr, (facts) => ({
        code: 554,
        text: `IP=${facts.ip} - A problem occurred: no valid reverse DNS. Ask your postmaster for help or to contact tobr@rx.t-online.de to clarify. (BL)`,
        close: true,
      })),
      rule<ConnectFacts>('ptr-unknown', ptrUnknown, (facts) => ({ code: 421, text: `IP=${facts.ip} - DNS lookup failed, try again later.`, close: true })),
    ],
    hello: [],
    mail: [
      rule<MailFacts>('rate', tooFast, (facts) => ({ code: 421, enhanced: '4.7.0', text: `IP=${facts.ip} - Too many messages, try again later.`, close: true })),
      rule<MailFacts>('sender-domain', (facts) => facts.senderDomain === 'no', () => ({ code: 550, enhanced: '5.1.8', text: 'Sender domain does not resolve' })),
      rule<MailFacts>('sender-domain-unknown', (facts) => facts.senderDomain === 'unknown', () => ({ code: 451, enhanced: '4.1.8', text: 'Sender domain cannot be looked up now' })),
    ],
    recipient: [
      rule<RecipientFacts>('unknown-user', (facts) => facts.mailbox === 'unknown' || facts.mailbox === 'foreign' || facts.mailbox === 'disabled', () => ({ code: 550, enhanced: '5.1.1', text: 'unknown user / Teilnehmer existiert nicht' })),
      rule<RecipientFacts>('recipient-rate', (facts) => facts.mailbox === 'busy', () => ({ code: 450, enhanced: '4.2.1', text: 'mailbox receives too many messages, try again later' })),
      rule<RecipientFacts>('over-quota', (facts) => facts.mailbox === 'full', () => ({ code: 552, enhanced: '5.2.2', text: 'mailbox full / Mailbox voll' })),
    ],
    message: [
      rule<MessageFacts>('undecided', (facts) => unauthenticated(facts) && undecided(facts), () => ({ code: 451, enhanced: '4.7.0', text: 'Authentication could not be checked, try again later' })),
      rule<MessageFacts>('dmarc', dmarcSaysReject, () => ({ code: 550, enhanced: '5.7.1', text: "Message rejected due to the sender domain's DMARC policy" })),
      rule<MessageFacts>('content', (facts) => facts.weather('spam-content') || (facts.spamPattern && lowReputation(facts)), () => ({ code: 554, enhanced: '5.7.0', text: 'Message considered as spam or virus, rejected' })),
    ],
  },
};
