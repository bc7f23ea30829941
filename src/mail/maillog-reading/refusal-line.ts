/**
 * What Postfix's own server refused, kept back or threw away (`NOQUEUE: reject: RCPT from …`; postscreen, header and body
 * checks and milters write it each in their way), and what the words mean to the administrator who reads them: mostly that
 * all is well, sometimes that their own mail program or table is wrong.
 */
import type { LocalCause } from './postfix-words.ts';
import { readReply } from './delivery-line.ts';

export interface RefusalLine {
  readonly action: 'reject' | 'discard' | 'hold';
  /** A filter program (milter) decided, or could not be asked. */
  readonly byMilter: boolean;
  /** `CONNECT`, `RCPT`, `DATA` … */
  readonly stage: string;
  /** '' where nobody looked it up (postscreen). */
  readonly clientName: string;
  readonly clientAddress: string;
  readonly text: string;
  readonly from?: string;
  readonly to?: string;
}

const REFUSAL = /^(milter-|proxy-)?(reject|discard|hold): (?:header |body )?(\S{1,40}).{0,300}? from ([^[\s]{0,255})\[([^\]]{1,64})\](?::\d{1,5})?[:;] (.*)$/s;
/** Header and body checks write the reason behind the details. */
const REASON_BEHIND = /^from=<[^>]{0,320}>.{0,900}?>: (.{1,500})$/s;

/** Undefined when the text is none. */
export function parseRefusal(text: string): RefusalLine | undefined {
  const [, filter = '', action, stage, clientName, clientAddress, rest] = REFUSAL.exec(text) ?? [];
  if (action === undefined || stage === undefined || clientName === undefined || clientAddress === undefined || rest === undefined) return undefined;
  const decided = { action: action as RefusalLine['action'], byMilter: filter === 'milter-', stage, clientName, clientAddress };
  if (rest.startsWith('from=<')) return { ...decided, text: REASON_BEHIND.exec(rest)?.[1] ?? text.slice(text.indexOf(': ') + 2, text.lastIndexOf(' from ')), ...envelopeIn(rest) };
  const detailsAt = /; (?:from=<|proto=)/.exec(rest)?.index ?? -1;
  return { ...decided, text: detailsAt < 0 ? rest : rest.slice(0, detailsAt), ...envelopeIn(detailsAt < 0 ? '' : rest.slice(detailsAt)) };
}

function envelopeIn(details: string): Pick<RefusalLine, 'from' | 'to'> {
  const from = /from=<([^>]*)>/.exec(details)?.[1];
  const to = / to=<([^>]*)>/.exec(details)?.[1];
  return { ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) };
}

const DISCARDED: LocalCause = { id: 'refused.discarded', pattern: /./, culprit: 'content', meaning: 'A rule or filter of this server took the message and threw it away; neither sender nor recipient was told.', nextStep: 'If somebody misses mail, this is where it went: look for DISCARD in header_checks, body_checks and access tables, or at the filter\'s own log, and refuse (REJECT) instead.' };
const HELD: LocalCause = { id: 'refused.held', pattern: /./, culprit: 'content', meaning: 'A rule or filter of this server put the message on hold: it waits until somebody decides.', nextStep: 'See it with `postqueue -p` (marked with !) and `postcat -q ID`; let it go with `postsuper -H ID`, or remove it with `postsuper -d ID`.' };
/** What Postfix itself answers for a milter that does not (milter_default_action). A milter's own words look the same when it asks for a later try. */
const MILTER_SILENT: LocalCause = { id: 'refused.milter', pattern: /^(?:451 4\.7\.1|4\.7\.1) service unavailable - try again later|^550 5\.5\.0 service unavailable/, culprit: 'ours', meaning: 'A mail filter (milter) of this server did not answer, or asked for a later try; all mail that goes through it waits or is refused.', nextStep: 'Look for "connect to Milter service" among the warnings: where it stands, start that program or correct smtpd_milters. Without such a warning the filter decided so: see its own log.' };

const AUTHENTICATION: LocalCause = { id: 'refused.authentication', pattern: /\b(?:dmarc|spf|dkim)\b/, culprit: 'policy', meaning: 'SPF, DKIM or DMARC of the sender\'s domain say that the message is not theirs.', nextStep: 'Right for forgeries. If it came by a mailing list or a forwarding, exempt that server; if the domain is your own, list this client in its SPF record or sign its mail.' };

