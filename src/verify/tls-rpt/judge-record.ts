/** The TXT records at `_smtp._tls.DOMAIN` (RFC 8460 §3): do they ask somebody for reports? Pure. */
import type { DnsAnswer } from '../../contract/dns.ts';
import type { DeploymentFinding } from '../deployment-finding.ts';
import { parseReportUri, type ReportUri } from '../reports/report-uri.ts';
import { parseTagList } from '../tag-list.ts';

export interface TlsRptCheck {
  readonly name: string;
  readonly record?: string;
  readonly destinations: readonly ReportUri[];
  readonly findings: readonly DeploymentFinding[];
}

export function judgeTlsRpt(domain: string, answer: DnsAnswer<'TXT'>): TlsRptCheck {
  const name = `_smtp._tls.${domain}`;
  if (answer.kind === 'failure') return { name, destinations: [], findings: [{ level: 'unknown', text: `${name} could not be looked up now (${answer.reason}).` }] };
  const all = (answer.kind === 'found' ? answer.records : []).map((parts) => parts.join(''));
  const records = all.filter((text) => /^v=TLSRPTv1[ \t]*(?:;|$)/.test(text));
  const right = `${name}. TXT "v=TLSRPTv1; rua=mailto:tls@${domain}"`;
  const wrong = (text: string, remedy = 'Publish this one record in its place.'): TlsRptCheck => ({ name, ...(all[0] === undefined ? {} : { record: all[0] }), destinations: [], findings: [{ level: 'fail', text, remedy, record: right }] });
  const [record, another] = records;
  if (record === undefined) {
    if (all.some((text) => /tlsrpt/i.test(text))) return wrong(`What stands at ${name} is no TLS-RPT record: it must begin with v=TLSRPTv1, written exactly so.`);
    return { name, destinations: [], findings: [{ level: 'warn', text: `${domain} does not ask for TLS reports.`, remedy: 'Publish this record.', record: right }] };
  }
  // RFC 8460 §3: with more than one record, senders assume that there is none.
  if (another !== undefined) return wrong(`There are ${records.length} TLS-RPT records at ${name}, which counts as none.`, 'Leave one of them, such as this.');
  const rua = parseTagList(record)?.get('rua');
  if (rua === undefined) return wrong(`The record at ${name} asks nobody: it has no readable rua=.`);
  const destinations = rua.split(',').map((uri) => parseReportUri(uri.trim()));
  const unusable = destinations.flatMap((uri) => (uri.kind === 'unusable' ? [uri] : []));
  const findings: DeploymentFinding[] = unusable.map(({ uri, reason }) => ({ level: 'fail', text: `${JSON.stringify(uri.slice(0, 80))} in the record at ${name} ${reason}.`, remedy: 'Write mailto:ADDRESS or https://…', record: right }));
  if (unusable.length < destinations.length) findings.push({ level: 'pass', text: `${domain} asks for TLS reports to ${destinations.flatMap((uri) => (uri.kind === 'unusable' ? [] : [uri.uri])).join(', ')}.` });
  return { name, record, destinations, findings };
}
