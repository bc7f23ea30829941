/**
 * Words that many servers use alike: open-source MTAs and filters, and the blocklists they ask.
 *
 * The order is the policy. First what waits by itself (greylisting, a recipient that gets too much), then everything
 * about the source (lists, its name, its address), then authentication, and only then the recipient: a reply that blames
 * our address is never read as an unknown user, although many begin with "mailbox unavailable" or "recipient rejected".
 * Rules marked `general` come last, after every provider's own.
 */
import { GENERAL_WORDS } from './general-words.ts';
import { RECIPIENT_WORDS } from './recipient-words.ts';
import type { ReplyRule, RuleTable } from './reply-rule.ts';
import { SOURCE_WORDS } from './source-words.ts';
import { EARLY_SENTENCES, USUAL_SENTENCES } from './usual-sentences.ts';
import { MAIL_WORDS_ABROAD, RECIPIENT_WORDS_ABROAD, SOURCE_WORDS_ABROAD, WAITING_ABROAD } from './words-abroad.ts';

const WAITING: readonly ReplyRule[] = [
  { id: 'any.greylist', pattern: /gr[ae]y[- ]?list|postgrey|\bgrey\.rbl|^4\d\d.{0,80}(?:first time|unknown (?:sender|triplet)).{0,60}(?:try|retry)/, culprit: 'theirs', faultClass: 'greylist', meaning: 'The receiver greylists: it makes unknown senders wait once.', nextStep: 'Nothing to do: the next attempt is normally accepted.' },
  { id: 'any.recipient-rate', pattern: /recipient thread limit|(?:user|recipient|mailbox|account|inbox)[^.;]{0,60}(?:receiving (?:mail|messages|e-?mails?) (?:too|at a rate)|(?:has |have )?exceeded[^.;]{0,40}(?:rate|number of messages|messages? (?:per|limit))|(?:receives|gets|is getting|has received|received) (?:too (?:many|much)|more mail than))|too (?:many|much) (?:messages?|mails?|e-?mails?|mail) (?:sent )?(?:for|to) (?:this|that|the same|one) (?:user|recipient|mailbox|account|address)|x@y (?:receives|gets|is getting|has received) (?:too (?:many|much)|more mail than)/, culprit: 'recipient', faultClass: 'rate', meaning: 'This recipient gets mail faster than the receiver accepts for one mailbox.', nextStep: 'Nothing to do: only this recipient waits.' },
];

