/**
 * The lines of all sites and their turns: one delivery a turn, site after site, as long as there are places
 * (places.ts) and the shaper lets it go. A line that can do nothing now is not looked at again before something has
 * changed for it: a delivery of its site ended, the shaper has room there, a wait is over, somebody new stands in it.
 */
import { QUEUE_LIMITS } from '../../base/limits.ts';
import type { MxSite, Permit, Stream } from '../../contract/sending.ts';
import type { SendRequest, Shaper } from '../../contract/shaper.ts';
import { Alarms } from './alarms.ts';
import { Line } from './line.ts';
import type { SenderFacts, SenderLine, Wait } from './line.ts';
import { PACES } from './places.ts';
import type { Pace, Place, Places } from './places.ts';
import { NONE } from './waiting-index.ts';
import type { WaitingIndex } from './waiting-index.ts';

export interface LineEntry extends SenderFacts {
  readonly site: MxSite;
  /** Recipients of one message with the same number may share a delivery. */
  readonly route: number;
}

/** The right to deliver to some recipients of one message. Must be given back with `finish`, exactly once. */
export interface Turn {
  readonly line: Line;
  readonly slots: readonly number[];
  readonly permit: Permit;
  readonly place: Place;
}

export interface LinesOptions {
  readonly index: WaitingIndex;
  readonly places: Places;
  readonly shaper: Pick<Shaper, 'admit'>;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Default QUEUE_LIMITS.longLine. */
  readonly longLine?: number;
}

interface Ready {
  readonly pace: Pace;
  readonly stream: Stream;
  readonly lines: Set<Line>;
}

export class Lines {
  readonly #options: LinesOptions;
  readonly #bySite = new Map<string, Line>();
  /** By the number of their list. */
  readonly #senders: (SenderLine | undefined)[] = [];
  readonly #freeNumbers: number[] = [];
  /** Lines that may have a turn, by what kind of place the next of them needs. */
  readonly #ready: readonly Ready[] = PACES.flatMap((pace) => [{ pace, stream: 'transactional', lines: new Set<Line>() }, { pace, stream: 'bulk', lines: new Set<Line>() }]);
  readonly #alarms = new Alarms<Line>();
  #lastReady = 0;
  #waiting = 0;

  constructor(options: LinesOptions) {
    this.#options = options;
  }

  /** Recipients in all lines. */
  get waiting(): number {
    return this.#waiting;
  }

  /** Sites with a line. */
  get count(): number {
    return this.#bySite.size;
  }

  /** When a wait ends next, milliseconds since 1970; Infinity: none has an end. */
  get nextWakeAt(): number {
    return this.#alarms.nextAt;
  }

