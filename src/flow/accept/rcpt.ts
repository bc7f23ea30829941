/**
 * RCPT: one recipient, checked while the client waits. RFC 5321 §4.1.1.3.
 *
 * Policy: who is not trusted and not logged in may send only to addresses that the directory knows, and to relay domains. Addresses that try to
 * route through us (`user%remote@us`, `remote!user@us`, `"user@remote"@us`) are refused to strangers unless an account
 * has just that name. An alias is expanded here, so that the queue holds only addresses with one fate each. A return path
 * that we made for forwarded mail leads to the sender it was made for, for reports alone: anything else would be a relay.
 */
import { SMTP_SERVER_LIMITS } from '../../base/limits.ts';
import { createQueueId } from '../../base/queue-id.ts';
import type { Resolution } from '../../contract/directory.ts';
import type { ReturnPath } from '../../contract/forwarding.ts';
import type { EnvelopeRecipient } from '../../contract/message.ts';
import { addressKey, localPartOf, normalizeAddress } from '../../mail/address.ts';
import { LOG_EVENTS } from '../../mail/log-events.ts';
import type { LogEventFields } from '../../mail/log-events.ts';
import { parsePathArgument } from '../../wire/smtp/command.ts';
import { readRcptParameters } from '../../wire/smtp/envelope-parameters.ts';
import type { RcptParameters } from '../../wire/smtp/envelope-parameters.ts';
import { REPLIES } from '../../wire/smtp/replies.ts';
import type { SmtpReply } from '../../wire/smtp/reply.ts';
import { badParameter, hasNonAscii, readAddress } from './mail.ts';
import type { SessionState, Transaction } from './session-state.ts';

export function handleRcpt(state: SessionState, argument: string): void | Promise<void> {
  const transaction = state.transaction;
  if (!transaction) return state.protocolError(REPLIES.mailFirst);
  if (state.chunked) return state.protocolError(REPLIES.bdatStarted);
  const path = parsePathArgument(argument, 'TO');
  if (path.kind === 'bad-path') return refuseRecipient(state, transaction, REPLIES.badRecipient, argument.slice(0, 300));
  if (path.kind === 'bad-parameter') return state.protocolError(badParameter(501, path.name));
  const parameters = readRcptParameters(path.value.parameters);
  if (parameters.kind !== 'ok') return state.protocolError(badParameter(parameters.kind === 'unknown' ? 555 : 501, parameters.name));
  const { mailbox } = path.value;
  if (mailbox === '') return refuseRecipient(state, transaction, REPLIES.nullRecipient, '');
  if (transaction.accepted >= state.options.config.smtp.maxRecipients) return tooMany(state, transaction, mailbox);
  // RFC 5321 §4.5.1: this one address has no domain, and any case.
  const address = mailbox.toLowerCase() === 'postmaster' ? `postmaster@${state.options.hostname}` : readAddress(state, mailbox, transaction.parameters.smtpUtf8);
  if (address === undefined) {
    const reply = hasNonAscii(mailbox) && !transaction.parameters.smtpUtf8 ? REPLIES.needsSmtpUtf8 : REPLIES.badRecipient;
    return refuseRecipient(state, transaction, reply, mailbox);
  }
  return resolveRecipient(state, transaction, address, parameters.value, mailbox.includes('@') ? undefined : mailbox);
}

async function resolveRecipient(state: SessionState, transaction: Transaction, address: string, parameters: RcptParameters, bare: string | undefined): Promise<void> {
  const { directory, log, returnPaths } = state.options.ports;
  let resolution: Resolution;
  try {
    const returnPath = await returnPaths?.resolve(address);
    if (returnPath) return await acceptReport(state, transaction, address, returnPath, parameters);
    resolution = await directory.resolve(address);
    // The host's own name need not be a mail domain; then the directory's idea of the bare name counts.
    if (bare !== undefined && (resolution.kind === 'remote' || resolution.kind === 'unknown')) {
      const other = await directory.resolve(bare);
      if (other.kind === 'mailbox') return accept(state, transaction, [other.account], parameters, address, address);
      if (other.kind !== 'remote') resolution = other;
    }
  } catch (error) {
    log.error('smtp.directory-failed', { error: String(error) });
    return refuseRecipient(state, transaction, REPLIES.directoryFailed, address);
  }
  const refusal = mayReceive(state, address, resolution) ?? (await innerRefusal(state, address, resolution)) ?? (await fullRefusal(state, transaction, resolution));
  if (refusal) return refuseRecipient(state, transaction, refusal, address);
  if (resolution.kind === 'alias') accept(state, transaction, resolution.targets, parameters, address, address);
  else accept(state, transaction, [address], parameters, address, undefined);
  if ('alsoService' in resolution && resolution.alsoService !== undefined) alsoRead(transaction, address, resolution.alsoService);
}

