/** What ties a log-in to its TLS connection at both ends, so that nobody in between can relay it. RFC 9266. */
import type { TLSSocket } from 'node:tls';

/** Undefined below TLS 1.3: under 1.2 it needs the extended master secret (RFC 9266 §3), which Node does not tell. */
export function tlsExporter(socket: TLSSocket): Buffer | undefined {
  return socket.getProtocol() === 'TLSv1.3' ? socket.exportKeyingMaterial(32, 'EXPORTER-Channel-Binding', Buffer.alloc(0)) : undefined;
}
