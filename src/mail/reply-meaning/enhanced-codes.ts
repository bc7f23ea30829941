/**
 * Enhanced status codes: RFC 3463 and the IANA registry "SMTP Enhanced Status Codes" (RFC 5248), by subject and detail.
 * The last resort for replies whose words no rule knows.
 */
import type { ClassRule } from './fault-class.ts';
import type { Culprit, FaultClass, Meaning } from './reply-rule.ts';

export const ENHANCED_SOURCE = 'RFC 3463, RFC 5248, RFC 7372, RFC 7505, RFC 8689 and the IANA registry that they fill';
export const ENHANCED_DATE = '2026-11';

const CHECK_ADDRESS = 'Check the address.';
const WAIT = 'If the reply is temporary nothing needs to be done; else ask the other postmaster.';
const ASK = 'Ask the receiver\'s postmaster, with the whole reply.';
const FIX_MESSAGE = 'Correct the message or the program that writes it.';
const PUBLISH = 'Run `posthorn dns records` for the sender\'s domain and publish what is missing.';

type Row = readonly [culprit: Culprit, meaning: string, nextStep: string];

const ROWS: Readonly<Record<string, Row>> = {
  '0.0': ['theirs', 'The receiver gives no reason.', ASK],
  '1.0': ['recipient', 'Something about the address is not accepted.', CHECK_ADDRESS],
  '1.1': ['recipient', 'The mailbox does not exist.', 'Check the address for a typing error; take it off your lists.'],
  '1.2': ['recipient', 'The recipient\'s domain does not exist or takes no mail.', CHECK_ADDRESS],
  '1.3': ['recipient', 'The recipient\'s address is not well formed.', CHECK_ADDRESS],
  '1.4': ['recipient', 'The recipient\'s address is ambiguous.', CHECK_ADDRESS],
  '1.5': ['recipient', 'The address is valid.', 'Nothing to do.'],
  '1.6': ['recipient', 'The mailbox has moved and no new address is known.', 'Ask the person for the new address.'],
  '1.7': ['message', 'The sender\'s address is not well formed.', 'Correct the envelope sender.'],
  '1.8': ['our-dns', 'The sender\'s domain does not exist or cannot take answers.', 'Publish MX or A records for the sender\'s domain.'],
  '1.9': ['theirs', 'The message was passed on to a system that tells no more.', 'Nothing to do.'],
  '1.10': ['recipient', 'The recipient\'s domain declares that it takes no mail (null MX).', CHECK_ADDRESS],
  '2.0': ['recipient', 'Something is wrong with the recipient\'s mailbox.', WAIT],
  '2.1': ['recipient', 'The mailbox is disabled and takes no mail.', 'Take the address off your lists.'],
  '2.2': ['recipient', 'The mailbox is full.', 'Reach the person by another way; stop sending if it stays full.'],
  '2.3': ['message', 'The message is longer than this mailbox allows.', 'Send a link instead of the attachment.'],
  '2.4': ['theirs', 'A mailing list could not be expanded.', ASK],
  '3.0': ['theirs', 'The receiving system has a problem.', WAIT],
  '3.1': ['theirs', 'The receiving system has no room.', WAIT],
  '3.2': ['theirs', 'The receiving system takes no messages at present.', WAIT],
  '3.3': ['theirs', 'The receiving system lacks something that the message asks for.', ASK],
  '3.4': ['message', 'The message is larger than the receiving system allows.', 'Send a link instead of the attachment, or split it.'],
  '3.5': ['theirs', 'The receiving system is set up wrongly.', ASK],
  '3.6': ['theirs', 'The priority that was asked for is not granted.', 'Nothing to do.'],
  '4.0': ['theirs', 'The network or routing has a problem.', WAIT],
  '4.1': ['theirs', 'The host does not answer.', WAIT],
  '4.2': ['theirs', 'The connection broke.', WAIT],
  '4.3': ['our-dns', 'A directory server (DNS) failed.', 'Check dns.servers; it is tried again.'],
  '4.4': ['theirs', 'No route to the recipient\'s system was found.', 'Check the domain\'s MX records.'],
  '4.5': ['capacity', 'The mail system is congested.', WAIT],
  '4.6': ['theirs', 'The message runs in a circle.', 'Look for forwards that point at each other.'],
  '4.7': ['theirs', 'The message waited too long.', 'Look at the last reply before it.'],
  '5.0': ['theirs', 'The servers did not understand each other.', ASK],
  '5.1': ['theirs', 'A command came at a moment when it is not allowed.', ASK],
  '5.2': ['theirs', 'A command was not understood.', ASK],
  '5.3': ['capacity', 'Too many recipients in one go.', 'Nothing to do: the rest is sent in further transactions.'],
  '5.4': ['ours', 'A command\'s argument is not accepted.', 'Look which one the reply names: hostname (EHLO) is the usual one.'],
  '5.5': ['theirs', 'The protocol versions do not fit.', ASK],
  '5.6': ['ours', 'The answer in a log-in was too long.', 'Check the relay\'s user name and password.'],
  '6.0': ['message', 'Something about the content\'s form is not accepted.', FIX_MESSAGE],
  '6.1': ['message', 'The receiver does not take this kind of content.', FIX_MESSAGE],
  '6.2': ['message', 'The content must be converted, and that is not allowed.', FIX_MESSAGE],
  '6.3': ['message', 'The content must be converted, and that is not possible.', FIX_MESSAGE],
  '6.4': ['message', 'The content was converted with losses.', 'Nothing to do.'],
  '6.5': ['message', 'The conversion of the content failed.', FIX_MESSAGE],
  '6.6': ['theirs', 'The content is not available.', WAIT],
  '6.7': ['theirs', 'The receiver takes no addresses outside ASCII.', 'Use plain ASCII addresses for this recipient.'],
  '6.8': ['theirs', 'The answer would need UTF-8, and the peer does not take it.', ASK],
  '6.9': ['theirs', 'A header in UTF-8 cannot be passed on.', FIX_MESSAGE],
  '6.10': ['theirs', 'The answer would need UTF-8, and the peer does not take it.', ASK],
  '7.0': ['policy', 'The receiver refuses for reasons of security.', ASK],
  '7.1': ['policy', 'The receiver does not accept this message from us: a rule, our reputation, or the content.', ASK],
  '7.2': ['policy', 'The sender may not write to this mailing list.', 'Ask the list\'s owner.'],
  '7.3': ['policy', 'A conversion for security is needed and not possible.', ASK],
  '7.4': ['policy', 'A security feature that was asked for is not supported.', ASK],
  '7.5': ['policy', 'A cryptographic check failed.', 'Look at the TLS line of the attempt.'],
  '7.6': ['policy', 'The receiver does not support this kind of cryptography.', ASK],
  '7.7': ['message', 'The message was altered on the way.', 'Find what changed it after signing.'],
  '7.8': ['ours', 'The user name or password for the next hop is wrong.', 'Check relay.username and the password file.'],
  '7.9': ['ours', 'The log-in method is too weak for the next hop.', 'Use another method or TLS.'],
  '7.10': ['ours', 'The next hop demands encryption.', 'Where that server offers STARTTLS, the attempt in `posthorn trace` says why TLS failed. Where it offers none, it demands what it lacks: tell its postmaster.'],
  '7.11': ['ours', 'The log-in method needs encryption first.', 'Set relay.tls to verify.'],
  '7.12': ['ours', 'The account at the next hop needs a password change first.', 'Log in there once by hand.'],
  '7.13': ['ours', 'The account at the next hop is disabled.', 'Ask the relay\'s operator.'],
  '7.14': ['policy', 'There is no trust relation between the servers.', ASK],
  '7.15': ['policy', 'The priority is too low to be accepted now.', WAIT],
  '7.16': ['message', 'The message is too large for its priority.', WAIT],
  '7.17': ['recipient', 'The mailbox belongs to somebody else than when the address was noted.', 'Ask the person for the new address.'],
  '7.18': ['recipient', 'The domain belongs to somebody else than when the address was noted.', 'Ask the person for the new address.'],
  '7.19': ['theirs', 'The receiver could not check since when the mailbox has its owner.', WAIT],
  '7.20': ['dkim-domain', 'No valid DKIM signature was found.', 'Check the key with `posthorn dkim check`.'],
  '7.21': ['dkim-domain', 'No acceptable DKIM signature was found.', 'Check the key and what the signature covers.'],
  '7.22': ['dkim-domain', 'No valid DKIM signature of the author\'s domain was found.', 'Sign with a key of the From domain.'],
  '7.23': ['spf-domain', 'SPF does not allow our address.', 'Add this server to the SPF record of the sender\'s domain.'],
  '7.24': ['spf-domain', 'SPF could not be evaluated.', 'Check the SPF record with `posthorn spf check`.'],
  '7.25': ['our-dns', 'The PTR name of our address is missing or does not lead back.', 'Set the PTR record of the sending address to the host name.'],
  '7.26': ['our-dns', 'Several authentication checks failed.', PUBLISH],
  '7.27': ['our-dns', 'The sender\'s domain declares that it takes no mail (null MX).', 'Write with a sender that can get answers.'],
  '7.28': ['source-ip', 'Our mail looks like a flood.', 'Slow down and find what made the volume jump.'],
  '7.29': ['policy', 'The ARC chain of the message does not verify.', 'Look at who forwarded the message and changed it.'],
  '7.30': ['policy', 'The message demands encryption all the way (REQUIRETLS), and the next hop does not grant it.', 'Send it without REQUIRETLS, or ask the receiver to support it.'],
};

