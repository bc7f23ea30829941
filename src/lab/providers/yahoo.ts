/**
 * Yahoo and AOL, after senders.yahooinc.com (best practices and SMTP error codes), read 2026.
 *
 * Where it leaves room: missing reverse DNS is answered with 553 5.7.1 without a label; the bulk threshold, unpublished, is Gmail's.
 */
import { dkimPasses, dmarcSaysReject, fromDomain, hasDmarcRecord, listed, lowReputation, noPtr, onXbl, ptrUnknown, spfPasses, tooFast, unauthenticated, undecided } from './conditions.ts';
import { rule, type ConnectFacts, type MailFacts, type MessageFacts, type ProviderProfile, type RecipientFacts } from './profile.ts';

const SEE = 'see https://postmaster.yahooinc.com/error-codes';

export const yahoo: ProviderProfile = {
  name: 'yahoo',
  domains: ['yahoo.com', 'ymail.com', 'aol.com'],
  mxHost: 'mta5.am0.yahoodns.net',
  banner: 'mtaproxy1.free.mail.bf1.yahoo.com ESMTP ready',
  dmarc: 'v=DMARC1; p=reject; rua=mailto:d@rua.agari.com',
  extensions: { enhancedCodes: true, chunking: false, smtpUtf8: true, dsn: false, sizeBytesMax: 41_943_040 },
  blocklists: ['zen.spamhaus.org'],
  messagesPerConnectionMax: 20,
  messagesPerMinuteMax: 60_000,
  feedbackLoop: true,
  greylisted: { code: 451, enhanced: '4.7.1', text: 'Greylisted, please try again later' },
  rules: {
    connect: [
      rule<ConnectFacts>('infected', onXbl, () => ({ code: 553, enhanced: '5.7.1', text: `[BL23] Connections not accepted from IP addresses on Spamhaus XBL; ${SEE}`, close: true })),
      rule<ConnectFacts>('listed', listed, (facts) => ({
        code: 553,
        enhanced: '5.7.1',
        text: `[BL21] Connections will not be accepted from ${facts.ip}, because the ip is in Spamhaus's list; ${SEE}`,
        close: true,
      })),
      rule<ConnectFacts>('no-ptr', noPtr, (facts) => ({
        code: 553,
        enhanced: '5.7.1',
        text: `Connections not accepted from IP addresses without valid reverse DNS [${facts.ip}]; ${SEE}`,
        close: true,
      })),
      rule<ConnectFacts>('ptr-unknown', ptrUnknown, () => ({ code: 421, enhanced: '4.7.0', text: `Resources temporarily unavailable. Please try again later; ${SEE}`, close: true })),
    ],
    hello: [],
    mail: [
      rule<MailFacts>('banned-ip', (facts) => facts.weather('banned-ip'), (facts) => ({
        code: 421,
        enhanced: '4.7.1',
        text: `[TS03] All messages from ${facts.ip} will be permanently deferred; Retrying will NOT succeed. ${SEE}`,
        close: true,
      })),
      rule<MailFacts>('blocked-ip', (facts) => facts.weather('blocked-ip'), (facts) => ({
        code: 553,
        enhanced: '5.7.2',
        text: `[TSS11] All messages from ${facts.ip} will be permanently deferred; Retrying will NOT succeed. ${SEE}`,
        close: true,
      })),
      rule<MailFacts>('volume-jump', (facts) => facts.weather('volume-jump'), (facts) => ({
        code: 421,
        enhanced: '4.7.0',
        text: `[IPTS04] Messages from ${facts.ip} temporarily deferred due to unexpected volume or user complaints - 4.16.55.1; ${SEE}`,
        close: true,
      })),
      rule<MailFacts>('volume', (facts) => tooFast(facts) || lowReputation(facts), (facts) => ({
        code: 421,
        enhanced: '4.7.0',
        text: `[TSS04] Messages from ${facts.ip} temporarily deferred due to unexpected volume or user complaints - 4.16.55.1; ${SEE}`,
        close: true,
      })),
      rule<MailFacts>('sender-domain', (facts) => facts.senderDomain !== 'yes', (facts) => ({
        code: 451,
        text: `Message temporarily deferred: MAIL FROM domain of <${facts.sender}> does not resolve; ${SEE}`,
      })),
    ],
    recipient: [
      rule<RecipientFacts>('unknown-user', (facts) => facts.mailbox === 'unknown' || facts.mailbox === 'foreign', (facts) => ({
        code: 554,
        text: `delivery error: dd This user doesn't have a yahoo.com account (${facts.recipient}) [0]`,
      })),
      rule<RecipientFacts>('recipient-rate', (facts) => facts.mailbox === 'busy', () => ({ code: 451, text: `Message temporarily deferred: this mailbox is receiving mail too quickly; ${SEE}` })),
      rule<RecipientFacts>('disabled', (facts) => facts.mailbox === 'disabled', (facts) => ({
        code: 554,
        text: `30 Sorry, your message to ${facts.recipient} cannot be delivered. This mailbox is disabled (554.30).`,
      })),
      rule<RecipientFacts>('over-quota', (facts) => facts.mailbox === 'full', (facts) => ({
        code: 452,
        enhanced: '4.2.2',
        text: `Sorry, your message to ${facts.recipient} cannot be delivered. This account is over quota.`,
      })),
    ],
    message: [
      rule<MessageFacts>('undecided', (facts) => unauthenticated(facts) && undecided(facts), () => ({
        code: 451,
        enhanced: '4.7.9',
        text: `Message temporarily deferred: the sender could not be authenticated at this time; ${SEE}`,
      })),
      rule<MessageFacts>('from', (facts) => facts.header.fromFields !== 1 || facts.header.fromAddresses === 0, () => ({
        code: 554,
        enhanced: '5.7.9',
        text: `Message not accepted for policy reasons: exactly one From header is needed; ${SEE}`,
      })),
      rule<MessageFacts>('dmarc', dmarcSaysReject, () => ({ code: 554, enhanced: '5.7.9', text: `Message not accepted for policy reasons. See https://postmaster.yahooinc.com/error-codes` })),
      rule<MessageFacts>('unauthenticated', unauthenticated, () => ({
        code: 550,
        enhanced: '5.7.9',
        text: `This mail has been blocked because the sender is unauthenticated. Yahoo requires all senders to authenticate with either SPF or DKIM. ${SEE}`,
      })),
      rule<MessageFacts>(
        'bulk-authentication',
        (facts) => facts.bulk && !(spfPasses(facts) && dkimPasses(facts) && hasDmarcRecord(facts) && facts.dmarc.result === 'pass'),
        (facts) => ({
          code: 550,
          enhanced: '5.7.9',
          text: `This mail has been blocked because ${fromDomain(facts)} does not meet the requirements for bulk senders: SPF, DKIM and aligned DMARC. ${SEE}`,
        }),
      ),
      rule<MessageFacts>('complaints', (facts) => facts.complaintRate >= 0.01, (facts) => ({
        code: 553,
        enhanced: '5.7.2',
        text: `[TSS09] All messages from ${facts.ip} will be permanently deferred; Retrying will NOT succeed. ${SEE}`,
        close: true,
      })),
      rule<MessageFacts>('some-complaints', (facts) => facts.complaintRate >= 0.003, (facts) => ({
        code: 421,
        enhanced: '4.7.0',
        text: `[TSS05] Messages from ${facts.ip} temporarily deferred due to unexpected volume or user complaints; ${SEE}`,
        close: true,
      })),
      rule<MessageFacts>('content', (facts) => facts.weather('spam-content'), () => ({ code: 554, enhanced: '5.7.9', text: `Message not accepted for policy reasons. ${SEE}` })),
    ],
  },
};
