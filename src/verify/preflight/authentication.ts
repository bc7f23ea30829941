/**
 * Whether the receiver will find the sender authenticated: reverse DNS and EHLO of the source, SPF, DKIM and DMARC, all
 * asked of DNS as the receiver will ask. What DNS does not answer now is uncertain, never wrong.
 */
import type { ByteSource } from '../../base/byte-source.ts';
import type { DkimReport, DmarcReport, IprevReport, SpfReport } from '../../contract/auth-report.ts';
import type { Dns } from '../../contract/dns.ts';
import type { ParsedHeader } from '../../mail/header.ts';
import { verifyDkim } from '../dkim/verify-dkim.ts';
import { evaluateDmarc } from '../dmarc/evaluate-dmarc.ts';
import { isSameOrBelow } from '../domain-name.ts';
import { checkSpf } from '../spf/check-spf.ts';
import type { Finding, FindingId } from './finding.ts';

export interface SourceFacts {
  readonly address: string;
  readonly ehlo: string;
  readonly iprev: IprevReport;
  /** Addresses of the EHLO name; undefined when DNS does not answer. */
  readonly ehloAddresses: readonly string[] | undefined;
}

export interface AuthenticationFacts {
  /** Absent when the system chooses the source address: then nothing can be said about it. */
  readonly source?: SourceFacts;
  readonly spf?: SpfReport;
  readonly dkim: readonly DkimReport[];
  readonly dmarc: DmarcReport;
  /** Has the domain of the envelope sender an MX or an address? `unknown` when DNS does not answer. */
  readonly senderDomain: 'yes' | 'no' | 'unknown';
}