  /** A taken slot stands in line. `queuedAt`: milliseconds since 1970, of its message. */
  enter(slot: number, entry: LineEntry, queuedAt: number, atFront = false): void {
    const { site } = entry;
    let line = this.#bySite.get(site.key);
    if (!line) this.#bySite.set(site.key, (line = new Line(site)));
    const sender = line.senderLine(entry, () => this.#freeNumbers.pop() ?? this.#senders.length);
    const isFirst = sender.size === 0;
    this.#senders[sender.number] = sender;
    this.#options.index.append(sender, slot, queuedAt, entry.route, atFront);
    line.size += 1;
    this.#waiting += 1;
    // One more of a sender whose turns come anyway changes nothing for the line.
    if (isFirst) this.#makeReady(line);
  }

  /** A slot leaves its line, taken; nothing happens when it is in none. */
  leave(slot: number): void {
    const sender = this.senderOf(slot);
    if (!sender) return;
    this.#takeSlot(sender, slot);
    this.#dropEmpty(sender.line);
  }

  senderOf(slot: number): SenderLine | undefined {
    const number = this.#options.index.listOf(slot);
    return number === NONE ? undefined : this.#senders[number];
  }

  lineOf(siteKey: string): Line | undefined {
    return this.#bySite.get(siteKey);
  }

  /** It is long, or nobody of it may go now. */
  isLong(siteKey: string): boolean {
    const line = this.#bySite.get(siteKey);
    return line !== undefined && line.size > 0 && (line.size >= (this.#options.longLine ?? QUEUE_LIMITS.longLine) || !line.hasTurns);
  }

  lines(): IterableIterator<Line> {
    return this.#bySite.values();
  }

  /** More may go than before: to this site, or anywhere. */
  room(siteKey: string | undefined): void {
    const lines = siteKey === undefined ? this.#bySite.values() : [this.#bySite.get(siteKey)];
    for (const line of lines) {
      if (!line) continue;
      line.wake(0, true);
      this.#makeReady(line);
    }
  }

  /** Gives turns until nobody may go. `start` must not wait. */
  run(start: (turn: Turn) => void): void {
    const now = this.#options.now();
    for (let line = this.#alarms.take(now); line; line = this.#alarms.take(now)) {
      line.wake(now);
      this.#alarms.set(line);
      this.#makeReady(line);
    }
    for (let line = this.#nextReady(); line; line = this.#nextReady()) {
      const turn = this.#turn(line);
      this.#makeReady(line);
      if (turn) start(turn);
    }
  }

  /** Gives the place back; the permit is the shaper's. */
  finish({ line, place }: Turn): void {
    this.#options.places.giveBack(place);
    line.inFlight -= 1;
    this.#makeReady(line);
    this.#dropEmpty(line);
  }

  /**
   * Takes everybody out of the lines that wait for a time, told with that time: for when there are too many lines. They
   * come again then.
   */
  dissolve(leave: (slot: number, until: number) => void): void {
    for (const line of this.#bySite.values()) {
      if (line.inFlight > 0 || line.hasTurns || line.wakesAt === Number.POSITIVE_INFINITY) continue;
      const until = line.wakesAt;
      for (const sender of line.senders()) {
        while (sender.head !== NONE) {
          const slot = sender.head;
          this.#takeSlot(sender, slot);
          leave(slot, until);
        }
      }
      this.#dropEmpty(line);
    }
  }

  #makeReady(line: Line): void {
    for (const { lines } of this.#ready) lines.delete(line);
    if (!line.hasTurns) return;
    const pace = this.#options.places.paceOf(line.site.key, line.inFlight);
    if (!this.#options.places.maySiteHaveMore(pace, line.inFlight)) return;
    const stream = line.isBulk ? 'bulk' : 'transactional';
    this.#ready.find((one) => one.pace === pace && one.stream === stream)?.lines.add(line);
  }

  /** Kinds take turns too, so that many sites of one kind do not keep another waiting. */
  #nextReady(): Line | undefined {
    for (let step = 1; step <= this.#ready.length; step++) {
      const at = (this.#lastReady + step) % this.#ready.length;
      const { pace, stream, lines } = this.#ready[at] as Ready;
      if (lines.size === 0 || !this.#options.places.isOpen(pace, stream)) continue;
      this.#lastReady = at;
      for (const line of lines) {
        // The pace of a site changes while it stands here.
        if (this.#options.places.paceOf(line.site.key, line.inFlight) === pace) return line;
        this.#makeReady(line);
        return this.#nextReady();
      }
    }
    return undefined;
  }

  /** One delivery, or undefined when nobody of those asked about may go; they are put aside. */
  #turn(line: Line): Turn | undefined {
    const { places, shaper } = this.#options;
    const pace = places.paceOf(line.site.key, line.inFlight);
    for (let tries = 0; tries < QUEUE_LIMITS.candidatesPerTurnMax; tries++) {
      const sender = line.next((stream) => places.isOpen(pace, stream));
      if (!sender) return undefined;
      const slots = this.#together(sender);
      const answer = shaper.admit(this.requestOf(sender, slots.length, sender.head));
      if (answer.kind === 'go') {
        line.served(sender);
        for (const slot of slots) this.#takeSlot(sender, slot);
        line.inFlight += 1;
        return { line, slots, permit: answer.permit, place: places.take(line.site.key) };
      }
      const wait: Wait = { until: this.#endOf(answer.until), reason: answer.reason, rule: answer.rule };
      if (answer.concerns === 'site') line.putAllAside('urgent', wait);
      else if (answer.concerns === 'stream') line.putAllAside(sender.facts.stream, wait);
      else line.putAside(sender, wait);
      this.#alarms.set(line);
    }
    return undefined;
  }

  /** A wait that is over already would make a busy loop. */
  #endOf(until: number | undefined): number {
    return until === undefined ? Number.POSITIVE_INFINITY : Math.max(until, this.#options.now() + 1);
  }

  requestOf({ line, facts }: SenderLine, recipients: number, slot: number): SendRequest {
    return { site: line.site, ...facts, recipients, queuedAt: this.#options.index.timeOf(slot) };
  }

  /** The first of the sender's line, and the others of its message that go the same way. */
  #together(sender: SenderLine): number[] {
    const { index } = this.#options;
    const route = index.routeOf(sender.head);
    const slots: number[] = [];
    for (let slot = index.first(index.idOf(sender.head)); slot !== NONE && slots.length < QUEUE_LIMITS.recipientsPerTransactionMax; slot = index.sibling(slot)) {
      if (index.listOf(slot) === sender.number && index.routeOf(slot) === route) slots.push(slot);
    }
    return slots;
  }

  #takeSlot(sender: SenderLine, slot: number): void {
    this.#options.index.takeFrom(sender, slot);
    sender.line.size -= 1;
    this.#waiting -= 1;
    if (sender.size > 0) return;
    sender.line.forget(sender);
    this.#senders[sender.number] = undefined;
    this.#freeNumbers.push(sender.number);
  }

  #dropEmpty(line: Line): void {
    if (line.size > 0 || line.inFlight > 0) return;
    for (const { lines } of this.#ready) lines.delete(line);
    this.#bySite.delete(line.site.key);
  }
}
