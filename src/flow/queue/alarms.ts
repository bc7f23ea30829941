/** Which of many things has its time first: a binary heap in which an entry that was overtaken by a newer one is passed over. */
export class Alarms<T extends { readonly wakesAt: number }> {
  readonly #heap: { readonly at: number; readonly thing: T }[] = [];

  /** Remembers the present `wakesAt` of the thing. */
  set(thing: T): void {
    if (thing.wakesAt === Number.POSITIVE_INFINITY) return;
    const heap = this.#heap;
    const entry = { at: thing.wakesAt, thing };
    let place = heap.push(entry) - 1;
    for (; place > 0; place = (place - 1) >> 1) {
      const above = heap[(place - 1) >> 1] as typeof entry;
      if (above.at <= entry.at) break;
      heap[place] = above;
    }
    heap[place] = entry;
  }

  /** Infinity when there is none. */
  get nextAt(): number {
    for (let first = this.#heap[0]; first; first = this.#heap[0]) {
      if (first.thing.wakesAt === first.at) return first.at;
      this.#pop();
    }
    return Number.POSITIVE_INFINITY;
  }

  /** The one whose time came first, if it has come. */
  take(now: number): T | undefined {
    if (this.nextAt > now) return undefined;
    return this.#pop();
  }

  #pop(): T | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (!first || !last || heap.length === 0) return first?.thing;
    let place = 0;
    for (;;) {
      let below = 2 * place + 1;
      if (below >= heap.length) break;
      if (below + 1 < heap.length && (heap[below + 1] as typeof last).at < (heap[below] as typeof last).at) below += 1;
      if ((heap[below] as typeof last).at >= last.at) break;
      heap[place] = heap[below] as typeof last;
      place = below;
    }
    heap[place] = last;
    return first.thing;
  }
}
