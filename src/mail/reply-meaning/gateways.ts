/** Replies of filters in front of other people's servers: Mimecast, Proofpoint, Barracuda, Cisco, Symantec, Trend Micro, Zoho, Cloudflare. */
import type { RuleTable } from './reply-rule.ts';

const OTHER_WAY = 'Only the recipient\'s administrator can lift that: reach the recipient by another way.';
const ASK_LIST = 'Look the address up at the filter\'s own site and ask for removal there.';

export const MIMECAST: RuleTable = {
  provider: 'Mimecast',
  mx: /(?:^|\.)mimecast(?:-offshore)?\.(?:com|co\.za)$/,
  marks: /mimecast\.(?:com|org)/,
  sites: ['mimecast.com', 'mimecastsupport.zendesk.com'],
  source: 'https://community.mimecast.com/docs/DOC-1369 (Mimecast SMTP error codes)',
  date: '2026-11',
  rules: [
    { id: 'mimecast.greylist', pattern: /internal resources? (?:are |is )?temporarily unavailable/, culprit: 'theirs', faultClass: 'greylist', meaning: 'Mimecast greylists unknown senders, and those it thinks little of.', nextStep: 'Nothing to do: an attempt within twelve hours is normally accepted.' },
    { id: 'mimecast.reputation', pattern: /ct ip reputation|poor reputation sender/, culprit: 'source-ip', faultClass: 'block', meaning: 'Mimecast refuses our address for its reputation.', nextStep: 'Look for foreign mail from this host, then ask for a review through Mimecast\'s sender feedback form.' },
    { id: 'mimecast.temporary-block', pattern: /ip temporarily blacklisted|recipient temporarily unavailable/, culprit: 'source-ip', faultClass: 'rate', meaning: 'Mimecast closes the door to our address for some minutes: too many connections or unknown recipients.', nextStep: 'Nothing is lost: it is tried again later and more slowly.' },
    { id: 'mimecast.spf', pattern: /spf sender invalid/, culprit: 'spf-domain', meaning: 'SPF of the envelope-sender domain does not allow our address.', nextStep: 'Add this server to the SPF record of the sender\'s domain.' },
    { id: 'mimecast.dkim', pattern: /dkim sender invalid/, culprit: 'dkim-domain', meaning: 'The DKIM signature does not fit the published key.', nextStep: 'Check the published key with `posthorn dkim check`.' },
    { id: 'mimecast.dmarc', pattern: /dmarc sender invalid/, culprit: 'policy', faultClass: 'authentication', meaning: 'The message failed DMARC of its From domain.', nextStep: 'Sign with DKIM for the From domain, or send with an envelope sender under it.' },
    { id: 'mimecast.sender-blocked', pattern: /sender address blocked|envelope blocked|envelope rejected|block(?:ed)? senders?|manually blocked|administrative prohibition|anti-spoofing|host network not allowed/, culprit: 'policy', meaning: 'A rule of the recipient\'s organization at Mimecast refuses this sender.', nextStep: OTHER_WAY },
    { id: 'mimecast.content', pattern: /content examination|due to security policies/, culprit: 'content', meaning: 'Mimecast refuses the content: spam, malware, or a rule of the recipient\'s organization.', nextStep: 'Look at links and attachments; compare with a plain message to the same recipient.' },
    { id: 'mimecast.account', pattern: /account (?:inbounds|outbounds) disabled/, culprit: 'theirs', faultClass: 'policy', meaning: 'The recipient\'s organization has switched its mail at Mimecast off.', nextStep: 'Tell them by another way.' },
    { id: 'mimecast.connections', pattern: /account service is temporarily unavailable|thread limit/, culprit: 'capacity', faultClass: 'rate', meaning: 'More connections at once than Mimecast takes for this organization.', nextStep: 'Nothing is lost: it is tried again with fewer.' },
    { id: 'mimecast.busy', pattern: /unable to process/, culprit: 'theirs', faultClass: 'capacity', meaning: 'Mimecast could not take the message just now.', nextStep: 'Nothing to do: it is tried again.' },
  ],
};

