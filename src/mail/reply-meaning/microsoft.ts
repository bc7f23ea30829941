/** Replies of Outlook.com, Hotmail and Exchange Online. */
import type { RuleTable } from './reply-rule.ts';

const DELIST = 'Ask for removal at https://sender.office.com (Exchange Online) or through the Outlook.com sender support form, after the cause has been removed.';

export const MICROSOFT: RuleTable = {
  provider: 'Microsoft',
  mx: /(?:^|\.)(?:outlook|hotmail|live)\.com$|(?:^|\.)mx\.microsoft$|(?:^|\.)office365\.us$/,
  marks: /protection\.outlook\.com|\bs31[45]0\b|\b(?:rp|sc|dy|ou)-00[1-4]\b|microsoft\.com|sender\.office\.com/,
  sites: ['microsoft.com', 'office.com', 'live.com', 'outlook.com', 'office365.com'],
  source: 'https://learn.microsoft.com/troubleshoot/exchange/email-delivery/ndr/non-delivery-reports-in-exchange-online; https://sendersupport.olc.protection.outlook.com/pm/troubleshooting.aspx',
  date: '2026-11',
  rules: [
    { id: 'microsoft.bulk-authentication', pattern: /\b5\.7\.515\b/, culprit: 'our-dns', meaning: 'Outlook.com wants SPF, DKIM and DMARC from senders of much mail, and one of them does not pass.', nextStep: 'Run `posthorn dns records` for the From domain and publish what is missing; SPF and DKIM must both pass and one must align.' },
    { id: 'microsoft.dmarc-reject', pattern: /\b5\.7\.509\b/, culprit: 'policy', faultClass: 'authentication', meaning: 'The From domain\'s DMARC policy says to reject what does not pass, and this did not.', nextStep: 'Sign with DKIM for the From domain, or send with an envelope sender under it.' },
    { id: 'microsoft.ptr', pattern: /\b[45]\.7\.25\b/, culprit: 'our-dns', faultClass: 'block', temporaryClass: 'authentication', meaning: 'Our sending address has no PTR name.', nextStep: 'Have the hosting provider set the PTR record; until then set outbound.protocols = ["ipv4"] if it is the IPv6 address.' },
    { id: 'microsoft.from', pattern: /\b5\.7\.512\b/, culprit: 'message', meaning: 'The From field of the message is missing or malformed.', nextStep: 'Correct the program that writes the message.' },
    { id: 'microsoft.no-ipv6', pattern: /\b5\.7\.510\b/, culprit: 'policy', meaning: 'The recipient\'s organization takes no mail over IPv6.', nextStep: 'Set outbound.protocols = ["ipv4"].' },
    { id: 'microsoft.queue', pattern: /organization queue quota/, culprit: 'theirs', faultClass: 'capacity', meaning: 'The recipient\'s organization gets more mail than Microsoft takes for it now.', nextStep: 'Nothing to do: it is tried again.' },
    { id: 'microsoft.connection-rate', pattern: /rp-002/, culprit: 'source-ip', meaning: 'We connect to Outlook.com more often than our reputation allows.', nextStep: 'Nothing is lost: use one connection for many messages, and open fewer a minute.' },
    { id: 'microsoft.connections', pattern: /\b4\.7\.652\b|rp-003/, culprit: 'source-ip', meaning: 'We opened more connections than our reputation with Outlook.com allows.', nextStep: 'Nothing is lost: one connection, one message a minute, then slowly more.' },
    { id: 'microsoft.reputation', pattern: /\b4\.7\.65[01]\b|rp-001|s775|s3114/, culprit: 'source-ip', meaning: 'Outlook.com slows our address down because of its reputation.', nextStep: 'One connection and about one message a minute, then climb slowly; enrol the address in SNDS to see what Microsoft counts.' },
    { id: 'microsoft.evaluation', pattern: /\b4\.7\.8[5-9]\d\b/, culprit: 'source-ip', meaning: 'Outlook.com is still forming its opinion of our address.', nextStep: 'Pause for some hours and go on with little mail.' },
    { id: 'microsoft.pattern', pattern: /\b4\.7\.[56]\d\d\b|\(?as\d{3,}\)?.*server busy|server busy/, culprit: 'source-ip', meaning: 'The amount of mail from our address jumped, and Microsoft slows it down.', nextStep: 'Halve the rate and raise it over days.' },
    { id: 'microsoft.blocked-network', pattern: /s3140|s3150|part of their network is on our block list/, culprit: 'source-ip', meaning: 'Our address, or the network around it, is on Microsoft\'s block list.', nextStep: `Stop sending there. ${DELIST}` },
    { id: 'microsoft.banned-ip', pattern: /\b5\.7\.6(?:0[6-9]|[1-4]\d)\b|banned sending ip/, culprit: 'source-ip', meaning: 'Microsoft has banned our sending address.', nextStep: DELIST },
    { id: 'microsoft.banned-sender', pattern: /\b5\.7\.(?:511|50[1-5])\b|spam abuse detected/, culprit: 'source-ip', faultClass: 'block', meaning: 'Microsoft has banned our sending address.', nextStep: 'Forward the whole reply to delist@microsoft.com and say what was changed.' },
    { id: 'microsoft.recipient-list', pattern: /\b5\.7\.(?:507|513)\b|customer block list/, culprit: 'policy', meaning: 'The recipient\'s own organization blocks this sender.', nextStep: 'Only its administrator can lift that: reach the recipient by another way.' },
    { id: 'microsoft.spamhaus', pattern: /ou-001/, culprit: 'source-ip', meaning: 'Our address is on the Spamhaus list, which Outlook.com uses.', nextStep: 'Look the address up at https://check.spamhaus.org, remove the cause, then ask for removal there.' },
    { id: 'microsoft.ou-002', pattern: /ou-002/, culprit: 'source-ip', meaning: 'Outlook.com refuses because of the content or the reputation of our address or domain.', nextStep: `Look for what recipients complained about. ${DELIST}` },
    { id: 'microsoft.dynamic', pattern: /dy-001/, culprit: 'source-ip', meaning: 'Outlook.com takes our address for a dial-up or home line.', nextStep: 'Send from a fixed address with its own PTR name, or through a smarthost.' },
    { id: 'microsoft.infected', pattern: /dy-002/, culprit: 'source-ip', meaning: 'Outlook.com believes that a machine at our address is infected or misused.', nextStep: 'Look for foreign mail in the queue and on the host before anything else.' },
    { id: 'microsoft.harvest', pattern: /sc-002/, culprit: 'source-ip', meaning: 'So many unknown recipients were addressed that Outlook.com takes it for guessing.', nextStep: 'Clean the list of recipients, then wait a day.' },
    { id: 'microsoft.open-relay', pattern: /sc-003/, culprit: 'source-ip', meaning: 'Outlook.com believes that our address is an open relay or proxy.', nextStep: 'Check networks.trusted and the host for proxies.' },
    { id: 'microsoft.complaints', pattern: /sc-004/, culprit: 'source-ip', meaning: 'Too many people marked mail from our address as junk.', nextStep: 'Enrol in the Junk Mail Reporting Program and stop writing to those who complain.' },
    { id: 'microsoft.content', pattern: /sc-001/, culprit: 'content', meaning: 'Outlook.com refuses because the content looks like spam or the reputation is low.', nextStep: 'Compare with a plain message; look at links and at SNDS.' },
    { id: 'microsoft.no-object', source: 'https://support.microsoft.com/topic/c0e98a8e-81db-49c2-9bf1-32a1734d3e77 (NDR error code 550 5.4.1)', pattern: /\b5\.4\.1\b.*recipient address rejected/, culprit: 'recipient', faultClass: 'hard-bounce', meaning: 'The recipient\'s organization has no such address.', nextStep: 'Check the address for a typing error; else ask its administrator.' },
    { id: 'microsoft.no-user', pattern: /\b5\.1\.(?:1|10)\b|\b5\.5\.0\b.*mailbox unavailable/, culprit: 'recipient', faultClass: 'hard-bounce', meaning: 'There is no such mailbox at Microsoft.', nextStep: 'Check the address for a typing error; take it off your lists.' },
    { id: 'microsoft.full', pattern: /\b[45]\.2\.2\b/, culprit: 'recipient', faultClass: 'soft-bounce', meaning: 'The recipient\'s mailbox is full.', nextStep: 'Reach the person by another way; stop sending if it stays full.' },
    { id: 'microsoft.spf', pattern: /\b5\.7\.23\b/, culprit: 'spf-domain', meaning: 'SPF of the envelope-sender domain does not allow our address.', nextStep: 'Add this server to the SPF record of the sender\'s domain; `posthorn spf check` shows the deciding term.' },
    { id: 'microsoft.unauthenticated', pattern: /\b[45]\.7\.26\b/, culprit: 'our-dns', meaning: 'Mail that comes over IPv6 must pass SPF or DKIM, and this did not.', nextStep: 'Publish SPF for this server\'s IPv6 address and sign with DKIM; `posthorn dns records` shows what to publish.' },
    { id: 'microsoft.closed', pattern: /\b5\.7\.57\b|\b5\.7\.1(?:2|24|3[3-6])\b|client was not authenticated/, culprit: 'policy', meaning: 'The recipient\'s organization takes no mail from outside.', nextStep: 'Only its administrator can allow it: reach the recipient by another way.' },
  ],
};
