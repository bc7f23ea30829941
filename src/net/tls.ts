/**
 * TLS for listeners and for outgoing mail connections.
 *
 * Policy: TLS 1.2 at least (RFC 8996), Node's cipher list (no RC4, 3DES, export or null ciphers); no renegotiation, with which
 * a client makes a server work for nothing. A server certificate
 * always comes from files: none is made up, because a certificate nobody can check teaches users to click it away.
 *
 * Outgoing, `opportunistic` encrypts without believing the certificate, since a peer could as well have offered no TLS
 * at all (RFC 7435); whether the certificate would have passed is recorded. `verify` refuses what does not check out
 * against Node's roots plus the configured CA file, for the name asked for.
 */
import { constants } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import {
  checkServerIdentity,
  createSecureContext,
  rootCertificates,
  type ConnectionOptions,
  type SecureContext,
  type SecureContextOptions,
  type TLSSocket,
} from 'node:tls';
import { isIP } from 'node:net';
import { Failure } from '../base/errors.ts';
import type { TlsFacts } from '../contract/message.ts';

const MINIMUM_VERSION = 'TLSv1.2';

/** Both PEM files as they must be served: certificate with its chain, and its key. Failure `tls-files` says which is wrong. */
export async function loadServerContext(files: { readonly certificate: string; readonly key: string }): Promise<SecureContext> {
  return createSecureContext(await loadServerOptions(files));
}

/** The same as options, for `tls.createServer` and `new TLSSocket`. */
export async function loadServerOptions(files: { readonly certificate: string; readonly key: string }): Promise<SecureContextOptions> {
  const [cert, key] = await Promise.all([readPem(files.certificate, 'certificate'), readPem(files.key, 'key')]);
  const options: SecureContextOptions = { cert, key, minVersion: MINIMUM_VERSION, honorCipherOrder: true, secureOptions: constants.SSL_OP_NO_RENEGOTIATION };
  try {
    createSecureContext(options);
  } catch (cause) {
    const text = `the TLS certificate ${files.certificate} and key ${files.key} do not work together; check that both are PEM and belong to each other`;
    throw new Failure('tls-files', text, { temporary: false, cause });
  }
  return options;
}

export interface ClientTls {
  /** Options for `tls.connect` over an open socket, towards a peer of this name (SNI and identity). */
  connectOptions(servername: string, mode: 'opportunistic' | 'verify'): ConnectionOptions;
}

/** `caFile` (PEM) adds to the public roots. Reads the file once; Failure `tls-files` when it cannot. */
export async function createClientTls(options: { readonly caFile?: string }): Promise<ClientTls> {
  const extra = options.caFile === undefined ? undefined : await readPem(options.caFile, 'CA file');
  return clientTlsFrom(extra);
}

/** Like createClientTls, from PEM text already at hand. */
export function clientTlsFrom(extraCa?: string | Buffer): ClientTls {
  let context: SecureContext | undefined;
  return {
    connectOptions(servername, mode) {
      context ??= createSecureContext({
        minVersion: MINIMUM_VERSION,
        ...(extraCa === undefined ? {} : { ca: [...rootCertificates, extraCa] }),
      });
      return {
        secureContext: context,
        minVersion: MINIMUM_VERSION,
        rejectUnauthorized: mode === 'verify',
        // RFC 6066 §3: no literal addresses in SNI; identity is still checked against what was asked for.
        ...(isIP(servername) === 0 ? { servername } : {}),
        checkServerIdentity: (_name, certificate) => checkServerIdentity(servername, certificate),
      };
    },
  };
}

/** What to record about an established connection. For clients `verified` tells whether chain and name check out. */
export function tlsFacts(socket: TLSSocket, side: 'client' | 'server'): TlsFacts {
  const facts = { version: socket.getProtocol() ?? 'unknown', cipher: socket.getCipher()?.standardName ?? 'unknown' };
  return side === 'server' ? facts : { ...facts, verified: socket.authorized };
}

async function readPem(file: string, what: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (cause) {
    throw new Failure('tls-files', `cannot read the TLS ${what} ${file}; check the path and its permissions`, { temporary: false, cause });
  }
}
