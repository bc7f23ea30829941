/**
 * A DMARC aggregate report as XML (RFC 9990, appendix A).
 *
 * Policy: elements stand in the order of RFC 7489 appendix C where that prescribes one and RFC 9990 does not, and mail that
 * passed has the disposition `none`, which both know, so that readers of either take the report. Nothing in it says who
 * the mail was for (RFC 9990 §6.2).
 */
import type { DmarcReportHead, DmarcRow } from '../../contract/reports.ts';
import { xmlText } from './xml-text.ts';

export interface AggregateReport {
  readonly head: DmarcReportHead;
  readonly rows: readonly DmarcRow[];
  /** Failure reporting options of the record, `0` when it has none. */
  readonly failureOptions: string;
  /** Name and version of this program. */
  readonly generator: string;
}

export function aggregateReportXml({ head, rows, failureOptions, generator }: AggregateReport): string {
  const { policy } = head;
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<feedback xmlns="urn:ietf:params:xml:ns:dmarc-2.0">',
    ' <version>1.0</version>',
    ' <report_metadata>',
    `  ${element('org_name', head.reporter)}${element('email', head.reporterEmail)}${element('report_id', head.reportId)}`,
    `  <date_range>${element('begin', seconds(head.begin))}${element('end', seconds(head.end))}</date_range>`,
    `  ${element('generator', generator)}`,
    ' </report_metadata>',
    ' <policy_published>',
    `  ${element('domain', head.domain)}${element('discovery_method', 'treewalk')}`,
    `  ${element('adkim', policy.adkim ?? 'r')}${element('aspf', policy.aspf ?? 'r')}`,
    `  ${element('p', policy.p)}${element('sp', policy.sp ?? policy.p)}${policy.np === undefined ? '' : element('np', policy.np)}`,
    `  ${element('fo', failureOptions)}${element('testing', policy.testing ? 'y' : 'n')}`,
    ' </policy_published>',
    ...rows.map(recordXml),
    '</feedback>',
    '',
  ].join('\n');
}

function recordXml(row: DmarcRow): string {
  const reasons = row.overrides.map(({ type, comment }) => `<reason>${element('type', type)}${comment === '' ? '' : element('comment', comment)}</reason>`);
  return [
    ' <record>',
    `  <row>${element('source_ip', row.sourceIp)}${element('count', String(row.count))}`,
    `   <policy_evaluated>${element('disposition', row.disposition)}${element('dkim', verdict(row.dkimAligned))}${element('spf', verdict(row.spfAligned))}${reasons.join('')}</policy_evaluated>`,
    '  </row>',
    `  <identifiers>${row.envelopeFrom === undefined ? '' : element('envelope_from', row.envelopeFrom)}${element('header_from', row.headerFrom)}</identifiers>`,
    '  <auth_results>',
    ...row.dkim.map((one) => `   <dkim>${element('domain', one.domain)}${element('selector', one.selector ?? '')}${element('result', one.result)}</dkim>`),
    ...row.spf.map((one) => `   <spf>${element('domain', one.domain)}${element('scope', one.scope)}${element('result', one.result)}</spf>`),
    '  </auth_results>',
    ' </record>',
  ].join('\n');
}

function verdict(aligned: boolean): string {
  return aligned ? 'pass' : 'fail';
}

function element(name: string, text: string): string {
  return `<${name}>${xmlText(text)}</${name}>`;
}

function seconds(ms: number): string {
  return String(Math.floor(ms / 1000));
}
