/** Replies of Comcast, Cox, Charter (Spectrum) and GoDaddy; they name their reasons by codes. */
import type { RuleTable } from './reply-rule.ts';

const DELIST = 'Look the address up on the list that the code stands for, remove the cause, then ask for removal.';
const PTR = 'Have the hosting provider set the PTR record of the sending address to the host name, and publish A/AAAA that lead back.';

export const COMCAST: RuleTable = {
  provider: 'Comcast',
  mx: /(?:^|\.)comcast\.net$/,
  marks: /postmaster\.comcast\.net|mail\.comcast\.net|resimta-/,
  sites: ['comcast.net', 'xfinity.com'],
  source: 'http://postmaster.comcast.net/mail-error-codes.aspx; https://www.xfinity.com/support/articles/email-errors',
  date: '2026-11',
  rules: [
    { id: 'comcast.listed', pattern: /\bbl0\d{5}\b|\bbl0\d{2}\b|found on one or more dnsbls/, culprit: 'source-ip', faultClass: 'block', meaning: 'Our address is on a list that Comcast uses: its own, Spamhaus, Cloudmark CSI or SenderScore.', nextStep: DELIST },
    { id: 'comcast.dynamic', pattern: /\bes0000[01]\d\b/, culprit: 'source-ip', faultClass: 'block', meaning: 'Comcast takes our address for a home line.', nextStep: 'Send from a fixed address with its own PTR name, or through a smarthost.' },
    { id: 'comcast.dmarc', pattern: /dm00000\d|rejected due to dmarc/, culprit: 'policy', faultClass: 'authentication', meaning: 'The message failed DMARC of its From domain.', nextStep: 'Sign with DKIM for the From domain, or send with an envelope sender under it.' },
    { id: 'comcast.rate', pattern: /\brl0\d{5}\b|\brl0\d{2}\b/, culprit: 'source-ip', faultClass: 'rate', meaning: 'Comcast takes fewer messages from our address in this time; the limit follows its reputation.', nextStep: 'Nothing is lost: it is tried again later and more slowly.' },
    { id: 'comcast.no-user', pattern: /not our customer|mailbox unallocated/, culprit: 'recipient', faultClass: 'hard-bounce', meaning: 'There is no such mailbox at Comcast.', nextStep: 'Check the address for a typing error; take it off your lists.' },
  ],
};

export const COX: RuleTable = {
  provider: 'Cox and Charter',
  mx: /(?:^|\.)(?:cox\.net|charter\.net|cloudfilter\.net|spectrum\.net)$/,
  marks: /\baup#/,
  sites: ['cox.com', 'cox.net', 'spectrum.net', 'charter.net'],
  source: 'https://www.cox.com/residential/support/email-error-codes.html; https://www.spectrum.net/support/internet/understanding-email-error-codes',
  date: '2026-11',
  rules: [
    { id: 'cox.ptr', pattern: /aup#cxdns|aup#[a-z-]*1(?:1[0-4]\d|150)\b/, culprit: 'our-dns', faultClass: 'block', temporaryClass: 'authentication', meaning: 'The PTR name of our address is missing or does not lead back.', nextStep: PTR },
    { id: 'cox.url', pattern: /aup#urlbl/, culprit: 'content', meaning: 'A link in the message is on a list of domains seen in spam.', nextStep: 'Look every link of the message up on Spamhaus DBL and SURBL.' },
    { id: 'cox.listed', pattern: /aup#(?:cxbl|cdrbl|ipbl)|aup#[a-z-]*(?:1000|12[0-4]\d|1250)\b/, culprit: 'source-ip', faultClass: 'block', meaning: 'Our address is blocked, by the provider itself or by a list that it uses.', nextStep: DELIST },
    { id: 'cox.authentication', pattern: /aup#cxsndr/, culprit: 'spf-domain', faultClass: 'authentication', meaning: 'SPF or DKIM of the sender\'s domain did not pass.', nextStep: 'Run `posthorn dns records` for the sender\'s domain and publish what is missing.' },
    { id: 'cox.rate', pattern: /aup#(?:cxcnct|cxmxrt)|aup#[a-z-]*1(?:3[0-9]\d|4[0-9]\d|540|550|580)\b/, culprit: 'source-ip', faultClass: 'rate', meaning: 'More connections, messages or recipients than the provider takes from our address.', nextStep: 'Nothing is lost: it is tried again later and more slowly.' },
  ],
};

export const GODADDY: RuleTable = {
  provider: 'GoDaddy',
  mx: /(?:^|\.)secureserver\.net$/,
  marks: /\bbizsmtp\b|\bib(?:00|10|11|21|50|60|70)\d\b/,
  sites: ['godaddy.com', 'secureserver.net'],
  source: 'https://www.godaddy.com/help/what-does-my-email-bounceback-mean-3568',
  date: '2026-11',
  rules: [
    { id: 'godaddy.ptr', pattern: /\bib108\b/, culprit: 'our-dns', faultClass: 'block', temporaryClass: 'authentication', meaning: 'The PTR name of our address is missing or could not be looked up.', nextStep: PTR },
    { id: 'godaddy.listed', pattern: /\bib10[3-6]\b|rbl reject/, culprit: 'source-ip', faultClass: 'block', meaning: 'Our address is on a list that GoDaddy uses (Spamhaus, Cloudmark or its own).', nextStep: DELIST },
    { id: 'godaddy.blocked', pattern: /\bib11[0-3]\b/, culprit: 'source-ip', faultClass: 'block', meaning: 'GoDaddy blocks our address for an hour or the day, because of spam or unknown recipients.', nextStep: 'Look for foreign mail from this host and clean the lists of recipients.' },
    { id: 'godaddy.spf', pattern: /\bib508\b/, culprit: 'spf-domain', meaning: 'SPF of the sender\'s domain does not allow our address.', nextStep: 'Add this server to the SPF record of the sender\'s domain.' },
    { id: 'godaddy.from', pattern: /\bib50[12]\b/, culprit: 'message', meaning: 'The From address of the message is missing or no proper address.', nextStep: 'Correct the program that writes the message.' },
    { id: 'godaddy.from-domain', pattern: /\bib506\b/, culprit: 'our-dns', meaning: 'The domain of the From address has neither MX nor address records.', nextStep: 'Publish MX records for the sender\'s domain.' },
    { id: 'godaddy.content', pattern: /\bib212\b|\bib705\b/, culprit: 'content', meaning: 'GoDaddy takes the content for spam or malware.', nextStep: 'Look at links and attachments; compare with a plain message to the same recipient.' },
    { id: 'godaddy.source-rate', pattern: /\bib(?:504|607)\b/, culprit: 'source-ip', faultClass: 'rate', meaning: 'Our address has sent GoDaddy as much as it takes in an hour.', nextStep: 'Nothing is lost: it is tried again later and more slowly.' },
    { id: 'godaddy.sessions', pattern: /\bib(?:007|510)\b/, culprit: 'capacity', faultClass: 'rate', meaning: 'More sessions at once, or messages in one, than GoDaddy takes.', nextStep: 'Nothing is lost: it is tried again with fewer.' },
  ],
};
