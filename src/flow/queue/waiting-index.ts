/**
 * Every recipient in state `queued`, in about 60 bytes of memory each: everything else stays on disk.
 *
 * A recipient has one slot. The slot is in one of three places: in the heap (it waits for its time), in a list (it waits
 * in a line of its site, see line.ts, whose order is kept here as links between slots), or taken (it is being read,
 * routed or delivered). Slots are columns of numbers; growing copies a column at a time.
 *
 * Ids of 16 characters lie one behind the other; a hash table leads from an id to the first slot of the message, and from
 * there a chain to its other recipients.
 */
const ID_BYTES = 16;
const ID_WORDS = ID_BYTES / 4;
const FIRST_CAPACITY = 1024;
/** Growth by half: a million slots must not pay for two. */
const GROWTH = 1.5;
/** Room beyond what is known to come. */
const SPARE = 1.05;
export const NONE = -1;

const FREE = 0;
const IN_HEAP = 1;
const IN_LIST = 2;
const TAKEN = 3;
/** Added to TAKEN: the rows were changed meanwhile, what is known of them is stale. */
const TOUCHED = 4;

/** A list of slots, first come first served. */
export interface SlotList {
  readonly number: number;
  head: number;
  tail: number;
  size: number;
}

export class WaitingIndex {
  #capacity = FIRST_CAPACITY;
  #ids = Buffer.alloc(FIRST_CAPACITY * ID_BYTES);
  /** The same bytes, to compare four at once. */
  #words = new Int32Array(this.#ids.buffer);
  /** In the heap: when it is due. In a list: when the message was queued. Milliseconds since 1970. */
  #time = new Float64Array(FIRST_CAPACITY);
  #position = new Uint32Array(FIRST_CAPACITY);
  #state = new Uint8Array(FIRST_CAPACITY);
  /** In the heap: its place there. In a list: the slot before it. */
  #place = new Int32Array(FIRST_CAPACITY);
  /** In a list: the slot behind it. */
  #next = new Int32Array(FIRST_CAPACITY);
  /** In a list: its number. */
  #list = new Int32Array(FIRST_CAPACITY);
  /** What may share a delivery: a hash of where it goes. */
  #route = new Uint32Array(FIRST_CAPACITY);
  /** The next slot of the same message. */
  #sibling = new Int32Array(FIRST_CAPACITY);
  #heap = new Int32Array(FIRST_CAPACITY);
  #heapSize = 0;
  /** First slot of a message + 1, or 0 for none; open addressing, at least twice as many places as slots. */
  #table = new Int32Array(FIRST_CAPACITY * 2);
  /** The free slots, linked by #next. */
  #free = NONE;
  #used = 0;
  #size = 0;
  /** Ids of another length, which only tests make; the slot keeps a number in their stead. */
  readonly #oddIds = new Map<string, string>();
  readonly #scratch = Buffer.alloc(ID_BYTES);
  readonly #scratchWords = new Int32Array(this.#scratch.buffer);

  /** Recipients. */
  get size(): number {
    return this.#size;
  }

  /** Recipients that wait for their time. */
  get sleeping(): number {
    return this.#heapSize;
  }

  /** When the next one is due, milliseconds since 1970; Infinity when none sleeps. */
  get nextDueAt(): number {
    return this.#heapSize === 0 ? Number.POSITIVE_INFINITY : (this.#time[this.#heap[0] as number] as number);
  }