export const PROOFPOINT: RuleTable = {
  provider: 'Proofpoint',
  mx: /(?:^|\.)(?:pphosted\.com|ppe-hosted\.com|proofpoint\.com)$/,
  marks: /proofpoint\.com|pphosted\.com/,
  sites: ['proofpoint.com'],
  source: 'https://help.proofpoint.com; https://ipcheck.proofpoint.com',
  date: '2026-11',
  rules: [
    { id: 'proofpoint.listed', pattern: /proofpoint\.com\/(?:dnsbl|\?ip)|ipcheck\.proofpoint|blocked - see https:\/\/\S{0,40}proofpoint/, culprit: 'source-ip', faultClass: 'block', meaning: 'Our address is on Proofpoint\'s own blocklist.', nextStep: 'Look it up at https://ipcheck.proofpoint.com and ask for removal there.' },
    { id: 'proofpoint.invalid', pattern: /marked as invalid|not a valid email address/, culprit: 'recipient', faultClass: 'hard-bounce', meaning: 'The recipient\'s organization has no such address.', nextStep: 'Check the address for a typing error; take it off your lists.' },
  ],
};

export const BARRACUDA: RuleTable = {
  provider: 'Barracuda',
  mx: /(?:^|\.)(?:barracudanetworks\.com|barracuda\.com)$/,
  marks: /\bcuda_nsu\b|barracudacentral\.org|barracudanetworks\.com/,
  sites: ['barracudacentral.org', 'barracudanetworks.com', 'barracuda.com'],
  source: 'https://campus.barracuda.com; https://www.barracudacentral.org/lookups',
  date: '2026-11',
  rules: [
    { id: 'barracuda.listed', pattern: /barracuda ?central|barracuda reputation/, culprit: 'source-ip', faultClass: 'block', meaning: 'Our address is on Barracuda\'s blocklist.', nextStep: 'Look it up at https://www.barracudacentral.org/lookups and ask for removal there.' },
    { id: 'barracuda.policy', pattern: /policy rejection|rejecting spoofed/, culprit: 'policy', meaning: 'A rule of the recipient\'s organization refuses this sender.', nextStep: OTHER_WAY },
    { id: 'barracuda.content', pattern: /spam url in content|banned content/, culprit: 'content', meaning: 'A link or words of the message are on a list of the recipient\'s filter.', nextStep: 'Look every link of the message up on the public lists.' },
    { id: 'barracuda.licence', pattern: /license expired/, culprit: 'theirs', faultClass: 'capacity', meaning: 'The recipient\'s filter has no licence any more.', nextStep: 'Tell them by another way.' },
  ],
};

export const CISCO: RuleTable = {
  provider: 'Cisco',
  mx: /(?:^|\.)iphmx\.com$/,
  marks: /iphmx\.com|talosintelligence\.com|senderbase\.org/,
  sites: ['talosintelligence.com', 'senderbase.org', 'cisco.com'],
  source: 'https://talosintelligence.com/reputation_center; the words of its appliances as test/vectors/replies/lists.json shows them',
  date: '2026-11',
  rules: [
    { id: 'cisco.reputation', pattern: /sending mta's poor reputation|access to this mail system has been rejected|senderbase|talos/, culprit: 'source-ip', faultClass: 'block', meaning: 'The recipient\'s Cisco filter refuses our address for its reputation.', nextStep: 'Look the address up at https://talosintelligence.com/reputation_center and ask for a review there.' },
  ],
};

