/**
 * example.net: a small site with Postfix, a block list, a reverse DNS check and a DMARC milter; its replies are Postfix's.
 * It enforces MTA-STS.
 */
import { dmarcSaysReject, domainOf, listed, noPtr, ptrUnknown, tooFast, undecided, unauthenticated } from './conditions.ts';
import { rule, type ConnectFacts, type MessageFacts, type ProviderProfile, type RecipientFacts } from './profile.ts';

export const exampleNet: ProviderProfile = {
  name: 'example.net',
  domains: ['example.net'],
  mxHost: 'mx.example.net',
  banner: 'mx.example.net ESMTP Postfix',
  dmarc: 'v=DMARC1; p=quarantine',
  tlsReports: 'v=TLSRPTv1; rua=mailto:tls-reports@example.net',
  mtaSts: { mode: 'enforce', maxAgeSeconds: 604_800 },
  extensions: { enhancedCodes: true, chunking: true, smtpUtf8: true, dsn: true, requireTls: true, sizeBytesMax: 10_240_000 },
  blocklists: ['zen.spamhaus.org'],
  messagesPerMinuteMax: 60_000,
  feedbackLoop: true,
  greylisted: { code: 451, enhanced: '4.7.1', text: 'Greylisted, please try again later' },
  rules: {
    connect: [
      rule<ConnectFacts>('connection-limit', (facts) => facts.weather('connection-limit') && facts.connections.open > 1, (facts) => ({ code: 421, enhanced: '4.7.0', text: `mx.example.net Error: too many connections from ${facts.ip}`, close: true })),
    ],
    hello: [],
    mail: [],
    recipient: [
      rule<RecipientFacts>('listed', listed, (facts) => ({
        code: 554,
        enhanced: '5.7.1',
        text: `Service unavailable; Client host [${facts.ip}] blocked using ${facts.listedIn[0]}; Listed by the simulated ${facts.listedIn[0]}`,
      })),
      rule<RecipientFacts>('no-ptr', (facts) => noPtr(facts) || ptrUnknown(facts), (facts) => ({
        code: 450,
        enhanced: '4.7.25',
        text: `Client host rejected: cannot find your hostname, [${facts.ip}]`,
      })),
      rule<RecipientFacts>('sender-domain', (facts) => facts.senderDomain !== 'yes', (facts) => ({
        code: 450,
        enhanced: '4.1.8',
        text: `<${facts.sender}>: Sender address rejected: Domain not found`,
      })),
      rule<RecipientFacts>('relay', (facts) => facts.mailbox === 'foreign', (facts) => ({
        code: 554,
        enhanced: '5.7.1',
        text: `<${facts.recipient}>: Relay access denied`,
      })),
      rule<RecipientFacts>('unknown-user', (facts) => facts.mailbox === 'unknown' || facts.mailbox === 'disabled', (facts) => ({
        code: 550,
        enhanced: '5.1.1',
        text: `<${facts.recipient}>: Recipient address rejected: User unknown in local recipient table`,
      })),
      rule<RecipientFacts>('recipient-rate', (facts) => facts.mailbox === 'busy', (facts) => ({
        code: 450,
        enhanced: '4.2.1',
        text: `<${facts.recipient}>: Recipient address rejected: receiving mail too quickly`,
      })),
      rule<RecipientFacts>('over-quota', (facts) => facts.mailbox === 'full', (facts) => ({
        code: 452,
        enhanced: '4.2.2',
        text: `<${facts.recipient}>: Recipient address rejected: Mailbox is full`,
      })),
      rule<RecipientFacts>('rate', tooFast, (facts) => ({
        code: 450,
        enhanced: '4.7.1',
        text: `Error: too much mail from ${facts.ip}`,
      })),
    ],
    message: [
      rule<MessageFacts>('undecided', (facts) => unauthenticated(facts) && undecided(facts), () => ({ code: 451, enhanced: '4.7.1', text: 'Service unavailable - try again later' })),
      rule<MessageFacts>('dmarc', dmarcSaysReject, (facts) => ({
        code: 550,
        enhanced: '5.7.1',
        text: `rejected by DMARC policy for ${facts.dmarc.fromDomain ?? domainOf(facts.sender)}`,
      })),
      rule<MessageFacts>('content', (facts) => facts.weather('spam-content'), () => ({ code: 550, enhanced: '5.7.1', text: 'Spam message rejected' })),
    ],
  },
};
