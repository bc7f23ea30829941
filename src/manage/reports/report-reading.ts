/** One report file explained, without a server: `posthorn dmarc report FILE`. */
import { Failure } from '../../base/errors.ts';
import type { DmarcReportHead, TlsReport } from '../../contract/reports.ts';
import type { ParsedArf } from '../../mail/arf.ts';
import { readReportFile } from '../../verify/reports/report-file.ts';
import { judgeSource, type JudgedSource } from '../authentication/dmarc-findings.ts';
import { groupFindings, policyIn, type GroupFinding } from '../authentication/dmarc-groups.ts';
import { tlsFindings, type TlsFinding } from '../tls/tls-findings.ts';

export type ExplainedReport =
  | { readonly kind: 'dmarc'; readonly head: DmarcReportHead; readonly rows: number; readonly skipped: number; readonly messages: number; readonly passed: number; readonly sources: readonly JudgedSource[]; readonly findings: readonly GroupFinding[] }
  | { readonly kind: 'tls'; readonly report: TlsReport; readonly findings: readonly TlsFinding[] }
  | { readonly kind: 'complaint'; readonly report: Omit<ParsedArf, 'originalHeader'> };

/** Rejects with a permanent Failure for what is no report. */
export async function explainReportFile(bytes: Buffer): Promise<readonly ExplainedReport[]> {
  const found = await readReportFile(bytes);
  if (found.length === 0) throw new Failure('no-report', 'the file holds no report: a DMARC report is XML, a TLS report JSON, either may be packed by gzip or zip, or attached to a message', { temporary: false });
  return found.map((one): ExplainedReport => {
    switch (one.kind) {
      case 'dmarc': {
        const { head, rows, skipped, messages, sources } = one.report;
        const policyOf = ({ headerFrom }: { readonly headerFrom: string }): string => policyIn(head.domain, head.policy, headerFrom);
        const judged = sources.map((source) => judgeSource({ ...source, domain: head.domain, reporters: 1, lastSeen: head.end }, { policy: policyOf(source) }));
        return { kind: 'dmarc', head, rows, skipped, messages, passed: sources.reduce((sum, { passed }) => sum + passed, 0), sources: judged, findings: groupFindings(judged, policyOf) };
      }
      case 'tls':
        return { kind: 'tls', report: one.report, findings: tlsFindings([one.report], one.report.policies[0]?.domain ?? '') };
      case 'complaint': {
        const { originalHeader: _, ...report } = one.report;
        return { kind: 'complaint', report };
      }
      case 'unreadable':
        throw new Failure('report-unreadable', `the report cannot be read: ${one.why}`, { temporary: false });
    }
  });
}
