/** Where a domain wants its TLS reports (RFC 8460 §3): the one TXT record at `_smtp._tls`. */
import type { Dns } from '../../contract/dns.ts';
import { parseTagList } from '../tag-list.ts';
import { parseReportUri, type ReportUri } from './report-uri.ts';

export type TlsDestinations =
  | { readonly kind: 'found'; readonly uris: readonly ReportUri[] }
  /** No record, or several, which is as good as none. */
  | { readonly kind: 'none' }
  | { readonly kind: 'unknown'; readonly reason: string };

export async function tlsDestinations(dns: Dns, domain: string): Promise<TlsDestinations> {
  const name = `_smtp._tls.${domain}`;
  const answer = await dns.query(name, 'TXT');
  if (answer.kind === 'failure') return { kind: 'unknown', reason: `the look-up of ${name} failed (${answer.reason})` };
  const records = (answer.kind === 'found' ? answer.records : []).map((pieces) => pieces.join('')).filter((text) => /^v=TLSRPTv1[ \t]*(?:;|$)/.test(text));
  const [record, another] = records;
  if (record === undefined || another !== undefined) return { kind: 'none' };
  const rua = parseTagList(record)?.get('rua') ?? '';
  const uris = rua.split(',').map((uri) => uri.trim()).filter((uri) => uri !== '');
  return uris.length === 0 ? { kind: 'none' } : { kind: 'found', uris: uris.map(parseReportUri) };
}
