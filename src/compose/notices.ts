/** The notices (DSNs) that this server writes: signed as this host, sent to everybody behind a sender that is an alias. */
import { BufferSource, concatenate, type ByteSource } from '../base/byte-source.ts';
import type { Clock } from '../base/clock.ts';
import { SMTP_SERVER_LIMITS } from '../base/limits.ts';
import type { Log } from '../base/log.ts';
import { createQueueId } from '../base/queue-id.ts';
import type { Config } from '../config/config.ts';
import type { Directory } from '../contract/directory.ts';
import { createFeedback, type FeedbackService } from '../flow/feedback/feedback.ts';
import type { Signer } from '../flow/sign/signer.ts';
import { parseHeader } from '../mail/header.ts';

export interface NoticePorts {
  readonly config: Config;
  readonly clock: Clock;
  readonly log: Log;
  readonly directory: Directory;
  readonly signer: Signer;
}

export function createNotices({ config, clock, log, directory, signer }: NoticePorts): FeedbackService {
  return createFeedback({
    hostname: config.hostname,
    config,
    clock,
    log,
    queueId: createQueueId,
    sign: (content) => signNotice(signer, config.hostname, content),
    recipientsOf: async (sender) => {
      const resolution = await directory.resolve(sender);
      return resolution.kind === 'alias' ? resolution.targets : [sender];
    },
  });
}

/** A notice comes from this host, or from its domain when only that has keys. */
export async function signNotice(signer: Signer, hostname: string, content: ByteSource): Promise<ByteSource> {
  const header = parseHeader(await content.read(0, Math.min(content.size, SMTP_SERVER_LIMITS.headerBytesMax)));
  const { fields } = await signer.sign({ header, content, fromDomain: hostname });
  return concatenate([new BufferSource(fields), content]);
}
