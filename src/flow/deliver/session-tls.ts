/**
 * The TLS of the sessions of one deliverer: plans turned into what the SMTP client is asked for, hosts with broken TLS
 * remembered, results counted.
 */
import type { Clock } from '../../base/clock.ts';
import type { TlsResultRecorder } from '../../contract/tls-policy.ts';
import type { OpenResult, RecipientFate, SmtpConnection } from '../../net/smtp-client.ts';
import type { SmtpTarget } from '../../net/smtp-open.ts';
import type { SmtpStep } from '../../net/smtp-trouble.ts';
import { explainReply } from '../../mail/reply-meaning/explain.ts';
import { BrokenTls } from './broken-tls.ts';
import type { MailHost } from './mail-hosts.ts';
import type { TlsPlan, TlsStep } from './tls-policy.ts';
import { countSession } from './tls-session.ts';

const CONTENT_STEPS: ReadonlySet<SmtpStep> = new Set(['data', 'body', 'end-of-data']);

/** The plan's part of a target. */
export function plannedTls({ serverName, tls, broken, judge }: TlsPlan): Pick<SmtpTarget, 'host' | 'tls' | 'judge'> {
  return { host: serverName, tls: broken ? 'none' : tls, ...(judge ? { judge } : {}) };
}

export class SessionTls {
  readonly #clock: Clock;
  readonly #results: TlsResultRecorder | undefined;
  readonly #broken: BrokenTls;

  constructor(clock: Clock, results: TlsResultRecorder | undefined) {
    this.#clock = clock;
    this.#results = results;
    this.#broken = new BrokenTls(clock);
  }

  /** The plan with what is remembered of the host. */
  remembering(plan: TlsPlan, address: string, port: number): TlsPlan {
    const broken = plan.tls === 'opportunistic' ? this.#broken.problemOf(address, port) : undefined;
    return broken ? { ...plan, broken } : plan;
  }

  skipped(domain: string, host: MailHost, { report, problem }: Extract<TlsStep, { kind: 'skip' }>): void {
    if (problem) this.#results?.record({ at: this.#clock.now(), domain, policy: report, mx: host.mx, receivingIp: host.address, problem });
  }

  opened(domain: string, plan: TlsPlan, target: SmtpTarget, mx: string, result: OpenResult): void {
    const { address, port } = target;
    if (result.kind === 'open' && result.connection.tlsProblem) this.#broken.remember(address, port, result.connection.tlsProblem);
    const count = countSession(plan, result);
    if (count.kind === 'not-counted') return;
    const { problem } = count;
    const sendingIp = (result.kind === 'open' ? result.connection.localAddress : undefined) ?? target.localAddress;
    this.#results?.record({
      at: this.#clock.now(),
      domain,
      policy: plan.report,
      mx,
      receivingIp: address,
      ...(sendingIp === undefined ? {} : { sendingIp }),
      ...(problem ? { problem } : {}),
    });
  }

  /** After each transaction: does what is sent over TLS come through? */
  transacted({ tls }: TlsPlan, { address, port }: SmtpTarget, connection: SmtpConnection, fates: readonly RecipientFate[]): void {
    if (!connection.tls && fates.some(insistsOnTls)) this.#broken.insists(address, port);
    if (tls !== 'opportunistic' || !connection.tls || connection.transactions > 1) return;
    if (fates.some(brokeOff)) this.#broken.suspect(address, port);
    else if (fates.some(({ kind }) => kind === 'delivered')) this.#broken.trust(address, port);
  }

  /** TLS is worth trying again everywhere. */
  forget(): void {
    this.#broken.forget();
  }
}

const TLS_WANTED: ReadonlySet<string> = new Set(['any.tls', 'enhanced.7.10']);

/** RFC 3207 §4: 530, in the words of "Must issue a STARTTLS command first"; other codes are in use for it, too. */
export function insistsOnTls(fate: RecipientFate): boolean {
  return fate.kind === 'trouble' && fate.trouble.kind === 'reply' && TLS_WANTED.has(explainReply(fate.trouble.reply, { own: false }).rule);
}

function brokeOff(fate: RecipientFate): boolean {
  return fate.kind === 'trouble' && (fate.trouble.kind === 'lost' || fate.trouble.kind === 'timeout') && CONTENT_STEPS.has(fate.trouble.step);
}
