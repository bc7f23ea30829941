/**
 * Delivers to the parts of this server that read mail (contract/service-mail.ts): the mail-tester, reports about our mail.
 *
 * Policy: the service is told of one recipient at a time and has taken the message when it says so; a crash in between hands
 * it over again. A temporary Failure and a bug are tried again like any delivery, a permanent Failure returns the message in
 * the words of the service, by the rules of all returns: never to the null sender, never to one that nobody vouches for.
 */
import type { Clock } from '../../base/clock.ts';
import { Failure } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import { SERVICE_LIMITS } from '../../base/service-limits.ts';
import type { Deliverer, DeliveryJob, DeliveryOutcome, QueueRecipient } from '../../contract/queue.ts';
import type { MailService } from '../../contract/service-mail.ts';

export interface ServiceDelivererOptions {
  /** By MailService.name. Undefined: this server has no such service (any more). */
  readonly service: (name: string) => MailService | undefined;
  readonly clock: Clock;
  readonly log: Log;
}

type Result = Pick<DeliveryOutcome, 'status' | 'scope' | 'reply'>;

/** For routes of kind `service` only. Never rejects for what the service or the message did. */
export function createServiceDeliverer({ service: serviceOf, clock, log }: ServiceDelivererOptions): Deliverer {
  const hand = async ({ message, content }: DeliveryJob, service: MailService, recipient: QueueRecipient, signal: AbortSignal): Promise<Result> => {
    const late = new AbortController();
    const deadline = clock.timer(SERVICE_LIMITS.takeMs, () => late.abort(new Failure('timeout', `the service ${service.name} took longer than ${SERVICE_LIMITS.takeMs / 1000} s`)));
    try {
      const mail = { message, recipient: recipient.address, content, isCopy: recipient.reroute?.kind === 'service' };
      const answer = await service.take(mail, AbortSignal.any([signal, late.signal]));
      const text = `read by the service ${service.name}${answer ? `: ${answer.said}` : ''}`;
      return { status: 'delivered', scope: 'recipient', reply: { code: 250, enhanced: '2.0.0', text } };
    } catch (error) {
      if (error instanceof Failure && !error.temporary) return { status: 'failed', scope: 'message', reply: { code: 554, enhanced: '5.6.0', text: error.message } };
      log.error('deliver.service-failed', { id: message.id, recipient: recipient.index, service: service.name, error: String(error) });
      const text = error instanceof Failure ? error.message : `the service ${service.name} could not read it now`;
      return { status: 'deferred', scope: 'local', reply: { code: 451, enhanced: '4.3.0', text } };
    } finally {
      deadline.cancel();
    }
  };
  return {
    async deliver(job, signal) {
      const { route, message, leasedAt } = job;
      if (route.kind !== 'service') throw new Error(`a route of kind ${route.kind} is not for services`);
      const service = serviceOf(route.service);
      const outcomes: DeliveryOutcome[] = [];
      for (const recipient of job.recipients) {
        const result = service ? await hand(job, service, recipient, signal) : absent(route.service);
        const delays = { a: span(message.startedAt, message.queuedAt), b: span(message.queuedAt, leasedAt), c: 0, d: span(leasedAt, clock.now()) };
        outcomes.push({ recipient: recipient.index, ...result, attempt: { delays, ownReply: true } });
      }
      return outcomes;
    },
  };
}

/** It may be switched on again, or come with another version. */
function absent(name: string): Result {
  return { status: 'deferred', scope: 'local', reply: { code: 451, enhanced: '4.3.5', text: `the service ${name} does not run here now` } };
}

/** The wall clock may have been set back in between. */
function span(from: number, to: number): number {
  return Math.max(0, to - from);
}
