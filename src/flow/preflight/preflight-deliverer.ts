/**
 * The preflight stage: stands before remote delivery, judges each message as the site it is about to go to will, and
 * warns, holds or refuses.
 *
 * Policy: only a prediction that would be final (5xx) holds or refuses; what DNS leaves open is tried, for the receiver
 * may know more. A preflight that fails itself, or takes too long, never keeps mail back; it is waited for while others
 * want the same place at the site, so a name server of the sender that is silent is waited for once, not for every message.
 * What the message says is judged elsewhere; what is not answered in time is unknown.
 * Not asked of smarthosts, which judge by rules of their own.
 */
import type { Clock } from '../../base/clock.ts';
import { PREFLIGHT_LIMITS } from '../../base/limits.ts';
import type { Log } from '../../base/log.ts';
import type { Config } from '../../config/config.ts';
import type { Dns } from '../../contract/dns.ts';
import type { Deliverer, DeliveryJob, DeliveryOutcome, PreflightFacts } from '../../contract/queue.ts';
import type { MxSite } from '../../contract/sending.ts';
import { NOT_SENT } from '../../mail/reply-meaning/our-side.ts';
import { createClientName } from '../../verify/iprev/client-name.ts';
import { createDeadlineDns } from '../../verify/deadline-dns.ts';
import { createPatientDns } from '../../verify/patient-dns.ts';
import { isMendedOutside, type Finding, type PreflightReport } from '../../verify/preflight/finding.ts';
import { preflight } from '../../verify/preflight/preflight.ts';

export interface PreflightOptions {
  /** The live one: a reload changes what it says. */
  readonly config: Pick<Config, 'preflight' | 'hostname' | 'outbound'>;
  readonly dns: Dns;
  readonly clock: Clock;
  readonly log: Log;
  /** Not in this thread; may take long, and reject. */
  readonly judgeContent: (message: Buffer) => Promise<readonly Finding[]>;
}

/** `next` is asked for everything that preflight lets go. */
export function createPreflightDeliverer(next: Deliverer, given: PreflightOptions): Deliverer {
  const options = { ...given, dns: createPatientDns(given.dns, given.clock, { patienceMs: PREFLIGHT_LIMITS.lookupTimeoutMs, silentPatienceMs: PREFLIGHT_LIMITS.silentLookupTimeoutMs, silentNamesMax: PREFLIGHT_LIMITS.silentNamesMax }) };
  return {
    async deliver(job, signal) {
      const { mode } = options.config.preflight;
      if (mode === 'off' || job.route.kind !== 'mx' || job.permit?.detour) return next.deliver(job, signal);
      const site = job.permit?.site ?? job.route.site;
      // Where the MX cannot be looked up there is nobody to judge for, and DNS would be waited for in vain.
      if (!site || site.key.startsWith('domain:')) return next.deliver(job, signal);
      const report = await examine(options, job, site);
      if (!report || report.findings.length === 0) return next.deliver(job, signal);
      const facts = factsOf(report);
      options.log.info('preflight.found', { id: job.message.id, site: report.site, findings: facts.findings.map(({ id }) => id), predicted: report.prediction?.reply.code });
      const final = report.prediction !== undefined && report.prediction.reply.code >= 500;
      if (final && mode !== 'warn') return job.recipients.map(({ index }) => kept(index, mode, report, facts));
      const outcomes = await next.deliver(job, signal);
      return outcomes.map((outcome) => ({ ...outcome, attempt: { ...outcome.attempt, preflight: facts } }));
    },
  };
}

/** Undefined when nothing could be found out. */
async function examine(options: PreflightOptions, job: DeliveryJob, site: MxSite): Promise<PreflightReport | undefined> {
  const { config, dns, clock, log } = options;
  const deadline = createDeadlineDns(dns, clock, PREFLIGHT_LIMITS.timeoutMs);
  const { message, content } = job;
  const source = sourceOf(config, job);
  try {
    return await preflight(
      { dns: deadline, reverse: createClientName(deadline, { clock }), ...(config.preflight.content ? { judgeContent: (bytes: Buffer) => judged(options, message.id, bytes) } : {}) },
      {
        site,
        ...(source ? { source } : {}),
        // One job has one kind of copy, or its copies have the same domain (SRS, VERP).
        sender: job.recipients[0]?.reversePath ?? message.sender,
        bulk: message.stream === 'bulk',
        body: message.options.body,
        smtpUtf8: message.options.smtpUtf8,
        content,
        now: clock.now(),
      },
    );
  } catch (error) {
    log.warn('preflight.failed', { id: message.id, error: error instanceof Error ? error.message : String(error) });
    return undefined;
  } finally {
    deadline.close();
  }
}

/** Nothing is known of what is not answered in time. */
async function judged({ judgeContent, clock, log }: PreflightOptions, id: string, bytes: Buffer): Promise<readonly Finding[]> {
  const { contentMs } = PREFLIGHT_LIMITS;
  const late = Promise.withResolvers<never>();
  const timer = clock.timer(contentMs, () => late.reject(new Error(`no answer within ${contentMs / 1000} s`)));
  try {
    return await Promise.race([judgeContent(bytes), late.promise]);
  } catch (error) {
    log.warn('preflight.content-unknown', { id, error: error instanceof Error ? error.message : String(error) });
    return [];
  } finally {
    timer.cancel();
  }
}

function sourceOf({ hostname, outbound }: PreflightOptions['config'], { permit }: DeliveryJob): { address: string; ehlo: string } | undefined {
  const [planned] = permit?.sources ?? [];
  const configured = planned ? outbound.ips.find(({ address }) => address === planned.address) : outbound.ips[0];
  if (planned) return { address: configured?.publicAddress ?? planned.address, ehlo: planned.helo };
  return configured && { address: configured.publicAddress ?? configured.address, ehlo: configured.helo ?? hostname };
}

function factsOf({ findings, prediction }: PreflightReport): PreflightFacts {
  return {
    findings: findings.map(({ id, text, fix }) => ({ id, text, fix })),
    ...(prediction ? { predicted: prediction.reply } : {}),
  };
}

/** Not sent: put on hold, or returned with the words that the receiver would have used. */
function kept(recipient: number, mode: 'hold' | 'refuse', { siteTitle, prediction }: PreflightReport, facts: PreflightFacts): DeliveryOutcome {
  const { finding, reply } = prediction as NonNullable<PreflightReport['prediction']>;
  const said = [reply.code, reply.enhanced, reply.text.replace(/\.$/, '')].filter(Boolean).join(' ');
  const text = `${NOT_SENT}${siteTitle} would answer "${said}". ${finding.text} ${finding.fix}`;
  const attempt = { ownReply: true, preflight: facts };
  if (mode === 'refuse') return { recipient, status: 'failed', scope: 'message', reply: { ...reply, text }, attempt };
  const hold = `Preflight holds it: ${siteTitle} would answer "${said}". ${finding.text} ${finding.fix} ${whatEndsHold(finding)}`;
  return { recipient, status: 'deferred', scope: 'local', reply: { code: 450, enhanced: '4.7.0', text }, attempt, hold };
}

/** What is wrong in the message itself stays wrong: released, it would be held again. */
function whatEndsHold(finding: Finding): string {
  return isMendedOutside(finding) ? 'Then `posthorn queue release` lets it go.' : 'This message stays as it is: `posthorn queue bounce` returns it to its sender, who sends it anew.';
}
