/** The host outside: sends real mail of every kind to our users, over real SMTP, from its own address. */
import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import type { Clock } from '../../base/clock.ts';
import { Failure } from '../../base/errors.ts';
import { createQueueId } from '../../base/queue-id.ts';
import type { Connector } from '../../net/connector.ts';
import type { ZoneRecord } from '../dns/zone-record.ts';
import { OUTSIDE_HOST, outsideRecords } from './domains.ts';
import { MAIL_KINDS, type MailKind } from './messages.ts';
import { sendMail, type SendResult } from './send.ts';
import { createOutsideSigner } from './signing.ts';

export interface OutsideOptions {
  readonly address: string;
  /** Our server's MX. */
  readonly target: { readonly address: string; readonly port: number };
  readonly connector: Connector;
  readonly clock: Clock;
}

export interface DeliverResult extends SendResult {
  readonly as: string;
  readonly variant?: string;
  readonly sender: string;
  readonly to: string;
  readonly expect: string;
}

export interface OutsideHost {
  readonly records: readonly ZoneRecord[];
  readonly publicKey: KeyObject;
  readonly kinds: readonly Pick<MailKind, 'name' | 'description' | 'expect'>[];
  /** One result per message sent, in order. `all` sends every kind. Failure `unknown-kind` for others. */
  deliver(as: string, to: string): Promise<readonly DeliverResult[]>;
  /** The message as it is, but a text file of this machine (no CR anywhere) gets the line ends of mail; '' is the null sender. */
  deliverFile(content: Buffer, from: string, to: string): Promise<DeliverResult>;
}

export function createOutsideHost(options: OutsideOptions): OutsideHost {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const publicKey = createPublicKey(privateKey);
  const sign = createOutsideSigner(privateKey, () => options.clock.now());
  return {
    records: outsideRecords(options.address, publicKey),
    publicKey,
    kinds: MAIL_KINDS.map(({ name, description, expect }) => ({ name, description, expect })),
    async deliver(as, to) {
      const kinds = as === 'all' ? MAIL_KINDS : MAIL_KINDS.filter((kind) => kind.name === as);
      if (kinds.length === 0) {
        throw new Failure('unknown-kind', `the host outside does not send "${as}"; it sends ${MAIL_KINDS.map((kind) => kind.name).join(', ')} or all`, { temporary: false });
      }
      const results: DeliverResult[] = [];
      for (const kind of kinds) {
        const now = options.clock.now();
        for (const mail of await kind.make({ to, now, serial: createQueueId(now), sign })) {
          const sent = await sendMail(options.connector, options.clock, {
            ...options.target,
            localAddress: options.address,
            helo: mail.helo ?? OUTSIDE_HOST,
            sender: mail.sender,
            recipient: to,
            content: mail.content,
            ...(mail.mailParameters === undefined ? {} : { mailParameters: mail.mailParameters }),
            ...(mail.raw === undefined ? {} : { raw: mail.raw }),
          });
          results.push({ as: kind.name, ...(mail.variant === undefined ? {} : { variant: mail.variant }), sender: mail.sender, to, expect: kind.expect, ...sent });
        }
      }
      return results;
    },
    async deliverFile(file, from, to) {
      const content = file.includes('\r') ? file : Buffer.from(file.toString('latin1').replaceAll('\n', '\r\n'), 'latin1');
      const sent = await sendMail(options.connector, options.clock, { ...options.target, localAddress: options.address, helo: OUTSIDE_HOST, sender: from, recipient: to, content });
      return { as: 'file', sender: from, to, expect: '', ...sent };
    },
  };
}
