/**
 * Preflight: an outgoing message, judged before it leaves as this receiver will judge it, with the reply it would earn.
 *
 * Policy: a prediction is made only where the receiver has published what it answers; all else is a finding to know
 * about. Never throws for what DNS did: what it does not say is uncertain.
 */
import type { ByteSource } from '../../base/byte-source.ts';
import { PREFLIGHT_LIMITS } from '../../base/limits.ts';
import type { IprevReport } from '../../contract/auth-report.ts';
import type { Dns } from '../../contract/dns.ts';
import type { Reply } from '../../contract/message.ts';
import { parseHeader } from '../../mail/header.ts';
import { authenticationFindings, gatherFacts } from './authentication.ts';
import type { Finding, Prediction, PreflightReport } from './finding.ts';
import { formFindings } from './form.ts';
import { rulesOf, type ReceiverRule } from './receiver-rules.ts';

export interface PreflightInput {
  readonly site: { readonly key: string; readonly title: string };
  /** Where it will leave from; absent when the system chooses. */
  readonly source?: { readonly address: string; readonly ehlo: string };
  /** Envelope sender; '' is the null sender. */
  readonly sender: string;
  readonly bulk: boolean;
  readonly body: '7bit' | '8bitmime' | 'binarymime';
  readonly smtpUtf8: boolean;
  readonly content: ByteSource;
  /** Milliseconds since 1970. */
  readonly now: number;
}

export interface PreflightPorts {
  readonly dns: Dns;
  /** Forward-confirmed reverse DNS of an address; never rejects. */
  readonly reverse: (address: string) => Promise<IprevReport>;
  /** Judges what the message says, from its start, and never rejects; absent when nobody wants to know. */
  readonly judgeContent?: (message: Buffer) => Promise<readonly Finding[]>;
}

/** Rejects only when the content cannot be read. */
export async function preflight(ports: PreflightPorts, input: PreflightInput): Promise<PreflightReport> {
  const { content, site, sender, source } = input;
  const bytes = content.inMemory ?? (await content.read(0, Math.min(content.size, PREFLIGHT_LIMITS.examinedBytesMax)));
  const header = parseHeader(bytes);
  const [facts, said] = await Promise.all([
    gatherFacts({ ...ports, ...(source ? { source } : {}), sender, header, content, now: input.now }),
    ports.judgeContent?.(bytes.subarray(0, PREFLIGHT_LIMITS.examinedBytesMax)) ?? [],
  ]);
  const rules = rulesOf(site.key);
  const form = formFindings({ ...input, header, bytes });
  // That mail to many lacks something is seen by its stream, and by its looks.
  const further = said.filter(({ id }) => !form.some((each) => each.id === id));
  const findings = [...form, ...authenticationFindings(facts), ...sizeFindings(content.size, rules.sizeBytesMax, site.title), ...further];
  const words = { ip: source?.address ?? '', from: facts.dmarc.fromDomain ?? '', sender: sender.slice(sender.lastIndexOf('@') + 1) };
  const prediction = predict(rules.rules, findings, input, words);
  return { site: site.key, siteTitle: site.title, findings, ...(prediction ? { prediction } : {}) };
}

function sizeFindings(sizeBytes: number, sizeBytesMax: number, title: string): Finding[] {
  if (sizeBytes <= sizeBytesMax) return [];
  return [{ id: 'too-large', text: `The message has ${sizeBytes} bytes; ${title} takes ${sizeBytesMax} at most.`, fix: 'Send a link instead of the attachment.' }];
}

/** A certain refusal first, in the receiver's order; then what DNS could not settle. */
function predict(rules: readonly ReceiverRule[], findings: readonly Finding[], input: PreflightInput, words: Readonly<Record<string, string>>): Prediction | undefined {
  for (const uncertain of [false, true]) {
    for (const rule of rules) {
      if (!applies(rule, input)) continue;
      const finding = findings.find((each) => rule.findings.includes(each.id) && (each.uncertain ?? false) === uncertain);
      const reply = uncertain ? rule.uncertainReply : rule.reply;
      if (finding && reply) return { finding, reply: fill(reply, words) };
    }
  }
  return undefined;
}

function applies(rule: ReceiverRule, { bulk, source }: PreflightInput): boolean {
  if (rule.bulk && !bulk) return false;
  return rule.protocol === undefined || rule.protocol === (source?.address.includes(':') ? 'ipv6' : 'ipv4');
}

function fill(reply: Reply, words: Readonly<Record<string, string>>): Reply {
  return { ...reply, text: reply.text.replace(/\{(ip|from|sender)\}/g, (_, name: string) => words[name] ?? '') };
}