export const SYMANTEC: RuleTable = {
  provider: 'Symantec Email Security.cloud',
  mx: /(?:^|\.)messagelabs\.(?:com|net)$/,
  marks: /messagelabs\.com|symanteccloud\.com|knowledge\.broadcom\.com/,
  sites: ['messagelabs.com', 'symanteccloud.com', 'symantec.com', 'broadcom.com'],
  source: 'https://knowledge.broadcom.com/external/article/169652',
  date: '2026-11',
  rules: [
    { id: 'symantec.reputation', pattern: /connection rejected by policy|your ip address (?:\S{1,60} )?has been (?:blocked|blacklisted)/, culprit: 'source-ip', faultClass: 'block', meaning: 'Symantec refuses our address for its reputation.', nextStep: 'Look it up at https://ipremoval.sms.symantec.com and ask for removal there.' },
    { id: 'symantec.sender', pattern: /your (?:e-?mail address|domain) (?:\S{1,80} )?has been (?:blocked|blacklisted)|badmailfrom/, culprit: 'policy', meaning: 'The recipient\'s organization blocks this sender.', nextStep: OTHER_WAY },
    { id: 'symantec.content', pattern: /message filtered|filtered by outbound/, culprit: 'content', meaning: 'Symantec takes the message for spam.', nextStep: 'Compare with a plain message to the same recipient; look at links and attachments.' },
    { id: 'symantec.hourly', pattern: /received this hour|too many messages/, culprit: 'capacity', faultClass: 'rate', meaning: 'The receiver takes fewer messages in this time.', nextStep: 'Nothing is lost: it is tried again later and more slowly.' },
    { id: 'symantec.no-user', pattern: /mailbox is not allowed|invalid recipient/, culprit: 'recipient', faultClass: 'hard-bounce', meaning: 'The recipient\'s organization has no such address.', nextStep: 'Check the address for a typing error; take it off your lists.' },
  ],
};

export const TREND_MICRO: RuleTable = {
  provider: 'Trend Micro',
  mx: /(?:^|\.)(?:hes|tmes|tmems-\w{2,4})\.trendmicro\.(?:com|eu|co\.jp)$/,
  marks: /trendmicro\.com|mail-abuse\.com/,
  sites: ['trendmicro.com', 'mail-abuse.com'],
  source: 'https://success.trendmicro.com (Hosted Email Security)',
  date: '2026-11',
  rules: [
    { id: 'trendmicro.listed', pattern: /trend micro rbl|ers-/, culprit: 'source-ip', faultClass: 'block', meaning: 'Our address is on Trend Micro\'s reputation list.', nextStep: ASK_LIST },
    { id: 'trendmicro.sender', pattern: /block-send-?er/, culprit: 'policy', meaning: 'The recipient\'s organization blocks this sender.', nextStep: OTHER_WAY },
    { id: 'trendmicro.no-user', pattern: /invalid-recipient|block-rcpt/, culprit: 'recipient', faultClass: 'hard-bounce', meaning: 'The recipient\'s organization has no such address.', nextStep: 'Check the address for a typing error; take it off your lists.' },
  ],
};

export const ZOHO: RuleTable = {
  provider: 'Zoho',
  mx: /(?:^|\.)zoho(?:mail)?\.(?:com|eu|in|jp|com\.au|com\.cn)$/,
  marks: /zoho mail|\bmx\.zoho/,
  sites: ['zoho.com', 'zoho.eu'],
  source: 'https://www.zoho.com/mail/help/spam-reason.html',
  date: '2026-11',
  rules: [
    { id: 'zoho.spam', pattern: /flagged as spam/, culprit: 'content', meaning: 'Zoho takes the message for spam.', nextStep: 'Compare with a plain message to the same recipient; look at links and authentication.' },
    { id: 'zoho.policy', pattern: /mail ?policy violation|e-?mail policy violation|rejected by destination domain|delivery (?:failure|restricted).{0,20}policy/, culprit: 'policy', meaning: 'A rule of the recipient\'s organization refuses the message.', nextStep: OTHER_WAY },
  ],
};

export const CLOUDFLARE: RuleTable = {
  provider: 'Cloudflare Email Routing',
  mx: /(?:^|\.)mx\.cloudflare\.net$/,
  marks: /developers\.cloudflare\.com\/email-routing/,
  sites: ['cloudflare.com'],
  source: 'https://developers.cloudflare.com/email-routing/postmaster/',
  date: '2026-11',
  rules: [
    { id: 'cloudflare.listed', pattern: /found on one or more/, culprit: 'source-ip', faultClass: 'block', meaning: 'Our address is on a blocklist that Cloudflare uses.', nextStep: 'The reply names the list in brackets; remove the cause, then ask for removal there.' },
    { id: 'cloudflare.upstream', pattern: /upstream error/, culprit: 'theirs', faultClass: 'capacity', meaning: 'The server that Cloudflare forwards to did not take the message.', nextStep: 'Nothing to do if it is temporary; else tell the recipient by another way.' },
  ],
};
