/**
 * What ties a login to its TLS connection, so that nobody in between can relay it. RFC 9266 (tls-exporter), RFC 5929 §4
 * (tls-server-end-point).
 */
import { createHash, getHashes } from 'node:crypto';
import type { X509Certificate } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import { tlsExporter } from './tls-exporter.ts';
import type { ChannelBindings } from '../wire/sasl/server-step.ts';

const NONE: ChannelBindings = new Map();

/** Empty without TLS. */
export function channelBindings(socket: TLSSocket | undefined): ChannelBindings {
  if (!socket) return NONE;
  const bindings = new Map<'tls-exporter' | 'tls-server-end-point', Buffer>();
  const exporter = tlsExporter(socket);
  if (exporter) bindings.set('tls-exporter', exporter);
  const certificate = socket.getX509Certificate();
  if (certificate) bindings.set('tls-server-end-point', certificateHash(certificate));
  return bindings;
}

/** RFC 5929 §4.1: by the hash of the certificate's signature, SHA-256 in place of MD5 and SHA-1. */
function certificateHash(certificate: X509Certificate): Buffer {
  const algorithm = (certificate as X509Certificate & { readonly signatureAlgorithm?: string }).signatureAlgorithm ?? '';
  const named = /sha-?(224|256|384|512)/i.exec(algorithm)?.[1];
  const hash = named !== undefined && getHashes().includes(`sha${named}`) ? `sha${named}` : 'sha256';
  return createHash(hash).update(certificate.raw).digest();
}
