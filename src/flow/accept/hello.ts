/**
 * EHLO and HELO: the client's name, and what we offer it. RFC 5321 §4.1.1.1.
 *
 * Policy: an extension is offered when it is true for this client now: STARTTLS before TLS, REQUIRETLS under it, AUTH
 * where it may be used.
 */
import { REPLIES } from '../../wire/smtp/replies.ts';
import type { SmtpReply } from '../../wire/smtp/reply.ts';
import { channelBindings } from '../../net/channel-binding.ts';
import type { SmtpServerOptions } from './options.ts';
import type { SessionState } from './session-state.ts';
import { offeredMechanisms } from '../../wire/sasl/server.ts';

/** RFC 5321 §4.5.3.1.2. */
const NAME_CHARS_MAX = 255;

export function handleEhlo(state: SessionState, argument: string): void {
  // RFC 2033 §4.1: an LMTP server must not say yes to it.
  if (state.options.service === 'lmtp') return state.protocolError(REPLIES.useLhlo);
  welcome(state, argument);
}

/** RFC 2033 §4.1: what EHLO is, under a name that tells a client which protocol it has met. */
export function handleLhlo(state: SessionState, argument: string): void {
  if (state.options.service !== 'lmtp') return state.protocolError(REPLIES.useEhlo);
  welcome(state, argument);
}

function welcome(state: SessionState, argument: string): void {
  if (!takeName(state, argument)) return;
  state.esmtp = true;
  state.reply({ code: 250, text: [state.options.hostname, ...capabilities(state)].join('\n') });
}

export function handleHelo(state: SessionState, argument: string): void {
  if (state.options.service === 'lmtp') return state.protocolError(REPLIES.useLhlo);
  if (!takeName(state, argument)) return;
  state.esmtp = false;
  state.reply({ code: 250, text: state.options.hostname });
}

/** The name as given; whether it tells the truth is a question for later stages. Resets as RSET does. */
function takeName(state: SessionState, argument: string): boolean {
  const name = argument.split(' ', 1)[0] as string;
  if (name === '' || name.length > NAME_CHARS_MAX) {
    state.protocolError(REPLIES.syntax);
    return false;
  }
  state.helo = name;
  state.resetTransaction();
  return true;
}

function capabilities(state: SessionState): string[] {
  const { config, secureContext } = state.options;
  const canStartTls = state.tls === undefined && state.options.service !== 'local' && secureContext() !== undefined;
  return [
    'PIPELINING',
    `SIZE ${config.smtp.maxMessageSize}`,
    ...(canStartTls ? ['STARTTLS'] : []),
    ...(state.offersAuth && state.account === undefined ? [`AUTH ${offeredMechanisms(channelBindings(state.tlsSocket), state.options.ports.login.mechanisms).join(' ')}`] : []),
    'ENHANCEDSTATUSCODES',
    '8BITMIME',
    'BINARYMIME',
    'CHUNKING',
    'DSN',
    'SMTPUTF8',
    ...(state.tls === undefined ? [] : ['REQUIRETLS']),
    ...(state.mayRelay ? ['XVERP'] : []),
    `LIMITS RCPTMAX=${config.smtp.maxRecipients}`,
  ];
}

export function greeting({ hostname, service }: SmtpServerOptions): SmtpReply {
  return { code: 220, text: `${hostname} ${service === 'lmtp' ? 'LMTP' : 'ESMTP'} Posthorn` };
}
