/**
 * The TLS of the sessions of one deliverer: plans turned into what the SMTP client is asked for, hosts with broken TLS
 * remembered, results counted.
 */
import type { Clock } from '../../base/clock.ts';
import type { TlsProblem, TlsResultRecorder } from '../../contract/tls-policy.ts';
import type { OpenResult } from '../../net/smtp-client.ts';
import type { SmtpTarget } from '../../net/smtp-open.ts';
import { BrokenTls } from './broken-tls.ts';
import type { MailHost } from './mail-hosts.ts';
import type { TlsPlan, TlsStep } from './tls-policy.ts';
import { countSession } from './tls-session.ts';

export class SessionTls {
  readonly #clock: Clock;
  readonly #results: TlsResultRecorder | undefined;
  readonly #broken: BrokenTls;

  constructor(clock: Clock, results: TlsResultRecorder | undefined) {
    this.#clock = clock;
    this.#results = results;
    this.#broken = new BrokenTls(clock);
  }

  /** The host's part of a target. */
  target(plan: TlsPlan, address: string, port: number): Pick<SmtpTarget, 'host' | 'tls' | 'judge'> {
    const goesPlain = plan.tls === 'opportunistic' && this.#broken.problemOf(address, port) !== undefined;
    return { host: plan.serverName, tls: goesPlain ? 'none' : plan.tls, ...(plan.judge ? { judge: plan.judge } : {}) };
  }

  skipped(domain: string, host: MailHost, { report, problem }: Extract<TlsStep, { kind: 'skip' }>): void {
    if (problem) this.#results?.record({ at: this.#clock.now(), domain, policy: report, mx: host.mx, receivingIp: host.address, problem });
  }

  opened(domain: string, plan: TlsPlan, target: SmtpTarget, mx: string, result: OpenResult): void {
    const { address, port } = target;
    if (result.kind === 'open' && result.connection.tlsProblem) this.#broken.remember(address, port, result.connection.tlsProblem);
    const count = countSession(plan, result);
    if (count.kind === 'not-counted') return;
    const problem: TlsProblem | undefined = target.tls === 'none' ? (this.#broken.problemOf(address, port) ?? count.problem) : count.problem;
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

  forget(): void {
    this.#broken.forget();
  }
}
