/**
 * Whole sentences in which widely used servers and filters refuse, beside the single words of the other files: dead and
 * closed addresses, full mailboxes, lists with members, content. They are believed at once, so each must leave no doubt of
 * whom it means; what could be said of anybody stays with the catch-all rules.
 */
import type { ReplyRule } from './reply-rule.ts';

const CATALOGUES = 'the bounce catalogues of Sisimai (BSD-2) and polst/bounce-processing, and the servers whose words they hold: qmail with validrcptto, Exim, Domino, Exchange, Yahoo';

const NO_RECIPIENT = [
  'not (?:present |listed |found )?in (?:the |our |this |my )?(?:\\w{1,20} ){0,2}directory', 'no \\S{1,100} in name directory', 'mailbox (?:is )?(?:invalid|not present)', 'mailbox name (?:is )?not recogni[sz]ed',
  'not in my validrcptto list', 'envelope recipient has been denied', 'destination server rejected recipients?', 'recipients? (?:was|were) undeliverable', 'recipient (?:is )?not listed',
  '(?:address|user|mailbox|recipient|account)[^.;]{0,60}could(?:n.t| not) be found', '(?:can(?:not|.t)|could(?:n.t| not)|unable to) find (?:the |this |that |a |any )?(?:local )?(?:user|mailbox|recipient|account|addressee|alias)',
  '(?:do|does)(?:n.t| not) have (?:that|this|such an?|an?) (?:\\S{1,60} ){0,2}(?:user|mailbox|(?:e-?mail ?)?account|recipient)\\b', 'no (?:user|mail-?box|account|recipient)s? (?:here )?(?:by|with|of|under) (?:that|this) (?:name|address)',
  'error 60: no mailbox', 'user have no mail\\b', 'no redirect entry for this address', 'unrout(?:e)?able mail address', 'address (?:is )?unrout(?:e)?able', 'unknown or unallowed recipient', '5\\.1\\.0 (?:<?x@y>? )?address rejected',
  '5\\.4\\.1 all recipient addresses rejected', '^5\\d\\d .{0,60}\\baccount (?:is )?(?:unavailable|not available)[.!]?$',
];

const NOT_RECEIVING = ['mail receiving (?:is )?disabled', 'user \\S{1,200} (?:cannot receive e?-?mail|should log ?in to enable)', 'no recipient activity since', 'mailbox is frozen'];

const NO_ROOM = [
  '(?:exceeds?|over) (?:the )?maximum mailbox size', 'exceeds? (?:the )?maximum allowed storage', 'quota is over', 'user is over quote', 'not enough (?:disk|storage) ?space', 'not enough disk ?space', 'space has (?:been )?used up', 'overdrawn (?:his|her|its|their) ',
  'user has (?:a )?full mailbox', 'does not have enough space', 'too many messages (?:on|in) (?:this|the) mailbox', 'over the maximum allowed number of messages', 'exceeds allowed message count', 'not able to receive any more mail',
  'mail ?folder is full', 'mail ?box space (?:is )?not enough', 'mailvolumen',
];

const MEMBERS_ONLY = [
  'not (?:currently )?subscribed\\b', 'not an? (?:list )?subscriber', '\\byou(?:.re| are) not an? (?:list |group )?member', 'non-?(?:member|subscriber)s?\\b', '\\b(?:only|for|from) (?:list |group |registered )?(?:members|subscribers)\\b',
  '\\b(?:members|subscribers) (?:only|(?:may|can) post)\\b', '(?:allowed|permitted|authori[sz]ed|permission) to post\\b', 'resolver\\.rst\\.(?:authrequired|notauthorized|sender\\w{0,40})', 'only accept(?:s|ing) mail from',
  'recipient refuses to accept (?:your )?mail',
];

const CONTENT = [
  '(?:reject|refus|block|deni)(?:ed)? (?:because of|due to|for) (?:its |the |unacceptable |some )?(?:message )?content', 'content[- ](?:restriction|polic)', 'message rejected: content', '\\bcontents? (?:is |was |are )?(?:not accepted|rejected|refused|denied|unacceptable)',
  'content of (?:your|the|this) (?:message|mail|e-?mail) (?:is |was )?not', 'message is banned', 'reject(?:ed)? (?:by dcc|content|as bulk)\\b', 'filter (?:rejection|processing|rules)\\b', 'header[- ]based filter', 'classified as bulk', 'message (?:looks|sounds) like',
  'message has been quarantined', 'one of the words in the message', 'sensitive words', 'html tag unacceptable', 'gtube pattern', 'phone number filter', 'requested action not taken: message refused', 'e-?mail filtering',
];

