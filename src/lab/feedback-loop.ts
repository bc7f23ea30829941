/**
 * The complaint button: counts the complaint, and, where the provider runs a feedback loop, sends an ARF report (RFC
 * 5965) by real SMTP from the provider's address to abuse@ the first DKIM domain that passed, else the sender's domain.
 * Gmail and Apple send no reports; there the spam rate rises and nothing comes back.
 */
import type { Clock } from '../base/clock.ts';
import { createQueueId } from '../base/queue-id.ts';
import { buildArf } from '../mail/arf.ts';
import { domainOf } from '../mail/address.ts';
import type { Connector } from '../net/connector.ts';
import { sendMail, type SendResult } from './outside/send.ts';
import type { InboxMessage } from './providers/mailbox.ts';
import type { RunningProvider } from './providers/provider.ts';

export type Complaint =
  | { readonly kind: 'reported'; readonly to: string; readonly result: SendResult }
  | { readonly kind: 'counted'; readonly reason: string };

export interface FeedbackLoopOptions {
  readonly connector: Connector;
  readonly clock: Clock;
  readonly target: { readonly address: string; readonly port: number };
}

export async function complain(options: FeedbackLoopOptions, provider: RunningProvider, message: InboxMessage): Promise<Complaint> {
  const { profile, counters, mailbox } = provider.receiver;
  if (message.complained) return { kind: 'counted', reason: 'this message was complained about before' };
  await mailbox.markComplained(message.id);
  counters.complained(profile.name, message.clientIp, domainOf(message.headerFrom || message.mailFrom).toLowerCase());
  if (!profile.feedbackLoop) return { kind: 'counted', reason: `${profile.name} sends no reports of single complaints; its spam rate for the domain rises` };
  const domain = message.dkimDomains[0] ?? domainOf(message.mailFrom);
  if (domain === '') return { kind: 'counted', reason: 'the message has neither a valid DKIM signature nor a sender to report to' };
  const to = `abuse@${domain}`;
  const from = `feedback@${profile.domains[0]}`;
  const content = await report(provider, message, { from, to, domain, now: options.clock.now() });
  const result = await sendMail(options.connector, options.clock, {
    ...options.target,
    localAddress: provider.address,
    helo: profile.mxHost,
    sender: from,
    recipient: to,
    content,
  });
  return { kind: 'reported', to, result };
}

interface ReportFacts {
  readonly from: string;
  readonly to: string;
  readonly domain: string;
  readonly now: number;
}

async function report(provider: RunningProvider, message: InboxMessage, { from, to, domain, now }: ReportFacts): Promise<Buffer> {
  const { profile, mailbox } = provider.receiver;
  return buildArf({
    id: createQueueId(now),
    hostname: profile.mxHost,
    from,
    to,
    subject: `Complaint about message from ${message.clientIp}`,
    date: now,
    text: `This is an email abuse report for an email message received from IP ${message.clientIp} on ${message.receivedAt}.\n`,
    userAgent: `${profile.name}-feedback/1.0 (simulated)`,
    sourceIp: message.clientIp,
    originalMailFrom: message.mailFrom,
    reportedDomain: domain,
    arrivedAt: Date.parse(message.receivedAt),
    original: { kind: 'full', bytes: (await mailbox.raw(message.id)) ?? Buffer.alloc(0) },
  });
}
