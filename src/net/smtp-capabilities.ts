/** What a server offers in its reply to EHLO (RFC 5321 §4.1.1.1), read leniently: unknown keywords are kept out of the way. */

export interface SmtpCapabilities {
  /** False after HELO: nothing is offered. */
  readonly esmtp: boolean;
  readonly pipelining: boolean;
  readonly startTls: boolean;
  readonly eightBitMime: boolean;
  readonly binaryMime: boolean;
  readonly chunking: boolean;
  readonly smtpUtf8: boolean;
  readonly dsn: boolean;
  readonly requireTls: boolean;
  readonly enhancedStatusCodes: boolean;
  /** RFC 1870: offered at all, and the largest message in bytes; 0 or absent means no fixed limit. */
  readonly size: boolean;
  readonly sizeBytesMax?: number;
  /** SASL mechanism names, upper case. */
  readonly auth: readonly string[];
  /** RFC 9422 LIMITS. */
  readonly mailMax?: number;
  readonly rcptMax?: number;
}

export const NO_CAPABILITIES: SmtpCapabilities = {
  esmtp: false,
  pipelining: false,
  startTls: false,
  eightBitMime: false,
  binaryMime: false,
  chunking: false,
  smtpUtf8: false,
  dsn: false,
  requireTls: false,
  enhancedStatusCodes: false,
  size: false,
  auth: [],
};

/** `lines` are the text lines of the 250 reply; the first names the server. */
export function parseCapabilities(lines: readonly string[]): SmtpCapabilities {
  const offered = new Map<string, string[]>();
  for (const line of lines.slice(1)) {
    // `AUTH=PLAIN LOGIN` is how some servers still write it for clients older than RFC 2554.
    const [keyword = '', ...values] = line.trim().replace(/^AUTH=/i, 'AUTH ').split(/\s+/);
    const name = keyword.toUpperCase();
    offered.set(name, [...(offered.get(name) ?? []), ...values]);
  }
  const limits = new Map((offered.get('LIMITS') ?? []).map((item) => splitLimit(item)));
  const sizeBytesMax = positive(offered.get('SIZE')?.[0]);
  const mailMax = positive(limits.get('MAILMAX'));
  const rcptMax = positive(limits.get('RCPTMAX'));
  return {
    esmtp: true,
    pipelining: offered.has('PIPELINING'),
    startTls: offered.has('STARTTLS'),
    eightBitMime: offered.has('8BITMIME'),
    binaryMime: offered.has('BINARYMIME') && offered.has('CHUNKING'),
    chunking: offered.has('CHUNKING'),
    smtpUtf8: offered.has('SMTPUTF8'),
    dsn: offered.has('DSN'),
    requireTls: offered.has('REQUIRETLS'),
    enhancedStatusCodes: offered.has('ENHANCEDSTATUSCODES'),
    size: offered.has('SIZE'),
    auth: [...new Set((offered.get('AUTH') ?? []).map((name) => name.toUpperCase()))],
    ...(sizeBytesMax === undefined ? {} : { sizeBytesMax }),
    ...(mailMax === undefined ? {} : { mailMax }),
    ...(rcptMax === undefined ? {} : { rcptMax }),
  };
}

function splitLimit(item: string): [string, string] {
  const [name = '', value = ''] = item.split('=');
  return [name.toUpperCase(), value];
}

function positive(text: string | undefined): number | undefined {
  if (text === undefined || !/^\d{1,15}$/.test(text)) return undefined;
  const value = Number(text);
  return value > 0 ? value : undefined;
}
