/**
 * What DMARC reports mean, source by source, in words, with what to do. Pure.
 *
 * Policy: a source is judged by all its mail in the time asked about. Who passes is fine. Who passes SPF or DKIM for
 * another domain is a service or a forwarder, not a forger. Only what authenticates for nobody is called somebody else.
 * Sources that are one thing for people (a service with a hundred addresses, a botnet) are told about in one paragraph.
 */
import { isIP } from 'node:net';
import type { DmarcSourceSummary } from '../../contract/reports.ts';
import { knownSender } from '../../verify/reports/known-senders.ts';
import { looksForwarded } from '../../verify/reports/looks-forwarded.ts';

export type SourceKind = 'fine' | 'unsigned' | 'spf-missing' | 'forwarded' | 'service' | 'forged' | 'mixed';

export interface SourceFinding {
  readonly kind: SourceKind;
  /** `fail`: mail of yours is at risk; `warn`: look at it. */
  readonly level: 'ok' | 'warn' | 'fail';
  /** Sentences. */
  readonly text: string;
  readonly fix?: string;
}

export interface JudgedSource extends DmarcSourceSummary {
  /** The name that the address has in DNS, when that was looked up. */
  readonly hostName?: string;
  readonly service?: string;
  readonly isOurs: boolean;
  readonly finding: SourceFinding;
}

/** Above this share of its mail, a source counts as doing what most of it does. */
const MOST = 0.9;

export interface SourceNames {
  readonly hostName?: string;
  /** It is an address that this server sends from. */
  readonly isOurs?: boolean;
  /** What the DMARC record asks for, as receivers found it: `none`, `quarantine`, `reject`. */
  readonly policy?: string;
}

export function judgeSource(source: DmarcSourceSummary, names: SourceNames = {}): JudgedSource {
  const { hostName, isOurs = false, policy } = names;
  const service = knownSender([...source.seenDomains, ...(hostName === undefined ? [] : [hostName])]);
  const from = hostName === undefined ? source.sourceIp : `${hostName} [${source.sourceIp}]`;
  return { ...source, ...(hostName !== undefined && { hostName }), ...(service !== undefined && { service }), isOurs, finding: findingOf(source, { hostName, service, isOurs, policy, from }) };
}

export interface Known {
  readonly hostName: string | undefined;
  readonly service: string | undefined;
  readonly isOurs: boolean;
  readonly policy: string | undefined;
  /** Where it comes from, for people. */
  readonly from: string;
}

export function findingOf(source: DmarcSourceSummary, known: Known): SourceFinding {
  const { count, dkimAligned, spfAligned, passed } = source;
  const { isOurs, service } = known;
  if (passed >= count * MOST) {
    if (dkimAligned >= count * MOST && spfAligned >= count * MOST) return { kind: 'fine', level: 'ok', text: 'Everything passes.' };
    return dkimAligned >= count * MOST ? signedOnly(source, known) : unsigned(source, known);
  }
  if (!isOurs && service === undefined && looksForwarded(source)) return changedOnTheWay(source, known);
  if (passed > 0 && passed >= count / 2) return mixed(source, known);
  return source.authenticatedElsewhere > 0 && source.authenticatedElsewhere >= (count - passed) / 2 ? otherService(source, known) : stranger(source, known);
}

function signedOnly(source: DmarcSourceSummary, known: Known): SourceFinding {
  if (known.isOurs) {
    return { kind: 'spf-missing', level: 'warn', text: `This server's own mail passes by its DKIM signature alone: SPF of ${source.headerFrom} does not name ${source.sourceIp}.`, fix: `Put ${ipTerm(source.sourceIp)} into the SPF record: posthorn dns records ${source.domain}` };
  }
  if (known.service !== undefined) return { kind: 'fine', level: 'ok', text: `${known.service} signs in your name, which is enough; only its return path is its own.` };
  return { kind: 'forwarded', level: 'ok', text: 'It passes by DKIM alone, as mail does that somebody forwards: forwarding breaks SPF, and the signature holds. Nothing is to be done.' };
}

function unsigned({ sourceIp, headerFrom, domain }: DmarcSourceSummary, { hostName, service: title, isOurs }: Known): SourceFinding {
  const who = isOurs ? 'This server' : (title ?? `A server of yours (${hostName ?? sourceIp} is in your SPF record)`);
  const fix = isOurs ? `posthorn dkim create ${domain}, and publish the record it shows.` : `Let it sign with DKIM for ${headerFrom}, or send its mail through this server; when you do not know it, take it out of the SPF record.`;
  return { kind: 'unsigned', level: 'warn', text: `${who} sends as ${headerFrom} without a DKIM signature that aligns. It passes by SPF alone, which breaks as soon as somebody forwards the mail.`, fix };
}

