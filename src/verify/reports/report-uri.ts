/** The addresses in a `rua` tag, of DMARC (RFC 9990) and of TLS reports (RFC 8460 §3): mailto and https. Pure. */
import { parseMailbox } from '../../mail/address.ts';
import { toAsciiDomain } from '../domain-name.ts';

export type ReportUri =
  | { readonly kind: 'mailto'; readonly uri: string; readonly address: string; readonly host: string; /** Bytes; absent: no limit. */ readonly bytesMax?: number }
  | { readonly kind: 'https'; readonly uri: string; readonly host: string; readonly url: URL }
  | { readonly kind: 'unusable'; readonly uri: string; readonly reason: string };

const UNITS: Readonly<Record<string, number>> = { '': 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3, t: 1024 ** 4 };

/** `uri` as written between the commas. `!10m` at its end (RFC 7489 §6.2, no more in RFC 9989) still limits the size. */
export function parseReportUri(uri: string): ReportUri {
  const limited = /^(.*)!(\d{1,12})([kmgt]?)$/i.exec(uri);
  const bare = limited ? (limited[1] as string) : uri;
  const bytesMax = limited ? Number(limited[2]) * (UNITS[(limited[3] as string).toLowerCase()] as number) : undefined;
  if (/^mailto:/i.test(bare)) return mailUri(bare, bytesMax);
  if (/^https:\/\//i.test(bare) && URL.canParse(bare)) {
    const url = new URL(bare);
    return { kind: 'https', uri: bare, host: url.hostname, url };
  }
  return { kind: 'unusable', uri: bare, reason: 'is neither mailto: nor https:' };
}

function mailUri(uri: string, bytesMax: number | undefined): ReportUri {
  const text = decoded(uri.slice('mailto:'.length).split('?')[0] ?? '');
  const mailbox = text === undefined ? undefined : parseMailbox(text);
  if (!mailbox || text === undefined) return { kind: 'unusable', uri, reason: 'is no mail address' };
  const host = toAsciiDomain(text.slice(text.lastIndexOf('@') + 1));
  const address = `${text.slice(0, text.lastIndexOf('@'))}@${host}`;
  return { kind: 'mailto', uri: `mailto:${address}`, address, host, ...(bytesMax === undefined ? {} : { bytesMax }) };
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
