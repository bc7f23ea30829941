/** Replies of Apple, GMX and WEB.DE, and Deutsche Telekom. */
import type { RuleTable } from './reply-rule.ts';

export const APPLE: RuleTable = {
  provider: 'Apple iCloud',
  mx: /(?:^|\.)(?:icloud|me|mac|apple)\.com$/,
  marks: /\[(?:cs01|hme1|hcm1|bs02)\]|support\.apple\.com/,
  sites: ['apple.com'],
  source: 'https://support.apple.com/102322 (postmaster information for iCloud Mail; it names the rules, the codes are as Apple\'s replies carry them)',
  date: '2026-11',
  rules: [
    { id: 'apple.dmarc', pattern: /^55\d.*dmarc policy/, culprit: 'policy', faultClass: 'authentication', meaning: 'The From domain\'s DMARC policy says to reject what does not pass, and this did not.', nextStep: 'Sign with DKIM for the From domain.' },
    { id: 'apple.sender-domain', pattern: /\b[45]\.1\.8\b/, culprit: 'our-dns', meaning: 'Apple could not find the domain of the envelope sender in DNS.', nextStep: 'Publish MX or A records for the envelope-sender domain.' },
    { id: 'apple.authentication', pattern: /\[?hme1\]?/, culprit: 'our-dns', meaning: 'Neither SPF nor DKIM passed, or the content broke Apple\'s rules.', nextStep: 'Publish SPF for this server and sign with DKIM; `posthorn dns records` shows what to publish.' },
    { id: 'apple.local-policy', pattern: /\[?cs01\]?|local policy/, culprit: 'policy', meaning: 'Apple refuses by its own policy: content or the reputation of our address or domain.', nextStep: 'Check links and blocklists; then write to Apple\'s postmaster with the reply.' },
    { id: 'apple.errors', pattern: /too many errors/, culprit: 'capacity', faultClass: 'rate', meaning: 'Apple closed the connection after too many refusals over it.', nextStep: 'Clean the list of recipients; it is tried again.' },
    { id: 'apple.volume', pattern: /\b(?:hcm1|bs02)\b|excessive volume|too many/, culprit: 'source-ip', faultClass: 'rate', meaning: 'Apple takes less from us than we offer.', nextStep: 'Nothing is lost: it is tried again after about a quarter of an hour.' },
    { id: 'apple.busy', general: true, pattern: /\b4\.7\.1\b|try again later/, culprit: 'capacity', meaning: 'Apple is busy or takes less from us than we offer.', nextStep: 'Nothing is lost: it is tried again after about a quarter of an hour.' },
    { id: 'apple.no-user', source: 'replies of Apple as https://smtp.codes/icloud and the bounce catalogue of Sisimai list them', pattern: /\b5\.1\.[16]\b|does not exist|inactive email address|unknown or illegal alias|recipient no longer/, culprit: 'recipient', faultClass: 'hard-bounce', meaning: 'There is no such account at iCloud.', nextStep: 'Check the address for a typing error; take it off your lists.' },
    { id: 'apple.full', source: 'replies of Apple as https://smtp.codes/icloud and the bounce catalogue of Sisimai list them', pattern: /\b[45]\.2\.2\b|over quota/, culprit: 'recipient', faultClass: 'soft-bounce', meaning: 'The recipient\'s mailbox is full.', nextStep: 'Reach the person by another way; stop sending if it stays full.' },
  ],
};

