/**
 * STARTTLS. RFC 3207.
 *
 * Policy: what the client sent behind the command in the clear is dropped unread (somebody in between may have put it
 * there), and all that was said before is forgotten.
 */
import { LOG_EVENTS } from '../../mail/log-events.ts';
import type { LogEventFields } from '../../mail/log-events.ts';
import { tlsFacts } from '../../net/tls.ts';
import { REPLIES } from '../../wire/smtp/replies.ts';
import type { SessionState } from './session-state.ts';

export function handleStartTls(state: SessionState, argument: string, dropInput: () => void): void | Promise<void> {
  if (argument !== '') return state.protocolError(REPLIES.noArgument);
  if (state.tls) return state.protocolError(REPLIES.tlsActive);
  const context = state.options.service === 'local' ? undefined : state.options.secureContext();
  if (!context) return state.protocolError(REPLIES.tlsNotOffered);
  dropInput();
  state.resetTransaction();
  state.reply(REPLIES.startTls);
  state.connection.write(state.takeOutput());
  return upgrade(state, context);
}

async function upgrade(state: SessionState, context: import('node:tls').SecureContext): Promise<void> {
  const socket = await state.connection.startTls(context);
  if (!socket) {
    state.options.ports.log.info('smtp.tls-failed', state.clientFields());
    return;
  }
  state.tlsSocket = socket;
  state.tls = tlsFacts(socket, 'server');
  state.helo = undefined;
  state.esmtp = false;
  state.options.ports.log.info(LOG_EVENTS.smtpTlsEstablished, { ...state.clientFields(), ...state.tls } satisfies LogEventFields['smtp.tls-established']);
}