function otherService({ headerFrom, seenDomains, rejected, quarantined }: DmarcSourceSummary, { hostName, service: title }: Known): SourceFinding {
  const who = title ?? hostName ?? seenDomains.join(', ');
  return {
    kind: 'service', level: 'fail',
    text: `${who} sends as ${headerFrom}, but signs and bounces with its own domain${seenDomains.length > 0 ? ` (${seenDomains.join(', ')})` : ''}: DMARC does not pass${lost(rejected, quarantined)}. If you use it (for a newsletter, a shop, tickets), it does not align yet; if you do not, somebody forwards your mail through it and changes it on the way.`,
    fix: title === undefined
      ? `When you use it: set up DKIM with ${headerFrom} there (its help calls it domain authentication).`
      : `When you use ${title}: authenticate ${headerFrom} in its settings (DKIM records, and a return path below ${headerFrom}), and publish what it shows.`,
  };
}

/** RFC 9989 §7.4. */
function changedOnTheWay({ count, passed, rejected, quarantined }: DmarcSourceSummary, { from }: Known): SourceFinding {
  const isLost = rejected + quarantined > 0;
  return {
    kind: 'forwarded', level: isLost ? 'warn' : 'ok',
    text: `Mail of yours is handed on by ${from}, as forwarders and mailing lists do: ${passed} of ${count} messages still carry your signature whole; the rest were changed on the way, and pass no more${lost(rejected, quarantined)}.`,
    ...(isLost && { fix: 'Nothing can be mended on this server. Ask who runs it (a mailing list as a rule) to put the list\'s own address into From, which its settings call "DMARC mitigation", or to leave subject and text as they are. When it is a program of yours instead, let it sign all of its mail with DKIM.' }),
  };
}

function stranger({ sourceIp, domain, headerFrom, count, passed, rejected, quarantined, forwarded }: DmarcSourceSummary, { from, isOurs, policy }: Known): SourceFinding {
  if (isOurs) return { kind: 'forged', level: 'fail', text: `This server sends as ${headerFrom}, and neither SPF nor DKIM passes${lost(rejected, quarantined)}.`, fix: `posthorn doctor ${headerFrom} shows what is missing.` };
  if (forwarded > 0 && forwarded >= (count - passed) / 2) {
    return { kind: 'forwarded', level: 'ok', text: 'Receivers know it as a forwarder or a mailing list, and mostly let its mail through. Nothing is to be done.' };
  }
  const isStopped = rejected + quarantined >= (count - passed) * MOST;
  const term = isIP(sourceIp) === 0 ? 'its address' : ipTerm(sourceIp);
  return {
    kind: 'forged', level: isStopped ? 'warn' : 'fail',
    text: `Someone sends as ${headerFrom} from ${from}, and nothing shows that it is you${lost(rejected, quarantined)}.`,
    fix: `When a server there is yours (a web shop, a printer, a program): put ${term} into the SPF record of ${domain}, and let it sign with DKIM or send through this server. When none is: ${againstForgers(domain, policy, isStopped)}`,
  };
}

function againstForgers(domain: string, policy: string | undefined, isStopped: boolean): string {
  if (isStopped) return 'nothing is to be done, your DMARC policy keeps it out.';
  if (policy === 'quarantine' || policy === 'reject') return `your DMARC policy (p=${policy}) asks receivers to keep it out, and these did not follow in full; nothing is to be done on this server.`;
  return `the DMARC record of ${domain} lets it pass (p=none); posthorn dmarc plan ${domain} shows the way to p=reject, which keeps such mail out.`;
}

function mixed({ count, passed, rejected, quarantined }: DmarcSourceSummary, { hostName }: Known): SourceFinding {
  const share = Math.round((passed / count) * 100);
  return { kind: 'mixed', level: 'warn', text: `${share} % of the mail of ${hostName ?? 'this address'} passes, the rest does not${lost(rejected, quarantined)}: one program on it signs and another does not, or mail is changed behind the signature.`, fix: 'Look which programs send there, and let all of them sign.' };
}

function lost(rejected: number, quarantined: number): string {
  const parts = [...(rejected > 0 ? [`${rejected} ${rejected === 1 ? 'message was' : 'messages were'} refused`] : []), ...(quarantined > 0 ? [`${quarantined} went to spam`] : [])];
  return parts.length === 0 ? '' : `; ${parts.join(', ')}`;
}

function ipTerm(address: string): string {
  return `${address.includes(':') ? 'ip6' : 'ip4'}:${address}`;
}
