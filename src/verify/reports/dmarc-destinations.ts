/**
 * Where the reports about a domain may go (RFC 9990 §4): an address outside of the domain's organisation must say in the DNS
 * that it wants them, or else anybody could have a stranger flooded with reports.
 */
import type { Dns } from '../../contract/dns.ts';
import { parseTagList } from '../tag-list.ts';
import { isWellFormedDomain } from '../domain-name.ts';
import { isDmarcRecord } from '../dmarc/record.ts';
import { TreeWalker, WalkFailure } from '../dmarc/tree-walk.ts';
import { parseReportUri, type ReportUri } from './report-uri.ts';

export type DmarcDestination =
  | { readonly kind: 'use'; readonly uri: Extract<ReportUri, { kind: 'mailto' }> }
  | { readonly kind: 'refused'; readonly uri: string; readonly reason: string }
  /** The DNS does not answer now. */
  | { readonly kind: 'unknown'; readonly uri: string; readonly reason: string };

/** `domain`: where the policy was found. One entry per destination, in the order of the record. */
export async function dmarcDestinations(dns: Dns, domain: string, rua: readonly string[]): Promise<readonly DmarcDestination[]> {
  const walker = new TreeWalker(dns);
  const found: DmarcDestination[] = [];
  for (const written of rua) found.push(...(await destinationsOf(dns, walker, domain, written)));
  const seen = new Set<string>();
  return found.filter((one) => {
    const key = one.kind === 'use' ? one.uri.uri : one.uri;
    return seen.has(key) ? false : seen.add(key);
  });
}

async function destinationsOf(dns: Dns, walker: TreeWalker, domain: string, written: string): Promise<readonly DmarcDestination[]> {
  const uri = parseReportUri(written);
  if (uri.kind === 'unusable') return [{ kind: 'refused', uri: uri.uri, reason: `the address ${uri.reason}` }];
  if (uri.kind === 'https') return [{ kind: 'refused', uri: uri.uri, reason: 'DMARC reports are sent by mail only' }];
  if (!isWellFormedDomain(uri.host)) return [{ kind: 'refused', uri: uri.uri, reason: 'the address has no usable domain' }];
  try {
    const [own, theirs] = [await walker.walk(domain), await walker.walk(uri.host)];
    if (own.organizationalDomain === theirs.organizationalDomain) return [{ kind: 'use', uri }];
  } catch (error) {
    if (!(error instanceof WalkFailure)) throw error;
    return [{ kind: 'unknown', uri: uri.uri, reason: error.message }];
  }
  return external(dns, domain, uri);
}

async function external(dns: Dns, domain: string, uri: Extract<ReportUri, { kind: 'mailto' }>): Promise<readonly DmarcDestination[]> {
  const name = `${domain}._report._dmarc.${uri.host}`;
  const missing: DmarcDestination = { kind: 'refused', uri: uri.uri, reason: `${uri.host} does not say that it takes reports about ${domain}: there is no TXT record "v=DMARC1" at ${name}` };
  if (!isWellFormedDomain(name)) return [missing];
  const answer = await dns.query(name, 'TXT');
  if (answer.kind === 'failure') return [{ kind: 'unknown', uri: uri.uri, reason: `the look-up of ${name} failed (${answer.reason})` }];
  const records = (answer.kind === 'found' ? answer.records : []).map((pieces) => pieces.join('')).filter(isDmarcRecord);
  if (records.length === 0) return [missing];
  // RFC 9990 §4 steps 8 and 9: what is said there replaces the address, but within the same host only.
  const instead = records.map((text) => parseTagList(text)?.get('rua')).find((rua) => rua !== undefined);
  if (instead === undefined) return [{ kind: 'use', uri }];
  return instead.split(',').map((text) => {
    const other = parseReportUri(text.trim());
    return other.kind === 'mailto' && other.host === uri.host ? { kind: 'use', uri: other } : { kind: 'refused', uri: uri.uri, reason: `${name} names ${text.trim()}, which is not at ${uri.host}` };
  });
}
