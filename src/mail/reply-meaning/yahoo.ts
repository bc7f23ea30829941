/** Replies of Yahoo and AOL. */
import type { RuleTable } from './reply-rule.ts';

export const YAHOO: RuleTable = {
  provider: 'Yahoo',
  mx: /(?:^|\.)(?:yahoodns\.net|yahoo\.com|yahoo\.net|aol\.com)$/,
  marks: /\[(?:tss?\d\d|ipts\d\d|bl\d\d)\]|yahoo(?:inc)?\.com|\((?:rtr|rly|dyn|con|hvu):|aol\.com\/errors/,
  sites: ['yahoo.com', 'yahooinc.com', 'aol.com', 'verizonmedia.com'],
  source: 'https://senders.yahooinc.com/smtp-error-codes/ (names families of errors; the codes in brackets as Yahoo\'s replies carry them)',
  date: '2026-11',
  rules: [
    { id: 'yahoo.deferred-for-good', pattern: /\bts03\b|permanently deferred/, culprit: 'source-ip', faultClass: 'block', meaning: 'Yahoo will not take mail from our address any more, although the reply looks temporary.', nextStep: 'Stop sending there; ask through the Yahoo sender form after the cause of the complaints is gone.' },
    { id: 'yahoo.volume', pattern: /\btss?0[1246]\b/, culprit: 'source-ip', meaning: 'Yahoo holds mail from our address back because of its volume or of complaints.', nextStep: 'Nothing is lost: leave Yahoo alone for two hours, then go on with little.' },
    { id: 'yahoo.complaints', pattern: /tss05|ipts0[45]/, culprit: 'source-ip', meaning: 'Yahoo\'s users complain about mail from our address.', nextStep: 'Leave Yahoo alone for four hours; enrol in the Complaint Feedback Loop and stop writing to those who complain.' },
    { id: 'yahoo.blocked', pattern: /tss09|tss11/, culprit: 'source-ip', meaning: 'Yahoo has blocked our address because of complaints.', nextStep: 'Stop; remove the cause, then ask through the Yahoo sender form.' },
    { id: 'yahoo.ptr', uncompared: true, pattern: /reverse dns/, culprit: 'our-dns', faultClass: 'block', temporaryClass: 'authentication', meaning: 'Yahoo misses a PTR name for our address, or it does not lead back.', nextStep: 'Have the hosting provider set the PTR record of the sending address to the host name.' },
    { id: 'yahoo.infected', pattern: /bl23/, culprit: 'source-ip', meaning: 'Our address is on the Spamhaus list of infected and misused machines (XBL), which Yahoo uses.', nextStep: 'Look for foreign mail in the queue and for malware on the host first; then ask for removal at https://check.spamhaus.org.' },
    { id: 'yahoo.spamhaus', pattern: /bl2[12]/, culprit: 'source-ip', meaning: 'Our address is on a Spamhaus list, which Yahoo uses.', nextStep: 'Look it up at https://check.spamhaus.org, remove the cause, then ask for removal there.' },
    { id: 'yahoo.aol-listed', source: 'https://postmaster.aol.com/error-codes (no longer kept)', pattern: /\((?:rtr:(?:bl|sc|bb|du|ge)|con:b1|rly:b[l12])\)/, culprit: 'source-ip', faultClass: 'block', meaning: 'AOL refuses our address: lists, complaints, or the look of a home line.', nextStep: 'Look the address up on the block lists, then ask through the Yahoo sender form.' },
    { id: 'yahoo.unauthenticated', pattern: /^550 5\.7\.9|5\.7\.9.*authenticat|unauthenticated/, culprit: 'our-dns', meaning: 'The message passed neither SPF nor DKIM for its From domain.', nextStep: 'Publish SPF for this server and sign with DKIM; `posthorn dns records` shows what to publish.' },
    { id: 'yahoo.content', pattern: /\[ph\d+\]/, culprit: 'content', meaning: 'Yahoo takes the content, mostly a link or an attachment, for harmful.', nextStep: 'Look at links and attachments; compare with a plain message to the same recipient.' },
    { id: 'yahoo.policy', general: true, pattern: /\b5\.7\.9\b/, culprit: 'policy', meaning: 'Yahoo refuses by policy: mostly DMARC of the From domain, or the content.', nextStep: 'Make DKIM or SPF align with the From domain; if they do, look at links and content.' },
    { id: 'yahoo.from-domain', pattern: /unresolvable|does not resolve|5\.1\.8/, culprit: 'our-dns', meaning: 'Yahoo could not find the domain of the sender in DNS.', nextStep: 'Publish A or MX records for the From and the envelope-sender domain.' },
    { id: 'yahoo.no-user', pattern: /user doesn.t have|no such user|\b5\.1\.1\b|^55[04] 30|not a valid recipient|mailbox (?:not found|unavailable|is disabled)|is no longer valid/, culprit: 'recipient', faultClass: 'hard-bounce', meaning: 'There is no such account at Yahoo.', nextStep: 'Check the address for a typing error; take it off your lists.' },
    { id: 'yahoo.full', uncompared: true, pattern: /over quota|mailbox full|\b[45]\.2\.2\b/, culprit: 'recipient', faultClass: 'soft-bounce', meaning: 'The recipient\'s mailbox is full.', nextStep: 'Reach the person by another way; stop sending if it stays full.' },
    { id: 'yahoo.busy', general: true, pattern: /^421 4\.3\.2|resources temporarily|try again/, culprit: 'theirs', faultClass: 'capacity', meaning: 'Yahoo could not take the message just now.', nextStep: 'Nothing to do: it is tried again.' },
  ],
};
