/** Replies of Orange and La Poste, Mail.ru, Yandex, Proton and Fastmail. */
import type { RuleTable } from './reply-rule.ts';

const TAKE_OFF = 'Check the address for a typing error; take it off your lists.';
const CODE = '(?:ofr|lpn|ouk)[_0-9-]*';
const code = (...numbers: readonly string[]): RegExp => new RegExp(`\\b${CODE}(?:${numbers.join('|')})\\b`);

export const ORANGE: RuleTable = {
  provider: 'Orange and La Poste',
  mx: /(?:^|\.)(?:orange\.fr|wanadoo\.fr|laposte\.net)$/,
  marks: /\b(?:ofr|lpn|ouk)(?:\d{3})?[_-]?\d{3}\b|\bmwinf/,
  sites: ['orange.fr', 'laposte.net'],
  source: 'https://postmaster.orange.fr; the codes as the bounce catalogue of Sisimai (BSD-2) lists them',
  date: '2026-11',
  rules: [
    { id: 'orange.connections', pattern: code('104'), culprit: 'capacity', faultClass: 'rate', meaning: 'Orange takes two connections at once from an address, and we had more.', nextStep: 'Nothing is lost: it is tried again with fewer.' },
    { id: 'orange.spf', pattern: code('401'), culprit: 'spf-domain', meaning: 'SPF of the envelope-sender domain does not allow our address.', nextStep: 'Add this server to the SPF record of the sender\'s domain.' },
    { id: 'orange.login', pattern: code('305', '402'), culprit: 'ours', meaning: 'Orange wants a log-in here, or refuses it.', nextStep: 'Check relay.username and the password file.' },
    { id: 'orange.sender', pattern: code('403', '405', '415', '421'), culprit: 'our-dns', meaning: 'Orange does not accept the envelope sender.', nextStep: 'Publish MX records for the sender\'s domain and see that the sender\'s address accepts mail.' },
    { id: 'orange.no-user', pattern: code('416', '418', '420'), culprit: 'recipient', faultClass: 'hard-bounce', meaning: 'There is no such mailbox at Orange, or it is archived.', nextStep: TAKE_OFF },
    { id: 'orange.full', pattern: code('417'), culprit: 'recipient', faultClass: 'soft-bounce', meaning: 'The recipient\'s mailbox is full.', nextStep: 'Reach the person by another way; stop sending if it stays full.' },
    { id: 'orange.suspended', pattern: code('426'), culprit: 'recipient', faultClass: 'soft-bounce', meaning: 'The recipient\'s account is locked.', nextStep: 'Reach the person by another way.' },
    { id: 'orange.content', pattern: code('506', '513'), culprit: 'content', meaning: 'Orange takes the message for spam.', nextStep: 'Compare with a plain message to the same recipient; look at links and attachments.' },
    { id: 'orange.size', pattern: code('514'), culprit: 'message', meaning: 'The message is larger than Orange accepts.', nextStep: 'Send a link instead of the attachment, or split it.' },
    { id: 'orange.busy', pattern: code('505'), culprit: 'theirs', faultClass: 'capacity', meaning: 'Orange could not take the message just now.', nextStep: 'Nothing to do: it is tried again.' },
    { id: 'orange.source', pattern: /\b(?:ofr|lpn)[_0-9-]*(?:10[1-35-9]|201|42[34]|510|999)\b|adresse ip source bloqu/, culprit: 'source-ip', meaning: 'Orange refuses our address for what it sent: spam, complaints or an unusual amount.', nextStep: 'Pause for two hours at least; look for the cause, keep complaints under 0.3 percent, then write to Orange\'s postmaster.' },
  ],
};

