/** The report of the authenticate stage as the methods of an Authentication-Results field (RFC 8601 §2.7). */
import type { AuthReport, DkimReport, DmarcReport, SpfReport } from '../../contract/auth-report.ts';
import type { ReceivedMessage } from '../../contract/message.ts';
import { buildAuthenticationResults, type MethodResult, type ResultProperty } from '../../mail/authentication-results.ts';

/** Our Authentication-Results field for a message that was authenticated. */
export function authenticationResultsField(authservId: string, message: ReceivedMessage, report: AuthReport): Buffer {
  const results: MethodResult[] = [];
  if (report.iprev) results.push(iprevResult(report.iprev));
  results.push(spfResult(report.spf, message));
  if (report.helo && report.spf.identity !== 'helo') results.push(heloResult(report.helo));
  results.push(...(report.dkim.length === 0 ? [{ method: 'dkim', result: 'none' }] : report.dkim.map(dkimResult)));
  results.push(dmarcResult(report.dmarc));
  if (report.arc.cv !== 'none') results.push(arcResult(report.arc, message));
  return buildAuthenticationResults({ authservId, results });
}

function property(type: string, name: string, value: string | undefined): ResultProperty {
  return { type, property: name, value: value ?? '' };
}

function iprevResult(report: NonNullable<AuthReport['iprev']>): MethodResult {
  return {
    method: 'iprev',
    result: report.result,
    ...(report.name !== undefined && { comment: report.name }),
    properties: [property('policy', 'iprev', report.address)],
  };
}

function spfResult(report: SpfReport, message: ReceivedMessage): MethodResult {
  const who = report.identity === 'helo' ? property('smtp', 'helo', report.domain) : property('smtp', 'mailfrom', message.envelope.sender);
  return { method: 'spf', result: report.result, ...why(report.result, report.explanation), properties: [who] };
}

function heloResult(report: SpfReport): MethodResult {
  return { method: 'spf', result: report.result, properties: [property('smtp', 'helo', report.domain)] };
}

function dkimResult(report: DkimReport): MethodResult {
  return {
    method: 'dkim',
    result: report.result,
    ...(report.reason !== undefined && { reason: report.reason }),
    properties: [
      property('header', 'd', report.domain),
      property('header', 's', report.selector),
      property('header', 'a', report.algorithm),
      // RFC 6008.
      property('header', 'b', report.signaturePrefix),
    ],
  };
}

function dmarcResult(report: DmarcReport): MethodResult {
  const policyElsewhere = report.policyDomain !== undefined && report.policyDomain !== report.fromDomain;
  return {
    method: 'dmarc',
    result: report.result,
    ...(report.policy && { comment: `${report.policyTag ?? 'p'}=${report.policy}${report.testMode ? ' t=y' : ''}` }),
    properties: [
      property('header', 'from', report.fromDomain),
      property('policy', 'dmarc', report.policy),
      ...(policyElsewhere ? [property('polrec', 'domain', report.policyDomain)] : []),
    ],
  };
}

/** RFC 8617 §10.2. No oldest-pass: only the newest message signature is verified. */
function arcResult(report: AuthReport['arc'], message: ReceivedMessage): MethodResult {
  return {
    method: 'arc',
    result: report.cv,
    ...(report.reason !== undefined && { reason: report.reason }),
    comment: `i=${report.instances}${report.sealer === undefined ? '' : ` ${report.sealer}`}`,
    properties: [property('smtp', 'remote-ip', message.origin.clientAddress)],
  };
}

function why(result: SpfReport['result'], explanation: string): { readonly comment?: string } {
  return result === 'pass' || result === 'none' ? {} : { comment: explanation };
}
