/**
 * The documents by which mail programs set themselves up: Mozilla's autoconfig (config-v1.1), Microsoft's autodiscover
 * (POX, responseschema/2006a) and Apple's configuration profile. Pure; everything that comes from outside is escaped.
 */
import { createHash } from 'node:crypto';
import type { ClientService } from './services.ts';

export interface ClientSetup {
  readonly domain: string;
  /** Of this server, as its certificate has it. */
  readonly hostname: string;
  readonly services: readonly ClientService[];
}

/** wiki.mozilla.org/Thunderbird:Autoconfiguration:ConfigFileFormat. %EMAILADDRESS% is put in by the mail program. */
export function autoconfigXml({ domain, hostname, services }: ClientSetup): string {
  const server = ({ protocol, port, security }: ClientService): string[] => {
    const element = protocol === 'smtp' ? 'outgoingServer' : 'incomingServer';
    return [
      `    <${element} type="${protocol}">`,
      `      <hostname>${escapeXml(hostname)}</hostname>`,
      `      <port>${port}</port>`,
      `      <socketType>${security === 'tls' ? 'SSL' : 'STARTTLS'}</socketType>`,
      '      <authentication>password-cleartext</authentication>',
      '      <username>%EMAILADDRESS%</username>',
      `    </${element}>`,
    ];
  };
  const mail = services.filter(({ protocol }) => protocol !== 'sieve');
  return lines([
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<clientConfig version="1.1">',
    `  <emailProvider id="${escapeXml(domain)}">`,
    `    <domain>${escapeXml(domain)}</domain>`,
    `    <displayName>${escapeXml(domain)}</displayName>`,
    `    <displayShortName>${escapeXml(domain)}</displayShortName>`,
    ...mail.filter(({ protocol }) => protocol !== 'smtp').flatMap(server),
    ...mail.filter(({ protocol }) => protocol === 'smtp').flatMap(server),
    '  </emailProvider>',
    '</clientConfig>',
  ]);
}

const OUTLOOK_TYPES = { imap: 'IMAP', pop3: 'POP3', smtp: 'SMTP' } as const;

/** `address` is what the client asked about. */
export function autodiscoverXml({ hostname, services }: ClientSetup, address: string): string {
  const protocols = services.flatMap(({ protocol, port, security }) => {
    if (protocol === 'sieve') return [];
    return [
      '      <Protocol>',
      `        <Type>${OUTLOOK_TYPES[protocol]}</Type>`,
      `        <Server>${escapeXml(hostname)}</Server>`,
      `        <Port>${port}</Port>`,
      '        <DomainRequired>off</DomainRequired>',
      `        <LoginName>${escapeXml(address)}</LoginName>`,
      '        <SPA>off</SPA>',
      `        <SSL>${security === 'tls' ? 'on' : 'off'}</SSL>`,
      `        <Encryption>${security === 'tls' ? 'SSL' : 'TLS'}</Encryption>`,
      '        <AuthRequired>on</AuthRequired>',
      '      </Protocol>',
    ];
  });
  return lines([
    '<?xml version="1.0" encoding="utf-8"?>',
    '<Autodiscover xmlns="http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006">',
    '  <Response xmlns="http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a">',
    `    <User><DisplayName>${escapeXml(address)}</DisplayName></User>`,
    '    <Account>',
    '      <AccountType>email</AccountType>',
    '      <Action>settings</Action>',
    ...protocols,
    '    </Account>',
    '  </Response>',
    '</Autodiscover>',
  ]);
}

/** Error 600 is "invalid request" there. */
export function autodiscoverError(message: string): string {
  return lines([
    '<?xml version="1.0" encoding="utf-8"?>',
    '<Autodiscover xmlns="http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006">',
    '  <Response>',
    `    <Error><ErrorCode>600</ErrorCode><Message>${escapeXml(message)}</Message><DebugData/></Error>`,
    '  </Response>',
    '</Autodiscover>',
  ]);
}

/** A string of a property list. */
function plistText(key: string, value: string): string {
  return `<key>${key}</key><string>${escapeXml(value)}</string>`;
}

/** Apple's configuration profile for one account; unsigned, so the device says "not verified". */
export function mobileConfig({ domain, hostname, services }: ClientSetup, address: string): string | undefined {
  const incoming = services.find(({ protocol }) => protocol === 'imap') ?? services.find(({ protocol }) => protocol === 'pop3');
  const outgoing = services.find(({ protocol }) => protocol === 'smtp');
  if (!incoming || !outgoing) return undefined;
  const server = (prefix: 'Incoming' | 'Outgoing', { port, security }: ClientService): string[] => [
    plistText(`${prefix}MailServerAuthentication`, 'EmailAuthPassword'),
    plistText(`${prefix}MailServerHostName`, hostname),
    `<key>${prefix}MailServerPortNumber</key><integer>${port}</integer>`,
    // STARTTLS on the plain ports is what the device does by itself when this is true and the port is not a TLS port.
    `<key>${prefix}MailServerUseSSL</key><${security === 'tls' || prefix === 'Outgoing'}/>`,
    plistText(`${prefix}MailServerUsername`, address),
  ];
  const identifier = `mail.${domain.split('.').toReversed().join('.')}`;
  return lines([
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">',
    '<plist version="1.0"><dict>',
    '<key>PayloadContent</key><array><dict>',
    plistText('EmailAccountDescription', domain),
    plistText('EmailAccountType', incoming.protocol === 'imap' ? 'EmailTypeIMAP' : 'EmailTypePOP'),
    plistText('EmailAddress', address),
    ...server('Incoming', incoming),
    ...server('Outgoing', outgoing),
    '<key>OutgoingPasswordSameAsIncomingPassword</key><true/>',
    plistText('PayloadDisplayName', `Mail of ${address}`),
    plistText('PayloadIdentifier', `${identifier}.account`),
    plistText('PayloadType', 'com.apple.mail.managed'),
    plistText('PayloadUUID', uuidOf(`account ${address} ${hostname}`)),
    '<key>PayloadVersion</key><integer>1</integer>',
    '</dict></array>',
    plistText('PayloadDisplayName', `Mail of ${address}`),
    plistText('PayloadIdentifier', identifier),
    '<key>PayloadRemovalDisallowed</key><false/>',
    plistText('PayloadType', 'Configuration'),
    plistText('PayloadUUID', uuidOf(`profile ${address} ${hostname}`)),
    '<key>PayloadVersion</key><integer>1</integer>',
    '</dict></plist>',
  ]);
}

/** The same account gives the same profile, which replaces the one before (RFC 9562 §5.8: version 8, of our own making). */
function uuidOf(text: string): string {
  const digits = createHash('sha256').update(text).digest('hex');
  return `${digits.slice(0, 8)}-${digits.slice(8, 12)}-8${digits.slice(13, 16)}-a${digits.slice(17, 20)}-${digits.slice(20, 32)}`.toUpperCase();
}

export function escapeXml(text: string): string {
  // Characters that XML 1.0 does not have at all go away (§2.2).
  return text.replace(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '').replace(/[&<>"']/g, (character) => `&#${character.codePointAt(0)};`);
}

function lines(rows: readonly string[]): string {
  return `${rows.join('\n')}\n`;
}
