/**
 * What mail programs can use here: protocol, port, protection, as listeners of the configuration. SRV records, autoconfig,
 * autodiscover and Apple's profile all tell the same.
 *
 * Policy: what only this machine reaches is not announced, unless nothing else is there (the lab).
 */
import type { Config, HostPort } from '../../config/config.ts';

export interface ClientService {
  readonly protocol: 'imap' | 'pop3' | 'smtp' | 'sieve';
  readonly port: number;
  /** `tls`: from the first byte. */
  readonly security: 'tls' | 'starttls';
}

/** The better way first: IMAP before POP3, TLS from the first byte before STARTTLS (RFC 8314 §3). */
export function clientServices({ listen }: Pick<Config, 'listen'>): readonly ClientService[] {
  const all = [
    { protocol: 'imap', security: 'tls', listeners: listen.imaps },
    { protocol: 'imap', security: 'starttls', listeners: listen.imap },
    { protocol: 'pop3', security: 'tls', listeners: listen.pop3s },
    { protocol: 'pop3', security: 'starttls', listeners: listen.pop3 },
    { protocol: 'smtp', security: 'tls', listeners: listen.submissions },
    { protocol: 'smtp', security: 'starttls', listeners: listen.submission },
    { protocol: 'sieve', security: 'starttls', listeners: listen.sieve },
  ] as const;
  const somewhere = all.flatMap(({ listeners }) => listeners ?? []);
  const announced = somewhere.every(isLocal) ? somewhere : somewhere.filter((listener) => !isLocal(listener));
  return all.flatMap(({ protocol, security, listeners }) => {
    const first = listeners?.find((listener) => announced.includes(listener));
    return first ? [{ protocol, security, port: first.port }] : [];
  });
}

function isLocal({ address }: HostPort): boolean {
  return address === '::1' || address.startsWith('127.');
}
