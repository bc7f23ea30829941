/**
 * How the way to one mail host must be protected, and on whose word. In this order:
 *
 * 1. [[tls-policy]] of the configuration, whatever the domain publishes; `dane` demands what 2 finds.
 * 2. DANE (RFC 7672), where DNSSEC vouches for MX, address and TLSA records. It wins over MTA-STS (RFC 8461 §2).
 * 3. MTA-STS (RFC 8461): mode enforce; mode testing is only recorded.
 * 4. The demand of the site's profile for encryption; else TLS when it is offered and works.
 *
 * REQUIRETLS (RFC 8689 §4.2.1) wants a verified certificate and a host name that can be trusted: 1 (`verify`), 2 and 3
 * serve, else DNSSEC on the MX records with an ordinary certificate; without any of them the message is returned.
 * `TLS-Required: No` (RFC 8689 §5) is the contrary: 2 and 3 are not asked. What this server's own configuration says holds.
 *
 * Policy: a protection that should be there and is not makes the host unusable for now; nothing falls back to less that did
 * not ask for it.
 */
import type { Clock } from '../../base/clock.ts';
import type { Config, TlsRule } from '../../config/config.ts';
import { tlsRuleFor } from '../../config/tls-rule.ts';
import type { Dns } from '../../contract/dns.ts';
import type { CachedStsPolicy } from '../../contract/mta-sts.ts';
import type { ReportedPolicy, TlsPolicyFacts, TlsProblem, TlsResultRecorder } from '../../contract/tls-policy.ts';
import { pkixJudge } from '../../net/peer-identity.ts';
import type { SmtpTarget } from '../../net/smtp-open.ts';
import { findTlsa, type DaneFinding } from '../../verify/dane/find-tlsa.ts';
import { judgeChain } from '../../verify/dane/judge-chain.ts';
import { tlsaText } from '../../verify/dane/tlsa.ts';
import { stsAllowsHost, stsPolicyLines } from '../../verify/mta-sts/policy.ts';
import type { StsFinding, StsPolicies } from '../../verify/mta-sts/sts-policies.ts';
import type { MailHostStep } from './mail-hosts.ts';
import { failure, type Judgement } from './trouble.ts';

export interface TlsPlan extends Pick<SmtpTarget, 'tls' | 'judge'> {
  readonly facts: TlsPolicyFacts;
  /** For SNI; DANE asks for the name whose TLSA records it has (RFC 7672 §8.1). */
  readonly serverName: string;
  /** Equal for plans that a connection made under one serves for the other; `tls` apart. */
  readonly key: string;
  readonly report: ReportedPolicy;
  /** The certificate counts in reports. */
  readonly judged: boolean;
  /** The session says nothing about how the domain's TLS fares. */
  readonly uncounted?: boolean;
  /** Wrong already before there is a connection, and not in the way. */
  readonly notice?: TlsProblem;
  /** TLS failed there lately, and is not a must: it is not tried. */
  readonly broken?: TlsProblem;
}

export type TlsStep =
  | { readonly kind: 'plan'; readonly plan: TlsPlan }
  /** The host must not be used now. */
  | { readonly kind: 'skip'; readonly judgement: Judgement; readonly facts: TlsPolicyFacts; readonly report: ReportedPolicy; readonly problem?: TlsProblem };

export interface TlsDemands {
  /** RFC 8689: by the sender. */
  readonly requireTls: boolean;
  /** RFC 8689 §5, the contrary. Never both. */
  readonly tlsOptional?: boolean;
  /** By the site's profile: encryption, with whomever. */
  readonly encrypt: boolean;
}

export interface DomainTls {
  /** Rejects only with the signal's reason, or when the store fails. */
  forHost(step: HostStep): Promise<TlsStep>;
}

export interface TlsPolicies {
  /** For one attempt; what the domain publishes is asked for at once. */
  forDomain(domain: string, demands: TlsDemands, signal: AbortSignal): DomainTls;
}

export interface TlsPolicyPorts {
  readonly dns: Dns;
  readonly clock: Clock;
  readonly config: Pick<Config, 'outbound'> & Partial<Pick<Config, 'outboundTls'>>;
  /** Default: nobody publishes policies. */
  readonly sts?: Pick<StsPolicies, 'find'>;
  readonly results?: TlsResultRecorder;
}

type HostStep = Extract<MailHostStep, { kind: 'host' }>;

const NO_POLICY: ReportedPolicy = { type: 'no-policy-found', text: [] };

