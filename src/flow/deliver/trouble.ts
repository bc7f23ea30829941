/**
 * What failed, whom it concerns, and what to do about it: the one place that decides. Everything else in this folder
 * reports trouble as data and carries the judgement out.
 *
 * Scopes: `recipient` (this address at this site), `message` (this content or sender), `host` (this server, whoever the
 * mail is for), `session` (this connection), `local` (ourselves; never counted against the peer).
 * Next: `settle` (no other host would say otherwise, or must not be asked), `next-host` (ask the next one in this
 * attempt; if none is left, the status here holds), `fresh` (the connection had been idle: same host, new connection).
 *
 *   step           4xx or unknown              5xx
 *   connect        host       defer  next      –
 *   greeting       host       defer  next      host       defer  next     but 521 and 556: fail (RFC 7504: no mail, ever)
 *   EHLO           host       defer  next      host       defer  next     our name is refused, with HELO, too: no fault of the recipient
 *   STARTTLS, TLS  host       defer  next      host       defer  next     only met when TLS is a must
 *   AUTH           host       defer  settle    local      defer  settle   the password is the administrator's to mend
 *   RSET           session    defer  next      session    defer  next
 *   MAIL           message    defer  next      message    fail   settle
 *   RCPT           recipient  defer  next      recipient  fail   settle   but 552 defers (RFC 5321 §4.5.3.1.10)
 *   DATA           message    defer  next      message    fail   settle
 *   end of data    message    defer  settle    message    fail   settle   the content was judged: asking elsewhere is what spammers do
 *
 *   LMTP has an answer for each recipient behind the content: as end of data, but of scope recipient.
 *   MAIL refused on a reused connection in words that say it has carried enough: fresh.
 *   421 anywhere: session, defer, next (the peer closes; RFC 5321 §3.8); on a reused connection before content: fresh.
 *   connection lost, time-out: session (host before EHLO is through), defer, next; after content: settle, because the
 *     message may have been taken and another host would take it twice; lost on a reused connection: fresh.
 *   garbage instead of SMTP, also a yes or a "go on" where none belongs: host, defer, next; after content: settle.
 *   Our own fault: local, defer, settle (next while connecting: another address family may work).
 *   Two more depend on the session, see host-delivery.ts: what is refused for want of TLS, and a relay that does not take our mail.
 *
 * A 5xx greeting is deferred although it says "permanent", as Postfix does: sites answer so to addresses they do not
 * know yet or listed this hour, and the block is usually over before the message expires; the reply is in the timeline.
 */
import type { FailureScope } from '../../contract/queue.ts';
import type { Reply } from '../../contract/message.ts';
import { describeReply } from '../../wire/smtp/reply.ts';
import type { SmtpStep, SmtpTrouble } from '../../net/smtp-trouble.ts';

export interface Judgement {
  readonly status: 'failed' | 'deferred';
  readonly scope: FailureScope;
  readonly next: 'settle' | 'next-host' | 'fresh';
  readonly reply: Reply;
  /** The reply is in our words, not the peer's. */
  readonly own?: true;
  /** It answered MAIL: no recipient had been named. */
  readonly answeredMail?: true;
}

export interface TroubleContext {
  /** How to name the peer, `mx.example.net[192.0.2.1]:25`. */
  readonly peer: string;
  /** The connection had carried a message before, or waited for one. */
  readonly reused: boolean;
}

type Rule = Omit<Judgement, 'reply' | 'own' | 'answeredMail'>;

const rule = (scope: FailureScope, status: Judgement['status'], next: Judgement['next']): Rule => ({ scope, status, next });

const SOFT: Readonly<Record<SmtpStep, Rule>> = {
  connect: rule('host', 'deferred', 'next-host'),
  greeting: rule('host', 'deferred', 'next-host'),
  ehlo: rule('host', 'deferred', 'next-host'),
  starttls: rule('host', 'deferred', 'next-host'),
  tls: rule('host', 'deferred', 'next-host'),
  auth: rule('host', 'deferred', 'settle'),
  rset: rule('session', 'deferred', 'next-host'),
  mail: rule('message', 'deferred', 'next-host'),
  rcpt: rule('recipient', 'deferred', 'next-host'),
  data: rule('message', 'deferred', 'next-host'),
  body: rule('message', 'deferred', 'settle'),
  'end-of-data': rule('message', 'deferred', 'settle'),
  'recipient-data': rule('recipient', 'deferred', 'settle'),
};

/** A greeting or a name that is refused refuses this server: who the mail is for has not been said yet, and nobody gets it back for that. */
const HARD: Readonly<Record<SmtpStep, Rule>> = {
  ...SOFT,
  mail: rule('message', 'failed', 'settle'),
  rcpt: rule('recipient', 'failed', 'settle'),
  data: rule('message', 'failed', 'settle'),
  body: rule('message', 'failed', 'settle'),
  'end-of-data': rule('message', 'failed', 'settle'),
  'recipient-data': rule('recipient', 'failed', 'settle'),
};

const CONTENT_STEPS: ReadonlySet<SmtpStep> = new Set(['body', 'end-of-data', 'recipient-data']);
const OPENING_STEPS: ReadonlySet<SmtpStep> = new Set(['connect', 'greeting', 'ehlo', 'starttls', 'tls', 'auth']);

