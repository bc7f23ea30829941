/**
 * A mail program's picture of the selected mailbox, kept from nothing but what the server says: a number that is wrong even
 * once breaks it. Checks as it goes that the server keeps the rules for EXISTS, EXPUNGE and VANISHED.
 */
import assert from 'node:assert/strict';
import type { ImapDialogue } from './imap-dialogue.ts';

export interface MirrorRow {
  uid: number | undefined;
  /** Sorted, without \Recent; undefined until told. */
  flags: string | undefined;
}

/** Behind these no EXPUNGE may be told (RFC 9051 §7.5.1). */
const BY_SEQUENCE = /^(FETCH|STORE|SEARCH)\b/;

export class ImapMirror {
  readonly client: ImapDialogue;
  rows: MirrorRow[] = [];
  uidValidity = 0;
  /** Everything up to this one is in `rows`: taken when an answer is complete, and not from one that keeps expunges back. */
  highestModseq = 0;
  lastUid = 0;
  /** Rows whose flags the last answer told. */
  readonly told = new Set<MirrorRow>();
  #heardModseq = 0;

  constructor(client: ImapDialogue) {
    this.client = client;
  }

  get unknown(): readonly [from: number, to: number] | undefined {
    const from = this.rows.findIndex((row) => row.uid === undefined || row.flags === undefined) + 1;
    return from === 0 ? undefined : [from, this.rows.length];
  }

  /** The smallest UID that a message not known yet can have. */
  get unknownFromUid(): number {
    const first = this.rows.findIndex((row) => row.uid === undefined || row.flags === undefined);
    return ((first < 0 ? this.rows.at(-1) : this.rows[first - 1])?.uid ?? 0) + 1;
  }

  /** A message whose UID is not known stands before one that is: as a cache for QRESYNC, which counts on all UIDs, it is of no use. */
  get hasHole(): boolean {
    const first = this.rows.findIndex((row) => row.uid === undefined);
    return first >= 0 && this.rows.slice(first).some((row) => row.uid !== undefined);
  }

  /** Selects and reads all. `rows` from before are kept with QRESYNC parameters, as a cache would. */
  async select(parameters = ''): Promise<void> {
    if (parameters === '') this.rows = [];
    const lines = await this.client.say(`SELECT INBOX${parameters}`);
    assert.match(lines.at(-1) as string, /^OK/);
    const earlier = lines.find((line) => line.startsWith('* VANISHED (EARLIER) '));
    const gone = numbersOf(earlier?.slice('* VANISHED (EARLIER) '.length) ?? '');
    this.rows = this.rows.filter((row) => row.uid !== undefined && !gone.has(row.uid));
    this.#heardModseq = 0;
    for (const line of lines) if (!line.startsWith('* VANISHED (EARLIER)')) this.hear(line, 'SELECT');
    this.highestModseq = this.#heardModseq;
    await this.learn();
  }

  /** Asks for what is new. */
  async learn(): Promise<void> {
    for (let unknown = this.unknown; unknown; unknown = this.unknown) await this.say(`FETCH ${unknown[0]}:${unknown[1]} (UID FLAGS)`);
  }

  /** The answer's last line; '' when the connection ended before it. */
  async say(command: string): Promise<string> {
    const lines = await this.client.say(command);
    this.told.clear();
    for (const line of lines.slice(0, -1)) this.hear(line, command);
    const last = lines.at(-1) as string;
    if (last !== '' && !BY_SEQUENCE.test(command)) this.highestModseq = this.#heardModseq;
    return last;
  }

  hear(line: string, command: string): void {
    const code = /^\* OK \[(UIDVALIDITY|HIGHESTMODSEQ) (\d+)\]/.exec(line);
    if (code?.[1] === 'UIDVALIDITY') this.uidValidity = Number(code[2]);
    if (code?.[1] === 'HIGHESTMODSEQ') this.#heardModseq = Number(code[2]);
    const numbered = /^\* (\d+) (EXISTS|EXPUNGE|FETCH)(?: (.*))?$/s.exec(line);
    if (numbered) this.#numbered(Number(numbered[1]), numbered[2] as string, numbered[3] ?? '', command);
    else if (line.startsWith('* VANISHED ')) this.#vanish(numbersOf(line.slice('* VANISHED '.length)), command);
  }

  #numbered(number: number, what: string, rest: string, command: string): void {
    if (what === 'EXISTS') {
      assert.ok(number >= this.rows.length, `${command}: EXISTS ${number} with ${this.rows.length} messages`);
      while (this.rows.length < number) this.rows.push({ uid: undefined, flags: undefined });
      return;
    }
    assert.ok(number >= 1 && number <= this.rows.length, `${command}: ${what} of message ${number} of ${this.rows.length}`);
    if (what === 'EXPUNGE') {
      assert.doesNotMatch(command, BY_SEQUENCE, 'EXPUNGE behind a command by sequence number');
      this.rows.splice(number - 1, 1);
    } else this.#fetched(this.rows[number - 1] as MirrorRow, rest, command);
  }

  #fetched(row: MirrorRow, rest: string, command: string): void {
    const uid = /\bUID (\d+)/.exec(rest)?.[1];
    const flags = /\bFLAGS \(([^)]*)\)/.exec(rest)?.[1];
    const modseq = /\bMODSEQ \((\d+)\)/.exec(rest)?.[1];
    if (modseq !== undefined && !BY_SEQUENCE.test(command)) this.#heardModseq = Math.max(this.#heardModseq, Number(modseq));
    if (uid !== undefined) {
      assert.ok(row.uid === undefined || row.uid === Number(uid), `${command}: the message was UID ${row.uid}, now ${uid}`);
      row.uid = Number(uid);
      this.lastUid = Math.max(this.lastUid, row.uid);
    }
    if (flags === undefined) return;
    row.flags = sortedFlags(flags);
    this.told.add(row);
  }

  #vanish(uids: ReadonlySet<number>, command: string): void {
    assert.doesNotMatch(command, BY_SEQUENCE, 'VANISHED behind a command by sequence number');
    for (const uid of uids) {
      const at = this.#place(uid);
      assert.ok(at >= 0, `${command}: VANISHED names ${uid}, which this client was never told of`);
      this.rows.splice(at, 1);
    }
  }

  /** Of a message, perhaps one that was counted but whose UID is not known yet. */
  #place(uid: number): number {
    const known = this.rows.findIndex((row) => row.uid === uid);
    if (known >= 0) return known;
    const above = this.rows.findIndex((row) => row.uid !== undefined && row.uid > uid);
    const at = (above < 0 ? this.rows.length : above) - 1;
    return this.rows[at]?.uid === undefined ? at : -1;
  }
}

export function sortedFlags(flags: string): string {
  return flags.split(' ').filter((flag) => flag !== '' && flag !== '\\Recent').sort().join(' ');
}

/** `1:3,7`. */
function numbersOf(set: string): Set<number> {
  const numbers = new Set<number>();
  for (const part of set.split(',').filter(Boolean)) {
    const [from = 0, to = from] = part.split(':').map(Number);
    for (let number = from; number <= to; number++) numbers.add(number);
  }
  return numbers;
}
