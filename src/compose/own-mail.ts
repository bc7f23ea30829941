/** The door for mail that this server writes by itself (contract/own-mail.ts). */
import { BufferSource } from '../base/byte-source.ts';
import type { Clock } from '../base/clock.ts';
import { Failure } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import { createQueueId } from '../base/queue-id.ts';
import type { Config } from '../config/config.ts';
import type { Directory } from '../contract/directory.ts';
import type { Intake, ReceivedMessage } from '../contract/message.ts';
import type { OwnMail } from '../contract/own-mail.ts';
import { composeMessage } from '../mail/compose.ts';

export interface OwnMailPorts {
  readonly config: Config;
  readonly clock: Clock;
  readonly log: Log;
  readonly directory: Pick<Directory, 'resolve'>;
  readonly submit: Intake['submit'];
}

export function createOwnMail({ config, clock, log, directory, submit }: OwnMailPorts): OwnMail {
  const send: OwnMail['send'] = async ({ sender = '', recipients, content, tells }) => {
    const now = clock.now();
    const message: ReceivedMessage = {
      id: createQueueId(now),
      receivedAt: now,
      startedAt: now,
      envelope: { sender, recipients: recipients.map((address) => ({ address })), body: '8bitmime', smtpUtf8: false, requireTls: false },
      origin: { kind: 'internal', protocol: 'ESMTP', helo: config.hostname, listener: 'internal' },
      content: new BufferSource(content),
      ...(tells ? { tells } : {}),
    };
    const result = await submit(message);
    if (result.kind === 'refused') {
      const { code, text } = result.reply;
      throw new Failure('own-mail-refused', `mail of this server to ${recipients.join(', ')} was refused: ${code} ${text}`, { temporary: code < 500 });
    }
    log.info('own-mail.sent', { id: message.id, to: recipients.join(', ') });
    return { id: message.id };
  };
  return {
    send,
    async tellPostmaster({ subject, text, tells, domain = config.origin ?? config.hostname }) {
      const postmaster = config.queue.notify ?? `postmaster@${domain}`;
      const resolution = await directory.resolve(postmaster);
      const content = composeMessage({
        from: { name: 'Mail server', address: `postmaster@${config.hostname}` },
        to: [postmaster],
        subject,
        text,
        date: clock.now(),
        // RFC 3834 §5.
        headers: [['Auto-Submitted', 'auto-generated']],
      });
      return send({ recipients: resolution.kind === 'alias' ? resolution.targets : [postmaster], content, ...(tells ? { tells } : {}) });
    },
  };
}
