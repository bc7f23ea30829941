/** The queue's store without a disk: what is committed survives a restart of the queue, nothing else does. */
import type { ByteSource } from '../../src/base/byte-source.ts';
import { BufferSource } from '../../src/base/byte-source.ts';
import type { AgedMessages, AgedPlace, DueRows, NewQueueItem, QueueItem, QueueRecipient, QueueStore, RecipientState, Settlement, WaitingFacts } from '../../src/contract/queue.ts';
import { packFacts } from '../../src/store/ops/waiting-facts.ts';

interface Row {
  message: QueueItem['message'];
  recipients: QueueRecipient[];
}

const isWaiting = ({ state }: { readonly state: RecipientState }): boolean => state === 'queued' || state === 'held';

export class MemoryQueueStore implements QueueStore {
  /** Unfinished messages. */
  readonly rows = new Map<string, Row>();
  /** How many recipients ended how. */
  readonly fates = new Map<RecipientState, number>();
  /** Fates that were met twice, and the like. */
  readonly faults: string[] = [];
  /** When times are written down, milliseconds since 1970; 0: nobody knows. */
  now: () => number = () => 0;
  /** Throws in place of a commit, when it wants. */
  disturb: () => void = () => {};

  async insert(item: NewQueueItem): Promise<void> {
    this.disturb();
    this.#add(item);
  }

  async read(id: string): Promise<QueueItem | undefined> {
    const row = this.rows.get(id);
    return row && { message: row.message, recipients: [...row.recipients] };
  }

  async readMany(ids: readonly string[]): Promise<readonly QueueItem[]> {
    return (await Promise.all(ids.map((id) => this.read(id)))).filter((item) => item !== undefined);
  }

  async waitingFacts(ids: readonly string[]): Promise<WaitingFacts> {
    return packFacts(ids.flatMap((id, at) => {
      const row = this.rows.get(id);
      const own = row?.recipients.filter(({ state, reroute, reversePath, via }) => state === 'queued' && reroute === undefined && reversePath === undefined && via === undefined);
      return (own ?? []).map(({ index, nextAttemptAt, dueSetAt, attempts, address }) => [
        at, index, nextAttemptAt, dueSetAt ?? (attempts === 0 ? nextAttemptAt : 0), row?.message.queuedAt ?? 0, row?.message.sender ?? '', address,
        row?.message.stream ?? null, row?.message.dkimDomain ?? null, row?.message.origin.account ?? null,
      ] as const);
    }));
  }

  async content(): Promise<ByteSource> {
    return new BufferSource(Buffer.from('Subject: x\r\n\r\n'));
  }

  async settle(id: string, settlements: readonly Settlement[], _deposits: unknown, followUps: readonly NewQueueItem[], _events: unknown, delayNoticeDone = false): Promise<{ finished: boolean }> {
    this.disturb();
    const row = this.rows.get(id);
    if (!row) return { finished: true };
    for (const { recipient, state, attempts, nextAttemptAt } of settlements) {
      const at = row.recipients.findIndex(({ index }) => index === recipient);
      const known = row.recipients[at] as QueueRecipient;
      if (!isWaiting(known)) {
        if (known.state !== 'deleted') this.faults.push(`${id} ${recipient} was ${known.state} and became ${state}`);
        continue;
      }
      this.#change(row, at, { ...known, state: known.state === 'held' && state === 'queued' ? 'held' : state, attempts, nextAttemptAt, dueSetAt: this.now() });
    }
    if (delayNoticeDone) row.message = { ...row.message, delayNoticeAt: undefined as never };
    for (const item of followUps) this.#add(item);
    return { finished: this.#finish(id, row) };
  }

  /** An administrator's order. */
  order(id: string, index: number, change: Partial<QueueRecipient>): void {
    const row = this.rows.get(id);
    const at = row?.recipients.findIndex((recipient) => recipient.index === index && isWaiting(recipient)) ?? -1;
    if (!row || at < 0) return;
    this.#change(row, at, { ...(row.recipients[at] as QueueRecipient), ...(change.nextAttemptAt === undefined ? {} : { dueSetAt: this.now() }), ...change });
    this.#finish(id, row);
  }

  async *dueRows(): AsyncIterable<DueRows> {
    const rows = [...this.rows].flatMap(([id, { recipients }]) => recipients.filter(({ state }) => state === 'queued').map((recipient) => ({ id, recipient })));
    for (let at = 0; at < rows.length; at += 1000) {
      const piece = rows.slice(at, at + 1000);
      yield {
        ids: piece.map(({ id }) => id), positions: piece.map(({ recipient }) => recipient.index), times: piece.map(({ recipient }) => recipient.nextAttemptAt),
        setTimes: piece.map(({ recipient: { dueSetAt, attempts, nextAttemptAt } }) => dueSetAt ?? (attempts === 0 ? nextAttemptAt : 0)),
      };
    }
  }

  async aged(now: number, limit: number, after: AgedPlace = { watchAt: Number.MIN_SAFE_INTEGER, id: '' }): Promise<AgedMessages> {
    const timeOf = ({ message }: Row): number => message.delayNoticeAt ?? message.expiresAt;
    const all = [...this.rows.values()].sort((a, b) => timeOf(a) - timeOf(b) || (a.message.id < b.message.id ? -1 : 1));
    const due = all.filter((row) => timeOf(row) <= now && (timeOf(row) > after.watchAt || (timeOf(row) === after.watchAt && row.message.id > after.id))).slice(0, limit);
    const next = all.find((row) => timeOf(row) > now);
    const last = due.at(-1);
    return {
      items: due.map(({ message, recipients }) => ({ message, recipients: [...recipients] })),
      ...(last && due.length === limit ? { after: { watchAt: timeOf(last), id: last.message.id } } : {}),
      ...(next ? { nextAt: timeOf(next) } : {}),
    };
  }

  #add({ message, recipients }: NewQueueItem): void {
    this.rows.set(message.id, { message, recipients: [...recipients] });
  }

  #change(row: Row, at: number, recipient: QueueRecipient): void {
    row.recipients[at] = recipient;
    if (!isWaiting(recipient)) this.fates.set(recipient.state, (this.fates.get(recipient.state) ?? 0) + 1);
  }

  #finish(id: string, row: Row): boolean {
    if (row.recipients.some(isWaiting)) return false;
    this.rows.delete(id);
    return true;
  }
}