export const GMX: RuleTable = {
  provider: 'GMX and WEB.DE',
  mx: /(?:^|\.)(?:gmx\.net|gmx\.com|web\.de|gmx\.de|kundenserver\.de|ionos\.(?:com|de))$/,
  marks: /nemesis|gmx\.net|web\.de/,
  sites: ['gmx.net', 'gmx.com', 'web.de', 'ionos.com', 'ionos.de'],
  source: 'https://postmaster.gmx.net/en/error-messages',
  date: '2026-11',
  rules: [
    { id: 'gmx.ptr', pattern: /bad dns ptr|ptr resource record|invalid dns/, culprit: 'our-dns', faultClass: 'block', temporaryClass: 'authentication', meaning: 'The PTR record of our address is missing or looks like that of a home line.', nextStep: 'Have the hosting provider set a PTR record that names this host, and A/AAAA that lead back.' },
    { id: 'gmx.listed', pattern: /block listed|ip address is (?:black|block)|blocklist|rbl/, culprit: 'source-ip', faultClass: 'block', meaning: 'Our address is on a block list of GMX.', nextStep: 'The reply carries a link that names the list; remove the cause, then ask for removal there.' },
    { id: 'gmx.spf', pattern: /spf/, culprit: 'spf-domain', meaning: 'SPF of the envelope-sender domain does not allow our address.', nextStep: 'Add this server to the SPF record of the sender\'s domain.' },
    { id: 'gmx.dmarc', uncompared: true, pattern: /dmarc(?!-report)|domain owner policy/, culprit: 'policy', faultClass: 'authentication', meaning: 'The From domain\'s DMARC policy says to reject what does not pass, and this did not.', nextStep: 'Sign with DKIM for the From domain.' },
    { id: 'gmx.header', uncompared: true, pattern: /rfc 5322|header|not conform/, culprit: 'message', meaning: 'The header of the message is malformed.', nextStep: 'Correct the program that writes the message; the reply names the field.' },
    { id: 'gmx.sender-address', uncompared: true, pattern: /sender address is not allowed/, culprit: 'our-dns', meaning: 'GMX does not accept the envelope sender: mostly its domain has neither MX nor address records.', nextStep: 'Publish MX records for the sender\'s domain.' },
    { id: 'gmx.send-limit', uncompared: true, pattern: /mail send limit/, culprit: 'capacity', faultClass: 'rate', meaning: 'GMX takes less from us than we offer.', nextStep: 'Nothing is lost: it is tried again, more slowly.' },
    { id: 'gmx.dkim', pattern: /\bdkim\b/, culprit: 'dkim-domain', meaning: 'GMX accepts only mail with a valid DKIM signature of the From domain, and found none.', nextStep: 'Sign with DKIM for the From domain, and check the published key with `posthorn dkim check`.' },
    { id: 'gmx.unsubscribe', uncompared: true, pattern: /unsubscri/, culprit: 'message', meaning: 'GMX counts us as a bulk sender and misses one-click unsubscription (RFC 8058).', nextStep: 'Add List-Unsubscribe with an https address and List-Unsubscribe-Post to bulk mail, both covered by DKIM.' },
    { id: 'gmx.full', source: 'https://support.gmx.com/email/composing-and-sending/bounce-reject.html', pattern: /quota|mailbox (?:is )?full|too many messages on/, culprit: 'recipient', faultClass: 'soft-bounce', meaning: 'The recipient\'s mailbox is full.', nextStep: 'Reach the person by another way; stop sending if it stays full.' },
    { id: 'gmx.rate', general: true, uncompared: true, pattern: /too many|\brate\b|limit exceeded/, culprit: 'capacity', faultClass: 'rate', meaning: 'GMX takes less from us than we offer.', nextStep: 'Nothing is lost: it is tried again, more slowly.' },
    { id: 'gmx.no-user', general: true, source: 'https://support.gmx.com/email/composing-and-sending/bounce-reject.html', pattern: /mailbox unavailable(?!.*(?:reject|sender|polic|limit|dns|spf|dkim|block|\bip address))|no such user|unknown user/, culprit: 'recipient', faultClass: 'hard-bounce', meaning: 'There is no such mailbox at GMX or WEB.DE.', nextStep: 'Check the address for a typing error; take it off your lists.' },
    { id: 'gmx.closed-door', general: true, pattern: /nemesis|service not available/, culprit: 'source-ip', faultClass: 'block', meaning: 'GMX does not talk to our address at all.', nextStep: 'Check the PTR record and the block lists, then use GMX\'s contact form.' },
  ],
};

export const TELEKOM: RuleTable = {
  provider: 'T-Online',
  mx: /(?:^|\.)(?:t-online|t-ipnet|magenta)\.de$/,
  marks: /t-online\.de|\(nowl\)|none\/bad reputation/,
  sites: ['t-online.de', 'telekom.de'],
  source: 'https://postmaster.t-online.de/index.en.html',
  date: '2026-11',
  rules: [
    { id: 'telekom.unknown-ip', pattern: /none\/bad reputation|bad reputation|nowl|reputation/, culprit: 'source-ip', faultClass: 'block', meaning: 'T-Online takes mail only from addresses it knows, and does not know ours (or knows ill of it).', nextStep: 'Write to T-Online\'s postmaster with the sending address and its PTR name; the web page under the host name must tell who runs it (imprint).' },
    { id: 'telekom.problem', pattern: /a problem occurred(?!.{0,40}(?:reverse|ptr))/, culprit: 'source-ip', faultClass: 'block', meaning: 'T-Online blocks our address.', nextStep: 'Write to the address in the reply, with the sending address and its PTR name, after the cause is gone.' },
    { id: 'telekom.ptr', uncompared: true, pattern: /ptr|reverse dns|rdns/, culprit: 'our-dns', faultClass: 'block', temporaryClass: 'authentication', meaning: 'T-Online dislikes the PTR name of our address.', nextStep: 'Set a PTR record that names this host, without a dynamic look.' },
    { id: 'telekom.spam', uncompared: true, pattern: /spam or virus/, culprit: 'content', meaning: 'T-Online takes the message for spam or malware.', nextStep: 'Compare with a plain message to the same recipient; look at links and attachments.' },
    { id: 'telekom.no-user', uncompared: true, pattern: /unknown user|user unknown|no such|\b5\.1\.1\b/, culprit: 'recipient', faultClass: 'hard-bounce', meaning: 'There is no such mailbox at T-Online.', nextStep: 'Check the address for a typing error; take it off your lists.' },
  ],
};
