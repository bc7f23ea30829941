/**
 * Redirect: the message goes on to another address (RFC 5228 §4.2), with the return path that forwarded mail of strangers
 * gets here (SRS), and with Delivered-To of this mailbox, by which a circle is found.
 *
 * Policy: the bytes are not changed for addresses elsewhere, so that signatures stay valid; the field is added as the
 * message leaves. An address that leads back to the same mailbox is a keep. So is one here that the message has been
 * delivered to before: two users who redirect to each other would lose it, and the report about it too.
 */
import { createHash } from 'node:crypto';
import { BufferSource, concatenate, type ByteSource } from '../../base/byte-source.ts';
import { MESSAGE_EVENTS } from '../../contract/events.ts';
import type { Directory } from '../../contract/directory.ts';
import type { ForwardedRecipient } from '../../contract/forwarding.ts';
import type { EnvelopeRecipient, QueueId } from '../../contract/message.ts';
import type { FilterRequest } from '../../contract/local-filter.ts';
import type { NewQueueItem, QueueRecipient } from '../../contract/queue.ts';
import { addressKey, domainOf } from '../../mail/address.ts';
import { allFields, headerEnd, parseHeader, removeFields, type HeaderField } from '../../mail/header.ts';
import type { RedirectAction } from '../../sieve/action.ts';
import { editedMessage } from '../../sieve/script.ts';
import { contentKey } from '../../mail/content-key.ts';

export interface RedirectPorts {
  readonly directory: Pick<Directory, 'resolve' | 'isLocalDomain'>;
  /** The forward stage. */
  readonly forward: (envelope: { readonly sender: string; readonly recipients: readonly EnvelopeRecipient[] }, header: readonly HeaderField[]) => Promise<readonly ForwardedRecipient[]>;
  readonly queueId: (nowMs: number) => QueueId;
  readonly lifetimeMs: () => number;
  /** Hops, counted in Received, after which a message is in a circle. */
  readonly hopsMax: number;
}

export type RedirectResult =
  | { readonly kind: 'items'; readonly items: readonly NewQueueItem[] }
  /** It is the mailbox itself. */
  | { readonly kind: 'self' }
  | { readonly kind: 'impossible'; readonly why: string };

export async function redirect(ports: RedirectPorts, request: FilterRequest, seen: ByteSource, action: RedirectAction, now: number): Promise<RedirectResult> {
  const { message, recipient, account } = request;
  const resolution = await ports.directory.resolve(action.address);
  if (resolution.kind === 'mailbox' && resolution.account === account) return { kind: 'self' };
  if (resolution.kind === 'unknown' || resolution.kind === 'disabled') return { kind: 'impossible', why: `${action.address} is no mailbox here` };
  const targets = resolution.kind === 'alias' ? resolution.targets.filter((target) => target !== account) : [action.address];
  if (targets.length === 0) return { kind: 'self' };
  const content = action.edition === undefined ? request.content : await withoutTrace(editedMessage(seen, action.edition));
  const header = parseHeader(await headerOf(content)).fields;
  if (allFields(header, 'received').length > ports.hopsMax) return { kind: 'impossible', why: 'the message has been through too many servers' };
  const via = recipient.address;
  const asked = targets.map((address) => ({ address, via, originalRecipient: recipient.originalRecipient ?? `rfc822;${via}`, ...(action.notify && { notify: action.notify }) }));
  const forwarded = await ports.forward({ sender: message.sender, recipients: asked }, header);
  const items: NewQueueItem[] = [];
  const [near, far] = await parted(ports, forwarded);
  const passed = new Set(allFields(header, 'delivered-to').map((field) => addressKey(field.value.trim())));
  const again = near.find(({ address }) => passed.has(addressKey(address)));
  if (again) return { kind: 'impossible', why: `the message came from ${again.address}, it would go in a circle` };
  const options = { ...message.options, ...(action.returnContent && { returnContent: action.returnContent }) };
  // What leaves gets Delivered-To as it leaves (flow/deliver/fit.ts); what stays must have it now.
  if (far.length > 0) items.push(await itemOf(ports, request, options, content, far, now, action.edition === undefined));
  if (near.length > 0) {
    const marked = concatenate([new BufferSource(Buffer.from(`Delivered-To: ${via}\r\n`)), content]);
    items.push(await itemOf(ports, request, options, marked, near.map(({ via: _via, ...rest }) => rest), now, false));
  }
  return { kind: 'items', items };
}

async function parted({ directory }: RedirectPorts, recipients: readonly ForwardedRecipient[]): Promise<[near: ForwardedRecipient[], far: ForwardedRecipient[]]> {
  const near: ForwardedRecipient[] = [];
  const far: ForwardedRecipient[] = [];
  for (const recipient of recipients) ((await directory.isLocalDomain(domainOf(recipient.address))) ? near : far).push(recipient);
  return [near, far];
}

async function itemOf(
  ports: RedirectPorts, { message }: FilterRequest, options: NewQueueItem['message']['options'], content: ByteSource, recipients: readonly ForwardedRecipient[], now: number, unchanged: boolean,
): Promise<NewQueueItem> {
  const id = ports.queueId(now);
  const expiresAt = now + ports.lifetimeMs();
  const { delayNoticeAt: _, dkimDomain, ...rest } = message;
  return {
    message: {
      ...rest, id, options, startedAt: now, queuedAt: now, expiresAt,
      contentDigest: unchanged ? message.contentDigest : contentKey(await digestOf(content), now),
      sizeBytes: content.size,
      ...(unchanged && dkimDomain !== undefined && { dkimDomain }),
    },
    recipients: recipients.map(({ loop: _loop, ...recipient }, index): QueueRecipient => ({ ...recipient, index, state: 'queued', attempts: 0, nextAttemptAt: now })),
    content,
    events: [
      { at: now, name: MESSAGE_EVENTS.accepted, data: { protocol: 'internal', about: message.id, sizeBytes: content.size, recipients: recipients.length } },
      { at: now, name: MESSAGE_EVENTS.queued, data: { expiresAt } },
    ],
  };
}

async function headerOf(content: ByteSource): Promise<Buffer> {
  const head = content.inMemory ?? (await content.read(0, Math.min(content.size, HEADER_BYTES_MAX)));
  const end = headerEnd(head);
  return end < 0 ? head : head.subarray(0, end);
}

const HEADER_BYTES_MAX = 1024 * 1024;

/** An edited message begins with the fields of this delivery, which are not its own. */
async function withoutTrace(content: ByteSource): Promise<ByteSource> {
  const bytes = content.inMemory ?? (await content.read());
  const end = headerEnd(bytes);
  if (end < 0) return new BufferSource(bytes);
  let isFirst = true;
  const header = removeFields(bytes.subarray(0, end), ({ lower }) => {
    const isTrace = lower === 'return-path' || (isFirst && lower === 'delivered-to');
    if (lower === 'delivered-to') isFirst = false;
    return isTrace;
  });
  return new BufferSource(Buffer.concat([header, bytes.subarray(end)]));
}

async function digestOf(content: ByteSource): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of content.chunks()) hash.update(chunk);
  return hash.digest('hex');
}
