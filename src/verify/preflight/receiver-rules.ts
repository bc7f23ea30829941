/**
 * What each large receiver answers to a finding: data, first match decides, in the order in which the receiver judges.
 *
 * Facts: the sender guidelines and error pages of the providers, read 2026 (Gmail: support pages 81126, 14229414 and
 * 3726730; Yahoo: senders.yahooinc.com; Microsoft: sendersupport.olc.protection.outlook.com; Apple: support page 102322;
 * GMX and WEB.DE: postmaster.gmx.net; T-Online: postmaster.t-online.de).
 */
import type { Reply } from '../../contract/message.ts';
import type { FindingId } from './finding.ts';

export interface ReceiverRule {
  readonly findings: readonly FindingId[];
  /** Only for mail to many. */
  readonly bulk?: true;
  /** Only over this protocol. */
  readonly protocol?: 'ipv4' | 'ipv6';
  /** `{ip}`, `{from}` (domain of From), `{sender}` (domain of the envelope sender) are filled in. */
  readonly reply: Reply;
  /** For findings that DNS could not settle. */
  readonly uncertainReply?: Reply;
}

export interface ReceiverRules {
  /** Keys of mail/sites. */
  readonly sites: readonly string[];
  /** Largest message taken, bytes, as its SIZE says. */
  readonly sizeBytesMax: number;
  readonly rules: readonly ReceiverRule[];
}

const reply = (code: number, enhanced: string | undefined, text: string): Reply => ({ code, ...(enhanced === undefined ? {} : { enhanced }), text });

const google: ReceiverRules = {
  sites: ['google'],
  sizeBytesMax: 157_286_400,
  rules: [
    { findings: ['ehlo-invalid'], reply: reply(501, '5.5.4', 'HELO/EHLO argument invalid, closing connection.') },
    { findings: ['from-missing', 'from-malformed'], reply: reply(550, '5.7.1', 'Messages missing a valid address in the From: header are not accepted.') },
    { findings: ['from-multiple'], reply: reply(550, '5.7.1', 'Messages with multiple addresses in the From: header are not accepted.') },
    { findings: ['message-id-missing'], reply: reply(550, '5.7.1', 'Messages missing a valid Message-ID header are not accepted.') },
    { findings: ['duplicate-header'], reply: reply(550, '5.7.1', 'This message is not RFC 5322 compliant: there are multiple headers of one kind.') },
    {
      findings: ['ptr-missing', 'ptr-unknown'], protocol: 'ipv6',
      reply: reply(550, '5.7.1', '[{ip}] This message does not meet IPv6 sending guidelines regarding PTR records and authentication.'),
      uncertainReply: reply(451, '4.7.23', 'The sending IP address [{ip}] has no PTR record, or the forward DNS entry does not match, at this time.'),
    },
    {
      findings: ['ptr-missing', 'ptr-unknown'],
      reply: reply(550, '5.7.25', '[{ip}] The IP address sending this message does not have a PTR record setup, or the corresponding forward DNS entry does not match.'),
      uncertainReply: reply(451, '4.7.23', 'The sending IP address [{ip}] has no PTR record, or the forward DNS entry does not match, at this time.'),
    },
    { findings: ['dmarc-reject'], reply: reply(550, '5.7.26', "Unauthenticated email from {from} is not accepted due to domain's DMARC policy."), uncertainReply: reply(421, '4.7.26', 'This mail has been rate limited because it is unauthenticated.') },
    { findings: ['unauthenticated'], reply: reply(550, '5.7.26', 'This mail has been blocked because the sender is unauthenticated. Gmail requires all senders to authenticate with either SPF or DKIM.'), uncertainReply: reply(421, '4.7.26', 'This mail has been rate limited because the sender is unauthenticated.') },
    { findings: ['spf-fail', 'spf-softfail', 'spf-none', 'spf-error'], bulk: true, reply: reply(550, '5.7.27', 'SPF for [{sender}] did not pass. Gmail requires bulk senders to authenticate with SPF.'), uncertainReply: reply(421, '4.7.27', 'SPF for [{sender}] did not pass.') },
    { findings: ['dkim-none', 'dkim-fail', 'dkim-weak'], bulk: true, reply: reply(550, '5.7.30', 'DKIM did not pass. Gmail requires bulk senders to authenticate with DKIM.'), uncertainReply: reply(421, '4.7.30', 'DKIM did not pass.') },
    { findings: ['dmarc-none'], bulk: true, reply: reply(550, '5.7.40', 'The sending domain {from} has no DMARC record. Gmail requires bulk senders to publish one.') },
    { findings: ['dmarc-unaligned', 'dmarc-quarantine'], bulk: true, reply: reply(421, '4.7.32', 'The From: header domain {from} is not aligned with either the authenticated SPF or DKIM organizational domain.') },
    { findings: ['too-large'], reply: reply(552, '5.3.4', 'Your message exceeded Google\'s message size limits.') },
  ],
};

