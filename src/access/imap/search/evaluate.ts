/**
 * Finds the messages that a search program means (RFC 9051 §6.4.4), on the columns of the folder, the stored facts and
 * the text search.
 *
 * Policy: each key narrows what the next one looks at, the cheapest first, so that text is looked for only where
 * everything else holds. Every message that is asked about is in the scope; nothing is read that a cheaper key ruled out.
 */
import { setImmediate as turn } from 'node:timers/promises';
import type { MailFacts, MailReader, MailSearch, TextQuery } from '../../../contract/mailbox.ts';
import { rangesContain, resolveRanges, type NumberRange } from '../../../wire/imap/sequence-set.ts';
import type { SearchKey } from '../../../wire/imap/search-keys.ts';
import { allPositions, union, without, type Positions, type SearchScope } from './search-scope.ts';
import { sentDay } from './sent-day.ts';

export interface SearchPorts {
  readonly mails: Pick<MailReader, 'facts'>;
  readonly search: MailSearch;
  /** Milliseconds since 1970. */
  readonly nowMs: number;
  readonly signal: AbortSignal;
}

/** Ascending positions. Rejects with the reason of `signal`, or a Failure of the ports. */
export async function evaluateSearch(key: SearchKey, scope: SearchScope, ports: SearchPorts): Promise<Positions> {
  return new Evaluation(scope, ports).find(key, allPositions(scope.count));
}

const DAY_MS = 86_400_000;
/** The event loop is not held for longer. */
const SLICE_MS = 10;
/** Facts of so many messages are asked for at once. */
const FACTS_AT_ONCE = 500;

type PlainKey = Exclude<SearchKey, { kind: 'and' | 'or' | 'not' }>;

class Evaluation {
  readonly #scope: SearchScope;
  readonly #ports: SearchPorts;
  #sliceEndMs = performance.now() + SLICE_MS;

  constructor(scope: SearchScope, ports: SearchPorts) {
    this.#scope = scope;
    this.#ports = ports;
  }

  async find(key: SearchKey, among: Positions): Promise<Positions> {
    if (among.length === 0) return among;
    await this.#yield();
    switch (key.kind) {
      case 'and': {
        let rest = among;
        for (const one of [...key.keys].sort((a, b) => costOf(a) - costOf(b))) rest = await this.find(one, rest);
        return rest;
      }
      case 'or': {
        const [first, second] = costOf(key.left) <= costOf(key.right) ? [key.left, key.right] : [key.right, key.left];
        const found = await this.find(first, among);
        return union(found, await this.find(second, without(among, found)));
      }
      case 'not':
        return without(among, await this.find(key.key, among));
      default:
        return this.#plain(key, among);
    }
  }

