/**
 * What a message says, as filters of receivers will judge it: rules, links, parts, and domains on lists. Costs some
 * milliseconds, and look-ups of a few domains that the resolver remembers; no link is followed.
 */
import type { Dns } from '../../contract/dns.ts';
import { oddLinks } from '../content/link.ts';
import { readMessage } from '../content/message-reading.ts';
import { partFaultsOf } from '../content/mime-faults.ts';
import { namedDomains } from '../content/named-domains.ts';
import { hitRules, spamScore } from '../content/spam-rule.ts';
import { askDomainLists } from '../dnsbl/ask-domain-lists.ts';
import type { DomainList } from '../dnsbl/domain-lists.ts';
import type { Finding } from './finding.ts';

/** Below it filters do not mind. */
const SPAM_SCORE_TOLD = 2;
const DOMAINS_ASKED_MAX = 5;
const LINKS_TOLD_MAX = 3;
const URL_CHARS_SHOWN = 80;

/** `message`: all of it, or as much as is looked at. `lists`: default those that need no key. Never rejects for what the DNS did. */
export async function contentFindings(dns: Dns, message: Buffer, lists?: readonly DomainList[]): Promise<Finding[]> {
  const reading = readMessage(message);
  const findings: Finding[] = [];
  const hits = hitRules(reading);
  const score = spamScore(hits);
  if (score >= SPAM_SCORE_TOLD) {
    findings.push({ id: 'content-spam', text: `The spam score is ${score}, and 5 is spam: ${hits.map(({ what, score: own }) => `${what} (${own})`).join('; ')}.`, fix: hits.map(({ why }) => why).join(' ') });
  }
  const odd = oddLinks(reading.links).slice(0, LINKS_TOLD_MAX);
  if (odd.length > 0) findings.push({ id: 'link-odd', text: `${odd.map(({ link, words }) => `${link.url.slice(0, URL_CHARS_SHOWN)} ${words}`).join('; ')}.`, fix: 'Link directly to pages by their host names, and let the text of a link be words or the same site.' });
  for (const { broken, text, fix } of partFaultsOf(reading)) if (broken) findings.push({ id: 'mime-broken', text, fix });
  for (const { domain, list, verdict } of await askDomainLists(dns, namedDomains(reading, DOMAINS_ASKED_MAX), lists)) {
    if (verdict.kind === 'listed') findings.push({ id: 'domain-listed', text: `${domain} is listed by ${list.title} (${verdict.meanings.join('; ')}).`, fix: `${list.advice} ${list.removal}` });
  }
  return findings;
}