/** What the same number means in a reply 4xx, where that is another thing: it may be so for now only. */
const TEMPORARY: Readonly<Record<string, Row>> = {
  '1.1': ['recipient', 'The receiver does not know the mailbox, but says so for now only.', 'Check the address; it is tried again.'],
  '1.2': ['recipient', 'The receiver cannot tell for now whether the recipient\'s domain exists.', 'Check the address; it is tried again.'],
  '2.0': ['recipient', 'Something about the recipient\'s mailbox is in the way for now.', 'Nothing to do: it is tried again.'],
  '2.1': ['recipient', 'The mailbox takes no mail for now.', 'Nothing to do: it is tried again. Reach the person by another way if it stays so.'],
  '7.0': ['policy', 'The receiver does not take it for now, by a rule of its own that it does not name.', 'It is tried again. If it stays so for hours, ask the receiver\'s postmaster, with the whole reply.'],
  '7.1': ['policy', 'The receiver does not take it for now, by a rule of its own that it does not name.', 'It is tried again. If it stays so for hours, ask the receiver\'s postmaster, with the whole reply.'],
};

/** Where the class is not the culprit's usual one. */
const CLASSES: Readonly<Record<string, FaultClass>> = {
  '1.1': 'hard-bounce', '1.2': 'hard-bounce', '1.3': 'hard-bounce', '1.6': 'hard-bounce', '1.10': 'hard-bounce', '2.1': 'hard-bounce',
  '3.0': 'capacity', '3.1': 'capacity', '3.2': 'capacity', '3.3': 'protocol', '3.5': 'capacity',
  '4.0': 'network', '4.1': 'network', '4.2': 'network', '4.3': 'network', '4.4': 'network', '4.6': 'network', '4.7': 'network',
  '5.0': 'protocol', '5.1': 'protocol', '5.2': 'protocol', '5.4': 'protocol', '5.5': 'protocol',
  '7.10': 'authentication', '7.11': 'authentication', '7.17': 'hard-bounce', '7.18': 'hard-bounce', '7.25': 'block',
};

