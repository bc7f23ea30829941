/** Where the host outside takes mail, bounces above all: everything is welcome. Not one of the contract's providers. */
import { OUTSIDE_DOMAINS, OUTSIDE_HOST } from '../outside/domains.ts';
import { rule, type ProviderProfile, type RecipientFacts } from './profile.ts';

export const outsideSite: ProviderProfile = {
  name: 'outside',
  domains: OUTSIDE_DOMAINS.map((domain) => domain.name),
  mxHost: OUTSIDE_HOST,
  banner: `${OUTSIDE_HOST} ESMTP`,
  extensions: { enhancedCodes: true, chunking: false, smtpUtf8: true, dsn: false, sizeBytesMax: 104_857_600 },
  blocklists: [],
  messagesPerMinuteMax: Number.POSITIVE_INFINITY,
  feedbackLoop: false,
  greylisted: { code: 451, enhanced: '4.7.1', text: 'Greylisted, please try again later' },
  rules: {
    connect: [],
    hello: [],
    mail: [],
    recipient: [
      rule<RecipientFacts>('unknown-user', (facts) => facts.mailbox === 'unknown' || facts.mailbox === 'foreign', (facts) => ({
        code: 550,
        enhanced: '5.1.1',
        text: `<${facts.recipient}>: no such user`,
      })),
    ],
    message: [],
  },
};