/** Nobody is told how the copy fares: what the sender asked about is the mail to the address. */
function alsoRead(transaction: Transaction, address: string, service: string): void {
  if (transaction.recipients.length < SMTP_SERVER_LIMITS.expandedRecipientsMax) addRecipient(transaction, { address, service, notify: ['never'] });
}

/** RFC 5321 §4.5.5: a report has the null sender. The sender it goes back to may by now live here. */
async function acceptReport(state: SessionState, transaction: Transaction, address: string, path: ReturnPath, parameters: RcptParameters): Promise<void> {
  const refuse = (reply: SmtpReply): void => refuseRecipient(state, transaction, reply, address);
  if (path.kind === 'refused') return refuse(path.cause === 'expired' ? REPLIES.expiredReturnPath : REPLIES.forgedReturnPath);
  if (transaction.sender !== '') return refuse(REPLIES.reportsOnly);
  const resolution = await state.options.ports.directory.resolve(path.sender);
  if (resolution.kind === 'unknown') return refuse(REPLIES.unknownUser);
  if (resolution.kind === 'disabled') return refuse(REPLIES.disabledUser);
  accept(state, transaction, resolution.kind === 'alias' ? resolution.targets : [path.sender], parameters, address, address);
}

function mayReceive(state: SessionState, address: string, resolution: Resolution): SmtpReply | undefined {
  const { mayRelay } = state;
  switch (resolution.kind) {
    case 'remote':
      return mayRelay ? undefined : REPLIES.relayDenied;
    case 'unknown':
      return REPLIES.unknownUser;
    case 'disabled':
      return REPLIES.disabledUser;
    case 'relay':
      return mayRelay || !routes(address) ? undefined : REPLIES.relayDenied;
    case 'mailbox':
      return mayRelay || !routes(address) || normalizeAddress(resolution.account) === normalizeAddress(address) ? undefined : REPLIES.relayDenied;
    case 'alias':
    case 'service':
      return undefined;
  }
}

/** What the inner server says of an address that we would relay to it. Our own users' mail waits where a stranger's is put off. */
async function innerRefusal(state: SessionState, address: string, resolution: Resolution): Promise<SmtpReply | undefined> {
  if (resolution.kind !== 'relay' || !resolution.verify) return undefined;
  const check = await state.options.ports.checkRecipient?.(address);
  if (check?.kind === 'unknown') return REPLIES.unknownUser;
  const isStranger = !state.client.trusted && state.account === undefined;
  return check?.kind === 'unclear' && isStranger ? REPLIES.unverified : undefined;
}

/** RFC 3463 §3.3: a full mailbox is told while the sender is there to hear it; when it is not known, delivery finds out. */
async function fullRefusal({ options }: SessionState, transaction: Transaction, resolution: Resolution): Promise<SmtpReply | undefined> {
  const { mailboxRoom, log } = options.ports;
  if (resolution.kind !== 'mailbox' || !mailboxRoom) return undefined;
  try {
    if ((await mailboxRoom(resolution.account, transaction.parameters.sizeBytes ?? 0)) === 'room') return undefined;
  } catch (error) {
    log.warn('smtp.quota-unknown', { error: String(error) });
    return undefined;
  }
  return options.config.mailbox?.whenFull === 'refuse' ? REPLIES.mailboxFullForGood : REPLIES.mailboxFull;
}

function routes(address: string): boolean {
  return /[@%!]/.test(localPartOf(address));
}

