/**
 * Apple's iCloud Mail, after support page 102322 and the replies it lists, read 2026.
 *
 * Where it leaves room: missing reverse DNS and listed addresses are local policy ([CS01]).
 */
import { blocked, dkimPasses, dmarcSaysReject, fromDomain, lowReputation, noPtr, ptrUnknown, spfPasses, tooFast, unauthenticated, undecided } from './conditions.ts';
import { rule, type MailFacts, type MessageFacts, type ProviderProfile, type RecipientFacts } from './profile.ts';

const SEE = 'Please visit https://support.apple.com/en-us/HT204137';

export const icloud: ProviderProfile = {
  name: 'icloud',
  domains: ['icloud.com', 'me.com', 'mac.com'],
  mxHost: 'mx01.mail.icloud.com',
  banner: 'p00-icloudmta-smtpin ESMTP Apple iCloud Mail',
  dmarc: 'v=DMARC1; p=quarantine; sp=quarantine; rua=mailto:d@rua.agari.com',
  extensions: { enhancedCodes: true, chunking: true, smtpUtf8: true, dsn: false, sizeBytesMax: 28_311_552 },
  blocklists: ['zen.spamhaus.org'],
  messagesPerMinuteMax: 60_000,
  feedbackLoop: false,
  greylisted: { code: 451, enhanced: '4.7.1', text: 'Greylisted, please try again later' },
  rules: {
    connect: [],
    hello: [],
    mail: [
      rule<MailFacts>('sender-domain', (facts) => facts.senderDomain !== 'yes', (facts) => ({
        code: 450,
        enhanced: '4.1.8',
        text: `<${facts.sender}>: Sender address rejected: Domain not found`,
      })),
      rule<MailFacts>('new-ip', (facts) => facts.weather('new-ip'), (facts) => ({ code: 451, enhanced: '4.7.1', text: `[BS02] Messages from ${facts.ip} deferred. Try again later. ${SEE}` })),
      rule<MailFacts>('volume-jump', (facts) => facts.weather('volume-jump'), (facts) => ({ code: 421, enhanced: '4.7.1', text: `[HCM1] Messages from ${facts.ip} deferred. Try again later. ${SEE}` })),
      rule<MailFacts>('volume', (facts) => tooFast(facts) || lowReputation(facts), (facts) => ({
        code: 421,
        enhanced: '4.7.1',
        text: `Messages from ${facts.ip} deferred due to excessive volume. Try again later. ${SEE}`,
      })),
    ],
    recipient: [
      rule<RecipientFacts>('unknown-user', (facts) => facts.mailbox === 'unknown' || facts.mailbox === 'foreign', (facts) => ({
        code: 550,
        enhanced: '5.1.1',
        text: `<${facts.recipient}>: user does not exist`,
      })),
      rule<RecipientFacts>('recipient-rate', (facts) => facts.mailbox === 'busy', (facts) => ({ code: 450, enhanced: '4.2.1', text: `<${facts.recipient}>: user is receiving mail too quickly` })),
      rule<RecipientFacts>('disabled', (facts) => facts.mailbox === 'disabled', (facts) => ({ code: 550, enhanced: '5.2.1', text: `<${facts.recipient}>: user is disabled` })),
      rule<RecipientFacts>('over-quota', (facts) => facts.mailbox === 'full', (facts) => ({ code: 552, enhanced: '5.2.2', text: `<${facts.recipient}>: user is over quota` })),
    ],
    message: [
      rule<MessageFacts>('ptr-unknown', (facts) => ptrUnknown(facts) || (unauthenticated(facts) && undecided(facts)), () => ({
        code: 451,
        enhanced: '4.7.1',
        text: `Service unavailable - try again later. ${SEE}`,
      })),
      rule<MessageFacts>('local-policy', (facts) => noPtr(facts) || blocked(facts) || facts.weather('spam-content'), () => ({
        code: 550,
        enhanced: '5.7.1',
        text: `[CS01] Message rejected due to local policy. ${SEE}`,
      })),
      rule<MessageFacts>('dmarc', dmarcSaysReject, (facts) => ({
        code: 554,
        enhanced: '5.7.1',
        text: `Your message was rejected due to ${fromDomain(facts)}'s DMARC policy. ${SEE}`,
      })),
      rule<MessageFacts>('unauthenticated', unauthenticated, () => ({
        code: 554,
        enhanced: '5.7.1',
        text: `[HME1] This message was blocked for failing both SPF and DKIM authentication checks. ${SEE}`,
      })),
      rule<MessageFacts>('bulk-authentication', (facts) => facts.bulk && !(spfPasses(facts) && dkimPasses(facts) && facts.dmarc.result === 'pass'), () => ({
        code: 550,
        enhanced: '5.7.1',
        text: `[CS01] Message rejected due to local policy: bulk mail needs SPF, DKIM and DMARC. ${SEE}`,
      })),
    ],
  },
};
