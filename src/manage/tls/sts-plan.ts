/**
 * How MTA-STS is brought in without losing mail: testing for two weeks, until reports say that nobody fails; then enforce,
 * with a life that grows. Pure. The advice looks at the reports that came since the mode began.
 */
import type { PolicyFacts } from '../doctor/policy-facts.ts';

export interface StsPlanStep {
  readonly title: string;
  /** `skipped`: what comes after it has begun without it, as far as is known here. */
  readonly state: 'done' | 'skipped' | 'now' | 'later';
  /** What to do. */
  readonly text: string;
  /** Milliseconds since 1970: not before. */
  readonly from?: number;
}

export interface StsPlan {
  readonly domain: string;
  readonly steps: readonly StsPlanStep[];
  readonly advice: string;
}

const DAY_MS = 86_400_000;
const TESTING_MS = 14 * DAY_MS;
const MONTH_SECONDS = 30 * 86_400;

export function stsPlan(domain: string, { publication, reports }: Pick<PolicyFacts, 'publication' | 'reports'>, now: number): StsPlan {
  const mode = publication?.policy.mode ?? 'none';
  const since = publication?.since ?? now;
  const long = (publication?.policy.maxAgeSeconds ?? 0) >= MONTH_SECONDS;
  const stage = mode === 'enforce' ? (long ? 3 : 2) : mode === 'testing' ? 1 : 0;
  const tested = publication?.testedMs ?? 0;
  const neglected = [tested === 0, tested < TESTING_MS, false];
  const state = (step: number): StsPlanStep['state'] => (stage === step ? 'now' : stage < step ? 'later' : mode === 'enforce' && neglected[step] === true ? 'skipped' : 'done');
  const steps: StsPlanStep[] = [
    { title: 'Testing', state: state(0), text: `posthorn dns policy ${domain} --mta-sts testing, then posthorn dns apply ${domain} (or publish what posthorn dns records ${domain} shows), and TLS reports asked for` },
    { title: 'Two weeks of reports', state: state(1), text: `posthorn report tls --received: no failures; then posthorn dns policy ${domain} --mta-sts enforce and dns apply`, ...(mode === 'testing' && { from: since + TESTING_MS }) },
    { title: 'A longer life', state: state(2), text: `after a month: posthorn tls sts max-age ${domain} 30d, and publish the new id`, ...(mode === 'enforce' && { from: since + MONTH_SECONDS * 1000 }) },
  ];
  if (publication?.until !== undefined) return { domain, steps: leaving(domain, publication.until), advice: `MTA-STS of ${domain} is being switched off: some senders may hold the policy of before until ${day(publication.until)}. Leave the record and mta-sts.${domain} as they are until then.` };
  return { domain, steps, advice: adviceFor({ domain, mode, since, long, now, reports, tested }) };
}

/** RFC 8461 §8.3: who takes the policy away at once loses the mail of those who remember it. */
function leaving(domain: string, until: number): readonly StsPlanStep[] {
  return [
    { title: 'Mode none', state: 'now', text: `publish the new id: posthorn dns apply ${domain} (or what posthorn dns records ${domain} shows)` },
    { title: 'The end', state: 'later', text: `take _mta-sts.${domain} and mta-sts.${domain} out of the DNS: posthorn dns apply ${domain}`, from: until },
  ];
}

interface Standing {
  readonly domain: string;
  readonly mode: 'none' | 'testing' | 'enforce';
  readonly since: number;
  readonly long: boolean;
  readonly now: number;
  readonly reports: PolicyFacts['reports'];
  /** Milliseconds. */
  readonly tested: number;
}

function adviceFor({ domain, mode, since, long, now, reports, tested }: Standing): string {
  if (mode === 'none') return 'Begin with testing: nothing is refused, and senders report what would have failed.';
  if (reports && reports.failures > 0) {
    const text = `${reports.failures} of ${reports.failures + reports.successes} sessions failed by the reports since ${day(since)}: posthorn report tls --received says why.`;
    return mode === 'testing' ? `Stay in testing. ${text}` : `Go back to testing when mail is missing. ${text}`;
  }
  if (mode === 'testing') {
    if (now - since < TESTING_MS) return `Wait until ${day(since + TESTING_MS)}: testing should last two weeks.`;
    if (!reports || reports.reports === 0) return 'Two weeks are over, but no TLS report has come: check that _smtp._tls is published (posthorn tls rpt check) before you enforce.';
    return `Two weeks are over and ${reports.successes} sessions of ${reports.reports} reports had no failure: go on to enforce.`;
  }
  if (tested < TESTING_MS && now - since < TESTING_MS) {
    return `${tested === 0 ? 'Enforced without testing' : 'Enforced before two weeks of testing were over'}: when mail is missing, nobody has told you beforehand. Going back costs nothing: posthorn dns policy ${domain} --mta-sts testing, then posthorn dns apply ${domain}. Otherwise look at posthorn report tls --received each day until ${day(since + TESTING_MS)}.`;
  }
  if (!long && now - since >= MONTH_SECONDS * 1000) return 'It has been enforced for a month without failures: let senders keep it for longer.';
  if (!long) return `Enforced since ${day(since)}: wait until ${day(since + MONTH_SECONDS * 1000)}, then let senders keep it for longer. Whether the DNS says so, too: posthorn tls sts check ${domain}`;
  return `Nothing is to be done here. Whether the DNS says so, too: posthorn tls sts check ${domain}`;
}

function day(atMs: number): string {
  return new Date(atMs).toISOString().slice(0, 10);
}