const microsoft: ReceiverRules = {
  sites: ['outlook', 'office365', 'mx-microsoft'],
  sizeBytesMax: 49_283_072,
  rules: [
    { findings: ['ptr-missing'], reply: reply(550, undefined, 'DY-001 Mail rejected for policy reasons. We generally do not accept email from dynamic IPs.'), uncertainReply: reply(451, '4.7.500', 'Server busy. Please try again later from [{ip}].') },
    { findings: ['dmarc-reject'], reply: reply(550, '5.7.509', 'Access denied, sending domain [{from}] does not pass DMARC verification and has a DMARC policy of reject.') },
    {
      findings: ['spf-fail', 'spf-softfail', 'spf-none', 'spf-error', 'dkim-none', 'dkim-fail', 'dmarc-none', 'dmarc-unaligned', 'dmarc-quarantine'], bulk: true,
      reply: reply(550, '5.7.515', 'Access denied, sending domain [{from}] does not meet the required authentication level.'),
    },
    { findings: ['too-large'], reply: reply(552, '5.3.4', 'Message size exceeds fixed maximum message size.') },
  ],
};

const yahoo: ReceiverRules = {
  sites: ['yahoo'],
  sizeBytesMax: 41_943_040,
  rules: [
    { findings: ['ptr-missing'], reply: reply(553, '5.7.1', 'Connections not accepted from IP addresses without valid reverse DNS [{ip}].'), uncertainReply: reply(421, '4.7.0', 'Resources temporarily unavailable. Please try again later.') },
    { findings: ['sender-domain-missing'], reply: reply(451, undefined, 'Message temporarily deferred: the MAIL FROM domain {sender} does not resolve.') },
    { findings: ['from-missing', 'from-multiple', 'from-malformed'], reply: reply(554, '5.7.9', 'Message not accepted for policy reasons: exactly one From header is needed.') },
    { findings: ['dmarc-reject'], reply: reply(554, '5.7.9', 'Message not accepted for policy reasons.') },
    { findings: ['unauthenticated'], reply: reply(550, '5.7.9', 'This mail has been blocked because the sender is unauthenticated. Yahoo requires all senders to authenticate with either SPF or DKIM.'), uncertainReply: reply(451, '4.7.9', 'Message temporarily deferred: the sender could not be authenticated.') },
    {
      findings: ['spf-fail', 'spf-softfail', 'spf-none', 'dkim-none', 'dkim-fail', 'dmarc-none', 'dmarc-unaligned', 'dmarc-quarantine'], bulk: true,
      reply: reply(550, '5.7.9', 'This mail has been blocked because {from} does not meet the requirements for bulk senders: SPF, DKIM and aligned DMARC.'),
    },
    { findings: ['too-large'], reply: reply(552, '5.3.4', 'Message size exceeds fixed maximum message size.') },
  ],
};

