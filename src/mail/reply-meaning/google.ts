/** Replies of Gmail and Google Workspace. */
import type { RuleTable } from './reply-rule.ts';

const AUTHENTICATE = 'Publish SPF that lists this server and sign with DKIM for the From domain; `posthorn doctor` shows what is missing.';

export const GOOGLE: RuleTable = {
  provider: 'Gmail',
  source: 'https://support.google.com/a/answer/3726730 (Gmail SMTP errors and codes)',
  date: '2026-11',
  rules: [
    { id: 'google.rate-dkim', pattern: /4\.7\.28.*dkim domain/, culprit: 'dkim-domain', meaning: 'Gmail sees an unusual amount of mail signed by this DKIM domain and slows it down.', nextStep: 'Send less under this DKIM domain: pause ten minutes, then go on with one connection; check that nobody else signs with it.' },
    { id: 'google.rate-spf', pattern: /4\.7\.28.*spf domain/, culprit: 'spf-domain', meaning: 'Gmail sees an unusual amount of mail from this envelope-sender domain and slows it down.', nextStep: 'Pause ten minutes, then go on with one connection; check which program sends with this envelope sender.' },
    { id: 'google.rate-url', pattern: /4\.7\.28.*url/, culprit: 'content', meaning: 'Gmail sees an unusual amount of mail with a link to the same domain and slows it down.', nextStep: 'Look at the links in the message: a shared or shortened link domain draws the blame of others; use your own.' },
    { id: 'google.rate-message-id', pattern: /4\.7\.28.*message-id/, culprit: 'message', meaning: 'Gmail got the same Message-ID too many times.', nextStep: 'Give every message a Message-ID of its own; look for a program that sends one message over and over.' },
    { id: 'google.rate-netblock', pattern: /4\.7\.28.*(?:netblock|ip block|network)/, culprit: 'source-ip', meaning: 'Gmail sees an unusual amount of unwanted mail from the network around our address.', nextStep: 'Slow down; if neighbours cause it, ask the hosting provider or send from another network.' },
    { id: 'google.rate-ip', pattern: /4\.7\.28/, culprit: 'source-ip', meaning: 'Gmail sees an unusual amount of mail from our address and slows it down.', nextStep: 'Nothing is lost: pause ten minutes, then one connection, then raise slowly. Find what made the volume jump.' },
    { id: 'google.ptr', pattern: /\b[45]\.7\.(?:23|25)\b/, culprit: 'our-dns', meaning: 'Our address has no PTR name, or that name does not lead back to the address.', nextStep: 'Have the hosting provider set the PTR record of the sending address to the host name, and publish A/AAAA for that name.' },
    { id: 'google.ipv6', pattern: /ipv6 sending guidelines/, culprit: 'our-dns', meaning: 'Gmail refuses the message over IPv6 because the PTR record or the authentication is missing.', nextStep: 'Set the PTR of the IPv6 address and its AAAA, pass SPF or DKIM; until then set outbound.protocols = ["ipv4"].' },
    { id: 'google.dmarc-reject', pattern: /[45]\.7\.26.*dmarc/, culprit: 'policy', meaning: 'The From domain asks by its DMARC policy to reject what does not pass, and this did not.', nextStep: 'Sign with DKIM for the From domain or send with an envelope sender under it, so that one of SPF and DKIM aligns.' },
    { id: 'google.spf-hardfail', pattern: /[45]\.7\.(?:26|27).*spf/, culprit: 'spf-domain', meaning: 'SPF of the envelope-sender domain does not allow our address.', nextStep: 'Add this server\'s address to the SPF record of the sender\'s domain; `posthorn spf check` shows the deciding term.' },
    { id: 'google.unauthenticated', pattern: /\b[45]\.7\.26\b|unauthenticated email|not authenticated/, culprit: 'our-dns', meaning: 'Neither SPF nor DKIM passed; Gmail accepts no unauthenticated mail.', nextStep: AUTHENTICATE },
    { id: 'google.bulk-spf', pattern: /\b[45]\.7\.27\b/, culprit: 'spf-domain', meaning: 'Gmail counts us as a bulk sender, and SPF did not pass.', nextStep: 'Correct the SPF record of the envelope-sender domain so that it lists this server.' },
    { id: 'google.bulk-tls', pattern: /\b[45]\.7\.29\b/, culprit: 'ours', meaning: 'Gmail counts us as a bulk sender and wants the connection encrypted.', nextStep: 'Let outgoing connections use STARTTLS; look in the attempt for a TLS failure.' },
    { id: 'google.bulk-dkim', pattern: /\b[45]\.7\.30\b/, culprit: 'dkim-domain', meaning: 'Gmail counts us as a bulk sender, and no valid DKIM signature was found.', nextStep: 'Publish the DKIM key and check it with `posthorn dkim check`.' },
    { id: 'google.bulk-dmarc', pattern: /\b[45]\.7\.(?:31|40)\b/, culprit: 'our-dns', meaning: 'Gmail counts us as a bulk sender, and the From domain has no DMARC record.', nextStep: 'Publish a TXT record at _dmarc.DOMAIN, `v=DMARC1; p=none` at first.' },
    { id: 'google.bulk-alignment', pattern: /\b[45]\.7\.32\b/, culprit: 'dkim-domain', meaning: 'SPF or DKIM passed, but for another domain than the one in From.', nextStep: 'Sign with a key of the From domain itself (d= equal or related to it).' },
    { id: 'google.helo', pattern: /5\.5\.4.*(?:helo|ehlo)/, culprit: 'ours', meaning: 'Gmail does not accept the name that we say in EHLO.', nextStep: 'Set hostname to the full name of this host, the one its PTR record gives.' },
    { id: 'google.format', pattern: /5\.7\.1.*(?:from header|'from'|from: header|message-id|multiple .*header|duplicate .*header|rfc 5322)/, culprit: 'message', meaning: 'The header of the message is malformed: From missing, repeated or unreadable, Message-ID missing, or a field twice.', nextStep: 'Correct the program that writes the message; the reply names the field.' },
    { id: 'google.low-reputation', pattern: /low reputation|[45]\.7\.0.*(?:suspicious|unusual)|likely (?:unsolicited|suspicious)/, culprit: 'source-ip', meaning: 'Gmail holds the reputation of our address or domain to be very low.', nextStep: 'Stop bulk mail, send only what people wait for, and watch Postmaster Tools; the reputation recovers over weeks.' },
    { id: 'google.spam', uncompared: true, pattern: /5\.7\.1.*(?:unsolicited|spam|blocked)/, culprit: 'content', meaning: 'Gmail takes this message for spam.', nextStep: 'Compare with a plain message to the same recipient; look at links, attachments and the domain\'s reputation in Postmaster Tools.' },
    { id: 'google.recipient-rate', pattern: /\b[45]\.2\.1\b.*(?:rate|too quickly|receiving)/, culprit: 'recipient', meaning: 'This recipient gets mail faster than Gmail accepts for one account.', nextStep: 'Nothing to do: only this recipient waits, the next attempt is later.' },
    { id: 'google.over-quota', pattern: /\b[45]\.2\.2\b|over ?quota|out of storage/, culprit: 'recipient', meaning: 'The recipient\'s mailbox is full.', nextStep: 'Reach the person by another way; if it stays full for weeks, stop sending.' },
    { id: 'google.disabled', pattern: /\b5\.2\.1\b.*(?:disabled|inactive)/, culprit: 'recipient', meaning: 'The recipient\'s account is disabled.', nextStep: 'Take the address off your lists.' },
    { id: 'google.no-user', pattern: /\b5\.1\.1\b/, culprit: 'recipient', meaning: 'There is no such account at Gmail.', nextStep: 'Check the address for a typing error; take it off your lists.' },
    { id: 'google.daily-limit', uncompared: true, pattern: /\b[45]\.4\.5\b/, culprit: 'ours', meaning: 'The sending Google account has used up its day\'s limit.', nextStep: 'Wait a day, or send through this server directly instead of the Google relay.' },
    { id: 'google.temporary', uncompared: true, pattern: /\b4\.3\.0\b|try again later/, culprit: 'theirs', meaning: 'Gmail could not take the message just now.', nextStep: 'Nothing to do: it is tried again.' },
  ],
};
