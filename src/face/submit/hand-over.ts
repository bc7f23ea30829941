/**
 * Gets a submission to the server: through its socket when it runs, into the mail drop when it does not.
 *
 * Policy: a message is either taken by the server, kept on disk, or the caller is told that it was neither.
 */
import { Failure } from '../../base/errors.ts';
import type { Config } from '../../config/config.ts';
import { dropFile } from './drop-file.ts';
import type { Submission } from './prepare-message.ts';
import { submitOverSocket, submitSocketPath, type SubmitResult } from './submit-socket.ts';

export interface HandOverOptions {
  readonly notify?: readonly ('never' | 'success' | 'failure' | 'delay')[];
  readonly returnContent?: 'full' | 'headers';
  readonly envelopeId?: string;
  /** XVERP: the two delimiters, or ''. */
  readonly verp?: string;
  /** Login name, for the log. */
  readonly user: string;
  readonly now: number;
}

export type HandOver =
  | ({ readonly kind: 'queued' } & SubmitResult)
  | { readonly kind: 'kept'; readonly path: string; readonly reason: string };

/** Rejects with Failure `message-too-large`, or `not-handed-over` when the message could neither be sent nor kept. */
export async function handOver(config: Config, submission: Submission, options: HandOverOptions): Promise<HandOver> {
  if (submission.content.length > config.smtp.maxMessageSize) {
    throw new Failure('message-too-large', `the message has ${submission.content.length} bytes; at most ${config.smtp.maxMessageSize} are allowed (smtp.max-message-size)`, {
      temporary: false,
    });
  }
  const { notify, returnContent, envelopeId, verp, user, now } = options;
  const dsn = { ...(notify && { notify }), ...(returnContent && { returnContent }), ...(envelopeId !== undefined && { envelopeId }), ...(verp !== undefined && { verp }) };
  const answer = await submitOverSocket(submitSocketPath(config.dataDir), config.hostname, { ...submission, ...dsn });
  if (answer.kind === 'answered') return { ...answer, kind: 'queued' };
  const { sender, recipients, body, smtpUtf8, content } = submission;
  try {
    const path = await dropFile(config.dataDir, { sender, recipients, body, smtpUtf8, ...dsn, at: now, user }, content);
    return { kind: 'kept', path, reason: answer.reason };
  } catch (cause) {
    const why = (cause as NodeJS.ErrnoException).code ?? String(cause);
    throw new Failure('not-handed-over', `the message was NOT sent: ${answer.reason}, and it cannot be kept in ${config.dataDir}/spool/maildrop (${why}); start the server with: posthorn serve`, { cause });
  }
}
