/**
 * The judge stage: what happens to an inbound message in view of what the authenticate stage found.
 *
 * Policy (docs/decisions/0013): rules are asked in the order below and the first that answers decides. Mail from
 * trusted networks, logged-in users and ourselves is not judged. Whatever is in doubt is deferred, never refused for good.
 */
import type { Config } from '../../config/config.ts';
import type { AuthReport, DmarcReport } from '../../contract/auth-report.ts';
import type { ReceivedMessage } from '../../contract/message.ts';
import type { Verdict } from '../../contract/verdict.ts';
import { localPartOf } from '../../mail/address.ts';
import type { ParsedHeader } from '../../mail/header.ts';
import { authorDomain } from '../../verify/dmarc/author-domain.ts';
import { trustedSealerThatPassed } from './trusted-sealer.ts';

export interface JudgeInput {
  readonly message: ReceivedMessage;
  readonly header: Pick<ParsedHeader, 'fields'>;
  readonly report: AuthReport;
}

export interface JudgeOptions {
  readonly config: Pick<Config, 'authentication'>;
}

export interface Judge {
  judge(input: JudgeInput): Verdict;
}

/** RFC 2142: mailboxes that must hear complaints, also about mail that fails. */
const ALWAYS_HEARD = new Set(['postmaster', 'abuse']);

const REPLY_CHARS_MAX = 450;

type Rule = (input: JudgeInput, options: JudgeOptions) => Verdict | undefined;

const RULES: readonly Rule[] = [notJudged, malformedFrom, dmarcSatisfied, alwaysHeard, trustedSealer, dmarcInDoubt, dmarcPolicy];

export function createJudge(options: JudgeOptions): Judge {
  return {
    judge(input) {
      for (const rule of RULES) {
        const verdict = rule(input, options);
        if (verdict) return verdict;
      }
      return accept('no-objection', input.report.dmarc.explanation);
    },
  };
}

function accept(rule: string, explanation: string): Verdict {
  return { action: 'accept', rule, explanation };
}

function notJudged({ message }: JudgeInput): Verdict | undefined {
  const { kind } = message.origin;
  return kind === 'inbound' ? undefined : accept('not-judged', `Mail of origin "${kind}" is not judged by sender authentication.`);
}

/** RFC 5322 §3.6 wants exactly one From; readers that see another one than DMARC did are how forgeries pass. */
function malformedFrom({ message, header }: JudgeInput): Verdict | undefined {
  const author = authorDomain(header.fields);
  if (author.kind === 'domain') return undefined;
  // RFC 6854: bounces and the like may have a From group without an address; there is nobody to impersonate.
  if (author.problem === 'no-address' && message.envelope.sender === '') return undefined;
  const explanation = `The message has ${author.detail}; exactly one From field whose addresses share one domain is needed.`;
  // Several authors are a matter of policy (X.7.1), a From that says nothing is bad content (X.6.0, RFC 3463 §3.7).
  const enhanced = author.problem === 'several-from' || author.problem === 'several-domains' ? '5.7.1' : '5.6.0';
  return { action: 'reject', rule: `from-${author.problem}`, reply: { code: 550, enhanced, text: replyText(explanation) }, explanation };
}

function dmarcSatisfied({ report: { dmarc } }: JudgeInput): Verdict | undefined {
  if (dmarc.result === 'pass') return accept('dmarc-pass', dmarc.explanation);
  // The policy could not be looked up, but it could not matter either.
  if (dmarc.spfAligned || dmarc.dkimAligned) return accept('author-authenticated', dmarc.explanation);
  return undefined;
}

function alwaysHeard({ message, report: { dmarc } }: JudgeInput): Verdict | undefined {
  const recipients = message.envelope.recipients.map(({ address }) => localPartOf(address).toLowerCase());
  if (recipients.length === 0 || !recipients.every((name) => ALWAYS_HEARD.has(name))) return undefined;
  return accept('always-heard', `Only postmaster or abuse is addressed, which hear everybody. ${dmarc.explanation}`);
}

function trustedSealer({ report }: JudgeInput, { config }: JudgeOptions): Verdict | undefined {
  const sealer = trustedSealerThatPassed(report, config.authentication.trustedSealers);
  if (sealer === undefined) return undefined;
  return accept('trusted-sealer', `${sealer} is a trusted sealer and says that the message passed DMARC there. ${report.dmarc.explanation}`);
}

function dmarcInDoubt({ report: { dmarc } }: JudgeInput, { config }: JudgeOptions): Verdict | undefined {
  if (dmarc.result !== 'temperror' || !config.authentication.dmarcReject) return undefined;
  // With a known policy below reject the doubt changes nothing in the session.
  if (dmarc.policy !== undefined && effectivePolicy(dmarc) !== 'reject') return undefined;
  const domain = dmarc.fromDomain ?? 'the author';
  return {
    action: 'defer',
    rule: 'dmarc-temperror',
    reply: { code: 451, enhanced: '4.7.0', text: `The sender authentication of ${domain} could not be checked because of a DNS failure; try again later` },
    explanation: dmarc.explanation,
  };
}

function dmarcPolicy({ report: { dmarc } }: JudgeInput, { config }: JudgeOptions): Verdict | undefined {
  if (dmarc.result !== 'fail') return undefined;
  const policy = effectivePolicy(dmarc);
  if (policy === 'none') return accept(dmarc.testMode ? 'dmarc-test-mode' : 'dmarc-none', dmarc.explanation);
  if (policy === 'quarantine') {
    return { action: 'junk', rule: 'dmarc-quarantine', explanation: `${dmarc.explanation} ${owner(dmarc)} asks for quarantine.` };
  }
  const explanation = `${dmarc.explanation} ${owner(dmarc)} asks to refuse such mail.`;
  if (!config.authentication.dmarcReject) return { action: 'junk', rule: 'dmarc-reject-off', explanation };
  const text = `Refused by the DMARC policy of ${owner(dmarc)} (${dmarc.policyTag ?? 'p'}=reject)\n${dmarc.explanation}`;
  return { action: 'reject', rule: 'dmarc-reject', reply: { code: 550, enhanced: '5.7.1', text: replyText(text) }, explanation };
}

/** Explanations quote the message; only harmless characters go back over the wire. */
function replyText(text: string): string {
  return text.replace(/[^\x20-\x7e\n]/g, '?').slice(0, REPLY_CHARS_MAX);
}

/** RFC 9989 §4.7: with t=y the owner asks not to apply the policy; one step lower is what it gets. */
function effectivePolicy(dmarc: DmarcReport): 'none' | 'quarantine' | 'reject' {
  const policy = dmarc.policy ?? 'none';
  if (!dmarc.testMode) return policy;
  return policy === 'reject' ? 'quarantine' : 'none';
}

function owner(dmarc: DmarcReport): string {
  return dmarc.policyDomain ?? dmarc.fromDomain ?? 'the author';
}