const ATTACHMENT = [
  '(?:unacceptable|restricted|executable) attachment', 'attachments? (?:is |are )?not (?:accepted|allowed)', '\\.\\w{2,4} files? (?:are|is) not', '\\d - banned: ', 'maximum attachment count', 'attachment filtering policy',
];

const anyOf = (sentences: readonly string[]): RegExp => new RegExp(sentences.join('|'));

/** Before the words about recipients, and those about log-ins: who asks strangers for one at a single address means its list of senders. */
export const EARLY_SENTENCES: readonly ReplyRule[] = [
  { id: 'any.address-syntax', pattern: /(?:bad|invalid|malformed) recipient (?:address )?syntax|recipient address syntax/, source: 'RFC 3463 section 3.2 (X.1.3); sendmail, Exim', culprit: 'recipient', faultClass: 'hard-bounce', meaning: 'The receiver finds the recipient\'s address malformed.', nextStep: 'Check how the address is written; take it off your lists.' },
  { id: 'any.members-only', pattern: anyOf(MEMBERS_ONLY), source: 'https://learn.microsoft.com/troubleshoot/exchange/email-delivery/ndr/non-delivery-reports-in-exchange-online (5.7.1); RFC 3463 section 3.8 (X.7.2); usual words of mailing lists', culprit: 'policy', meaning: 'The address is a list, a group or a mailbox that takes mail of certain senders only, and the sender is none of them.', nextStep: 'Join the list, write from the address that is a member of it, or ask its owner by another way.' },
];

/** Before the catch-all rules; full before unknown, since "no space for the user" has words of both. */
export const USUAL_SENTENCES: readonly ReplyRule[] = [
  { id: 'any.no-room', pattern: anyOf(NO_ROOM), source: CATALOGUES, culprit: 'recipient', faultClass: 'soft-bounce', meaning: 'The recipient\'s mailbox is full.', nextStep: 'Reach the person by another way; stop sending if it stays full.' },
  { id: 'any.storage', pattern: /exceeded storage allocation/, source: 'RFC 5321 section 4.2.3 (552)', culprit: 'recipient', faultClass: 'soft-bounce', meaning: 'The mailbox has no room for the message, or the message is too large.', nextStep: 'Send less, or reach the person by another way.' },
  { id: 'any.not-receiving', pattern: anyOf(NOT_RECEIVING), source: CATALOGUES, culprit: 'recipient', faultClass: 'soft-bounce', meaning: 'The recipient\'s mailbox is closed: nobody has used it for long, or its mail is switched off.', nextStep: 'Reach the person by another way; stop sending if it stays so.' },
  { id: 'any.no-recipient', pattern: anyOf(NO_RECIPIENT), source: CATALOGUES, culprit: 'recipient', faultClass: 'hard-bounce', meaning: 'The receiver has no such recipient.', nextStep: 'Check the address for a typing error; take it off your lists.' },
  { id: 'any.moved', pattern: /^551 .{0,40}\bnot local\b/, source: 'RFC 5321 section 3.4 (551)', culprit: 'recipient', faultClass: 'policy', meaning: 'The receiver says that the recipient is not with it, or not any more.', nextStep: 'Ask the person for the address that is right; the reply may name it.' },
  { id: 'any.attachment-refused', pattern: anyOf(ATTACHMENT), source: `${CATALOGUES}; amavis, rspamd`, culprit: 'content', meaning: 'The receiver does not accept an attachment of the message.', nextStep: 'Send the file in another form, or a link to it.' },
  { id: 'any.content-refused', pattern: anyOf(CONTENT), source: `${CATALOGUES}; amavis, rspamd`, culprit: 'content', meaning: 'The receiver refuses the message for what is in it.', nextStep: 'Compare with a plain message to the same recipient; look at links, attachments and words.' },
  { id: 'any.mailbox-name', general: true, pattern: /^553 .{0,80}mailbox name (?:is )?(?:not allowed|invalid)/, source: 'RFC 5321 section 4.2.3 (553)', culprit: 'recipient', faultClass: 'hard-bounce', meaning: 'The receiver has no mailbox of that name, or does not accept how the address is written.', nextStep: 'Check the address for a typing error; take it off your lists.' },
];