export function createTlsPolicies(ports: TlsPolicyPorts): TlsPolicies {
  return { forDomain: (domain, demands, signal) => new Discovery(ports, domain.toLowerCase(), demands, signal) };
}

class Discovery implements DomainTls {
  readonly #ports: TlsPolicyPorts;
  readonly #domain: string;
  readonly #demands: TlsDemands;
  readonly #signal: AbortSignal;
  readonly #rule: TlsRule | undefined;
  readonly #sts: Promise<StsFinding>;

  constructor(ports: TlsPolicyPorts, domain: string, demands: TlsDemands, signal: AbortSignal) {
    this.#ports = ports;
    this.#domain = domain;
    this.#demands = demands;
    this.#signal = signal;
    this.#rule = tlsRuleFor(ports.config.outboundTls?.rules ?? [], domain);
    this.#sts = this.#findSts();
    // Asked for before anybody waits for it.
    this.#sts.catch(() => {});
  }

  async forHost(step: HostStep): Promise<TlsStep> {
    const found = await this.#discover(step);
    if (!this.#demands.requireTls || found.kind === 'skip') return found;
    return this.#withRequireTls(step, found.plan);
  }

  async #discover(step: HostStep): Promise<TlsStep> {
    const { mx } = step.host;
    const rule = this.#rule;
    if (rule && rule.level !== 'dane' && !this.#ruleIsTooWeak(rule)) return { kind: 'plan', plan: this.#ruled(rule, mx) };
    if (this.#demands.tlsOptional && rule?.level !== 'dane') return { kind: 'plan', plan: this.#optional(mx) };
    const dane = await this.#findDane(step);
    if (dane.kind !== 'none') return this.#daneStep(dane, step);
    if (rule?.level === 'dane') return this.#daneMissing(mx, dane.why);
    const { entry, unknown } = await this.#sts;
    if (entry) return this.#stsStep(entry, mx);
    const plan = this.#unpublished(mx);
    // RFC 8461 §3.1: without a policy that is known mail goes as if there were none.
    return { kind: 'plan', plan: unknown === undefined ? plan : { ...plan, facts: { ...plan.facts, problem: `whether there is an MTA-STS policy is not known: ${unknown}` } } };
  }

  /** A rule that asks for less than the sender does not take anything away from the message. */
  #ruleIsTooWeak(rule: TlsRule): boolean {
    return this.#demands.requireTls && rule.level !== 'verify';
  }

  #ruled(rule: TlsRule, mx: string): TlsPlan {
    const { level } = rule;
    const names = (rule.match ?? ['hostname']).map((name) => (name === 'hostname' ? mx : name === 'nexthop' ? this.#domain : name));
    return {
      facts: { policy: level, source: `the [[tls-policy]] for ${this.#domain}` },
      tls: level === 'dane' ? 'verify' : level,
      judge: pkixJudge(names),
      serverName: mx,
      key: level === 'verify' ? names.join(' ') : '',
      report: NO_POLICY,
      judged: level === 'verify',
    };
  }

  async #findDane({ host, secure, names }: HostStep): Promise<DaneFinding> {
    const { config, dns } = this.#ports;
    if (this.#domain.startsWith('[')) return { kind: 'none', why: 'an address has no TLSA records' };
    if (config.outboundTls?.dane === false && this.#rule?.level !== 'dane') return { kind: 'none', why: 'outbound.dane is off' };
    const question = { mx: host.mx, canonicalName: names.host, addressSecure: names.hostSecure, mxSecure: secure, port: config.outbound.port };
    return findTlsa(dns, question, this.#signal);
  }

  #daneStep(finding: Exclude<DaneFinding, { kind: 'none' }>, { host: { mx }, names: { domain: expanded } }: HostStep): TlsStep {
    const facts: TlsPolicyFacts = { policy: 'dane', source: `the TLSA records of ${mx} (DANE)` };
    if (finding.kind === 'failure') {
      return { kind: 'skip', judgement: untrusted(mx, finding.detail), facts: { ...facts, problem: finding.detail }, report: { type: 'tlsa', text: [] }, problem: { failure: 'dnssec-invalid', detail: finding.detail } };
    }
    const report: ReportedPolicy = { type: 'tlsa', text: finding.all.map(tlsaText) };
    if (finding.kind === 'unusable') {
      const notice: TlsProblem = { failure: 'tlsa-invalid', detail: 'none of the TLSA records is usable for SMTP' };
      return { kind: 'plan', plan: { facts, tls: 'encrypt', serverName: finding.base, key: finding.base, report, judged: false, notice } };
    }
    // RFC 7672 §3.2.2: the certificate may also name the domain, as it is written or after its CNAMEs.
    const names = [...new Set([finding.base, this.#domain, expanded])];
    const { records } = finding;
    const { clock } = this.#ports;
    return {
      kind: 'plan',
      plan: {
        facts,
        tls: 'verify',
        judge: ({ chain }) => judgeChain({ records, chain, names, now: clock.now() }),
        serverName: finding.base,
        key: `dane ${names.join(' ')}`,
        report,
        judged: true,
      },
    };
  }

  #daneMissing(mx: string, why: string): TlsStep {
    const facts: TlsPolicyFacts = { policy: 'dane', source: `the [[tls-policy]] for ${this.#domain}`, problem: why };
    return { kind: 'skip', judgement: untrusted(mx, `${why}; required by ${facts.source}`), facts, report: NO_POLICY, problem: { failure: 'dane-required', detail: why } };
  }

  #stsStep({ policy }: CachedStsPolicy, mx: string): TlsStep {
    const report: ReportedPolicy = { type: 'sts', text: stsPolicyLines(policy), mxPatterns: policy.mx };
    const source = `the MTA-STS policy of ${this.#domain}`;
    const mismatch: TlsProblem | undefined = stsAllowsHost(policy, mx) ? undefined : { failure: 'validation-failure', detail: `${source} does not name the mail server ${mx}` };
    if (policy.mode === 'testing') {
      return { kind: 'plan', plan: { ...this.#unpublished(mx), report, judged: true, ...(mismatch ? { notice: mismatch } : {}) } };
    }
    const facts: TlsPolicyFacts = { policy: 'mta-sts', source };
    if (mismatch) return { kind: 'skip', judgement: untrusted(mx, mismatch.detail), facts: { ...facts, problem: mismatch.detail }, report, problem: mismatch };
    // RFC 8461 §4.2: the certificate names the MX host.
    return { kind: 'plan', plan: { facts, tls: 'verify', serverName: mx, key: mx, report, judged: true } };
  }

  #unpublished(mx: string): TlsPlan {
    const { encrypt } = this.#demands;
    const facts: TlsPolicyFacts = encrypt ? { policy: 'encrypt', source: 'the profile of its site' } : { policy: 'opportunistic', source: 'default' };
    return { facts, tls: encrypt ? 'encrypt' : 'opportunistic', serverName: mx, key: '', report: NO_POLICY, judged: false };
  }

  /** RFC 8460 §3: a session that was let pass whatever its TLS is not told about. */
  #optional(mx: string): TlsPlan {
    const plan = this.#unpublished(mx);
    return { ...plan, facts: { ...plan.facts, source: this.#demands.encrypt ? plan.facts.source : 'its author (TLS-Required: No)' }, uncounted: true };
  }

  #withRequireTls({ host, secure }: HostStep, plan: TlsPlan): TlsStep {
    if (plan.tls === 'verify') return { kind: 'plan', plan };
    const facts: TlsPolicyFacts = { policy: 'verify', source: 'the sender (REQUIRETLS)' };
    if (secure) return { kind: 'plan', plan: { facts, tls: 'verify', serverName: host.mx, key: host.mx, report: plan.report, judged: plan.judged } };
    const problem = `the MX of ${this.#domain} is not secured by DNSSEC, nor by an MTA-STS policy`;
    const judgement = failure('message', 550, '5.7.30', `the sender requires TLS all the way, and ${problem}`, 'next-host');
    return { kind: 'skip', judgement, facts: { ...facts, problem }, report: plan.report };
  }

  async #findSts(): Promise<StsFinding> {
    const { sts, config, clock, results } = this.#ports;
    const asked = sts !== undefined && config.outboundTls?.mtaSts !== false && !this.#domain.startsWith('[');
    const ruled = this.#rule !== undefined && !this.#ruleIsTooWeak(this.#rule);
    if (!asked || ruled || this.#demands.tlsOptional) return {};
    const finding = await sts.find(this.#domain, this.#signal);
    if (finding.problem) results?.record({ at: clock.now(), domain: this.#domain, policy: { type: 'sts', text: [] }, problem: finding.problem });
    return finding;
  }
}

/** It concerns the domain whose policy it is: the same host may serve others well. */
function untrusted(mx: string, detail: string): Judgement {
  return failure('recipient', 451, '4.7.5', `no trusted TLS with ${mx}: ${detail}`, 'next-host');
}
