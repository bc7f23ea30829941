/** What our own server says when no peer said anything: DNS, connections, TLS, time. */
import type { RuleTable } from './reply-rule.ts';

export const OUR_SIDE: RuleTable = {
  provider: 'Posthorn',
  source: 'own: flow/deliver, flow/route; RFC 3463, RFC 7505',
  date: '2026-11',
  rules: [
    { id: 'own.null-mx', pattern: /null mx|\b[45]\.1\.10\b|accepts no mail/, culprit: 'recipient', meaning: 'The recipient\'s domain declares that it receives no mail at all (null MX).', nextStep: 'Check the domain for a typing error; there is nobody to deliver to.' },
    { id: 'own.no-domain', pattern: /nxdomain|domain (?:name )?(?:does not exist|not found)|no such domain|\b5\.1\.2\b|host (?:name )?not found/, culprit: 'recipient', meaning: 'The recipient\'s domain does not exist in DNS.', nextStep: 'Check the domain for a typing error.' },
    { id: 'own.no-address', pattern: /no (?:usable |ipv[46] )?address|no (?:mx|a or aaaa)|\b5\.4\.4\b/, culprit: 'theirs', meaning: 'The recipient\'s domain has no mail server that can be reached with the protocols we use.', nextStep: 'Look at the domain\'s MX and address records; check outbound.protocols.' },
    { id: 'own.dns-theirs', pattern: /servfail/, culprit: 'theirs', meaning: 'The name servers of the recipient\'s domain answer with an error.', nextStep: 'Nothing to do at first: it is tried again. If it lasts, tell the other side: their DNS or DNSSEC is broken.' },
    { id: 'own.dns-down', pattern: /\bdns\b|resolver|name server|look-?up|\b4\.4\.3\b/, culprit: 'our-dns', meaning: 'Our DNS server did not answer, so the way to the recipient is unknown.', nextStep: 'Check dns.servers and the network of this host; nothing is lost, it is tried again.' },
    { id: 'own.refused', pattern: /refused|econnrefused/, culprit: 'theirs', meaning: 'The receiving server refused the connection: no mail server runs there now, or a firewall turns us away.', nextStep: 'Nothing to do at first: it is tried again. If all domains refuse, the provider of this host blocks port 25.' },
    { id: 'own.unreachable', pattern: /unreachable|ehostunreach|enetunreach|no route/, culprit: 'ours', meaning: 'There is no network path to the receiving server.', nextStep: 'Check the network of this host; with IPv6 addresses only, set outbound.protocols = ["ipv4"] if IPv6 does not work here.' },
    { id: 'own.certificate', pattern: /certificate|not verified|unable to verify|self[- ]signed|hostname mismatch/, culprit: 'theirs', meaning: 'The next hop\'s certificate could not be verified, and the settings demand it.', nextStep: 'Check the name in relay.host and the CA; the other side may have let its certificate expire.' },
    { id: 'own.tls', pattern: /\btls\b|\bssl\b|starttls|handshake|\b[45]\.7\.(?:5|10)\b|requiretls/, culprit: 'theirs', meaning: 'The connection could not be encrypted as it must be.', nextStep: 'It is tried again; look at the attempt\'s TLS line, old software on one side is the usual cause.' },
    { id: 'own.expired', pattern: /expired|\b[45]\.4\.7\b|time in (?:the )?queue|lifetime/, culprit: 'theirs', meaning: 'The message waited as long as it may without being accepted.', nextStep: 'The last reply before tells why; send it again when the cause is gone.' },
    { id: 'own.timeout', pattern: /tim(?:ed|e) ?-?out|etimedout|no (?:answer|greeting|reply)|took longer|\b4\.4\.1\b/, culprit: 'theirs', meaning: 'The receiving server did not answer in time.', nextStep: 'Nothing to do at first: it is tried again. If no server at all answers, the provider of this host blocks port 25.' },
    { id: 'own.lost', pattern: /lost|closed|reset|econnreset|epipe|ended|hung up|\b4\.4\.2\b/, culprit: 'theirs', meaning: 'The receiving server closed the connection in the middle.', nextStep: 'Nothing to do: it is tried again; look at how far it came.' },
    { id: 'own.lab', pattern: /127\.0\.0\.0\/8|outside the lab|loopback only/, culprit: 'ours', meaning: 'Inside the lab no connection may leave this machine.', nextStep: 'Write to one of the simulated providers; `posthorn lab inbox` lists them.' },
    { id: 'own.smtputf8', pattern: /smtputf8|\b[45]\.6\.7\b/, culprit: 'theirs', meaning: 'The receiver cannot take addresses or headers with characters outside ASCII.', nextStep: 'Use addresses in plain ASCII for this recipient.' },
    { id: 'own.8bit', pattern: /8bitmime|\b[45]\.6\.[135]\b/, culprit: 'message', meaning: 'The receiver takes 7-bit mail only, and the message cannot be converted.', nextStep: 'Send it in quoted-printable or base64.' },
    { id: 'own.size', pattern: /larger than|too large|\b[45]\.3\.4\b/, culprit: 'message', meaning: 'The message is larger than the receiver announces to accept.', nextStep: 'Send a link instead of the attachment, or split it.' },
    { id: 'own.loop', pattern: /loop|points? (?:back )?to (?:us|ourselves|this)|\b[45]\.4\.6\b/, culprit: 'our-dns', meaning: 'The way to the recipient leads back to ourselves.', nextStep: 'Check the MX records of the domain, or make it one of our domains with `posthorn domain add`.' },
    { id: 'own.no-user', pattern: /\b5\.1\.1\b|no such (?:user|mailbox)|unknown/, culprit: 'recipient', meaning: 'There is no such account or alias here.', nextStep: 'Check the address; `posthorn account list` and `posthorn alias list` show those that exist.' },
    { id: 'own.storage', pattern: /storage|disk|\b4\.3\.[01]\b/, culprit: 'ours', meaning: 'Our own storage could not take the message just now.', nextStep: 'Check the free space of the data directory and the log.' },
    { id: 'own.bug', pattern: /internal|unexpected|\b4\.3\.5\b/, culprit: 'ours', meaning: 'Our server met an error of its own.', nextStep: 'Look in the log at that time; nothing is lost, it is tried again.' },
  ],
};