/** `alias` is the address that was expanded: the targets carry it as original recipient (RFC 3461 §5.2.7). */
function accept(state: SessionState, transaction: Transaction, targets: readonly string[], parameters: RcptParameters, asked: string, alias: string | undefined): void {
  if (transaction.recipients.length + targets.length > SMTP_SERVER_LIMITS.expandedRecipientsMax) {
    return refuseRecipient(state, transaction, REPLIES.tooManyRecipients, asked);
  }
  const originalRecipient = parameters.originalRecipient ?? (alias === undefined ? undefined : `${hasNonAscii(alias) ? 'utf-8' : 'rfc822'};${alias}`);
  const original = originalRecipient === undefined ? {} : { originalRecipient };
  const notify = notifyOfTargets(targets.length, parameters.notify);
  if (alias !== undefined && notify !== parameters.notify) transaction.expanded.push({ address: alias, ...original, notify: ['success'] });
  for (const address of targets) {
    addRecipient(transaction, { address, ...original, ...(notify !== undefined && { notify }), ...(alias !== undefined && { via: alias }) });
  }
  transaction.accepted += 1;
  transaction.id ??= firstAccepted(state);
  state.reply(REPLIES.recipientOk);
}

/** One copy for each address. Of two ways to it the one counts whose sender is told more, so that no report asked for is lost. */
function addRecipient({ recipients, known }: Transaction, recipient: EnvelopeRecipient): void {
  const key = recipient.service === undefined ? addressKey(recipient.address) : `${recipient.service} ${addressKey(recipient.address)}`;
  const at = known.get(key);
  const first = at === undefined ? undefined : recipients[at];
  if (at === undefined || first === undefined) {
    known.set(key, recipients.push(recipient) - 1);
  } else if (reportsOf(recipient.notify) > reportsOf(first.notify)) {
    recipients[at] = recipient;
  }
}

/** RFC 3461 §4.1: without NOTIFY failures are reported, and delays. */
function reportsOf(notify: RcptParameters['notify']): number {
  if (notify?.includes('never')) return 0;
  return notify?.includes('success') ? 2 : 1;
}

/**
 * RFC 3461 §5.2.7: an alias with several targets tells of success itself, when it expands; none of the targets does, whose
 * names are nobody's business.
 */
function notifyOfTargets(targets: number, notify: RcptParameters['notify']): RcptParameters['notify'] {
  if (targets < 2 || !notify?.includes('success')) return notify;
  const rest = notify.filter((condition) => condition !== 'success');
  return rest.length > 0 ? rest : ['never'];
}

function firstAccepted(state: SessionState): string {
  const id = createQueueId(state.options.ports.clock.now());
  state.options.ports.log.info(LOG_EVENTS.smtpClient, {
    ...state.clientFields(),
    id,
    ...(state.account !== undefined && { saslMethod: state.saslMechanism ?? '', saslUsername: state.account }),
  } satisfies LogEventFields['smtp.client']);
  return id;
}

function refuseRecipient(state: SessionState, transaction: Transaction, reply: SmtpReply, to: string): void {
  transaction.refused += 1;
  state.refuse(reply, { to });
  state.refusedRecipients += 1;
  // Addresses cannot be harvested by the thousand; our own users' mistakes are theirs.
  const isStranger = !state.client.trusted && state.account === undefined;
  if (isStranger && state.refusedRecipients > SMTP_SERVER_LIMITS.refusedRecipientsMax) state.farewell ??= REPLIES.tooManyErrors;
}

/** RFC 5321 §4.5.3.1.10: 452, and the client sends the rest in another transaction. Logged once each transaction. */
function tooMany(state: SessionState, transaction: Transaction, to: string): void {
  transaction.refused += 1;
  state.excessRecipients += 1;
  if (state.excessRecipients === 1) state.refuse(REPLIES.tooManyRecipients, { to });
  else state.reply(REPLIES.tooManyRecipients);
  if (state.excessRecipients > SMTP_SERVER_LIMITS.excessRecipientsMax) state.farewell ??= REPLIES.tooManyErrors;
}
