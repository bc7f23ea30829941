/**
 * What Postfix says when no other server said anything: about the way there, the connection, TLS, its own tables and
 * mailboxes. Facts from Postfix's manual pages and sources (postconf(5), smtp(8), local(8), virtual(8)), November 2026.
 */
import type { Culprit } from '../reply-meaning/explain.ts';

export interface LocalCause {
  /** Stable. */
  readonly id: string;
  /** Tried on the words between the brackets, in lower case. */
  readonly pattern: RegExp;
  readonly culprit: Culprit;
  readonly meaning: string;
  readonly nextStep: string;
}

export const POSTFIX_WORDS: readonly LocalCause[] = [
  { id: 'postfix.null-mx', pattern: /does not accept mail \(null ?mx\)/, culprit: 'recipient', meaning: 'The recipient\'s domain declares that it receives no mail at all (null MX).', nextStep: 'Check the domain for a typing error; there is nobody to deliver to.' },
  { id: 'postfix.no-domain', pattern: /name service error for .*: host not found$|domain .* does not exist|unable to look up host .*: (?:name or service not known|nodename nor servname provided|no address associated with)/, culprit: 'recipient', meaning: 'The domain of the recipient (or the next hop) does not exist in DNS.', nextStep: 'Check the domain for a typing error; for a relayhost, check its name in main.cf.' },
  { id: 'postfix.dns', pattern: /name service error|host not found, try again|unable to look up host|domain name not found/, culprit: 'our-dns', meaning: 'DNS gave no answer, so the way to the recipient is unknown for now.', nextStep: 'See that the name servers of this machine answer (/etc/resolv.conf; for a chrooted Postfix also its copy); if only this domain fails, its own name servers are broken.' },
  { id: 'postfix.loop', pattern: /loops back to myself|too many hops|mail forwarding loop/, culprit: 'our-dns', meaning: 'The message went in a circle: the way to the recipient leads back to this server, which does not hold the domain, or a forwarding leads back to itself.', nextStep: 'Add the domain to mydestination, virtual_mailbox_domains or relay_domains (and a transport), or correct the MX records or the forwarding.' },
  { id: 'postfix.relay-login', pattern: /sasl authentication fail|no mechanism available|no worthy mechs|authentication failed: cannot sasl|sasl authentication failure/, culprit: 'ours', meaning: 'The log-in at the relay did not work.', nextStep: 'Check smtp_sasl_password_maps (and run postmap on it), that libsasl2-modules is installed, and smtp_sasl_security_options; many providers want an app password.' },
  { id: 'postfix.tls-not-offered', pattern: /tls is required, but (?:was not offered|our tls engine)/, culprit: 'theirs', meaning: 'The settings demand TLS, and the other server does not offer it.', nextStep: 'Check that the port is the right one (587 with STARTTLS, 465 with smtp_tls_wrappermode=yes), or relax smtp_tls_security_level for this destination.' },
  { id: 'postfix.certificate', pattern: /server certificate not (?:trusted|verified)|certificate verification failed/, culprit: 'theirs', meaning: 'The other server\'s certificate could not be verified, and the settings demand it.', nextStep: 'Check smtp_tls_CAfile and the name in the policy; the other side may have let its certificate expire.' },
  { id: 'postfix.tls', pattern: /cannot start tls|tls handshake|ssl_connect error|non-encrypted|tlsa lookup error/, culprit: 'theirs', meaning: 'TLS was begun and did not come about.', nextStep: 'Where smtp_tls_security_level is may, Postfix goes on without TLS at the next attempt. Try `openssl s_client -starttls smtp -connect HOST:25`; old software on one side is the usual cause.' },
  { id: 'postfix.refused', pattern: /connection refused/, culprit: 'theirs', meaning: 'The receiving server refused the connection: no mail server runs there, or a firewall turns us away.', nextStep: 'If one domain refuses, wait: it is tried again. If all do, the provider of this machine blocks port 25: ask them to open it, or send through a relay.' },
  { id: 'postfix.unreachable', pattern: /network is unreachable|no route to host|address family not supported/, culprit: 'ours', meaning: 'There is no network path to the receiving server.', nextStep: 'Check the network; when the address is an IPv6 one and this machine has no IPv6, set inet_protocols = ipv4.' },
  { id: 'postfix.connect-timeout', pattern: /connect to .* (?:connection timed out|operation timed out)|connection timed out/, culprit: 'theirs', meaning: 'The receiving server did not answer the connection.', nextStep: 'If it is one domain, wait. If it is all of them, the provider of this machine blocks port 25 outward: ask them to open it, or send through a relay on port 587.' },
  { id: 'postfix.timeout', pattern: /timed out (?:while|after)|conversation with .* timed out/, culprit: 'theirs', meaning: 'The receiving server stopped answering in the middle of the session.', nextStep: 'It is tried again; when it happens with large messages only, look for a path MTU problem (a firewall that drops ICMP).' },
  { id: 'postfix.lost', pattern: /lost connection with|connection reset|broken pipe/, culprit: 'theirs', meaning: 'The receiving server closed the connection in the middle.', nextStep: 'It is tried again; look at how far it came. At the greeting it often means that our address is not welcome there.' },
  { id: 'postfix.protocol', pattern: /protocol error|malformed response|bad (?:response|reply)/, culprit: 'theirs', meaning: 'What answers there does not speak SMTP as it should.', nextStep: 'Check host and port; a firewall that rewrites SMTP is a usual cause.' },
  { id: 'postfix.unknown-user', pattern: /user unknown in|unknown user:|user unknown\b|undeliverable address|user doesn't exist|no such user|unknown or illegal alias/, culprit: 'recipient', meaning: 'There is no such mailbox or alias on this server.', nextStep: 'Check the address; if it should exist, add it to the table that the words name (aliases, virtual_alias_maps, virtual_mailbox_maps, local_recipient_maps) and run postmap or newaliases.' },
  { id: 'postfix.quota', pattern: /over quota|quota exceeded|mailbox (?:is )?full|disk quota|mailfolder is full/, culprit: 'recipient', meaning: 'The mailbox has no room for the message.', nextStep: 'Let the owner clear it, or raise the quota (or mailbox_size_limit / virtual_mailbox_limit).' },
  { id: 'postfix.size', pattern: /message size \d+ exceeds size limit|message too large|file too large|exceeds (?:the )?(?:maximum|size)/, culprit: 'message', meaning: 'The message is larger than the next server announces to accept, or than this one may write.', nextStep: 'Send a link instead of the attachment; on this server look at message_size_limit, mailbox_size_limit and virtual_mailbox_limit.' },
  { id: 'postfix.mailbox-write', pattern: /can(?:'|no)t (?:create|open|update|append)|unable to create|maildir delivery failed|mailbox .*: (?:permission|no such)|permission denied|unable to lock|create (?:maildir|mailbox)|can't write/, culprit: 'ours', meaning: 'The mailbox could not be written.', nextStep: 'Check owner and rights of the folder named in the words, and that its parent exists.' },
  { id: 'postfix.disk', pattern: /no space left|insufficient (?:system )?storage|queue file write error|disk full/, culprit: 'ours', meaning: 'The disk is full.', nextStep: 'Free room on the file system of the queue or of the mailboxes: `df -h`, `df -i`.' },
  { id: 'postfix.lmtp', pattern: /connect to .*\[private\/|connect to .*: no such file or directory|mail transport unavailable|unknown mail transport/, culprit: 'ours', meaning: 'The program that takes the mail over (Dovecot\'s LMTP, a filter, a policy service) is not there.', nextStep: 'See that it runs and listens where main.cf and master.cf say (virtual_transport, content_filter).' },
  { id: 'postfix.command', pattern: /command died|command time limit|command output|unable to execute|command not found/, culprit: 'ours', meaning: 'A program that mail is piped to ended with an error.', nextStep: 'Read its output in the words; run it by hand as the user of the pipe with a message on standard input.' },
  { id: 'postfix.tables', pattern: /(?:alias|virtual|transport|address|mapping|table|lookup|map).*(?:lookup|search)? ?(?:error|failure|problem)|temporary lookup failure|address resolver failure|open (?:database|dictionary)/, culprit: 'ours', meaning: 'A look-up table of Postfix could not be read.', nextStep: 'Look for the warning before it in the log; run `postmap FILE`, `newaliases`, or see that the database behind the table answers.' },
  { id: 'postfix.bad-address', pattern: /bad address syntax|bad (?:recipient|sender) address|malformed address/, culprit: 'recipient', meaning: 'The address is not written as an address must be.', nextStep: 'Correct the address where the message was made.' },
  { id: 'postfix.verify', pattern: /address verification (?:in progress|probe)|unverified/, culprit: 'theirs', meaning: 'The address is still being checked at the next server.', nextStep: 'Nothing to do: it is asked again.' },
  { id: 'postfix.smtputf8', pattern: /smtputf8/, culprit: 'theirs', meaning: 'The receiver cannot take addresses or headers with characters outside ASCII.', nextStep: 'Use addresses in plain ASCII for this recipient.' },
  { id: 'postfix.milter', pattern: /milter|content[- ]?filter|policy service|server configuration (?:error|problem)/, culprit: 'ours', meaning: 'A filter or policy service of this server failed or refused.', nextStep: 'See that it runs; look at its own log at that time.' },
  { id: 'postfix.deferred-transport', pattern: /deferred transport|delivery (?:is )?(?:temporarily )?(?:suspended|deferred)/, culprit: 'theirs', meaning: 'Postfix does not try this destination for a while, since the last attempts failed.', nextStep: 'The words behind it, or the failures before it, tell the cause; `postqueue -f` tries at once when it is gone.' },
  { id: 'postfix.no-mx', pattern: /no mail servers? for|unable to find (?:primary|mx)|has no mx|all mx hosts|no (?:mx|a) record/, culprit: 'theirs', meaning: 'The recipient\'s domain names no mail server that can be used.', nextStep: 'Look at its MX and address records with `dig MX DOMAIN`.' },
];

/** What tells the cause stands in front; and no pattern is let loose on more. */
const WORDS_CHARS_MAX = 1000;

/** First that fits; undefined when none does. */
export function localCause(why: string): LocalCause | undefined {
  const words = why.slice(0, WORDS_CHARS_MAX).toLowerCase();
  return POSTFIX_WORDS.find(({ pattern }) => pattern.test(words));
}