const SUBJECTS: Readonly<Record<string, Row>> = {
  '0': ROWS['0.0'] as Row,
  '1': ROWS['1.0'] as Row,
  '2': ROWS['2.0'] as Row,
  '3': ROWS['3.0'] as Row,
  '4': ROWS['4.0'] as Row,
  '5': ROWS['5.0'] as Row,
  '6': ROWS['6.0'] as Row,
  '7': ROWS['7.0'] as Row,
};

/** Meaning of an `x.y.z` code by its last two numbers, else by its subject; undefined when it is no such code. */
export function explainEnhanced(enhanced: string): (Meaning & ClassRule & { readonly id: string }) | undefined {
  const match = /^[245]\.(\d{1,3})\.(\d{1,3})$/.exec(enhanced);
  if (!match) return undefined;
  const key = `${match[1]}.${match[2]}`;
  const row = (enhanced.startsWith('4.') && TEMPORARY[key]) || (Object.hasOwn(ROWS, key) ? ROWS[key] : SUBJECTS[match[1] as string]);
  if (!row) return undefined;
  const faultClass = CLASSES[key];
  const temporary = faultClass === 'block' ? { temporaryClass: 'authentication' as const } : {};
  return { id: `enhanced.${key}`, culprit: row[0], meaning: row[1], nextStep: row[2], ...(faultClass && { faultClass }), ...temporary };
}

/** All codes of the table, as `subject.detail`. */
export const ENHANCED_CODES: readonly string[] = Object.keys(ROWS);
