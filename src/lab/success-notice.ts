/**
 * The notice of success that a provider offering DSN owes a sender who asked for one (RFC 3461 §5.2.1, RFC 3464): sent by
 * real SMTP from the provider's address to our server, since only our users ask.
 */
import { createQueueId } from '../base/queue-id.ts';
import { headerEnd } from '../mail/header.ts';
import { buildDsn } from '../mail/dsn.ts';
import type { FeedbackLoopOptions } from './feedback-loop.ts';
import { sendMail, type SendResult } from './outside/send.ts';
import type { RunningProvider } from './providers/provider.ts';
import type { SuccessWanted } from './providers/receiver.ts';

export async function sendSuccessNotice(options: FeedbackLoopOptions, provider: RunningProvider, wanted: SuccessWanted): Promise<SendResult> {
  const { profile, mailbox } = provider.receiver;
  const { message, recipients, envelopeId } = wanted;
  const now = options.clock.now();
  const bytes = (await mailbox.raw(message.id)) ?? Buffer.alloc(0);
  const bodyAt = headerEnd(bytes);
  const content = buildDsn({
    id: createQueueId(now),
    hostname: profile.mxHost,
    from: `postmaster@${profile.domains[0]}`,
    to: message.mailFrom,
    subject: 'Successful Mail Delivery Report',
    date: now,
    text: `This is the mail system at host ${profile.mxHost}.\n\nYour message was delivered to:\n\n${recipients.map(({ address }) => `  ${address}`).join('\n')}\n`,
    arrivedAt: Date.parse(message.receivedAt),
    ...(envelopeId === undefined ? {} : { envelopeId }),
    recipients: recipients.map((recipient) => ({ ...recipient, action: 'delivered', status: '2.0.0' })),
    // RFC 3461 §4.3: a notice of success carries the header only.
    original: { kind: 'headers', bytes: bodyAt < 0 ? bytes : bytes.subarray(0, bodyAt) },
    originalMessageId: message.messageId,
    utf8: false,
  });
  return sendMail(options.connector, options.clock, {
    ...options.target,
    localAddress: provider.address,
    helo: profile.mxHost,
    sender: '',
    recipient: message.mailFrom,
    content,
  });
}
