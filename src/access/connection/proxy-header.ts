/** The PROXY protocol header that a named proxy must send first, read off a connection that has no session yet. */
import type { Socket } from 'node:net';
import { ACCESS_LIMITS } from '../../base/access-limits.ts';
import type { Clock } from '../../base/clock.ts';
import { parseProxyHeader } from '../../wire/proxy-protocol.ts';
import type { ProxyHeader } from '../../wire/proxy-protocol.ts';

/** `left`: the client went away or did not do it in time. */
export type ProxyResult =
  | { readonly kind: 'left' }
  | { readonly kind: 'invalid'; readonly detail: string }
  | { readonly kind: 'header'; readonly header: Extract<ProxyHeader, { kind: 'local' | 'proxied' }>; readonly rest: Buffer };

/** The socket is paused afterwards. */
export function readProxyHeader(socket: Socket, clock: Clock): Promise<ProxyResult> {
  return new Promise((resolve) => {
    let received: Buffer = Buffer.alloc(0);
    const done = (result: ProxyResult): void => {
      timer.cancel();
      socket.pause();
      socket.off('data', onData);
      socket.off('end', left);
      socket.off('close', left);
      resolve(result);
    };
    const left = (): void => done({ kind: 'left' });
    const onData = (chunk: Buffer): void => {
      received = Buffer.concat([received, chunk]);
      const header = parseProxyHeader(received);
      if (header.kind === 'invalid') done(header);
      else if (header.kind !== 'incomplete') done({ kind: 'header', header, rest: received.subarray(header.length) });
    };
    const timer = clock.timer(ACCESS_LIMITS.proxyHeaderDeadlineMs, left);
    socket.on('data', onData);
    socket.once('end', left);
    socket.once('close', left);
  });
}
