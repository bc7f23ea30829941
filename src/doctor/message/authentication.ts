/**
 * What a receiver finds out about who sent a message, as far as it can be known afterwards: with the connection's facts all of
 * it, without them what the signatures alone say.
 *
 * Policy: what is not known is absent, never a failure. Results that the receiving server wrote down are believed only
 * where nothing can be found out anew.
 */
import { BufferSource } from '../../base/byte-source.ts';
import type { DkimReport, DmarcReport, IprevReport, SpfReport, SpfResult } from '../../contract/auth-report.ts';
import type { Dns } from '../../contract/dns.ts';
import type { AuthenticationResults } from '../../mail/authentication-results.ts';
import type { MessageReading } from '../../verify/content/message-reading.ts';
import { verifyDkim } from '../../verify/dkim/verify-dkim.ts';
import { authorDomain } from '../../verify/dmarc/author-domain.ts';
import { evaluateDmarc } from '../../verify/dmarc/evaluate-dmarc.ts';
import { createClientName } from '../../verify/iprev/client-name.ts';
import { checkSpf } from '../../verify/spf/check-spf.ts';

export interface ConnectionFacts {
  readonly address?: string | undefined;
  readonly helo?: string | undefined;
  /** Envelope sender; '' is the null sender. */
  readonly sender?: string | undefined;
  readonly encrypted?: boolean | undefined;
  /** Written by the receiving server; see mail/received-reading.ts. */
  readonly results?: AuthenticationResults | undefined;
}

export interface MessageAuthentication {
  /** Undefined: the connection is not known. */
  readonly spf: SpfReport | undefined;
  readonly iprev: IprevReport | undefined;
  readonly dkim: readonly DkimReport[];
  /** `temperror` also where only SPF, which is not known, could have made it a pass. */
  readonly dmarc: DmarcReport;
}

export interface AuthenticationPorts {
  readonly dns: Dns;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** Never rejects for what the DNS did. */
export async function authenticateMessage({ dns, now }: AuthenticationPorts, message: Buffer, { header }: MessageReading, connection: ConnectionFacts): Promise<MessageAuthentication> {
  const [spf, iprev, dkim] = await Promise.all([spfOf(dns, connection, now), reverseOf(dns, connection), verifyDkim(dns, new BufferSource(message), header, { now })]);
  const dmarc = await evaluateDmarc(dns, { header, spf: spf ?? unknownSpf(header.fields), dkim });
  return { spf, iprev, dkim, dmarc };
}

async function reverseOf(dns: Dns, { address }: ConnectionFacts): Promise<IprevReport | undefined> {
  return address === undefined ? undefined : createClientName(dns)(address);
}

async function spfOf(dns: Dns, { address, helo, sender, results }: ConnectionFacts, now: number): Promise<SpfReport | undefined> {
  if (address !== undefined && (sender !== undefined && (sender !== '' || helo !== undefined))) return checkSpf(dns, { ip: address, helo: helo ?? 'unknown', sender, now });
  return claimedSpf(results);
}

const SPF_RESULTS: readonly string[] = ['pass', 'fail', 'softfail', 'neutral', 'none', 'temperror', 'permerror'] satisfies readonly SpfResult[];

function claimedSpf(results: AuthenticationResults | undefined): SpfReport | undefined {
  const claim = results?.results.find(({ method }) => method === 'spf');
  if (!results || !claim || !SPF_RESULTS.includes(claim.result)) return undefined;
  const named = claim.properties?.find(({ type, property }) => type === 'smtp' && (property === 'mailfrom' || property === 'helo'));
  if (!named) return undefined;
  const domain = named.value.slice(named.value.lastIndexOf('@') + 1).toLowerCase();
  return { result: claim.result as SpfResult, domain, identity: named.property === 'helo' ? 'helo' : 'mailfrom', explanation: `${results.authservId} wrote so into the message.`, lookups: 0, voidLookups: 0, trace: [] };
}

/** As an unanswered look-up of the domain in From: what it might have said is not held against anybody. */
function unknownSpf(fields: MessageReading['header']['fields']): SpfReport {
  // Not the first @ in From: names hold addresses, too.
  const author = authorDomain(fields);
  const domain = author.kind === 'domain' ? author.domain : '';
  return { result: 'temperror', domain, identity: 'mailfrom', explanation: 'The connection is not known.', lookups: 0, voidLookups: 0, trace: [] };
}
