/** Where the mailboxes of large providers are read over IMAP: port 993, TLS from the first byte. Providers' help pages, November 2026. */
export interface KnownProvider {
  readonly provider: string;
  readonly domains: readonly string[];
  readonly host: string;
  /** What their log-in needs besides. */
  readonly note: string;
}

export const KNOWN_PROVIDERS: readonly KnownProvider[] = [
  { provider: 'Gmail', domains: ['gmail.com', 'googlemail.com'], host: 'imap.gmail.com', note: 'Gmail takes an app password (Google account, Security, 2-step verification), or OAuth.' },
  { provider: 'Outlook', domains: ['outlook.com', 'hotmail.com', 'live.com', 'msn.com'], host: 'outlook.office365.com', note: 'Microsoft takes OAuth only: give --token-url, --client-id and --refresh-token-file.' },
  { provider: 'Yahoo', domains: ['yahoo.com', 'yahoo.de', 'yahoo.co.uk', 'yahoo.fr', 'ymail.com'], host: 'imap.mail.yahoo.com', note: 'Yahoo takes an app password (Account security).' },
  { provider: 'AOL', domains: ['aol.com', 'aol.de'], host: 'imap.aol.com', note: 'AOL takes an app password (Account security).' },
  { provider: 'iCloud', domains: ['icloud.com', 'me.com', 'mac.com'], host: 'imap.mail.me.com', note: 'Apple takes an app-specific password (account.apple.com, Sign-in and security).' },
  { provider: 'GMX', domains: ['gmx.net', 'gmx.de', 'gmx.at', 'gmx.ch'], host: 'imap.gmx.net', note: 'IMAP has to be switched on in the settings of the mailbox (E-Mail, POP3/IMAP).' },
  { provider: 'WEB.DE', domains: ['web.de'], host: 'imap.web.de', note: 'IMAP has to be switched on in the settings of the mailbox (E-Mail, POP3/IMAP).' },
  { provider: 'T-Online', domains: ['t-online.de', 'magenta.de'], host: 'secureimap.t-online.de', note: 'T-Online takes a password of its own for mail programs.' },
  { provider: 'Zoho', domains: ['zoho.com', 'zohomail.com'], host: 'imap.zoho.com', note: 'IMAP has to be switched on; with a second factor Zoho takes an app password.' },
  { provider: 'Fastmail', domains: ['fastmail.com', 'fastmail.fm'], host: 'imap.fastmail.com', note: 'Fastmail takes an app password.' },
  { provider: 'Yandex', domains: ['yandex.com', 'yandex.ru'], host: 'imap.yandex.com', note: 'Yandex takes an app password.' },
];

export function knownProvider(address: string): KnownProvider | undefined {
  const domain = address.slice(address.lastIndexOf('@') + 1).toLowerCase();
  return KNOWN_PROVIDERS.find(({ domains }) => domains.includes(domain));
}