const RULES: readonly LocalCause[] = [
  { id: 'refused.protocol', pattern: /^550 5\.5\.1 protocol error|command pipelining|bare newline|non-smtp command/, culprit: 'policy', meaning: 'The client did not keep to the protocol: it spoke before the greeting or did not wait for answers, as spam programs do (postscreen).', nextStep: 'Right for strangers. If it is a device or program of your own, let it use port 587, or put its address in postscreen_access_list.' },
  AUTHENTICATION,
  { id: 'refused.relay', pattern: /relay access denied|relaying denied/, culprit: 'policy', meaning: 'Somebody wanted to send through this server to a domain that is not its own, without having logged in.', nextStep: 'Strangers are right to be refused. If it was one of your users: let them use port 587 or 465 and log in. If the domain is yours, add it to mydestination, virtual_mailbox_domains or relay_domains (Posthorn: `posthorn domain add`).' },
  { id: 'refused.unknown-user', pattern: /user unknown in|recipient address rejected: (?:user unknown|undeliverable)/, culprit: 'recipient', meaning: 'Mail came for an address that does not exist here.', nextStep: 'Mostly spam that guesses names. If the address should exist, add it to the table that the words name (Posthorn: `posthorn account add`, `posthorn alias add`).' },
  { id: 'refused.listed', pattern: /blocked using|listed (?:at|on|in|by)|dnsbl|rbl/, culprit: 'source-ip', meaning: 'The client\'s address is on a blocklist that this server asks.', nextStep: 'Right for spam. If many good senders are hit, or every client is: the list may be closed, or answers your resolver with an error (ask through a resolver of your own).' },
  { id: 'refused.no-ptr', pattern: /cannot find your (?:reverse )?hostname/, culprit: 'source-ip', meaning: 'The client\'s address has no name in DNS (PTR), or the name does not lead back.', nextStep: 'Right for most strangers; reject_unknown_client_hostname also hits good senders, reject_unknown_reverse_client_hostname hits fewer.' },
  { id: 'refused.helo', pattern: /helo command rejected/, culprit: 'source-ip', meaning: 'The client introduced itself with a name that your rules for HELO do not allow.', nextStep: 'Right for most strangers; for your own devices put permit_mynetworks or permit_sasl_authenticated before the HELO rules.' },
  { id: 'refused.sender-domain', pattern: /sender address rejected: (?:domain not found|malformed dns)/, culprit: 'spf-domain', meaning: 'The domain of the sender does not exist in DNS.', nextStep: 'Right for forgeries. If it says 450 for every domain, the name servers of this machine do not answer.' },
  { id: 'refused.sender-login', pattern: /sender address rejected: not (?:owned|logged)/, culprit: 'policy', meaning: 'Somebody who logged in sent as an address that is not theirs.', nextStep: 'If it is rightly theirs, add it to smtpd_sender_login_maps; else look whether the account was stolen.' },
  { id: 'refused.recipient-domain', pattern: /recipient address rejected: domain not found/, culprit: 'recipient', meaning: 'Somebody wrote to a domain that does not exist.', nextStep: 'Mostly a typing error of one of your users.' },
  { id: 'refused.greylist', pattern: /greylist|postgrey|try again later|service (?:currently )?unavailable/, culprit: 'policy', meaning: 'The client was asked to come back later (greylisting, postscreen).', nextStep: 'Nothing to do: real servers come back.' },
  { id: 'refused.rate', pattern: /too many (?:connections|errors|recipients|messages)|rate limit|too much mail|all server ports busy/, culprit: 'capacity', meaning: 'The client came too often or too fast for the limits of this server.', nextStep: 'If it is one of your own, raise the smtpd_client_* limits for it; else nothing.' },
  { id: 'refused.size', pattern: /message size exceeds|too big|too large/, culprit: 'message', meaning: 'The message is larger than message_size_limit.', nextStep: 'Raise message_size_limit, if such messages are wanted.' },
  { id: 'refused.storage', pattern: /insufficient system storage/, culprit: 'ours', meaning: 'The queue\'s file system has too little room.', nextStep: 'Free room now: `df -h`, `df -i`; queue_minfree says how much must stay.' },
  { id: 'refused.configuration', pattern: /server configuration (?:error|problem)|temporary lookup failure|internal (?:server )?error/, culprit: 'ours', meaning: 'This server could not decide because a table, policy service or filter failed.', nextStep: 'The warning just before it in the log names the culprit.' },
  { id: 'refused.not-permitted', pattern: /access denied|client host rejected|recipient address rejected|sender address rejected|command rejected/, culprit: 'policy', meaning: 'A rule of this server refused it.', nextStep: 'Find the rule in the smtpd_*_restrictions of main.cf and the tables that they name.' },
];

const FILTERED: LocalCause = { id: 'refused.content', pattern: /./, culprit: 'content', meaning: 'A filter of this server refused the message or the client.', nextStep: 'Look at the filter\'s own log or history for the client and time.' };

/** Always answers. */
export function refusalCause({ action, byMilter, text }: Pick<RefusalLine, 'action' | 'byMilter' | 'text'>): LocalCause {
  if (action !== 'reject') return action === 'hold' ? HELD : DISCARDED;
  const words = text.slice(0, 1000).toLowerCase();
  if (byMilter) return [MILTER_SILENT, AUTHENTICATION].find(({ pattern }) => pattern.test(words)) ?? FILTERED;
  return RULES.find(({ pattern }) => pattern.test(words)) ?? FILTERED;
}

/** 4xx: the client comes back. */
export function isTemporary(text: string): boolean {
  return (readReply(text)?.code ?? 500) < 500;
}
