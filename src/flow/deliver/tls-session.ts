/** One session seen from its TLS: what goes into the facts of the attempt, and what is counted (RFC 8460). Pure. */
import type { TlsPolicyFacts, TlsProblem } from '../../contract/tls-policy.ts';
import type { OpenResult, SmtpConnection } from '../../net/smtp-client.ts';
import type { SmtpTrouble } from '../../net/smtp-trouble.ts';
import type { TlsPlan } from './tls-policy.ts';

/** `problem` is absent for a session that was protected as its policy wants. */
export type TlsCount = { readonly kind: 'counted'; readonly problem?: TlsProblem } | { readonly kind: 'not-counted' };

/** A session that never came to TLS, for other reasons, or did not need it, is not counted. */
export function countSession(plan: TlsPlan, result: OpenResult): TlsCount {
  if (plan.tls === 'none' || plan.uncounted) return { kind: 'not-counted' };
  if (result.kind === 'trouble') {
    const problem = problemOfTrouble(result.trouble);
    return problem ? { kind: 'counted', problem } : { kind: 'not-counted' };
  }
  const problem = plan.broken ?? problemOfConnection(result.connection, plan.judged) ?? plan.notice;
  return { kind: 'counted', ...(problem ? { problem } : {}) };
}

function problemOfConnection(connection: SmtpConnection, judged: boolean): TlsProblem | undefined {
  if (!connection.tls) return connection.tlsProblem ?? { failure: 'starttls-not-supported', detail: 'STARTTLS was not offered, or refused' };
  const { verdict } = connection;
  return judged && verdict?.kind === 'refused' ? { failure: verdict.failure, detail: verdict.detail } : undefined;
}

/** Undefined when it has nothing to do with TLS. */
export function problemOfTrouble(trouble: SmtpTrouble): TlsProblem | undefined {
  if (trouble.kind === 'tls') return { failure: trouble.failure ?? 'validation-failure', detail: trouble.detail };
  if (trouble.step !== 'starttls') return undefined;
  return { failure: 'starttls-not-supported', detail: trouble.kind === 'reply' ? `STARTTLS was answered ${trouble.reply.code}` : trouble.detail };
}

/** The policy, and how an open connection met it. */
export function policyFacts({ facts, notice, broken }: TlsPlan, connection: SmtpConnection): TlsPolicyFacts {
  const { verdict, tlsProblem } = connection;
  if (broken) return { ...facts, problem: `TLS failed there lately: ${broken.detail}` };
  const problem = tlsProblem?.detail ?? (verdict?.kind === 'refused' ? verdict.detail : undefined) ?? notice?.detail;
  return { ...facts, ...(verdict?.kind === 'accepted' ? { verifiedBy: verdict.by } : {}), ...(problem === undefined ? {} : { problem }) };
}