export const MAIL_RU: RuleTable = {
  provider: 'Mail.ru',
  mx: /(?:^|\.)(?:mail\.ru|corp\.mail\.ru|vk\.com)$/,
  marks: /help\.mail\.ru|corp\.mail\.ru/,
  sites: ['mail.ru', 'vk.com'],
  source: 'https://help.mail.ru/mail-help/postmaster; https://mailout.ru/2015/09',
  date: '2026-11',
  rules: [
    { id: 'mailru.spam', pattern: /spam message (?:rejected|discarded)/, culprit: 'content', meaning: 'Mail.ru takes the message for spam.', nextStep: 'Follow the link in the reply; compare with a plain message to the same recipient.' },
    { id: 'mailru.dynamic', pattern: /dynamic ips|generic dns ptr/, culprit: 'our-dns', faultClass: 'block', meaning: 'Mail.ru takes our address for a home line by the look of its PTR name.', nextStep: 'Set a PTR record that names this host, without numbers of the address in it.' },
    { id: 'mailru.account', pattern: /message sending for this account/, culprit: 'ours', meaning: 'The account at Mail.ru that sends may not.', nextStep: 'Log in there by hand and change its password.' },
    { id: 'mailru.no-user', pattern: /invalid mailbox|local mailbox .{1,200} is unavailable|user not found|no such user/, culprit: 'recipient', faultClass: 'hard-bounce', meaning: 'There is no such mailbox at Mail.ru, or it is disabled.', nextStep: TAKE_OFF },
  ],
};

export const YANDEX: RuleTable = {
  provider: 'Yandex',
  mx: /(?:^|\.)(?:yandex\.(?:ru|net|com)|ya\.ru)$/,
  marks: /yandex\.(?:ru|com|net)|\/\/ya\.cc\//,
  sites: ['yandex.ru', 'yandex.com', 'ya.cc'],
  source: 'https://yandex.com/support/mail/bounces.html',
  date: '2026-11',
  rules: [
    { id: 'yandex.spam', pattern: /under suspicion of spam/, culprit: 'content', meaning: 'Yandex takes the content for spam.', nextStep: 'Look at links and at forms on your pages that strangers can fill in; then read Yandex\'s rules for honest mailings.' },
    { id: 'yandex.blocked', pattern: /blocked by spam statistics|client host .{1,80}blocked/, culprit: 'source-ip', faultClass: 'block', meaning: 'Yandex saw only spam from our address and refuses it for a day.', nextStep: 'Look for foreign mail from this host; it is lifted after 24 hours.' },
    { id: 'yandex.no-user', pattern: /no such user/, culprit: 'recipient', faultClass: 'hard-bounce', meaning: 'There is no such mailbox at Yandex.', nextStep: TAKE_OFF },
    { id: 'yandex.target-policy', pattern: /policy rejection on the target address/, culprit: 'policy', meaning: 'The recipient at Yandex does not take this mail by a rule of its own.', nextStep: 'Reach the recipient by another way.' },
  ],
};

export const PROTON: RuleTable = {
  provider: 'Proton',
  mx: /(?:^|\.)protonmail\.ch$/,
  marks: /protonmail\.ch|proton\.me/,
  sites: ['proton.me', 'protonmail.com'],
  source: 'https://proton.me/support (no list of replies is published; Proton runs Postfix and uses its words)',
  date: '2026-11',
  rules: [
    { id: 'proton.no-user', uncompared: true, pattern: /address does not exist|recipient address rejected: (?:address|user)/, culprit: 'recipient', faultClass: 'hard-bounce', meaning: 'There is no such address at Proton.', nextStep: TAKE_OFF },
  ],
};

export const FASTMAIL: RuleTable = {
  provider: 'Fastmail',
  mx: /(?:^|\.)messagingengine\.com$/,
  marks: /messagingengine\.com|fastmail\.(?:com|help)/,
  sites: ['fastmail.com', 'fastmail.help'],
  source: 'https://www.fastmail.help (no list of replies is published; Fastmail runs Postfix and uses its words)',
  date: '2026-11',
  rules: [
    { id: 'fastmail.greylist', uncompared: true, pattern: /^45\d.{0,60}(?:looks like|dynamic|try again)/, culprit: 'theirs', faultClass: 'greylist', meaning: 'Fastmail makes senders wait whose host looks like a home line.', nextStep: 'Nothing to do: the next attempt is normally accepted; a better PTR name avoids it.' },
  ],
};
