/** What receivers find out about an address before it says a word: its name, whether the name leads back, and which lists have it. */
import { Failure } from '../../base/errors.ts';
import { askLists, RESOLVER_ERRORS, type ListAnswer } from '../../verify/dnsbl/ask-lists.ts';
import { DNS_LISTS, type ListTier } from '../../verify/dnsbl/lists.ts';
import { parseIp, reverseName, sameNetwork, type IpBytes } from '../../verify/ip-address.ts';
import { judgeName } from '../../verify/iprev/generic-name.ts';
import type { VerifyContext } from '../authentication/verify.ts';

export type FindingLevel = 'good' | 'warning' | 'bad' | 'unknown';

export interface IpFinding {
  readonly check: 'ptr' | 'fcrdns' | 'name' | 'list' | 'allow-list' | 'resolver';
  readonly level: FindingLevel;
  /** A sentence. */
  readonly text: string;
  /** What to do; absent when all is well. */
  readonly remedy?: string;
  readonly link?: string;
}

export interface IpCheck {
  readonly address: string;
  readonly names: readonly string[];
  readonly findings: readonly IpFinding[];
  readonly lists: readonly { readonly zone: string; readonly title: string; readonly kind: 'block' | 'allow'; readonly tier: ListTier; readonly verdict: 'listed' | 'clean' | 'unknown'; readonly detail: string }[];
}

/** `hostname`: of this server, when the address is its own. Throws a permanent Failure `bad-address`. Rejects for nothing that the DNS did: what it did not tell is `unknown`. */
export async function checkIp({ dns, lists: asked = DNS_LISTS }: VerifyContext, address: string, hostname?: string): Promise<IpCheck> {
  const ip = parseIp(address);
  if (!ip) throw new Failure('bad-address', `${address} is no IP address`, { temporary: false });
  const [names, lists] = await Promise.all([nameFindings({ dns }, address, ip, hostname), askLists(dns, address, asked)]);
  const answers = lists ?? [];
  return {
    address,
    names: names.names,
    findings: [...names.findings, ...answers.flatMap(listFinding), ...resolverFindings(answers)],
    lists: answers.map(({ list: { zone, title, kind, tier }, verdict }) => ({ zone, title, kind, tier, verdict: verdict.kind, detail: verdict.kind === 'listed' ? verdict.meanings.join('; ') : verdict.kind === 'unknown' ? verdict.why : '' })),
  };
}

/** RFC 1912 §2.1: names and addresses agree; more than a few names are none of a mail server. */
const NAMES_LOOKED_AT = 10;

async function nameFindings({ dns }: Pick<VerifyContext, 'dns'>, address: string, ip: IpBytes, hostname: string | undefined): Promise<{ readonly names: readonly string[]; readonly findings: readonly IpFinding[] }> {
  const answer = await dns.query(reverseName(ip), 'PTR');
  if (answer.kind === 'failure') return { names: [], findings: [{ check: 'ptr', level: 'unknown', text: `The reverse name of ${address} could not be looked up now (${answer.reason}).` }] };
  if (answer.kind !== 'found') {
    const remedy = `Have the hosting provider set the PTR record of ${address} to ${hostname ?? 'the host name of this server'}, mostly on the page of the rented machine ("reverse DNS").`;
    return { names: [], findings: [{ check: 'ptr', level: 'bad', text: `${address} has no reverse name (PTR): large receivers refuse its mail.`, remedy, link: 'https://support.google.com/a/answer/81126' }] };
  }
  const names = answer.records.slice(0, NAMES_LOOKED_AT);
  const findings: IpFinding[] = [
    names.length === 1
      ? { check: 'ptr', level: 'good', text: `${address} is called ${names[0]}.` }
      : { check: 'ptr', level: 'warning', text: `${address} has ${names.length} reverse names: ${names.join(', ')}.`, remedy: 'Keep one: the host name that the server says in EHLO.' },
  ];
  const confirmed: string[] = [];
  let unknown: string | undefined;
  for (const name of names) {
    const forward = await dns.query(name, ip.length === 4 ? 'A' : 'AAAA');
    if (forward.kind === 'failure') unknown = `${name} could not be looked up now (${forward.reason}).`;
    else if (forward.kind === 'found' && forward.records.some((text) => isSame(text, ip))) confirmed.push(name);
  }
  if (confirmed.length > 0) findings.push({ check: 'fcrdns', level: 'good', text: `${confirmed[0]} leads back to ${address}.` });
  else if (unknown !== undefined) findings.push({ check: 'fcrdns', level: 'unknown', text: unknown });
  else findings.push({ check: 'fcrdns', level: 'bad', text: `${names[0]} does not lead back to ${address}.`, remedy: `Publish ${names[0]}. ${ip.length === 4 ? 'A' : 'AAAA'} ${address}, or have the PTR record name a host that has this address.` });
  findings.push(judged(confirmed[0] ?? (names[0] as string), ip, hostname));
  return { names, findings };
}

function isSame(text: string, ip: IpBytes): boolean {
  const other = parseIp(text);
  return other !== undefined && sameNetwork(other, ip, ip.length * 8);
}

function judged(name: string, ip: IpBytes, hostname: string | undefined): IpFinding {
  const judgement = judgeName(name, ip);
  if (judgement.kind === 'own') return { check: 'name', level: 'good', text: `${name} is a name of its own.` };
  const remedy = `Have the PTR record name ${hostname ?? 'a host of your own domain, such as mail.your-domain'}, and publish that name with this address. A good name is short, begins with mail, mx or smtp, and has no digits of the address in it.`;
  return judgement.kind === 'dynamic'
    ? { check: 'name', level: 'bad', text: `${name} looks like an access line (${judgement.why}): many receivers refuse those.`, remedy }
    : { check: 'name', level: 'warning', text: `${name} looks like the name that the provider gives to every machine (${judgement.why}).`, remedy };
}

/** What lists say of our name servers is no listing; but as long as it stands, nobody knows. */
function resolverFindings(answers: readonly ListAnswer[]): readonly IpFinding[] {
  const refused = answers.filter(({ verdict }) => verdict.kind === 'unknown' && Object.values(RESOLVER_ERRORS).includes(verdict.why));
  if (refused.length === 0) return [];
  const text = `${refused.map(({ list }) => list.title).join(', ')} did not answer our name servers, so nobody knows whether the address is listed there.`;
  const remedy = 'Run a resolver of your own on this machine (apt install unbound) and set [dns] servers = ["127.0.0.1"]; where Spamhaus still does not answer, get a free key and set doctor.spamhaus-key-file.';
  return [{ check: 'resolver', level: 'unknown', text, remedy, link: 'https://www.spamhaus.com/free-trial/sign-up-for-a-free-data-query-service-account/' }];
}

/** Does it matter? */
const IMPACT: Readonly<Record<ListTier, string>> = {
  A: 'Large providers act on it.',
  B: 'Some receivers act on it.',
  C: 'Few receivers look at it.',
};

function listFinding({ list, verdict }: ListAnswer): IpFinding[] {
  if (list.kind === 'allow') return verdict.kind === 'listed' ? [{ check: 'allow-list', level: 'good', text: `${list.title} knows the address: ${verdict.meanings.join('; ')}.` }] : [];
  if (verdict.kind !== 'listed') return [];
  const says = verdict.text === undefined ? '' : ` It says: ${verdict.text}`;
  return [{ check: 'list', level: list.tier === 'A' ? 'bad' : 'warning', text: `${list.title} (${list.zone}) lists the address: ${verdict.meanings.join('; ')}. ${IMPACT[list.tier]}${says}`, remedy: list.advice, link: list.removal }];
}