  async #plain(key: PlainKey, among: Positions): Promise<Positions> {
    switch (key.kind) {
      case 'text':
        return this.#text({ where: key.where, value: key.value }, among);
      case 'header':
        return this.#text({ where: 'header', field: key.field, value: key.value }, among);
      case 'emailid':
        return this.#byFacts((facts) => facts.emailId === key.id, among);
      case 'threadid':
        return this.#byFacts((facts) => facts.threadId === key.id, among);
      case 'date':
        if (key.field === 'sent') return this.#byFacts((facts) => matchesDay(sentDay(facts), key.compare, key.day), among);
    }
    const matches = this.#columnTest(key);
    return among.filter((position) => matches(position));
  }

  /** A test that needs nothing but the columns of the folder. */
  #columnTest(key: Exclude<PlainKey, { kind: 'text' | 'header' | 'emailid' | 'threadid' }>): (position: number) => boolean {
    const { rows, rowOf, sequenceOf, lastUid, knownCount, saved } = this.#scope;
    const uidOf = (position: number): number => rows.uidAt(rowOf(position));
    switch (key.kind) {
      case 'all':
      case 'savedate-supported':
        return () => true;
      case 'sequence':
      case 'uid': {
        const byUid = key.kind === 'uid' || key.set.kind === 'saved';
        const ranges = key.set.kind === 'saved' ? (saved as readonly NumberRange[]) : resolveRanges(key.set.ranges, byUid ? lastUid : knownCount);
        return byUid ? (position) => rangesContain(ranges, uidOf(position)) : (position) => rangesContain(ranges, sequenceOf(position));
      }
      case 'flag':
        return this.#flagTest(key.flag, key.set);
      case 'date': {
        const dates = key.field === 'saved' ? rows.savedAts : rows.internalDates;
        return (position) => matchesDay(startOfDay(dates[rowOf(position)] as number), key.compare, key.day);
      }
      case 'size':
        return key.compare === 'larger' ? (position) => (rows.sizes[rowOf(position)] as number) > key.bytes : (position) => (rows.sizes[rowOf(position)] as number) < key.bytes;
      case 'within': {
        // RFC 5032 §3.
        const limit = this.#ports.nowMs - key.seconds * 1000;
        return key.compare === 'older' ? (position) => (rows.internalDates[rowOf(position)] as number) <= limit : (position) => (rows.internalDates[rowOf(position)] as number) >= limit;
      }
      case 'modseq':
        return (position) => rows.modseqAt(rowOf(position)) >= key.from;
    }
  }

  /** Decided once for each set of flags. */
  #flagTest(flag: string, wanted: boolean): (position: number) => boolean {
    const { rows, rowOf, isRecent } = this.#scope;
    if (flag === '\\Recent') return (position) => isRecent(rows.uidAt(rowOf(position))) === wanted;
    const folded = flag.toLowerCase();
    const verdicts = rows.flagSets.sets.map((set) => set.some((one) => one.toLowerCase() === folded) === wanted);
    return (position) => verdicts[rows.setNumbers[rowOf(position)] as number] as boolean;
  }

  async #text(query: TextQuery, among: Positions): Promise<Positions> {
    // RFC 9051 §6.4.4: an empty string matches every message that has the field; bodies and all of a message are always there.
    if (query.value === '' && (query.where === 'body' || query.where === 'text')) return among;
    const { rows, rowOf } = this.#scope;
    const mailIds = Float64Array.from(among, (position) => rows.mailIdAt(rowOf(position)));
    const found = await this.#ports.search.matching(mailIds, query, this.#ports.signal);
    return among.filter((position) => found.has(rows.mailIdAt(rowOf(position))));
  }

  async #byFacts(matches: (facts: MailFacts) => boolean, among: Positions): Promise<Positions> {
    const { rows, rowOf } = this.#scope;
    const found = new Set<number>();
    for (let from = 0; from < among.length; from += FACTS_AT_ONCE) {
      const piece = Array.from(among.subarray(from, from + FACTS_AT_ONCE), (position) => rows.mailIdAt(rowOf(position)));
      for (const facts of await this.#ports.mails.facts(piece)) if (matches(facts)) found.add(facts.mailId);
      await this.#yield();
    }
    return among.filter((position) => found.has(rows.mailIdAt(rowOf(position))));
  }

  async #yield(): Promise<void> {
    if (performance.now() < this.#sliceEndMs) return;
    await turn();
    this.#ports.signal.throwIfAborted();
    this.#sliceEndMs = performance.now() + SLICE_MS;
  }
}

function startOfDay(ms: number): number {
  return Math.floor(ms / DAY_MS) * DAY_MS;
}

function matchesDay(day: number | undefined, compare: 'before' | 'on' | 'since', wanted: number): boolean {
  if (day === undefined) return false;
  return compare === 'before' ? day < wanted : compare === 'on' ? day === wanted : day >= wanted;
}

/** Columns, stored facts, headers, bodies. */
function costOf(key: SearchKey): number {
  switch (key.kind) {
    case 'and':
      return Math.min(...key.keys.map(costOf)) + 1;
    case 'or':
      return Math.max(costOf(key.left), costOf(key.right)) + 1;
    case 'not':
      return costOf(key.key);
    case 'text':
      return key.where === 'body' || key.where === 'text' ? 10_000 : 1000;
    case 'header':
      return 1000;
    case 'emailid':
    case 'threadid':
      return 100;
    case 'date':
      return key.field === 'sent' ? 100 : 1;
    default:
      return 1;
  }
}
