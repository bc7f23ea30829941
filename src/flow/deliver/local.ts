/**
 * Delivers to mailboxes of this server. The outcome carries the deposit; the queue puts it into the mailbox in the same
 * commit that settles the recipient, so that no crash can deliver twice or not at all.
 *
 * Trace fields of each copy: Return-Path (RFC 5321 §4.4), Delivered-To (RFC 9228), which also finds loops: a message
 * that has been delivered to this address before is returned with 5.4.6, and X-Original-To when it was sent to another
 * address of ours. An account that is gone bounces with 5.1.1; whatever goes wrong here is temporary.
 */
import type { Clock } from '../../base/clock.ts';
import type { Log } from '../../base/log.ts';
import type { Directory } from '../../contract/directory.ts';
import type { LocalFilter } from '../../contract/local-filter.ts';
import type { MailboxRoom } from '../../contract/mailbox-room.ts';
import type { Reply } from '../../contract/message.ts';
import type { Deliverer, DeliveryJob, DeliveryOutcome, FailureScope, MailboxDeposit, QueueRecipient } from '../../contract/queue.ts';
import { addressKey } from '../../mail/address.ts';
import { MailFactsReader, type MailFactsRead } from '../../mail/mail-facts.ts';
import { serializeStructure } from '../../mail/mime-structure.ts';
import type { MimePart } from '../../mail/mime-structure.ts';
import { deliveredTo, tracePrefix } from './trace-fields.ts';

export interface LocalDelivererOptions {
  readonly directory: Directory;
  readonly clock: Clock;
  readonly log: Log;
  /** Runs the scripts of the account. Default: there are none. */
  readonly filter?: LocalFilter;
  /** Is there room for so many bytes? Default: there always is. */
  readonly room?: MailboxRoom;
  /** What becomes of mail for a full mailbox, asked each time; default: it waits. */
  readonly whenFull?: () => 'defer' | 'refuse';
}

/** For routes of kind `local` only. Never rejects for what the store or the message did. */
export function createLocalDeliverer(options: LocalDelivererOptions): Deliverer {
  const context = { ...options, factsReader: new MailFactsReader() };
  return { deliver: (job) => deliver(context, job) };
}

interface Context extends LocalDelivererOptions {
  readonly factsReader: MailFactsReader;
}

async function deliver(options: Context, job: DeliveryJob): Promise<readonly DeliveryOutcome[]> {
  const { clock, log } = options;
  const decide = decider(options, job);
  return Promise.all(
    job.recipients.map(async (recipient) => {
      let result: Result;
      try {
        result = await withRoom(options, recipient, await decide(recipient));
      } catch (error) {
        log.error('deliver.local-failed', { id: job.message.id, recipient: recipient.index, error: String(error) });
        result = { status: 'deferred', scope: 'local', reply: { code: 451, enhanced: '4.3.0', text: 'the mailbox could not be written now' } };
      }
      return { recipient: recipient.index, attempt: { delays: delays(job, clock.now()) }, ...result };
    }),
  );
}

type Result = Pick<DeliveryOutcome, 'status' | 'scope' | 'reply' | 'deposit' | 'effects'>;

/** What all recipients share is read once, by the first that needs it. */
function decider({ directory, clock, factsReader, filter }: Context, job: DeliveryJob): (recipient: QueueRecipient) => Promise<Result> {
  const { route, message, content } = job;
  if (route.kind !== 'local') throw new Error(`a route of kind ${route.kind} is not for the local deliverer`);
  let earlier: Promise<ReadonlySet<string>> | undefined;
  let facts: Promise<MailFactsRead> | undefined;
  return async (recipient) => {
    const found = await directory.resolve(route.account);
    if (found.kind === 'disabled') return failed('recipient', { code: 550, enhanced: '5.2.1', text: `the mailbox ${recipient.address} is disabled` });
    if (found.kind !== 'mailbox' || found.account !== route.account) {
      return failed('recipient', { code: 550, enhanced: '5.1.1', text: `there is no mailbox ${recipient.address} here any more` });
    }
    earlier ??= deliveredTo(content);
    if ((await earlier).has(addressKey(recipient.address))) {
      return failed('message', { code: 554, enhanced: '5.4.6', text: `mail loop: the message was delivered to ${recipient.address} before` });
    }
    const prefix = tracePrefix(message.sender, recipient);
    const deposit = async (folder: string, flags: readonly string[]): Promise<MailboxDeposit> => {
      facts ??= factsReader.read(content);
      const { structure, details } = await facts;
      return {
        account: route.account,
        folder,
        contentDigest: message.contentDigest,
        prefix,
        internalDate: clock.now(),
        flags,
        sizeBytes: prefix.length + content.size,
        structure: serializeStructure(shifted(structure, prefix.length)),
        details,
      };
    };
    const filtered = await filter?.filter({ message, recipient, account: route.account, folder: route.folder, content, prefix, deposit });
    if (filtered) return filtered;
    return {
      status: 'delivered',
      scope: 'recipient',
      reply: { code: 250, enhanced: '2.0.0', text: `delivered to ${route.folder}` },
      deposit: await deposit(route.folder, []),
    };
  };
}

/** What waits is tried again as any other mail, and returned when its time is over; what a script did besides is done then. */
async function withRoom({ room, whenFull }: Context, recipient: QueueRecipient, result: Result): Promise<Result> {
  const deposits = [...(result.deposit ? [result.deposit] : []), ...(result.effects?.deposits ?? [])];
  const [first] = deposits;
  if (!room || !first || result.status !== 'delivered') return result;
  if ((await room(first.account, deposits.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0))) === 'room') return result;
  const text = `the mailbox ${recipient.address} is full`;
  if (whenFull?.() === 'refuse') return failed('recipient', { code: 552, enhanced: '5.2.2', text });
  return { status: 'deferred', scope: 'recipient', reply: { code: 452, enhanced: '4.2.2', text } };
}

function failed(scope: FailureScope, reply: Reply): Result {
  return { status: 'failed', scope, reply };
}

/** The structure of the content, as the structure of prefix and content: the prefix only makes the outer header longer. */
function shifted(root: MimePart, by: number): MimePart {
  return { ...moved(root, by), headerStart: 0 };
}

function moved(part: MimePart, by: number): MimePart {
  return {
    ...part,
    headerStart: part.headerStart + by,
    bodyStart: part.bodyStart + by,
    bodyEnd: part.bodyEnd + by,
    ...(part.parts ? { parts: part.parts.map((inner) => moved(inner, by)) } : {}),
    ...(part.message ? { message: moved(part.message, by) } : {}),
  };
}

/** As Postfix counts them; nothing is connected to. */
function delays(job: DeliveryJob, nowMs: number): { a: number; b: number; c: number; d: number } {
  const { startedAt, queuedAt } = job.message;
  return { a: Math.max(0, queuedAt - startedAt), b: Math.max(0, job.leasedAt - queuedAt), c: 0, d: Math.max(0, nowMs - job.leasedAt) };
}
