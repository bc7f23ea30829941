/**
 * Which waiting message is due next, in about 45 bytes of memory a message: everything else stays on disk.
 *
 * Ids of 16 characters lie one behind the other in a byte array, found by a hash table of slots; the slots are ordered
 * by due time in a binary heap. Growing doubles the arrays; a slot that becomes free is used again.
 */
const ID_BYTES = 16;
const FIRST_CAPACITY = 1024;
const NOT_IN_HEAP = -1;

export class DueIndex {
  #capacity = FIRST_CAPACITY;
  #ids = Buffer.alloc(FIRST_CAPACITY * ID_BYTES);
  #dueAt = new Float64Array(FIRST_CAPACITY);
  #recipients = new Uint32Array(FIRST_CAPACITY);
  /** Where the slot is in the heap. */
  #place = new Int32Array(FIRST_CAPACITY);
  #heap = new Int32Array(FIRST_CAPACITY);
  #size = 0;
  /** Slot + 1, or 0 for none; open addressing, twice as many places as slots. */
  #table = new Int32Array(FIRST_CAPACITY * 2);
  #freeSlots: number[] = [];
  #slotsUsed = 0;
  #recipientCount = 0;
  /** Ids of another length, which only tests and other programs make; the slot keeps a number in their stead. */
  readonly #oddIds = new Map<string, string>();
  #scratch = Buffer.alloc(ID_BYTES);

  /** Messages waiting. */
  get size(): number {
    return this.#size;
  }

  /** Recipients of these messages that wait. */
  get recipientCount(): number {
    return this.#recipientCount;
  }

  /** When the next one is due, milliseconds since 1970; Infinity when there is none. */
  get nextDueAt(): number {
    return this.#size === 0 ? Number.POSITIVE_INFINITY : (this.#dueAt[this.#heap[0] as number] as number);
  }

  /** Adds a message or changes it. */
  set(id: string, dueAt: number, recipients: number): void {
    this.#encode(id);
    let slot = this.#find();
    if (slot < 0) slot = this.#add();
    else this.#recipientCount -= this.#recipients[slot] as number;
    this.#dueAt[slot] = dueAt;
    this.#recipients[slot] = recipients;
    this.#recipientCount += recipients;
    this.#siftDown(this.#siftUp(this.#place[slot] as number));
  }

  /** True when it was there. */
  delete(id: string): boolean {
    this.#encode(id);
    const slot = this.#find();
    if (slot < 0) return false;
    this.#remove(slot);
    return true;
  }

