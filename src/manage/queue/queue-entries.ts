/** Waiting messages as lists show them, made of the store's rows. Loads nothing: the command line makes them of pieces, too. */
import type { Reply } from '../../contract/message.ts';
import type { LiveWait } from '../../contract/queue-control.ts';
import type { RecipientState } from '../../contract/queue.ts';
import { unpackWaiting, type WaitingRecipient, type WaitingRow } from '../../store/clients/waiting-rows.ts';

export interface QueueEntryRecipient {
  readonly index: number;
  readonly address: string;
  readonly state: RecipientState;
  readonly attempts: number;
  /** Milliseconds since 1970. */
  readonly nextAttemptAt: number;
  /** Of its last change: what came of the last try, who held it. */
  readonly reason?: string;
  /** Its time has come and it waits: why, and until when at least (milliseconds since 1970); of a running queue. */
  readonly waitReason?: string;
  readonly waitUntil?: number;
  /** It is being tried at this moment. */
  readonly inDelivery?: true;
  readonly lastReply?: Reply;
  /** MX site of the last attempt; absent before the first. */
  readonly site?: string;
  /** What the last reply means: mail/reply-meaning. */
  readonly rule?: string;
  readonly culprit?: string;
}

export interface QueueEntry {
  readonly id: string;
  /** '' is the null sender. */
  readonly sender: string;
  readonly sizeBytes: number;
  /** Milliseconds since 1970. */
  readonly queuedAt: number;
  readonly expiresAt: number;
  readonly stream?: string;
  readonly account?: string;
  readonly recipients: readonly QueueEntryRecipient[];
}

/** An element of what `queue.rows` answers. */
export interface QueueRowsPiece {
  /** The server's time, milliseconds since 1970. */
  readonly now: number;
  /** As QueueListing has it. */
  readonly unknownSites?: number;
  /** By `id index`, of recipients whose time has come, when the queue runs. */
  readonly live: Readonly<Record<string, LiveWait>>;
  readonly rows: readonly WaitingRow[];
}

/** Whole messages, oldest first. */
export function readEntries({ rows, live }: QueueRowsPiece): readonly QueueEntry[] {
  const entries = toEntries(rows.map(unpackWaiting));
  return Object.keys(live).length === 0 ? entries : entries.map((entry) => withWaits(entry, (recipient) => live[`${entry.id} ${recipient.index}`]));
}

/** Neighbouring rows of one message become one entry. */
export function toEntries(rows: readonly WaitingRecipient[]): readonly QueueEntry[] {
  const entries: (QueueEntry & { readonly recipients: QueueEntryRecipient[] })[] = [];
  for (const { id, sender, sizeBytes, queuedAt, expiresAt, stream, account, ...recipient } of rows) {
    const last = entries.at(-1);
    if (last?.id === id) last.recipients.push(recipient);
    else entries.push({ id, sender, sizeBytes, queuedAt, expiresAt, stream, ...(account === undefined ? {} : { account }), recipients: [recipient] });
  }
  return entries;
}

/** With what makes queued recipients wait whose time has come, and the site of those never tried. */
export function withWaits(entry: QueueEntry, waitOf: (recipient: QueueEntryRecipient) => LiveWait | undefined): QueueEntry {
  return {
    ...entry,
    recipients: entry.recipients.map((recipient) => {
      const live = recipient.state === 'queued' ? waitOf(recipient) : undefined;
      if (!live) return recipient;
      const site = recipient.site ?? live.site;
      const waiting = live.phase !== 'scheduled';
      return {
        ...recipient,
        ...(site === undefined ? {} : { site }),
        ...(waiting ? { waitReason: live.reason } : {}),
        ...(live.phase === 'in-delivery' ? { inDelivery: true as const } : {}),
        ...(waiting && live.until !== undefined ? { waitUntil: live.until } : {}),
      };
    }),
  };
}
