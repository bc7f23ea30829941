/**
 * What Postfix's own server refused (`NOQUEUE: reject: RCPT from …`), and what the words mean to the administrator who
 * reads them: mostly that all is well, sometimes that their own mail program or table is wrong.
 */
import type { LocalCause } from './postfix-words.ts';
import { readReply } from './delivery-line.ts';

export interface RefusalLine {
  /** `CONNECT`, `RCPT`, `DATA` … */
  readonly stage: string;
  readonly clientName: string;
  readonly clientAddress: string;
  readonly text: string;
  readonly from?: string;
  readonly to?: string;
}

const REFUSAL = /^(?:milter-|header |body |proxy-)?reject: (?:header |body )?(\S{1,40}).{0,300}? from ([^[\s]{1,255})\[([^\]]{1,64})\](?::\d{1,5})?: (.*)$/s;

/** Undefined when the text is none. */
export function parseRefusal(text: string): RefusalLine | undefined {
  const [, stage, clientName, clientAddress, rest] = REFUSAL.exec(text) ?? [];
  if (stage === undefined || clientName === undefined || clientAddress === undefined || rest === undefined) return undefined;
  const detailsAt = rest.lastIndexOf('; from=<');
  const details = detailsAt < 0 ? '' : rest.slice(detailsAt);
  const from = /from=<([^>]*)>/.exec(details)?.[1];
  const to = / to=<([^>]*)>/.exec(details)?.[1];
  return { stage, clientName, clientAddress, text: detailsAt < 0 ? rest : rest.slice(0, detailsAt), ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) };
}

const RULES: readonly LocalCause[] = [
  { id: 'refused.relay', pattern: /relay access denied|relaying denied/, culprit: 'policy', meaning: 'Somebody wanted to send through this server to a domain that is not its own, without having logged in.', nextStep: 'Strangers are right to be refused. If it was one of your users: let them use port 587 or 465 and log in. If the domain is yours, add it to mydestination, virtual_mailbox_domains or relay_domains.' },
  { id: 'refused.unknown-user', pattern: /user unknown in|recipient address rejected: (?:user unknown|undeliverable)/, culprit: 'recipient', meaning: 'Mail came for an address that does not exist here.', nextStep: 'Mostly spam that guesses names. If the address should exist, add it to the table that the words name.' },
  { id: 'refused.listed', pattern: /blocked using|listed (?:at|on|in|by)|dnsbl|rbl/, culprit: 'source-ip', meaning: 'The client\'s address is on a blocklist that this server asks.', nextStep: 'Right for spam. If many good senders are hit, or every client is: the list may be closed, or answers your resolver with an error (ask through a resolver of your own).' },
  { id: 'refused.no-ptr', pattern: /cannot find your (?:reverse )?hostname/, culprit: 'source-ip', meaning: 'The client\'s address has no name in DNS (PTR), or the name does not lead back.', nextStep: 'Right for most strangers; reject_unknown_client_hostname also hits good senders, reject_unknown_reverse_client_hostname hits fewer.' },
  { id: 'refused.helo', pattern: /helo command rejected/, culprit: 'source-ip', meaning: 'The client introduced itself with a name that your rules for HELO do not allow.', nextStep: 'Right for most strangers; for your own devices put permit_mynetworks or permit_sasl_authenticated before the HELO rules.' },
  { id: 'refused.sender-domain', pattern: /sender address rejected: (?:domain not found|malformed dns)/, culprit: 'spf-domain', meaning: 'The domain of the sender does not exist in DNS.', nextStep: 'Right for forgeries. If it says 450 for every domain, the name servers of this machine do not answer.' },
  { id: 'refused.sender-login', pattern: /sender address rejected: not (?:owned|logged)/, culprit: 'policy', meaning: 'Somebody who logged in sent as an address that is not theirs.', nextStep: 'If it is rightly theirs, add it to smtpd_sender_login_maps; else look whether the account was stolen.' },
  { id: 'refused.recipient-domain', pattern: /recipient address rejected: domain not found/, culprit: 'recipient', meaning: 'Somebody wrote to a domain that does not exist.', nextStep: 'Mostly a typing error of one of your users.' },
  { id: 'refused.greylist', pattern: /greylist|postgrey|try again later|service (?:currently )?unavailable/, culprit: 'policy', meaning: 'The client was asked to come back later (greylisting, postscreen).', nextStep: 'Nothing to do: real servers come back.' },
  { id: 'refused.rate', pattern: /too many (?:connections|errors|recipients|messages)|rate limit|too much mail/, culprit: 'capacity', meaning: 'The client came too often or too fast for the limits of this server.', nextStep: 'If it is one of your own, raise the smtpd_client_* limits for it; else nothing.' },
  { id: 'refused.size', pattern: /message size exceeds|too big|too large/, culprit: 'message', meaning: 'The message is larger than message_size_limit.', nextStep: 'Raise message_size_limit, if such messages are wanted.' },
  { id: 'refused.storage', pattern: /insufficient system storage/, culprit: 'ours', meaning: 'The queue\'s file system has too little room.', nextStep: 'Free room now: `df -h`, `df -i`; queue_minfree says how much must stay.' },
  { id: 'refused.configuration', pattern: /server configuration (?:error|problem)|temporary lookup failure|internal (?:server )?error/, culprit: 'ours', meaning: 'This server could not decide because a table, policy service or filter failed.', nextStep: 'The warning just before it in the log names the culprit.' },
  { id: 'refused.not-permitted', pattern: /access denied|client host rejected|recipient address rejected|sender address rejected|command rejected/, culprit: 'policy', meaning: 'A rule of this server refused it.', nextStep: 'Find the rule in the smtpd_*_restrictions of main.cf and the tables that they name.' },
];

const FILTERED: LocalCause = { id: 'refused.content', pattern: /./, culprit: 'content', meaning: 'A filter of this server refused the message or the client.', nextStep: 'Look at the filter\'s own log or history for the client and time.' };

/** Always answers. */
export function refusalCause(text: string): LocalCause {
  const words = text.slice(0, 1000).toLowerCase();
  return RULES.find(({ pattern }) => pattern.test(words)) ?? FILTERED;
}

/** 4xx: the client comes back. */
export function isTemporary(text: string): boolean {
  return (readReply(text)?.code ?? 500) < 500;
}
