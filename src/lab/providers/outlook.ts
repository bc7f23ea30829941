/**
 * Outlook.com, after Microsoft's postmaster pages and the high-volume sender requirements of May 2025, read 2026.
 *
 * Where those leave room: missing reverse DNS and Spamhaus' PBL are answered as a dynamic address (DY-001), XBL as an
 * infected machine (DY-002), CSS as a listing (OU-001), SBL as a blocked network (S3150).
 */
import { blocked, dkimPasses, dmarcSaysReject, fromDomain, genericPtr, hasDmarcRecord, lowReputation, noPtr, onCss, onPbl, onXbl, ptrUnknown, spfPasses, tooFast, undecided } from './conditions.ts';
import { rule, type ConnectFacts, type MailFacts, type MessageFacts, type ProviderProfile, type ProviderReply, type RecipientFacts } from './profile.ts';

const TROUBLE = 'You can tell your provider about this problem at http://mail.live.com/mail/troubleshooting.aspx#errors.';
/** A day, from one address. */
const UNKNOWN_RECIPIENTS_MAX = 100;
/** In the scenario namespace-mining. */
const UNKNOWN_RECIPIENTS_FEW = 2;
const CONNECTIONS_FEW_PER_MINUTE = 5;

/** `SC-001 Mail rejected …`, with the address to look up. */
function policy(label: string, facts: ConnectFacts, why: string): ProviderReply {
  return { code: 550, text: `${label} Unfortunately, messages from ${facts.ip} weren't sent. Mail rejected by Outlook.com for policy reasons: ${why} ${TROUBLE}`, close: true };
}

function slower(label: string, facts: ConnectFacts, limits: string): ProviderReply {
  return { code: 421, text: `${label} Unfortunately, some messages from ${facts.ip} weren't sent. Please try again. We have limits for ${limits}. ${TROUBLE}`, close: true };
}

function blockList(facts: ConnectFacts, mark: string, whose: string): ProviderReply {
  return { code: 550, enhanced: '5.7.1', text: `Unfortunately, messages from [${facts.ip}] weren't sent. Please contact your Internet service provider since ${whose} on our block list (${mark}). ${TROUBLE}` };
}

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
      rule<ConnectFacts>('dynamic', (facts) => noPtr(facts) || genericPtr(facts) || onPbl(facts), (facts) => policy('DY-001', facts, 'we generally do not accept email from dynamic IPs.')),
      rule<ConnectFacts>('infected', onXbl, (facts) => policy('DY-002', facts, 'the likely cause is a compromised or virus infected server or personal computer.')),
      rule<ConnectFacts>('spamhaus', onCss, (facts) => policy('OU-001', facts, 'the address is on a list of Spamhaus; see https://check.spamhaus.org.')),
      rule<ConnectFacts>('connection-limit', (facts) => facts.weather('connection-limit') && facts.connections.open > 1, (facts) => slower('RP-003', facts, 'how many concurrent connections can be made')),
      rule<ConnectFacts>('connection-rate', (facts) => facts.weather('connection-rate') && facts.connections.perMinute > CONNECTIONS_FEW_PER_MINUTE, (facts) => slower('RP-002', facts, 'how many connections can be made per minute')),
      rule<ConnectFacts>('ptr-unknown', ptrUnknown, (facts) => ({
        code: 451,
        enhanced: '4.7.500',
        text: `Server busy. Please try again later from [${facts.ip}]. (AS77712)`,
        close: true,
      })),
    ],
    hello: [],
    mail: [
      rule<MailFacts>('namespace-mining', (facts) => facts.unknownRecipients > (facts.weather('namespace-mining') ? UNKNOWN_RECIPIENTS_FEW : UNKNOWN_RECIPIENTS_MAX), (facts) =>
        policy('SC-002', facts, 'the mail server has exhibited namespace mining behavior.')),
      rule<MailFacts>('open-relay', (facts) => facts.weather('open-relay'), (facts) => policy('SC-003', facts, 'the address appears to be an open proxy or relay.')),
      rule<MailFacts>('banned-ip', (facts) => facts.weather('banned-ip'), (facts) => ({
        code: 550,
        enhanced: '5.7.606',
        text: `Access denied, banned sending IP [${facts.ip}]. To request removal from this list please visit https://sender.office.com/ and follow the directions. (AS16012609)`,
      })),
      rule<MailFacts>('banned-sender', (facts) => facts.weather('banned-sender'), () => ({
        code: 550,
        enhanced: '5.7.511',
        text: 'Access denied, banned sender. To request removal from this list please forward this message to delist@microsoft.com. (AS16012611)',
      })),
      rule<MailFacts>('blocked-ip', (facts) => facts.weather('blocked-ip'), (facts) => blockList(facts, 'S3140', 'your address is')),
      rule<MailFacts>('listed', blocked, (facts) => blockList(facts, 'S3150', 'part of their network is')),
      rule<MailFacts>('new-ip', (facts) => facts.weather('new-ip'), (facts) => ({
        code: 451,
        enhanced: '4.7.850',
        text: `Access denied, please try again later: the reputation of [${facts.ip}] is under evaluation. (AS850)`,
      })),
      rule<MailFacts>('volume-jump', (facts) => facts.weather('volume-jump'), (facts) => ({
        code: 451,
        enhanced: '4.7.500',
        text: `Server busy. Please try again later from [${facts.ip}]. (AS843)`,
      })),
      rule<MailFacts>('reputation', lowReputation, (facts) => ({
        code: 451,
        enhanced: '4.7.650',
        text: `The mail server [${facts.ip}] has been temporarily rate limited due to IP reputation. For e-mail delivery information see https://postmaster.live.com (S775)`,
      })),
      rule<MailFacts>('rate', tooFast, (facts) => slower('RP-001', facts, 'how many messages can be sent per hour and per day')),
    ],
    recipient: [
      rule<RecipientFacts>('unknown-user', (facts) => facts.mailbox === 'unknown' || facts.mailbox === 'foreign', () => ({
        code: 550,
        enhanced: '5.5.0',
        text: 'Requested action not taken: mailbox unavailable (S2017062302).',
      })),
      rule<RecipientFacts>('recipient-block', (facts) => facts.weather('recipient-block'), () => ({
        code: 550,
        enhanced: '5.7.513',
        text: 'Service unavailable, client host blocked by the recipient organization using a customer block list. For more information, go to https://go.microsoft.com/fwlink/?LinkId=526653',
      })),
      rule<RecipientFacts>('recipient-rate', (facts) => facts.mailbox === 'busy', () => ({ code: 451, enhanced: '4.2.1', text: 'The recipient is receiving mail at a rate that exceeds its limit. Please try again later.' })),
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
      rule<MessageFacts>('complaints', (facts) => facts.complaintRate >= 0.003, (facts) => policy('SC-004', facts, 'a block has been placed against your address because of user complaints.')),
      rule<MessageFacts>('domain-reputation', (facts) => facts.weather('low-domain-reputation'), (facts) => policy('OU-002', facts, 'reasons for rejection may be related to IP or domain reputation.')),
      rule<MessageFacts>('content', (facts) => facts.weather('spam-content'), (facts) => policy('SC-001', facts, 'reasons for rejection may be related to content with spam-like characteristics or IP or domain reputation.')),
    ],
  },
};

function word(passed: boolean): string {
  return passed ? 'Pass' : 'Fail';
}