  /** Takes the message that is due first, if it is due at `now`. */
  pop(now: number): string | undefined {
    if (this.#size === 0 || this.nextDueAt > now) return undefined;
    const slot = this.#heap[0] as number;
    const id = this.#decode(slot);
    this.#remove(slot);
    return id;
  }

  /** Bytes that the index itself takes. */
  get memoryBytes(): number {
    return [this.#ids, this.#dueAt, this.#recipients, this.#place, this.#heap, this.#table].reduce((sum, part) => sum + part.byteLength, 0);
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

  #decode(slot: number): string {
    const id = this.#ids.toString('latin1', slot * ID_BYTES, (slot + 1) * ID_BYTES);
    return id.startsWith('#') ? (this.#oddIds.get(id) as string) : id;
  }

  #hash(bytes: Buffer, at: number): number {
    let hash = 0x811c9dc5;
    for (let byte = at; byte < at + ID_BYTES; byte++) hash = Math.imul(hash ^ (bytes[byte] as number), 0x01000193);
    return (hash ^ (hash >>> 15)) & (this.#table.length - 1);
  }

  /** The slot of the id in scratch, or -1. */
  #find(): number {
    const mask = this.#table.length - 1;
    for (let place = this.#hash(this.#scratch, 0); ; place = (place + 1) & mask) {
      const slot = (this.#table[place] as number) - 1;
      if (slot < 0) return -1;
      if (this.#scratch.compare(this.#ids, slot * ID_BYTES, (slot + 1) * ID_BYTES) === 0) return slot;
    }
  }

  #add(): number {
    if (this.#size === this.#capacity) this.#grow();
    const slot = this.#freeSlots.pop() ?? this.#slotsUsed++;
    this.#scratch.copy(this.#ids, slot * ID_BYTES);
    this.#enterTable(slot);
    this.#dueAt[slot] = Number.POSITIVE_INFINITY;
    this.#recipients[slot] = 0;
    this.#place[slot] = this.#size;
    this.#heap[this.#size] = slot;
    this.#size += 1;
    return slot;
  }

  #enterTable(slot: number): void {
    const mask = this.#table.length - 1;
    let place = this.#hash(this.#ids, slot * ID_BYTES);
    while (this.#table[place] !== 0) place = (place + 1) & mask;
    this.#table[place] = slot + 1;
  }

  #remove(slot: number): void {
    this.#leaveTable(slot);
    this.#recipientCount -= this.#recipients[slot] as number;
    const place = this.#place[slot] as number;
    this.#size -= 1;
    const last = this.#heap[this.#size] as number;
    this.#place[slot] = NOT_IN_HEAP;
    this.#freeSlots.push(slot);
    if (last === slot) return;
    this.#heap[place] = last;
    this.#place[last] = place;
    this.#siftDown(this.#siftUp(place));
  }

  /** Open addressing without tombstones: what follows in the chain moves up. */
  #leaveTable(slot: number): void {
    const table = this.#table;
    const mask = table.length - 1;
    let hole = this.#hash(this.#ids, slot * ID_BYTES);
    while (table[hole] !== slot + 1) hole = (hole + 1) & mask;
    for (let next = (hole + 1) & mask; table[next] !== 0; next = (next + 1) & mask) {
      const home = this.#hash(this.#ids, ((table[next] as number) - 1) * ID_BYTES);
      if (((next - home) & mask) < ((next - hole) & mask)) continue;
      table[hole] = table[next] as number;
      hole = next;
    }
    table[hole] = 0;
  }

  #siftUp(from: number): number {
    const slot = this.#heap[from] as number;
    const dueAt = this.#dueAt[slot] as number;
    let place = from;
    while (place > 0) {
      const above = (place - 1) >> 1;
      const other = this.#heap[above] as number;
      if ((this.#dueAt[other] as number) <= dueAt) break;
      this.#put(place, other);
      place = above;
    }
    this.#put(place, slot);
    return place;
  }

  #siftDown(from: number): void {
    const slot = this.#heap[from] as number;
    const dueAt = this.#dueAt[slot] as number;
    let place = from;
    for (;;) {
      let below = 2 * place + 1;
      if (below >= this.#size) break;
      if (below + 1 < this.#size && this.#dueOf(below + 1) < this.#dueOf(below)) below += 1;
      if (this.#dueOf(below) >= dueAt) break;
      this.#put(place, this.#heap[below] as number);
      place = below;
    }
    this.#put(place, slot);
  }

  #dueOf(place: number): number {
    return this.#dueAt[this.#heap[place] as number] as number;
  }

  #put(place: number, slot: number): void {
    this.#heap[place] = slot;
    this.#place[slot] = place;
  }

  #grow(): void {
    this.#capacity *= 2;
    this.#ids = Buffer.concat([this.#ids], this.#capacity * ID_BYTES);
    this.#dueAt = copyInto(this.#dueAt, new Float64Array(this.#capacity));
    this.#recipients = copyInto(this.#recipients, new Uint32Array(this.#capacity));
    this.#place = copyInto(this.#place, new Int32Array(this.#capacity));
    this.#heap = copyInto(this.#heap, new Int32Array(this.#capacity));
    this.#table = new Int32Array(this.#capacity * 2);
    for (let place = 0; place < this.#size; place++) this.#enterTable(this.#heap[place] as number);
  }
}

function copyInto<T extends Float64Array | Uint32Array | Int32Array>(old: T, larger: T): T {
  larger.set(old);
  return larger;
}
