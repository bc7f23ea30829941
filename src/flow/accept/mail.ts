/**
 * MAIL: opens a transaction. RFC 5321 §4.1.1.2.
 *
 * Policy: on the submission ports only after login (or from a trusted network), and only as an address of the account.
 * On port 25 a stranger may claim any sender: SPF and DMARC judge that when the message is here.
 */
import { formatMailbox, parseMailbox } from '../../mail/address.ts';
import { parsePathArgument } from '../../wire/smtp/command.ts';
import type { PathArgument } from '../../wire/smtp/command.ts';
import { readMailParameters } from '../../wire/smtp/envelope-parameters.ts';
import type { MailParameters } from '../../wire/smtp/envelope-parameters.ts';
import { REPLIES } from '../../wire/smtp/replies.ts';
import type { SmtpReply } from '../../wire/smtp/reply.ts';
import type { SessionState } from './session-state.ts';

export function handleMail(state: SessionState, argument: string): void | Promise<void> {
  const refusal = mayOpen(state);
  if (refusal) return state.protocolError(refusal);
  const path = parsePathArgument(argument, 'FROM');
  if (path.kind === 'bad-path') return state.protocolError(REPLIES.badSender);
  if (path.kind === 'bad-parameter') return state.protocolError(badParameter(501, path.name));
  const parameters = readMailParameters(path.value.parameters, { requireTls: state.tls !== undefined, verp: state.mayRelay });
  if (parameters.kind !== 'ok') return state.protocolError(badParameter(parameters.kind === 'unknown' ? 555 : 501, parameters.name));
  const sender = readSender(state, path.value, parameters.value);
  if (typeof sender !== 'string') return state.protocolError(sender);
  const full = noRoom(state, parameters.value);
  if (full) return state.refuse(full, { from: sender });
  if (state.account === undefined || sender === '') return open(state, sender, parameters.value);
  return openAsAccount(state, state.account, sender, parameters.value);
}

function mayOpen(state: SessionState): SmtpReply | undefined {
  if (state.helo === undefined) return REPLIES.helloFirst;
  if (state.transaction !== undefined) return REPLIES.nestedMail;
  if (!state.isSubmission || state.account !== undefined || state.client.trusted) return undefined;
  return state.tls === undefined ? REPLIES.tlsFirst : REPLIES.authFirst;
}

export function badParameter(code: 501 | 555, name: string): SmtpReply {
  const problem = code === 555 ? 'is not supported' : 'is malformed';
  return { code, enhanced: '5.5.4', text: `Parameter ${name.replace(/[^\x21-\x7e]/g, '?')} ${problem}` };
}

/** '' is the null sender, which delivery reports have; a login may use it, the header's From is checked all the same. */
function readSender(state: SessionState, path: PathArgument, parameters: MailParameters): string | SmtpReply {
  if (path.mailbox === '') return path.route === undefined ? '' : REPLIES.badSender;
  return readAddress(state, path.mailbox, parameters.smtpUtf8) ?? (hasNonAscii(path.mailbox) && !parameters.smtpUtf8 ? REPLIES.needsSmtpUtf8 : REPLIES.badSender);
}

export function hasNonAscii(text: string): boolean {
  return /[^\0-\x7f]/.test(text);
}

/** `local@domain`; clients of our own networks may leave the domain out, as cron does, and get the host's. */
export function readAddress(state: SessionState, mailbox: string, utf8: boolean): string | undefined {
  // What was no UTF-8 on the wire: passed on it would be another address.
  if (mailbox.includes('\ufffd')) return undefined;
  const own = state.client.trusted && !mailbox.includes('@');
  const parsed = parseMailbox(own ? `${mailbox}@${state.options.hostname}` : mailbox, { utf8 });
  return parsed && formatMailbox(parsed);
}

function noRoom(state: SessionState, parameters: MailParameters): SmtpReply | undefined {
  // RFC 1870 §6.1: a size that can never fit is permanent.
  if ((parameters.sizeBytes ?? 0) > state.options.config.smtp.maxMessageSize) return REPLIES.tooLarge;
  return state.options.ports.hasDiskSpace() ? undefined : REPLIES.noSpace;
}

async function openAsAccount(state: SessionState, account: string, sender: string, parameters: MailParameters): Promise<void> {
  let allowed: boolean;
  try {
    allowed = await state.options.ports.directory.maySendAs(account, sender);
  } catch (error) {
    state.options.ports.log.error('smtp.directory-failed', { error: String(error) });
    return state.refuse(REPLIES.directoryFailed, { from: sender });
  }
  if (allowed) open(state, sender, parameters);
  else state.refuse(REPLIES.notYourAddress, { from: sender });
}

function open(state: SessionState, sender: string, parameters: MailParameters): void {
  state.transaction = {
    sender,
    parameters,
    startedAt: state.options.ports.clock.now(),
    recipients: [],
    known: new Map(),
    expanded: [],
    accepted: 0,
    refused: 0,
  };
  state.reply(REPLIES.senderOk);
}
