/** An IMAP account of elsewhere as people name it: opens it with the TLS that the port calls for. */
import { createClientTls } from '../net/tls.ts';
import { openImapSource } from './imap-source.ts';
import type { MailSource } from './source.ts';

export interface ImapAccount {
  readonly host: string;
  readonly port: number;
  readonly security: 'implicit' | 'starttls' | 'none';
  readonly username: string;
  /** One of both. */
  readonly password?: string;
  /** OAuth 2.0 bearer token. */
  readonly token?: string;
  /** PEM file of a further authority to believe. */
  readonly caFile?: string;
  readonly onTrouble?: (text: string) => void;
}

/** Rejects with Failure `imap-log-in`, `imap-refused`, `imap-tls`, `imap-unreachable`, `tls-files`. */
export async function openImapAccount({ host, port, security, username, password, token, caFile, onTrouble }: ImapAccount): Promise<MailSource> {
  const tls = await createClientTls(caFile === undefined ? {} : { caFile });
  const credentials = token === undefined ? { username, password: password ?? '' } : { username, token };
  return openImapSource({ target: { host, port, security }, credentials, tls, ...(onTrouble ? { onTrouble } : {}) });
}
