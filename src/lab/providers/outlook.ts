/**
 * Outlook.com, after Microsoft's postmaster pages and the high-volume sender requirements of May 2025, read 2026.
 *
 * Where those leave room: missing reverse DNS is answered as a dynamic address (DY-001).
 */
import { dkimPasses, dmarcSaysReject, fromDomain, hasDmarcRecord, listed, lowReputation, noPtr, ptrUnknown, spfPasses, tooFast, undecided } from './conditions.ts';
import { rule, type ConnectFacts, type MailFacts, type MessageFacts, type ProviderProfile, type RecipientFacts } from './profile.ts';

const TROUBLE = 'You can tell your provider about this problem at http://mail.live.com/mail/troubleshooting.aspx#errors.';
/** A day, from one address. */
const UNKNOWN_RECIPIENTS_MAX = 100;

export const outlook: ProviderProfile = {
  name: 'outlook',
  domains: ['outlook.com', 'hotmail.com', 'live.com'],
  mxHost: 'outlook-com.olc.protection.outlook.com',
  banner: 'outlook-com.olc.protection.outlook.com Microsoft ESMTP MAIL Service ready',
  dmarc: 'v=DMARC1; p=none; sp=quarantine; pct=100; rua=mailto:rua@dmarc.microsoft',
  extensions: { enhancedCodes: true, chunking: true, smtpUtf8: true, dsn: true, sizeBytesMax: 49_283_072 },
  blocklists: ['zen.spamhaus.org'],
  messagesPerMinuteMax: 60_000,
  feedbackLoop: true,
  greylisted: { code: 451, enhanced: '4.7.1', text: 'Greylisted, please try again later' },
  rules: {
    connect: [
      rule<ConnectFacts>('no-ptr', noPtr, (facts) => ({
        code: 550,
        text: `DY-001 Unfortunately, messages from ${facts.ip} weren't sent. Mail rejected by Outlook.com for policy reasons: we do not accept email from dynamic IPs without reverse DNS. ${TROUBLE}`,
        close: true,
      })),
      rule<ConnectFacts>('ptr-unknown', ptrUnknown, (facts) => ({
        code: 451,
        enhanced: '4.7.500',
        text: `Server busy. Please try again later from [${facts.ip}]. (AS77712)`,
        close: true,
      })),
    ],
    hello: [],
    mail: [
      rule<MailFacts>('namespace-mining', (facts) => facts.unknownRecipients > UNKNOWN_RECIPIENTS_MAX, (facts) => ({
        code: 550,
        text: `SC-002 Mail rejected by Outlook.com for policy reasons. The mail server ${facts.ip} has exhibited namespace mining behavior. ${TROUBLE}`,
      })),
      rule<MailFacts>('listed', listed, (facts) => ({
        code: 550,
        enhanced: '5.7.1',
        text: `Unfortunately, messages from [${facts.ip}] weren't sent. Please contact your Internet service provider since part of their network is on our block list (S3150). ${TROUBLE}`,
      })),
      rule<MailFacts>('reputation', lowReputation, (facts) => ({
        code: 451,
        enhanced: '4.7.650',
        text: `The mail server [${facts.ip}] has been temporarily rate limited due to IP reputation. For e-mail delivery information see https://postmaster.live.com (S775)`,
      })),
      rule<MailFacts>('rate', tooFast, (facts) => ({
        code: 421,
        text: `RP-001 Unfortunately, some messages from ${facts.ip} weren't sent. Please try again. We have limits for how many messages can be sent per hour and per day. ${TROUBLE}`,
        close: true,
      })),
    ],
    recipient: [
      rule<RecipientFacts>('unknown-user', (facts) => facts.mailbox === 'unknown' || facts.mailbox === 'foreign', () => ({
        code: 550,
        enhanced: '5.5.0',
        text: 'Requested action not taken: mailbox unavailable (S2017062302).',
      })),
      rule<RecipientFacts>('disabled', (facts) => facts.mailbox === 'disabled', () => ({ code: 550, enhanced: '5.2.1', text: 'Mailbox disabled for this recipient' })),
      rule<RecipientFacts>('over-quota', (facts) => facts.mailbox === 'full', (facts) => ({
        code: 552,
        enhanced: '5.2.2',
        text: `<${facts.recipient}> mailbox full`,
      })),
    ],
    message: [
      rule<MessageFacts>('undecided', (facts) => !spfPasses(facts) && !dkimPasses(facts) && undecided(facts), () => ({
        code: 451,
        enhanced: '4.7.500',
        text: 'Server busy. Please try again later: the sending domain could not be looked up.',
      })),
      rule<MessageFacts>('dmarc', dmarcSaysReject, (facts) => ({
        code: 550,
        enhanced: '5.7.509',
        text: `Access denied, sending domain ${fromDomain(facts)} does not pass DMARC verification and has a DMARC policy of reject.`,
      })),
      rule<MessageFacts>(
        'bulk-authentication',
        (facts) => facts.bulk && !(spfPasses(facts) && dkimPasses(facts) && hasDmarcRecord(facts) && facts.dmarc.result === 'pass'),
        (facts) => ({
          code: 550,
          enhanced: '5.7.515',
          text: `Access denied, sending domain ${fromDomain(facts)} doesn't meet the required authentication level. The sender's domain in the 5322.From address doesn't meet the authentication requirements defined for the sender. To learn how to fix this see: https://go.microsoft.com/fwlink/p/?linkid=2319303 Spf= ${word(spfPasses(facts))} , Dkim= ${word(dkimPasses(facts))} , DMARC= ${word(facts.dmarc.result === 'pass')}`,
        }),
      ),
      rule<MessageFacts>('complaints', (facts) => facts.complaintRate >= 0.003, (facts) => ({
        code: 550,
        text: `SC-004 Mail rejected by Outlook.com for policy reasons: a block has been placed against ${facts.ip} because of user complaints. ${TROUBLE}`,
      })),
      rule<MessageFacts>('content', (facts) => facts.spamPattern && facts.weather('low-reputation'), () => ({
        code: 550,
        text: `SC-001 Mail rejected by Outlook.com for policy reasons. Reasons for rejection may be related to content with spam-like characteristics. ${TROUBLE}`,
      })),
    ],
  },
};

function word(passed: boolean): string {
  return passed ? 'Pass' : 'Fail';
}
