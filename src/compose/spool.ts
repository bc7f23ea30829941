/**
 * Takes up what `sendmail` left in the spool while no server ran: through the same door as everything else. A file is
 * removed after its message is in the queue; what is refused becomes a damaged file for a person to look at.
 */
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import { createQueueId } from '../base/queue-id.ts';
import type { Config } from '../config/config.ts';
import type { Directory } from '../contract/directory.ts';
import type { EnvelopeRecipient, Intake, ReceivedMessage } from '../contract/message.ts';
import { prepareSpool, readSpool, type SpooledMessage } from '../store/spool.ts';

export interface SpoolPorts {
  readonly config: Config;
  readonly clock: Clock;
  readonly log: Log;
  readonly directory: Directory;
  readonly intake: Intake;
}

/** Resolves when every whole file has been offered once; what could not be taken over stays for the next start. */
export async function takeUpSpool(ports: SpoolPorts): Promise<void> {
  const { config, log } = ports;
  await prepareSpool(config.dataDir);
  for await (const file of readSpool(config.dataDir, { contentBytesMax: config.smtp.maxMessageSize })) {
    if (file.kind === 'damaged') {
      log.warn('spool.damaged', { path: file.path, reason: file.reason });
      continue;
    }
    await takeUp(ports, file);
  }
}

async function takeUp({ clock, config, directory, intake, log }: SpoolPorts, file: SpooledMessage): Promise<void> {
  const { envelope } = file;
  const message: ReceivedMessage = {
    id: createQueueId(clock.now()),
    receivedAt: clock.now(),
    startedAt: clock.now(),
    envelope: {
      sender: envelope.sender,
      recipients: await expand(directory, envelope),
      body: envelope.body,
      smtpUtf8: envelope.smtpUtf8,
      requireTls: false,
      ...(envelope.returnContent ? { returnContent: envelope.returnContent } : {}),
      ...(envelope.envelopeId === undefined ? {} : { envelopeId: envelope.envelopeId }),
    },
    origin: { kind: 'local', protocol: 'ESMTP', helo: config.hostname, listener: 'spool' },
    content: file.content,
  };
  const result = await intake.submit(message);
  if (result.kind === 'queued') {
    await file.remove();
    log.info('spool.taken-up', { id: result.id, path: file.path });
  } else {
    log.error('spool.refused', { path: file.path, code: result.reply.code, text: result.reply.text });
  }
}

/** Aliases as at RCPT; an unknown address of ours stays and is bounced by the router, so that its sender hears of it. */
async function expand(directory: Directory, envelope: SpooledMessage['envelope']): Promise<EnvelopeRecipient[]> {
  const found = new Map<string, EnvelopeRecipient>();
  const notify = envelope.notify ? { notify: envelope.notify } : {};
  for (const address of envelope.recipients) {
    const resolution = await directory.resolve(address);
    const targets = resolution.kind === 'alias' ? resolution.targets : [address];
    for (const target of targets) {
      const original = target === address ? {} : { originalRecipient: `rfc822;${address}` };
      if (!found.has(target)) found.set(target, { address: target, ...original, ...notify });
    }
  }
  return [...found.values()];
}
