/**
 * What waits for one MX site, in fair turns. Inside a line streams take turns by weight (urgent mail overtakes, but
 * nothing starves), and inside a stream senders take turns one by one, so that a mailing of a hundred thousand delays
 * neither another sender nor a password reset. Each sender's messages go in the order in which they came.
 *
 * Who is told to wait (the shaper answered so) is put aside until its time, or until there is room again; the others of
 * the line go on. The order of messages lives in the index; here are only the senders.
 */
import { QUEUE_LIMITS } from '../../base/limits.ts';
import { STREAMS } from '../../contract/sending.ts';
import type { MxSite, Stream } from '../../contract/sending.ts';
import { NONE } from './waiting-index.ts';
import type { SlotList } from './waiting-index.ts';

/** Who sends: what the shaper is asked about. */
export interface SenderFacts {
  readonly stream: Stream;
  /** Of the sender's address the part before `+` or `=`, so that return paths made for each message are one sender. */
  readonly sender: string;
  readonly account?: string;
  readonly dkimDomain: string;
}

export interface Wait {
  /** Milliseconds since 1970; Infinity: until there is room. */
  readonly until: number;
  readonly reason: string;
  readonly rule: string;
}

export interface SenderLine extends SlotList {
  readonly key: string;
  readonly line: Line;
  readonly facts: SenderFacts;
  /** While it is put aside. */
  wait: Wait | undefined;
}

interface StreamLine {
  /** Those whose turn comes, the next first. */
  turns: Map<string, SenderLine>;
  readonly aside: Map<string, SenderLine>;
  /** Smooth weighted turns: grows by the weight while it waits, falls by the sum of weights when it goes. */
  credit: number;
}

const WEIGHTS: Readonly<Record<Stream, number>> = { urgent: 20, transactional: 4, bulk: 1 };

export class Line {
  readonly site: MxSite;
  /** Deliveries under way. */
  inFlight = 0;
  /** Recipients. */
  size = 0;
  /** The first time at which somebody put aside may go; Infinity when none has such a time. */
  wakesAt = Number.POSITIVE_INFINITY;
  readonly #streams: Readonly<Record<Stream, StreamLine>> = { urgent: newStream(), transactional: newStream(), bulk: newStream() };

  constructor(site: MxSite) {
    this.site = site;
  }

  /** The line of a sender; `make` gives the list a number when there is none yet. */
  senderLine(facts: SenderFacts, make: () => number): SenderLine {
    const stream = this.#streams[facts.stream];
    const key = senderKey(facts, stream.turns.size + stream.aside.size);
    const known = stream.turns.get(key) ?? stream.aside.get(key);
    if (known) return known;
    const sender: SenderLine = { key, line: this, facts, number: make(), head: NONE, tail: NONE, size: 0, wait: undefined };
    if (stream.turns.size === 0) stream.credit = 0;
    stream.turns.set(key, sender);
    return sender;
  }

  /** Whose turn it is among the streams that may go. It stays so until they were `served` or put aside. */
  next(mayGo: (stream: Stream) => boolean): SenderLine | undefined {
    let best: Stream | undefined;
    for (const name of STREAMS) {
      if (this.#streams[name].turns.size === 0 || !mayGo(name)) continue;
      if (best === undefined || this.#claimOf(name) > this.#claimOf(best)) best = name;
    }
    if (best === undefined) return undefined;
    for (const sender of this.#streams[best].turns.values()) return sender;
    return undefined;
  }

  /** The sender had its turn; the next comes after all others of its stream. */
  served(sender: SenderLine): void {
    const chosen = this.#streams[sender.facts.stream];
    for (const name of STREAMS) {
      const stream = this.#streams[name];
      if (stream.turns.size === 0) continue;
      stream.credit += WEIGHTS[name];
      chosen.credit -= WEIGHTS[name];
    }
    chosen.turns.delete(sender.key);
    chosen.turns.set(sender.key, sender);
  }

  #claimOf(name: Stream): number {
    return this.#streams[name].credit + WEIGHTS[name];
  }

  putAside(sender: SenderLine, wait: Wait): void {
    const { turns, aside } = this.#streams[sender.facts.stream];
    turns.delete(sender.key);
    aside.set(sender.key, sender);
    sender.wait = wait;
    this.wakesAt = Math.min(this.wakesAt, wait.until);
  }

  /** Everybody whose turn it would be waits for the same: of this stream and less urgent ones. */
  putAllAside(from: Stream, wait: Wait): void {
    for (const name of STREAMS.slice(STREAMS.indexOf(from))) for (const sender of this.#streams[name].turns.values()) this.putAside(sender, wait);
  }

  /** Those whose time has come take turns again; all of them when there is room. */
  wake(now: number, room = false): void {
    if (!room && now < this.wakesAt) return;
    this.wakesAt = Number.POSITIVE_INFINITY;
    for (const name of STREAMS) this.#wakeStream(this.#streams[name], room ? Number.POSITIVE_INFINITY : now);
  }

  /** They did not have their turn: it is still before that of the others. */
  #wakeStream(stream: StreamLine, now: number): void {
    if (stream.aside.size === 0) return;
    const others = stream.turns;
    stream.turns = new Map();
    for (const [key, sender] of stream.aside) {
      const until = sender.wait?.until ?? 0;
      if (until > now) {
        this.wakesAt = Math.min(this.wakesAt, until);
        continue;
      }
      stream.aside.delete(key);
      sender.wait = undefined;
      stream.turns.set(key, sender);
    }
    for (const [key, sender] of others) stream.turns.set(key, sender);
  }

  /** A sender of whom nothing waits any more. */
  forget(sender: SenderLine): void {
    const { turns, aside } = this.#streams[sender.facts.stream];
    turns.delete(sender.key);
    aside.delete(sender.key);
  }

  /** Somebody's turn may come now. */
  get hasTurns(): boolean {
    return STREAMS.some((name) => this.#streams[name].turns.size > 0);
  }

  /** Only bulk mail has turns. */
  get isBulk(): boolean {
    return this.#streams.urgent.turns.size === 0 && this.#streams.transactional.turns.size === 0;
  }

  *senders(): IterableIterator<SenderLine> {
    for (const name of STREAMS) {
      yield* this.#streams[name].turns.values();
      yield* this.#streams[name].aside.values();
    }
  }
}

function newStream(): StreamLine {
  return { turns: new Map(), aside: new Map(), credit: 0 };
}

/** With too many senders those of one domain share their turns: memory stays bounded. */
function senderKey({ sender, account, dkimDomain }: SenderFacts, senders: number): string {
  const name = senders < QUEUE_LIMITS.sendersPerLineMax ? sender : `*${sender.slice(sender.lastIndexOf('@'))}`;
  return `${name} ${account ?? ''} ${dkimDomain}`;
}

/** `bounces+17@example.org` and `SRS0=x=y=z=w@example.org` are one sender each, whatever stands behind the mark. */
export function plainSender(address: string): string {
  const at = address.lastIndexOf('@');
  const mark = address.slice(0, Math.max(at, 0)).search(/[+=]/);
  return mark > 0 ? address.slice(0, mark) + address.slice(at) : address;
}