export function judgeTrouble(trouble: SmtpTrouble, context: TroubleContext): Judgement {
  switch (trouble.kind) {
    case 'reply':
      return { ...ruleForReply(trouble.step, trouble.reply, context), reply: trouble.reply, ...(trouble.step === 'mail' && { answeredMail: true }) };
    case 'lost':
    case 'timeout':
      return { ...ruleForSilence(trouble, context), ...inOurWords(trouble, context) };
    case 'garbage':
    case 'tls':
    case 'missing':
      return { ...rule('host', 'deferred', ruleForNonsense(trouble.step)), ...inOurWords(trouble, context) };
    case 'login':
      return { ...rule('local', 'deferred', 'settle'), ...inOurWords(trouble, context) };
    case 'local':
      return { ...rule('local', 'deferred', trouble.step === 'connect' ? 'next-host' : 'settle'), ...inOurWords(trouble, context) };
  }
}

function ruleForReply(step: SmtpStep, reply: Reply, context: TroubleContext): Rule {
  if (reply.code === 421) {
    const mayBeStale = context.reused && !CONTENT_STEPS.has(step);
    if (CONTENT_STEPS.has(step)) return rule('session', 'deferred', 'settle');
    return rule('session', 'deferred', mayBeStale ? 'fresh' : 'next-host');
  }
  if (step === 'mail' && context.reused && saysEnough(reply)) return rule('session', 'deferred', 'fresh');
  if (step === 'rset' && context.reused) return rule('session', 'deferred', 'fresh');
  if (step === 'greeting' && (reply.code === 521 || reply.code === 556)) return rule('host', 'failed', 'next-host');
  if (step === 'rcpt' && reply.code === 552) return SOFT.rcpt;
  return reply.code >= 500 ? HARD[step] : SOFT[step];
}

/** Servers that take only so many messages each connection should say 421 or close; some say it as they like. */
function saysEnough({ text }: Reply): boolean {
  const words = text.toLowerCase();
  return /too many|maximum|limit|exceed/.test(words) && /messages?|mails?|transactions?/.test(words) && /connection|session/.test(words);
}

function ruleForSilence(trouble: SmtpTrouble, context: TroubleContext): Rule {
  if (OPENING_STEPS.has(trouble.step)) return SOFT[trouble.step === 'auth' ? 'ehlo' : trouble.step];
  if (CONTENT_STEPS.has(trouble.step)) return rule('session', 'deferred', 'settle');
  return rule('session', 'deferred', context.reused && trouble.kind === 'lost' ? 'fresh' : 'next-host');
}

function ruleForNonsense(step: SmtpStep): Judgement['next'] {
  return step === 'auth' || CONTENT_STEPS.has(step) ? 'settle' : 'next-host';
}

const DOING: Readonly<Record<SmtpStep, string>> = {
  connect: 'connecting',
  greeting: 'waiting for the greeting',
  ehlo: 'saying EHLO',
  starttls: 'asking for TLS',
  tls: 'setting up TLS',
  auth: 'logging in',
  rset: 'sending RSET',
  mail: 'sending MAIL FROM',
  rcpt: 'sending RCPT TO',
  data: 'sending DATA',
  body: 'sending the message',
  'end-of-data': 'waiting for the answer to the message',
  'recipient-data': 'waiting for the answer for each recipient',
};

function inOurWords(trouble: Exclude<SmtpTrouble, { kind: 'reply' }>, context: TroubleContext): { readonly reply: Reply; readonly own: true } {
  return { reply: synthesize(trouble, context), own: true };
}

function temporary(enhanced: string, text: string): Reply {
  return { code: 451, enhanced, text };
}

/** A reply in our own words for what the peer said nothing about. Enhanced codes: RFC 3463 §3. */
function synthesize(trouble: Exclude<SmtpTrouble, { kind: 'reply' }>, { peer }: TroubleContext): Reply {
  if (trouble.kind === 'local') return temporary('4.3.0', `local problem while ${DOING[trouble.step]}: ${trouble.detail}`);
  // RFC 3463 §3.8, X.7.8: credentials invalid; temporary, because the administrator can mend them.
  if (trouble.kind === 'login') {
    return temporary('4.7.8', `the log-in at the relay ${peer} as "${trouble.username}" (${trouble.mechanism}) failed; the relay said: ${describeReply(trouble.reply).slice(0, 300)}`);
  }
  if (trouble.step === 'connect') return temporary('4.4.1', `connect to ${peer}: ${trouble.detail}`);
  switch (trouble.kind) {
    case 'lost':
      return temporary('4.4.2', `lost connection with ${peer} while ${DOING[trouble.step]}`);
    case 'timeout':
      return temporary('4.4.2', `${peer} timed out while ${DOING[trouble.step]}`);
    case 'garbage':
      return temporary('4.5.0', `${peer} does not follow the protocol while ${DOING[trouble.step]}: ${trouble.detail}`);
    case 'tls':
      return temporary('4.7.5', `no trusted TLS with ${peer}: ${trouble.detail}`);
    case 'missing':
      return temporary('4.7.4', `${peer}: ${trouble.detail}`);
  }
}

/** Judgements about a message that a server cannot take as it is, and about names that lead nowhere. */
export function failure(scope: FailureScope, code: number, enhanced: string, text: string, next: Judgement['next'] = 'settle'): Judgement {
  return { status: code >= 500 ? 'failed' : 'deferred', scope, next, reply: { code, enhanced, text }, own: true };
}