const AUTHENTICATION: readonly ReplyRule[] = [
  { id: 'any.helo', pattern: /helo command rejected|\b(?:helo|ehlo)\b.{0,60}(?:invalid|reject|mismatch|resolve|match|bad|fqdn|forged|not accepted|refused)|(?:bad|invalid|forged|suspicious) (?:helo|ehlo)|invalid domain name in (?:helo|ehlo)/, culprit: 'ours', faultClass: 'block', temporaryClass: 'authentication', meaning: 'The receiver does not accept the name that we say in EHLO.', nextStep: 'Set hostname to the full name of this host, the one its PTR record gives, and publish A/AAAA for it.' },
  { id: 'any.unauthenticated', pattern: /(?:authenticat|neither|both|either|without|missing)[^;]{0,60}spf[, ]{1,2}(?:and |or |nor |& |\/ ?)?dkim|spf (?:and|or|nor|&|\/) dkim|dkim (?:and|or|nor|&|\/) spf|unauthenticated (?:e?mail|messages?|sender)|sender is unauthenticated|(?:lacks|missing|without|no) (?:valid )?(?:sender )?authentication (?:information|results?)|fails? (?:to pass )?authentication checks/, culprit: 'our-dns', faultClass: 'authentication', meaning: 'Neither SPF nor DKIM vouched for the message.', nextStep: 'Publish SPF that lists this server and sign with DKIM for the From domain; `posthorn dns records` shows what to publish.' },
  { id: 'any.dmarc', pattern: /dmarc|\bp=(?:reject|quarantine)\b|domain owner policy/, culprit: 'policy', faultClass: 'authentication', meaning: 'The message failed DMARC of its From domain.', nextStep: 'Sign with DKIM for the From domain, or send with an envelope sender under it.' },
  { id: 'any.spf', pattern: /\bspf\b|sender policy framework|mismatches client ip|not (?:authori[sz]ed|permitted|allowed) to send (?:mail |e?mails? |messages? )?(?:in the name of|for|from|on behalf of) (?:the |this |that )?(?:domain|\S+\.\S+)|permitted senders? of|invalid ip for sending|fake sender|domain'?s? sender policy/, culprit: 'spf-domain', faultClass: 'authentication', meaning: 'SPF of the envelope-sender domain does not allow our address.', nextStep: 'Add this server to the SPF record of the sender\'s domain; `posthorn spf check` shows the deciding term.' },
  { id: 'any.dkim', pattern: /\bdkim\b|domainkeys/, culprit: 'dkim-domain', faultClass: 'authentication', meaning: 'The receiver found no valid DKIM signature.', nextStep: 'Check the published key with `posthorn dkim check`.' },
  { id: 'any.tls', pattern: /must issue a? ?starttls|(?:tls|ssl|encryption|secure connection|encrypted connection)[^.]{0,30}(?:is )?(?:required|needed|mandatory)|requires? (?:encryption|tls|ssl|a secure|an encrypted|starttls|high-strength ciphers)|starttls.{0,30}(?:required|first)|(?:nur|only|uniquement|solo|alleen|tylko|только) [^.;]{0,30}(?:verschl(?:ü|ue)sselt|encrypted|chiffr|cifrad|versleuteld|szyfrowan|шифрован)|^(?:[45]30|5\d\d [\d.]*) .{0,60}starttls/, culprit: 'ours', faultClass: 'authentication', meaning: 'The receiver takes mail only over an encrypted connection.', nextStep: 'Where that server offers STARTTLS, the attempt in `posthorn trace` says why TLS failed. Where it offers none, it demands what it lacks: tell its postmaster.' },
  { id: 'any.relay', pattern: /n't allowed to relay|to send to a non-local|recipient is not local|relay(?:ing)?[^.]{0,30}(?:access )?(?:denied|not permitted|not allowed|prohibited|disallowed|rejected|refused)|(?:unable|not permitted|not allowed|refuse[sd]?|denies|unauthori[sz]ed|open|no) (?:to )?relay|we do not relay|as a relay\b|not permitted to relay|allowed rcpthosts|not a gateway|not local host|no-domain\b|relaying to .{0,80}prohibited|domain not (?:hosted|served|handled) here|we (?:do not|don't) (?:handle|accept) mail for/, culprit: 'theirs', faultClass: 'policy', meaning: 'The server that MX or the smarthost setting names does not feel responsible for the recipient\'s domain.', nextStep: 'Check the recipient\'s MX records; with a smarthost check its user name and password.' },
  { id: 'any.login', pattern: /^53[045] |authentication (?:required|failed|credentials|data|requise|not allowed)|must (?:be )?authenticate[d]?\b|\bsasl\b|username and password|smtp auth|fail(?:ed)? authentication|message sending for this account is disabled|code d'authentification/, culprit: 'ours', faultClass: 'local', meaning: 'The server wants us to log in, or refuses the log-in. A relay does so; the mail server that the MX records of a domain name should not.', nextStep: 'If it is your relay, check relay.username and the password file. Else the recipient\'s domain names a server in its MX records that takes no mail from outside: tell its postmaster.' },
  { id: 'any.sender-domain', pattern: /sender address rejected|domain of sender|sender(?:'s)? domain|(?:mail ?from|from:?|sender)[: ]*domain.{0,60}(?:resolve|exist|found|invalid)|(?:from:?|sender|mail ?from) (?:domain|address)? ?(?:is |does )?(?:invalid|not (?:resolve|exist))|unresolvable[^.]{0,30}(?:from|sender)|sender verif|verify (?:the )?(?:mail ?from|sender|return path)|callout|invalid sender|emetteur invalide|sender (?:is )?unvalidated|dns check failed|domain may not exist|sender\b.{0,80}\bno .{0,20}(?:mx|dns) (?:dns )?records?|purported responsible|unrout(?:e)?able sender|is a dead domain|mail from invalid|unable to verify sender/, culprit: 'our-dns', faultClass: 'authentication', meaning: 'The receiver does not accept the envelope sender: its domain does not resolve, or its server denies the address.', nextStep: 'Publish MX records for the sender\'s domain and see that the sender\'s address accepts mail.' },
];

export const EVERYBODY: RuleTable = {
  source: 'usual words of open-source mail servers, filters and gateways, as the replies in test/vectors/replies/ show them',
  date: '2026-11',
  rules: [
    ...WAITING, ...WAITING_ABROAD, ...SOURCE_WORDS, ...SOURCE_WORDS_ABROAD, ...EARLY_SENTENCES, ...AUTHENTICATION, ...RECIPIENT_WORDS, ...RECIPIENT_WORDS_ABROAD,
    ...USUAL_SENTENCES, ...MAIL_WORDS_ABROAD, ...GENERAL_WORDS,
  ],
};
