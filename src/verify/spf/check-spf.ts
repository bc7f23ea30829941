/**
 * SPF (RFC 7208): may this client send for this sender? The answer comes with a trace of every mechanism tried, the
 * look-ups it took and the running counts, and one sentence that names what decided.
 *
 * Policy: a null sender is checked as postmaster@HELO (§2.4). Never rejects for what the DNS did. Every wait is the
 * Dns port's; callers that want a total deadline hand in a port that keeps one.
 */
import type { SpfReport, SpfResult } from '../../contract/auth-report.ts';
import type { Dns } from '../../contract/dns.ts';
import { toAsciiDomain } from '../domain-name.ts';
import { parseIp } from '../ip-address.ts';
import { Evaluation, type Decision, type SpfQuestion } from './evaluation.ts';
import { SpfAbort, SpfLookups } from './lookups.ts';
import { expandMacros, expandToName, parseMacroString } from './macro.ts';
import { shownTerm } from './record.ts';
import { SpfTrace } from './trace.ts';

export interface SpfInput {
  /** The client's address, IPv4 or IPv6. */
  readonly ip: string;
  /** Reverse-path without brackets; '' is the null sender. */
  readonly sender: string;
  /** What HELO or EHLO said. */
  readonly helo: string;
  /** The domain to check; default: the sender's, or the HELO name for a null sender. */
  readonly domain?: string;
  /** A draft evaluated in place of what `domain` publishes. */
  readonly record?: string;
  /** Our own name, for %{r}; default `unknown` (RFC 7208 §7.3). */
  readonly receiver?: string;
  /** Milliseconds since 1970, for %{t}. */
  readonly now?: number;
}

const NAME_CHARS_SHOWN = 100;
/** The published explanation is foreign text: this much of it is kept. */
const EXPLANATION_CHARS_MAX = 500;

export async function checkSpf(dns: Dns, input: SpfInput): Promise<SpfReport> {
  const identity = input.sender === '' ? 'helo' : 'mailfrom';
  const { localPart, senderDomain } = splitSender(input);
  const asked = input.domain ?? senderDomain;
  const domain = toAsciiDomain(asked);
  const ip = parseIp(input.ip);
  if (!ip) return withoutEvaluation(identity, domain, `"${input.ip}" is not an IP address`);
  // RFC 7208 §4.3: a malformed domain has no policy.
  if (domain === '') return withoutEvaluation(identity, domain, `No SPF policy: "${asked.slice(0, NAME_CHARS_SHOWN)}" is not a domain name.`);
  const lookups = new SpfLookups(dns, ip);
  const trace = new SpfTrace(lookups);
  const question: SpfQuestion = {
    ip,
    sender: `${localPart}@${senderDomain}`,
    localPart,
    senderDomain,
    helo: input.helo,
    receiver: input.receiver ?? 'unknown',
    nowSeconds: Math.floor((input.now ?? 0) / 1000),
    clientText: ip.length === 4 ? ip.join('.') : input.ip.toLowerCase(),
  };
  const evaluation = new Evaluation(question, lookups, trace);
  const decision = await decide(evaluation, domain, input.record);
  const published = decision.result === 'fail' ? await publishedExplanation(dns, evaluation, decision) : undefined;
  return {
    result: decision.result,
    domain,
    identity,
    explanation: explain(decision, question.clientText, domain),
    ...(decision.mechanism !== undefined && { mechanism: decision.mechanism }),
    ...(published !== undefined && { publishedExplanation: published }),
    lookups: lookups.terms,
    voidLookups: lookups.voids,
    trace: trace.steps,
  };
}

function splitSender(input: SpfInput): { localPart: string; senderDomain: string } {
  if (input.sender === '') return { localPart: 'postmaster', senderDomain: input.helo };
  const at = input.sender.lastIndexOf('@');
  // RFC 7208 §4.3: without a local part, "postmaster" stands in.
  if (at < 0) return { localPart: 'postmaster', senderDomain: input.sender };
  return { localPart: input.sender.slice(0, at) || 'postmaster', senderDomain: input.sender.slice(at + 1) };
}

async function decide(evaluation: Evaluation, domain: string, draft: string | undefined): Promise<Decision> {
  try {
    return await evaluation.checkHost(domain, 0, draft);
  } catch (problem) {
    if (!(problem instanceof SpfAbort)) throw problem;
    return { result: problem.result, domain, detail: problem.message };
  }
}

function withoutEvaluation(identity: SpfReport['identity'], domain: string, explanation: string): SpfReport {
  return { result: 'none', domain, identity, explanation, lookups: 0, voidLookups: 0, trace: [] };
}

const VERDICTS: Readonly<Record<Exclude<SpfResult, 'none' | 'temperror' | 'permerror'>, string>> = {
  pass: 'may send for',
  fail: 'may not send for',
  softfail: 'probably may not send for',
  neutral: 'is neither allowed nor forbidden to send for',
};

function explain(decision: Decision, client: string, domain: string): string {
  switch (decision.result) {
    case 'none':
      return `No SPF policy: ${decision.detail}.`;
    case 'temperror':
      return `SPF could not be checked now: ${decision.detail}.`;
    case 'permerror':
      return `The SPF policy of ${domain} cannot be used: ${decision.detail}.`;
    default: {
      const where = decision.domain === domain ? '' : ` of ${decision.domain}`;
      const by = decision.mechanism === undefined ? '' : ` by "${shownTerm(decision.mechanism)}"${where}`;
      return `${client} ${VERDICTS[decision.result]} ${domain}${by}: ${decision.detail}.`;
    }
  }
}

/** RFC 7208 §6.2: any trouble on the way means that there is no explanation. */
async function publishedExplanation(dns: Dns, evaluation: Evaluation, decision: Decision): Promise<string | undefined> {
  if (!decision.exp) return undefined;
  const values = evaluation.macroValues(decision.domain);
  try {
    const answer = await dns.query(await expandToName(decision.exp.target, values), 'TXT');
    if (answer.kind !== 'found' || answer.records.length !== 1) return undefined;
    const macros = parseMacroString((answer.records[0] ?? []).join(''), 'explanation');
    if (!macros) return undefined;
    const text = (await expandMacros(macros, values)).slice(0, EXPLANATION_CHARS_MAX);
    return /^[\x20-\x7e]+$/.test(text) ? text : undefined;
  } catch (problem) {
    if (problem instanceof SpfAbort) return undefined;
    throw problem;
  }
}
