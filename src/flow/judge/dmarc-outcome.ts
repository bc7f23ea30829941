/**
 * How a stranger's message fared under the DMARC policy of its author's domain, for the daily report to that domain
 * (RFC 9990 §3.1). Undefined for what is not reported: domains that ask for no reports, mail that was put off (it comes
 * again), and reports themselves, since two servers would write to each other about them every day.
 */
import { REPORT_OUT_LIMITS } from '../../base/report-limits.ts';
import type { AuthReport, DkimReport } from '../../contract/auth-report.ts';
import type { ReceivedMessage } from '../../contract/message.ts';
import type { DmarcRow } from '../../contract/reports.ts';
import type { Verdict } from '../../contract/verdict.ts';
import { domainOf } from '../../mail/address.ts';
import { firstField, type ParsedHeader } from '../../mail/header.ts';
import type { DmarcOutcome } from '../../store/clients/reports-out.ts';
import { toAsciiDomain } from '../../verify/domain-name.ts';
import { parseDmarcRecord } from '../../verify/dmarc/record.ts';
import { isTlsReport } from '../../verify/tls-rpt/is-tls-report.ts';

interface Judged {
  readonly message: Pick<ReceivedMessage, 'origin' | 'envelope' | 'receivedAt'>;
  readonly header: Pick<ParsedHeader, 'fields'>;
  readonly report: AuthReport;
  readonly verdict: Verdict;
}

export function dmarcOutcome({ message, header, report, verdict }: Judged): DmarcOutcome | undefined {
  const { origin, envelope, receivedAt } = message;
  const { policyDomain, record, fromDomain } = report.dmarc;
  if (origin.kind !== 'inbound' || origin.clientAddress === undefined || verdict.action === 'defer') return undefined;
  if (policyDomain === undefined || record === undefined || fromDomain === undefined) return undefined;
  if (!parseDmarcRecord(record)?.rua.length || isReport(header)) return undefined;
  const row: Omit<DmarcRow, 'count'> = {
    sourceIp: origin.clientAddress,
    disposition: dispositionOf(verdict),
    dkimAligned: report.dmarc.dkimAligned,
    spfAligned: report.dmarc.spfAligned,
    overrides: overridesOf(report, verdict),
    headerFrom: bounded(fromDomain),
    envelopeFrom: envelope.sender === '' ? '' : bounded(toAsciiDomain(domainOf(envelope.sender))),
    dkim: signaturesOf(report.dkim, fromDomain),
    // The identity of a null sender is postmaster@ the HELO name (RFC 7208 §2.4), so the scope is the same.
    spf: [{ domain: bounded(toAsciiDomain(report.spf.domain)), scope: 'mfrom', result: report.spf.result }],
  };
  return { at: receivedAt, domain: policyDomain, record, row };
}

function dispositionOf({ action, rule }: Verdict): DmarcRow['disposition'] {
  if (action === 'junk') return 'quarantine';
  return action === 'reject' && rule.startsWith('dmarc') ? 'reject' : 'none';
}

/** RFC 9990 §3.1.6: why what was done is not what the policy asks for. Names of people do not get in. */
function overridesOf({ dmarc, arc }: AuthReport, { rule }: Verdict): DmarcRow['overrides'] {
  if (dmarc.result !== 'fail') return [];
  switch (rule) {
    case 'trusted-sealer':
      return [{ type: 'trusted_forwarder', comment: bounded(`arc=pass, sealed by ${arc.sealer ?? 'a trusted sealer'}`) }];
    case 'dmarc-test-mode':
      return [{ type: 'policy_test_mode', comment: 't=y' }];
    case 'dmarc-reject':
      return [];
    case 'dmarc-reject-off':
      return [{ type: 'local_policy', comment: 'mail that fails is put into the junk folder here, not refused' }];
    case 'dmarc-quarantine':
      return dmarc.testMode ? [{ type: 'policy_test_mode', comment: 't=y' }] : [];
    default:
      return (dmarc.policy ?? 'none') === 'none' ? [] : [{ type: 'local_policy', comment: rule === 'always-heard' ? 'addressed to postmaster or abuse' : '' }];
  }
}

/** The telling ones first (RFC 9990 §3.1.3): aligned, then passed, then the others. */
function signaturesOf(reports: readonly DkimReport[], fromDomain: string): DmarcRow['dkim'] {
  const rank = ({ result, domain = '' }: DkimReport): number => {
    if (result !== 'pass') return 3;
    if (domain === fromDomain) return 0;
    return fromDomain.endsWith(`.${domain}`) || domain.endsWith(`.${fromDomain}`) ? 1 : 2;
  };
  return reports
    .filter(({ domain }) => domain !== undefined)
    .toSorted((a, b) => rank(a) - rank(b))
    .slice(0, REPORT_OUT_LIMITS.signaturesPerRowMax)
    .map(({ domain = '', selector = '', result }) => ({ domain: bounded(domain), selector: bounded(selector), result }));
}

/** A DMARC report by its subject (RFC 9990 §3.5.1), a TLS report by its type (RFC 8460 §5.3). */
function isReport({ fields }: Pick<ParsedHeader, 'fields'>): boolean {
  if (/^\s*report\s+domain:/i.test(firstField(fields, 'subject')?.value ?? '')) return true;
  return isTlsReport(fields);
}

function bounded(text: string): string {
  return text.slice(0, REPORT_OUT_LIMITS.valueCharsMax);
}