  /** Makes room for so many in one go, with some to spare: growing little by little leaves holes in the process's memory. */
  reserve(recipients: number): void {
    if (recipients > this.#capacity) this.#growTo(Math.floor(recipients * SPARE));
  }

  /** Adds a recipient that is not there, asleep until `dueAt`. Returns its slot. */
  add(id: string, position: number, dueAt: number): number {
    const slot = this.#newSlot();
    this.#encode(id);
    this.#scratch.copy(this.#ids, slot * ID_BYTES);
    this.#position[slot] = position;
    const at = this.#findPlace();
    this.#sibling[slot] = (this.#table[at] as number) - 1;
    this.#table[at] = slot + 1;
    this.#size += 1;
    this.#enterHeap(slot, dueAt);
    return slot;
  }

  /** The slots of a message, or [] when none of its recipients waits. */
  slotsOf(id: string): number[] {
    const slots: number[] = [];
    for (let slot = this.first(id); slot !== NONE; slot = this.sibling(slot)) slots.push(slot);
    return slots;
  }

  slotOf(id: string, position: number): number {
    let slot = this.first(id);
    while (slot !== NONE && this.#position[slot] !== position) slot = this.sibling(slot);
    return slot;
  }

  first(id: string): number {
    this.#encode(id);
    return (this.#table[this.#findPlace()] as number) - 1;
  }

  sibling(slot: number): number {
    return this.#sibling[slot] as number;
  }

  idOf(slot: number): string {
    const id = this.#ids.toString('latin1', slot * ID_BYTES, (slot + 1) * ID_BYTES);
    return id.startsWith('#') ? (this.#oddIds.get(id) as string) : id;
  }

  positionOf(slot: number): number {
    return this.#position[slot] as number;
  }

  /** Of a sleeping slot when it is due, of one in a list when its message was queued. */
  timeOf(slot: number): number {
    return this.#time[slot] as number;
  }

  routeOf(slot: number): number {
    return this.#route[slot] as number;
  }

  /** The list the slot is in, or NONE. */
  listOf(slot: number): number {
    return this.#state[slot] === IN_LIST ? (this.#list[slot] as number) : NONE;
  }

  isSleeping(slot: number): boolean {
    return this.#state[slot] === IN_HEAP;
  }

  isTaken(slot: number): boolean {
    return ((this.#state[slot] as number) & TAKEN) === TAKEN;
  }

  /** Takes the slot that is due first out of the heap, if it is due at `now`; else NONE. */
  takeDue(now: number): number {
    if (this.#heapSize === 0 || this.nextDueAt > now) return NONE;
    const slot = this.#heap[0] as number;
    this.take(slot);
    return slot;
  }

  /** Takes a sleeping slot. Those in lists are taken by `takeFrom`. */
  take(slot: number): void {
    if (this.#state[slot] === IN_HEAP) this.#leaveHeap(slot);
    this.#state[slot] = TAKEN;
  }

  /** A taken slot sleeps until `dueAt`; a sleeping one until then instead. */
  sleep(slot: number, dueAt: number): void {
    if (this.#state[slot] === IN_HEAP) this.#leaveHeap(slot);
    this.#enterHeap(slot, dueAt);
  }

  /** What is known of a taken slot's rows is stale. */
  touch(slot: number): void {
    if (this.isTaken(slot)) this.#state[slot] = TAKEN | TOUCHED;
  }

  /** Whether it was touched since; asking forgets it. */
  wasTouched(slot: number): boolean {
    const touched = this.#state[slot] === (TAKEN | TOUCHED);
    if (touched) this.#state[slot] = TAKEN;
    return touched;
  }

  /** Removes a taken or sleeping slot: its recipient waits no more. */
  remove(slot: number): void {
    if (this.#state[slot] === IN_HEAP) this.#leaveHeap(slot);
    this.#leaveChain(slot);
    this.#state[slot] = FREE;
    this.#next[slot] = this.#free;
    this.#free = slot;
    this.#size -= 1;
  }

  /** Puts a taken slot at the end (or the front) of a list. */
  append(list: SlotList, slot: number, queuedAt: number, route: number, atFront = false): void {
    this.#state[slot] = IN_LIST;
    this.#list[slot] = list.number;
    this.#time[slot] = queuedAt;
    this.#route[slot] = route;
    const before = atFront ? NONE : list.tail;
    const behind = atFront ? list.head : NONE;
    this.#place[slot] = before;
    this.#next[slot] = behind;
    if (before === NONE) list.head = slot;
    else this.#next[before] = slot;
    if (behind === NONE) list.tail = slot;
    else this.#place[behind] = slot;
    list.size += 1;
  }

  /** Takes a slot out of its list, wherever in it. */
  takeFrom(list: SlotList, slot: number): void {
    const before = this.#place[slot] as number;
    const behind = this.#next[slot] as number;
    if (before === NONE) list.head = behind;
    else this.#next[before] = behind;
    if (behind === NONE) list.tail = before;
    else this.#place[behind] = before;
    list.size -= 1;
    this.#state[slot] = TAKEN;
  }

  /** No slot sleeps longer than until `latest`: the clock went back. */
  wakeBy(latest: number): void {
    for (let place = 0; place < this.#heapSize; place++) {
      const slot = this.#heap[place] as number;
      if ((this.#time[slot] as number) > latest) this.#time[slot] = latest;
    }
    for (let place = (this.#heapSize >> 1) - 1; place >= 0; place--) this.#siftDown(place);
  }

  /** Bytes that the columns take. */
  get memoryBytes(): number {
    const columns = [this.#ids, this.#time, this.#position, this.#state, this.#place, this.#next, this.#list, this.#route, this.#sibling, this.#heap, this.#table];
    return columns.reduce((sum, column) => sum + column.byteLength, 0);
  }

  #encode(id: string): void {
    if (id.length === ID_BYTES) {
      this.#scratch.write(id, 0, ID_BYTES, 'latin1');
      return;
    }
    // No queue id starts with '#'.
    let key = this.#oddIds.get(id);
    if (!key) {
      key = `#${this.#oddIds.size.toString(36).padStart(ID_BYTES - 1, '0')}`;
      this.#oddIds.set(id, key).set(key, id);
    }
    this.#scratch.write(key, 0, ID_BYTES, 'latin1');
  }

  #hash(words: Int32Array, at: number): number {
    let hash = 0x811c9dc5;
    for (let word = at; word < at + ID_WORDS; word++) {
      hash = Math.imul(hash ^ (words[word] as number), 0x85ebca6b);
      hash ^= hash >>> 15;
    }
    return hash & (this.#table.length - 1);
  }

  /** Where in the table the id in scratch is, or would be. */
  #findPlace(): number {
    const mask = this.#table.length - 1;
    for (let place = this.#hash(this.#scratchWords, 0); ; place = (place + 1) & mask) {
      const slot = (this.#table[place] as number) - 1;
      if (slot < 0 || this.#isInScratch(slot)) return place;
    }
  }

  #isInScratch(slot: number): boolean {
    for (let word = 0; word < ID_WORDS; word++) if (this.#words[slot * ID_WORDS + word] !== this.#scratchWords[word]) return false;
    return true;
  }

  #newSlot(): number {
    if (this.#free !== NONE) {
      const slot = this.#free;
      this.#free = this.#next[slot] as number;
      return slot;
    }
    if (this.#used === this.#capacity) this.#growTo(Math.floor(this.#capacity * GROWTH));
    return this.#used++;
  }

  #leaveChain(slot: number): void {
    this.#ids.copy(this.#scratch, 0, slot * ID_BYTES, (slot + 1) * ID_BYTES);
    const at = this.#findPlace();
    const head = (this.#table[at] as number) - 1;
    if (head !== slot) {
      let before = head;
      while (this.#sibling[before] !== slot) before = this.#sibling[before] as number;
      this.#sibling[before] = this.#sibling[slot] as number;
      return;
    }
    this.#table[at] = (this.#sibling[slot] as number) + 1;
    if (this.#table[at] === 0) this.#closeGap(at);
  }

  /** Open addressing without tombstones: what follows in the chain moves up. */
  #closeGap(from: number): void {
    const table = this.#table;
    const mask = table.length - 1;
    let hole = from;
    for (let next = (hole + 1) & mask; table[next] !== 0; next = (next + 1) & mask) {
      const home = this.#hash(this.#words, ((table[next] as number) - 1) * ID_WORDS);
      if (((next - home) & mask) < ((next - hole) & mask)) continue;
      table[hole] = table[next] as number;
      table[next] = 0;
      hole = next;
    }
  }

  #enterHeap(slot: number, dueAt: number): void {
    this.#state[slot] = IN_HEAP;
    this.#time[slot] = dueAt;
    this.#put(this.#heapSize++, slot);
    this.#siftUp(this.#heapSize - 1);
  }

  #leaveHeap(slot: number): void {
    const place = this.#place[slot] as number;
    this.#heapSize -= 1;
    const last = this.#heap[this.#heapSize] as number;
    if (last === slot) return;
    this.#put(place, last);
    this.#siftDown(this.#siftUp(place));
  }

  #siftUp(from: number): number {
    const slot = this.#heap[from] as number;
    const dueAt = this.#time[slot] as number;
    let place = from;
    while (place > 0) {
      const above = (place - 1) >> 1;
      const other = this.#heap[above] as number;
      if ((this.#time[other] as number) <= dueAt) break;
      this.#put(place, other);
      place = above;
    }
    this.#put(place, slot);
    return place;
  }

  #siftDown(from: number): void {
    const slot = this.#heap[from] as number;
    const dueAt = this.#time[slot] as number;
    let place = from;
    for (;;) {
      let below = 2 * place + 1;
      if (below >= this.#heapSize) break;
      if (below + 1 < this.#heapSize && this.#dueOf(below + 1) < this.#dueOf(below)) below += 1;
      if (this.#dueOf(below) >= dueAt) break;
      this.#put(place, this.#heap[below] as number);
      place = below;
    }
    this.#put(place, slot);
  }

  #dueOf(place: number): number {
    return this.#time[this.#heap[place] as number] as number;
  }

  #put(place: number, slot: number): void {
    this.#heap[place] = slot;
    this.#place[slot] = place;
  }

  #growTo(capacity: number): void {
    this.#capacity = capacity;
    this.#ids = Buffer.from(copyInto(this.#ids, new Uint8Array(capacity * ID_BYTES)).buffer);
    this.#words = new Int32Array(this.#ids.buffer);
    this.#time = copyInto(this.#time, new Float64Array(capacity));
    this.#position = copyInto(this.#position, new Uint32Array(capacity));
    this.#state = copyInto(this.#state, new Uint8Array(capacity));
    this.#place = copyInto(this.#place, new Int32Array(capacity));
    this.#next = copyInto(this.#next, new Int32Array(capacity));
    this.#list = copyInto(this.#list, new Int32Array(capacity));
    this.#route = copyInto(this.#route, new Uint32Array(capacity));
    this.#sibling = copyInto(this.#sibling, new Int32Array(capacity));
    this.#heap = copyInto(this.#heap, new Int32Array(capacity));
    if (this.#table.length < capacity * 2) this.#growTable(2 ** Math.ceil(Math.log2(capacity * 2)));
  }

  #growTable(places: number): void {
    const old = this.#table;
    this.#table = new Int32Array(places);
    const mask = this.#table.length - 1;
    for (const entry of old) {
      if (entry === 0) continue;
      let place = this.#hash(this.#words, (entry - 1) * ID_WORDS);
      while (this.#table[place] !== 0) place = (place + 1) & mask;
      this.#table[place] = entry;
    }
  }
}

function copyInto<T extends { set(from: ArrayLike<number>): void }>(old: ArrayLike<number>, larger: T): T {
  larger.set(old);
  return larger;
}