export interface AuthenticationInput {
  readonly dns: Dns;
  /** Forward-confirmed reverse DNS of an address. */
  readonly reverse: (address: string) => Promise<IprevReport>;
  readonly source?: { readonly address: string; readonly ehlo: string };
  /** Envelope sender; '' is the null sender. */
  readonly sender: string;
  readonly header: ParsedHeader;
  readonly content: ByteSource;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** Keys below this are ignored by large receivers (RFC 8301 §3.2 asks for 1024 at least and 2048 as usual). */
const RSA_BITS_MIN = 1024;

export async function gatherFacts(input: AuthenticationInput): Promise<AuthenticationFacts> {
  const { dns, source, sender, header, content, now } = input;
  const helo = source?.ehlo ?? '';
  const [sourceFacts, spf, dkim, senderDomain] = await Promise.all([
    source && gatherSource(input, source),
    source && checkSpf(dns, { ip: source.address, helo, sender, now }),
    verifyDkim(dns, content, header, { now }),
    senderDomainExists(dns, sender),
  ]);
  // Without a source address alignment can only come from DKIM, and "no SPF" is no finding.
  const dmarc = await evaluateDmarc(dns, { header, spf: spf ?? unknownSpf(sender), dkim });
  return { ...(sourceFacts ? { source: sourceFacts } : {}), ...(spf ? { spf } : {}), dkim, dmarc, senderDomain };
}

function unknownSpf(sender: string): SpfReport {
  return { result: 'temperror', domain: sender.slice(sender.lastIndexOf('@') + 1), identity: 'mailfrom', explanation: 'The source address is not known.', lookups: 0, voidLookups: 0, trace: [] };
}

async function gatherSource({ dns, reverse }: AuthenticationInput, { address, ehlo }: { address: string; ehlo: string }): Promise<SourceFacts> {
  const [iprev, answer] = await Promise.all([reverse(address), dns.query(ehlo, address.includes(':') ? 'AAAA' : 'A')]);
  const ehloAddresses = answer.kind === 'found' ? answer.records : answer.kind === 'failure' ? undefined : [];
  return { address, ehlo, iprev, ehloAddresses };
}

async function senderDomainExists(dns: Dns, sender: string): Promise<AuthenticationFacts['senderDomain']> {
  const domain = sender.slice(sender.lastIndexOf('@') + 1).toLowerCase();
  if (domain === '' || domain.startsWith('[')) return 'yes';
  // All at once: name servers that are silent are waited for once.
  const answers = await Promise.all((['MX', 'A', 'AAAA'] as const).map((type) => dns.query(domain, type)));
  if (answers.some(({ kind }) => kind === 'found')) return 'yes';
  if (answers.some(({ kind }) => kind === 'nxdomain')) return 'no';
  return answers.some(({ kind }) => kind === 'failure') ? 'unknown' : 'no';
}

export function authenticationFindings(facts: AuthenticationFacts): Finding[] {
  return [...sourceFindings(facts.source), ...senderFindings(facts), ...spfFindings(facts.spf), ...dkimFindings(facts), ...dmarcFindings(facts)];
}

function find(id: FindingId, text: string, fix: string, uncertain = false): Finding {
  return { id, text, fix, ...(uncertain ? { uncertain } : {}) };
}

function sourceFindings(source: SourceFacts | undefined): Finding[] {
  if (!source) return [];
  const { address, ehlo, iprev, ehloAddresses } = source;
  const findings: Finding[] = [];
  const ptrFix = `Have the hosting provider set the PTR record of ${address} to ${ehlo}, and publish an address record of ${ehlo} that leads back.`;
  if (iprev.result === 'temperror') findings.push(find('ptr-unknown', `The reverse DNS of ${address} cannot be looked up now.`, 'Check the name servers of the reverse zone.', true));
  else if (iprev.result !== 'pass') findings.push(find('ptr-missing', `${address} has no PTR record, or its name does not lead back to it.`, ptrFix));
  if (!ehlo.includes('.')) findings.push(find('ehlo-invalid', `The EHLO name ${ehlo} is no full host name.`, 'Set hostname (or helo of the address) to a full name, as in the PTR record.'));
  else if (ehloAddresses && !ehloAddresses.includes(address)) findings.push(find('ehlo-mismatch', `The EHLO name ${ehlo} does not lead to ${address}.`, ptrFix));
  return findings;
}

function senderFindings({ senderDomain }: AuthenticationFacts): Finding[] {
  const fix = 'Publish an MX or address record for the domain, or send with another envelope sender.';
  if (senderDomain === 'no') return [find('sender-domain-missing', 'The domain of the envelope sender has neither a mail server nor an address.', fix)];
  return senderDomain === 'unknown' ? [find('sender-domain-missing', 'The domain of the envelope sender cannot be looked up now.', 'Check its name servers.', true)] : [];
}

function spfFindings(spf: SpfReport | undefined): Finding[] {
  if (!spf) return [];
  const fix = `Let the SPF record of ${spf.domain} list this server; \`posthorn spf check ${spf.domain}\` shows the deciding term.`;
  switch (spf.result) {
    case 'fail':
      return [find('spf-fail', `SPF of ${spf.domain} forbids this address: ${spf.explanation}`, fix)];
    case 'softfail':
    case 'neutral':
      return [find('spf-softfail', `SPF of ${spf.domain} does not vouch for this address: ${spf.explanation}`, fix)];
    case 'none':
      return [find('spf-none', `${spf.domain} publishes no SPF record.`, `Publish one; \`posthorn dns records\` shows which.`)];
    case 'permerror':
      return [find('spf-error', `The SPF record of ${spf.domain} cannot be evaluated: ${spf.explanation}`, 'Correct the record.')];
    case 'temperror':
      return [find('spf-error', `SPF of ${spf.domain} cannot be looked up now.`, 'Check the name servers of the domain.', true)];
    case 'pass':
      return [];
  }
}

function dkimFindings(facts: AuthenticationFacts): Finding[] {
  const { dkim } = facts;
  if (dkim.some(({ result }) => result === 'pass')) return dkim.flatMap((each) => (isWeak(each) ? [weak(each)] : []));
  const signatures = dkim.filter(({ result }) => result !== 'none');
  if (signatures.length === 0) return [find('dkim-none', 'The message has no DKIM signature.', `Make a key with \`posthorn dkim create ${facts.dmarc.fromDomain ?? 'DOMAIN'}\`, publish the record that it shows, and let it sign with \`posthorn dkim activate\`.`)];
  const uncertain = signatures.some(({ result }) => result === 'temperror');
  const first = signatures.find(({ result }) => result !== 'temperror') ?? signatures[0];
  const name = `${first?.selector ?? '?'}._domainkey.${first?.domain ?? '?'}`;
  return [find('dkim-fail', `No DKIM signature passes; the first (${name}): ${first?.reason ?? first?.result ?? 'failed'}.`, `Publish the key at ${name} as \`posthorn dns records\` shows it.`, uncertain)];
}

function isWeak({ result, keyBits, algorithm }: DkimReport): boolean {
  return result === 'pass' && keyBits !== undefined && keyBits < RSA_BITS_MIN && algorithm?.startsWith('rsa') === true;
}

function weak({ domain, keyBits }: DkimReport): Finding {
  return find('dkim-weak', `The DKIM key of ${domain} has ${keyBits} bits; receivers want ${RSA_BITS_MIN} at least, 2048 as usual.`, 'Make a new key and publish it.');
}

function dmarcFindings({ spf, dkim, dmarc }: AuthenticationFacts): Finding[] {
  const findings: Finding[] = [];
  const dkimPasses = dkim.some(({ result }) => result === 'pass');
  const uncertain = dkim.some(({ result }) => result === 'temperror') || spf?.result === 'temperror';
  // A source that is not known may well pass SPF.
  if (!dkimPasses && spf && spf.result !== 'pass') {
    findings.push(find('unauthenticated', 'Neither SPF nor DKIM passes.', 'Publish SPF that lists this server and sign with DKIM for the From domain; `posthorn dns records` shows what to publish.', uncertain));
  }
  findings.push(...policyFindings(dmarc, spf === undefined || uncertain));
  if (dkimPasses && !dkimRelated(dkim, dmarc.fromDomain)) {
    findings.push(find('dkim-unaligned', `No passing DKIM signature belongs to the From domain ${dmarc.fromDomain ?? ''}.`, 'Sign with a key of the From domain itself.'));
  }
  return findings;
}

function dkimRelated(dkim: readonly DkimReport[], from: string | undefined): boolean {
  if (from === undefined) return true;
  return dkim.some(({ result, domain }) => result === 'pass' && domain !== undefined && (isSameOrBelow(domain, from) || isSameOrBelow(from, domain)));
}

function policyFindings(dmarc: DmarcReport, uncertain: boolean): Finding[] {
  const from = dmarc.fromDomain ?? '';
  if (dmarc.result === 'none') return [find('dmarc-none', `The From domain ${from} publishes no DMARC record.`, `Publish a TXT record at _dmarc.${from}, \`v=DMARC1; p=none\` at first.`)];
  if (dmarc.result !== 'fail') return [];
  const fix = 'Sign with DKIM for the From domain, or send with an envelope sender under it that SPF lets pass.';
  const id: FindingId = dmarc.testMode === true ? 'dmarc-unaligned' : dmarc.policy === 'reject' ? 'dmarc-reject' : dmarc.policy === 'quarantine' ? 'dmarc-quarantine' : 'dmarc-unaligned';
  return [find(id, `DMARC fails for ${from}: ${dmarc.explanation}`, fix, uncertain)];
}
