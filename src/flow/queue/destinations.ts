/**
 * Fair shares: at most so many deliveries at once towards one destination (RoutePlan.key), and messages that found it
 * busy wait in order, as ids only. A destination that is slow fills its own share and its own line, nobody else's.
 *
 * When a place becomes free it is kept for the first in line until that message comes for it, so that newer mail does
 * not overtake it.
 */
export interface DestinationLimits {
  /** For this key. */
  placesOf(key: string): number;
}

interface Destination {
  inFlight: number;
  /** Places kept for messages that were called out of the line. */
  readonly called: Set<string>;
  /** In order of arrival. */
  readonly line: Set<string>;
  /** Where the line begins: starting over would pass all that left it, each time. */
  turn: Iterator<string>;
}

export class Destinations {
  readonly #limits: DestinationLimits;
  readonly #byKey = new Map<string, Destination>();

  constructor(limits: DestinationLimits) {
    this.#limits = limits;
  }

  /** True: a place is taken, and must be given back with `leave`. False: the message stands in line for one. */
  enter(key: string, id: string): boolean {
    const destination = this.#of(key);
    const wasCalled = destination.called.delete(id);
    const taken = destination.inFlight + destination.called.size;
    const mayOvertake = wasCalled || destination.line.size === 0;
    if (taken < this.#limits.placesOf(key) && mayOvertake) {
      destination.inFlight += 1;
      return true;
    }
    destination.line.add(id);
    return false;
  }

  /** Gives a place back. */
  leave(key: string): void {
    const destination = this.#byKey.get(key);
    if (destination) destination.inFlight -= 1;
  }

  /** The message whose turn it is at this destination, if a place is free; call until it returns undefined. */
  call(key: string): string | undefined {
    const destination = this.#byKey.get(key);
    if (!destination) return undefined;
    if (destination.inFlight + destination.called.size >= this.#limits.placesOf(key)) return undefined;
    const id = nextInLine(destination);
    if (id !== undefined) {
      destination.called.add(id);
    } else if (destination.inFlight === 0 && destination.called.size === 0) {
      this.#byKey.delete(key);
    }
    return id;
  }

  /** A called message does not come any more (delivered otherwise, deleted, routed elsewhere): its places are free. */
  forget(id: string, keys: Iterable<string>): void {
    for (const key of keys) this.#byKey.get(key)?.called.delete(id);
  }

  /** Messages in all lines. */
  get waiting(): number {
    let sum = 0;
    for (const destination of this.#byKey.values()) sum += destination.line.size;
    return sum;
  }

  #of(key: string): Destination {
    let destination = this.#byKey.get(key);
    if (!destination) {
      const line = new Set<string>();
      destination = { inFlight: 0, called: new Set(), line, turn: line.values() };
      this.#byKey.set(key, destination);
    }
    return destination;
  }
}

function nextInLine(destination: Destination): string | undefined {
  if (destination.line.size === 0) return undefined;
  let { value, done } = destination.turn.next();
  if (done) {
    destination.turn = destination.line.values();
    ({ value, done } = destination.turn.next());
  }
  if (done || value === undefined) return undefined;
  destination.line.delete(value);
  return value;
}
