/**
 * What a message says, as filters of receivers will judge it: rules, links, parts, and domains on lists; the judges are those
 * of the mail-tester. Costs some milliseconds, and look-ups of a few domains that the resolver remembers; no link is followed.
 */
import { PREFLIGHT_LIMITS } from '../../base/limits.ts';
import type { Dns } from '../../contract/dns.ts';
import { looksBulk } from '../content/bulk-mail.ts';
import { oddLinks } from '../content/link.ts';
import { readMessage } from '../content/message-reading.ts';
import { structureFaults } from '../content/mime-faults.ts';
import { namedDomains } from '../content/named-domains.ts';
import { textFault } from '../content/text-against-html.ts';
import { hitRules, spamScore } from '../content/spam-rule.ts';
import { askDomainLists } from '../dnsbl/ask-domain-lists.ts';
import type { DomainList } from '../dnsbl/domain-lists.ts';
import type { Finding } from './finding.ts';
import { unsubscribeFindings } from './form.ts';

/** Below it filters do not mind. */
const SPAM_SCORE_TOLD = 2;
const LINKS_TOLD_MAX = 3;
const URL_CHARS_SHOWN = 80;
/** What a message lacks is known only of all of it. */
const RULES_OF_ALL: ReadonlySet<string> = new Set(['BODY_EMPTY', 'ONLY_ATTACHMENT', 'HTML_ONLY', 'HTML_IMAGES_ONLY']);

/** `message`: all of it, or its first PREFLIGHT_LIMITS.examinedBytesMax bytes. `lists`: default those that need no key. Never rejects for what the DNS did. */
export async function contentFindings(dns: Dns, message: Buffer, lists?: readonly DomainList[]): Promise<Finding[]> {
  const reading = readMessage(message);
  const findings: Finding[] = [];
  const whole = message.length < PREFLIGHT_LIMITS.examinedBytesMax;
  const hits = hitRules(reading).filter(({ rule }) => whole || !RULES_OF_ALL.has(rule));
  const score = spamScore(hits);
  if (score >= SPAM_SCORE_TOLD) {
    findings.push({ id: 'content-spam', text: `The spam score is ${score}, and 5 is spam: ${hits.map(({ what, score: own }) => `${what} (${own})`).join('; ')}.`, fix: hits.map(({ what, why }) => `${what[0]?.toUpperCase()}${what.slice(1)}: ${why}`).join(' ') });
  }
  const odd = oddLinks(reading.links).slice(0, LINKS_TOLD_MAX);
  if (odd.length > 0) findings.push({ id: 'link-odd', text: `${odd.map(({ link, words }) => `${link.url.slice(0, URL_CHARS_SHOWN)} ${words}`).join('; ')}.`, fix: 'Link directly to pages by their host names, and let the text of a link be words or the same site.' });
  for (const { broken, text, fix } of whole ? structureFaults(reading) : []) findings.push({ id: broken ? 'mime-broken' : 'mime-odd', text, fix });
  const fault = whole ? textFault(reading) : undefined;
  if (fault) findings.push({ id: 'text-html', text: fault.text, fix: fault.fix });
  if (looksBulk(reading)) findings.push(...unsubscribeFindings(reading.header));
  for (const { domain, list, verdict } of await askDomainLists(dns, namedDomains(reading), lists)) {
    if (verdict.kind === 'listed') findings.push({ id: 'domain-listed', text: `${domain} is listed by ${list.title} (${verdict.meanings.join('; ')}).`, fix: `${list.advice} ${list.removal}` });
  }
  return findings;
}