const apple: ReceiverRules = {
  sites: ['apple'],
  sizeBytesMax: 28_311_552,
  rules: [
    { findings: ['sender-domain-missing'], reply: reply(450, '4.1.8', '<{sender}>: Sender address rejected: Domain not found') },
    { findings: ['ptr-missing'], reply: reply(550, '5.7.1', '[CS01] Message rejected due to local policy.'), uncertainReply: reply(451, '4.7.1', 'Service unavailable - try again later.') },
    { findings: ['dmarc-reject'], reply: reply(554, '5.7.1', "Your message was rejected due to {from}'s DMARC policy.") },
    { findings: ['unauthenticated'], reply: reply(554, '5.7.1', '[HME1] This message was blocked for failing both SPF and DKIM authentication checks.'), uncertainReply: reply(451, '4.7.1', 'Service unavailable - try again later.') },
    { findings: ['spf-fail', 'spf-none', 'dkim-none', 'dkim-fail', 'dmarc-unaligned', 'dmarc-quarantine'], bulk: true, reply: reply(550, '5.7.1', '[CS01] Message rejected due to local policy.') },
    { findings: ['too-large'], reply: reply(552, '5.3.4', 'Message size exceeds fixed maximum message size.') },
  ],
};

const gmx: ReceiverRules = {
  sites: ['gmx'],
  sizeBytesMax: 157_286_400,
  rules: [
    { findings: ['ptr-missing'], reply: reply(554, undefined, 'Nemesis ESMTP Service not available. Bad DNS PTR resource record.'), uncertainReply: reply(421, undefined, 'Nemesis ESMTP Service not available. Service closing transmission channel.') },
    { findings: ['sender-domain-missing'], reply: reply(550, undefined, 'Requested action not taken: mailbox unavailable. Sender address is not allowed.'), uncertainReply: reply(451, undefined, 'Requested action aborted: local error in processing') },
    { findings: ['spf-fail'], reply: reply(550, undefined, 'Requested action not taken: mailbox unavailable. Reject due to SPF policy.') },
    { findings: ['dmarc-reject'], reply: reply(554, undefined, 'Transaction failed. Reject due to domain owner policy restrictions.') },
    { findings: ['dkim-none', 'dkim-fail', 'dkim-unaligned'], reply: reply(554, undefined, 'Transaction failed. Reject due to policy restrictions: an aligned DKIM signature is needed.'), uncertainReply: reply(451, undefined, 'Requested action aborted: local error in processing') },
    { findings: ['one-click-missing'], bulk: true, reply: reply(554, undefined, 'Transaction failed. Reject due to policy restrictions: bulk mail needs one-click unsubscription.') },
    { findings: ['too-large'], reply: reply(552, undefined, 'Requested mail action aborted: exceeded storage allocation') },
  ],
};

const telekom: ReceiverRules = {
  sites: ['t-online'],
  sizeBytesMax: 52_428_800,
  rules: [
    { findings: ['ptr-missing'], reply: reply(554, undefined, 'IP={ip} - A problem occurred: no valid reverse DNS. Ask your postmaster for help.'), uncertainReply: reply(421, undefined, 'IP={ip} - DNS lookup failed, try again later.') },
    { findings: ['sender-domain-missing'], reply: reply(550, '5.1.8', 'Sender domain does not resolve'), uncertainReply: reply(451, '4.1.8', 'Sender domain cannot be looked up now') },
    { findings: ['dmarc-reject'], reply: reply(550, '5.7.1', "Message rejected due to the sender domain's DMARC policy") },
    { findings: ['too-large'], reply: reply(552, '5.3.4', 'Message size exceeds fixed maximum message size') },
  ],
};

/** What any receiver that enforces DMARC does (RFC 9989 §7.4); nothing more is known about the others. */
const ANYBODY: ReceiverRules = {
  sites: [],
  sizeBytesMax: Number.POSITIVE_INFINITY,
  rules: [{ findings: ['dmarc-reject'], reply: reply(550, '5.7.1', "rejected by the DMARC policy of {from}") }],
};

const KNOWN: readonly ReceiverRules[] = [google, microsoft, yahoo, apple, gmx, telekom];

export function rulesOf(siteKey: string): ReceiverRules {
  return KNOWN.find(({ sites }) => sites.includes(siteKey)) ?? ANYBODY;
}
