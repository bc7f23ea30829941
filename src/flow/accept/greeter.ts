/**
 * From the first byte to the greeting: the proxy's header, the limits on connections, TLS from the first byte, and the
 * client that cannot wait. All of it before a session exists, so that refusing costs next to nothing.
 */
import type { TLSSocket } from 'node:tls';
import { SMTP_SERVER_LIMITS } from '../../base/limits.ts';
import { parseProxyHeader } from '../../wire/proxy-protocol.ts';
import type { ProxyHeader } from '../../wire/proxy-protocol.ts';
import type { ClientConnection, ConnectionListener } from './client-connection.ts';

/** `left`: the client went away or did not do it in time. */
export type ProxyResult = { readonly kind: 'left' } | { readonly kind: 'invalid'; readonly detail: string } | { readonly kind: 'header'; readonly header: Extract<ProxyHeader, { kind: 'local' | 'proxied' }>; readonly rest: Buffer };

/** Reads the PROXY header that a named proxy must send first. */
export function readProxyHeader(connection: ClientConnection): Promise<ProxyResult> {
  return new Promise((resolve) => {
    let received: Buffer = Buffer.alloc(0);
    connection.setDeadline(SMTP_SERVER_LIMITS.proxyHeaderTimeoutMs);
    connection.listener = leaving(() => resolve({ kind: 'left' }), (chunk) => {
      received = Buffer.concat([received, chunk]);
      const header = parseProxyHeader(received);
      if (header.kind === 'incomplete') return;
      connection.pause();
      if (header.kind === 'invalid') resolve(header);
      else resolve({ kind: 'header', header, rest: received.subarray(header.length) });
    });
  });
}

/** TLS from the first byte; undefined when it failed (the connection is gone then). */
export function secureAtOnce(connection: ClientConnection, context: import('node:tls').SecureContext, unread: Buffer): Promise<TLSSocket | undefined> {
  // In place of the proxy header's, which is shorter.
  connection.setDeadline(SMTP_SERVER_LIMITS.tlsHandshakeTimeoutMs);
  connection.listener = leaving(() => connection.destroy(), () => {});
  return connection.startTls(context, unread);
}

/** Waits before the greeting; `talked` when the client did not. */
export function awaitSilence(connection: ClientConnection, delayMs: number, wait: (delayMs: number, then: () => void) => void): Promise<'silent' | 'talked' | 'left'> {
  return new Promise((resolve) => {
    connection.setDeadline(SMTP_SERVER_LIMITS.proxyHeaderTimeoutMs + delayMs);
    connection.listener = leaving(() => resolve('left'), () => resolve('talked'));
    connection.resume();
    const over = (): void => resolve(connection.closed ? 'left' : 'silent');
    // Two turns of the event loop: in between it reads what the client has sent already.
    if (delayMs > 0) wait(delayMs, over);
    else setImmediate(() => setImmediate(over));
  });
}

function leaving(left: () => void, data: (chunk: Buffer) => void): ConnectionListener {
  return { data, end: left, close: left, deadline: left, drain: () => {} };
}
