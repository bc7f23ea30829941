/**
 * Record changes as one update of a zone, RFC 2136 §2: prerequisites say what must be published for it to happen, so that
 * whoever changed the zone meanwhile is not overwritten; the server does all of it or nothing.
 */
import type { RecordChange, RecordSet } from '../../contract/dns-publishing.ts';
import { CLASS, OPCODE, type OutgoingMessage, type WireRecord } from '../../wire/dns/message.ts';
import { encodeRdata, TYPE_NUMBERS, typeNumber } from '../../wire/dns/rdata.ts';

const NOTHING = Buffer.alloc(0);

/** Throws DnsFormatError for a value that its type cannot have. */
export function updateMessage(zone: string, changes: readonly RecordChange[]): Omit<OutgoingMessage, 'id'> {
  return {
    opcode: OPCODE.update,
    questions: [{ name: zone, type: TYPE_NUMBERS['SOA'] as number, class: CLASS.IN }],
    answers: changes.flatMap(prerequisites),
    authorities: changes.flatMap(updates),
  };
}

/** Changes nothing: answered NOERROR when the zone has such a set, NXRRSET when it has none; RFC 2136 §2.4.1. */
export function existsMessage(zone: string, { name, type }: Pick<RecordSet, 'name' | 'type'>): Omit<OutgoingMessage, 'id'> {
  const wanted: WireRecord = { name, type: typeNumber(type), class: CLASS.ANY, ttl: 0, rdata: NOTHING };
  return { opcode: OPCODE.update, questions: [{ name: zone, type: TYPE_NUMBERS['SOA'] as number, class: CLASS.IN }], answers: [wanted], authorities: [] };
}

/** RFC 2136 §2.4. */
function prerequisites({ before, after }: RecordChange): WireRecord[] {
  if (before) return rows(before, 0);
  if (!after) return [];
  const absent = (type: string): WireRecord => ({ name: after.name, type: typeNumber(type), class: CLASS.NONE, ttl: 0, rdata: NOTHING });
  // A name with an alias has nothing else (RFC 2181 §10.1); servers drop such additions without a word (RFC 2136 §3.4.2.2).
  return after.type === 'CNAME' ? [absent('ANY')] : [absent(after.type), absent('CNAME')];
}

/** RFC 2136 §2.5: the old set goes as a whole, then the new one comes; within one update nobody sees the gap. */
function updates({ before, after }: RecordChange): WireRecord[] {
  const gone = before ? [{ name: before.name, type: typeNumber(before.type), class: CLASS.ANY, ttl: 0, rdata: NOTHING }] : [];
  return [...gone, ...(after ? rows(after, after.ttlSeconds) : [])];
}

function rows({ name, type, values }: RecordSet, ttl: number): WireRecord[] {
  return values.map((value) => ({ name, type: typeNumber(type), class: CLASS.IN, ttl, rdata: encodeRdata(type, value) }));
}
