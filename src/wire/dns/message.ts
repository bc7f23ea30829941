/** DNS messages (RFC 1035 §4), queries and updates (RFC 2136 §2) alike: four sections, whose names for updates are zone, prerequisite, update, additional. */
import { DnsFormatError, encodeName, readName } from './name.ts';

export const CLASS = { IN: 1, NONE: 254, ANY: 255 } as const;
export const OPCODE = { query: 0, update: 5 } as const;
/** RFC 2136 §2.2, RFC 8945 §3 for NOTAUTH. */
export const RCODE = { NOERROR: 0, FORMERR: 1, SERVFAIL: 2, NXDOMAIN: 3, NOTIMP: 4, REFUSED: 5, YXDOMAIN: 6, YXRRSET: 7, NXRRSET: 8, NOTAUTH: 9, NOTZONE: 10 } as const;

export interface Question {
  readonly name: string;
  readonly type: number;
  readonly class: number;
}

export interface WireRecord extends Question {
  readonly ttl: number;
  readonly rdata: Buffer;
}

/** A record in a message that was read; its value may point elsewhere in the message. */
export interface PlacedRecord extends WireRecord {
  /** Where the record begins, and its value. */
  readonly at: number;
  readonly rdataAt: number;
}

export interface OutgoingMessage {
  readonly id: number;
  readonly opcode: number;
  readonly questions: readonly Question[];
  readonly answers?: readonly WireRecord[];
  readonly authorities?: readonly WireRecord[];
  /** Default: a question. */
  readonly response?: { readonly rcode: number };
}

export interface IncomingMessage {
  readonly id: number;
  readonly opcode: number;
  readonly isResponse: boolean;
  readonly truncated: boolean;
  readonly rcode: number;
  readonly questions: readonly Question[];
  readonly answers: readonly PlacedRecord[];
  readonly authorities: readonly PlacedRecord[];
  readonly additionals: readonly PlacedRecord[];
}

export const HEADER_BYTES = 12;
/** What two octets of length can say, RFC 1035 §4.2.2. */
export const MESSAGE_BYTES_MAX = 65_535;

/** Throws DnsFormatError when a name is none or the message is too long. */
export function encodeMessage({ id, opcode, questions, answers = [], authorities = [], response }: OutgoingMessage): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt16BE(id, 0);
  header.writeUInt16BE((response ? 0x8000 : 0) | (opcode << 11) | (response?.rcode ?? 0), 2);
  header.writeUInt16BE(questions.length, 4);
  header.writeUInt16BE(answers.length, 6);
  header.writeUInt16BE(authorities.length, 8);
  const bytes = Buffer.concat([header, ...questions.map(encodeQuestion), ...[...answers, ...authorities].map(encodeRecord)]);
  if (bytes.length > MESSAGE_BYTES_MAX) throw new DnsFormatError('the message is too long');
  return bytes;
}

function encodeQuestion({ name, type, class: klass }: Question): Buffer {
  const rest = Buffer.alloc(4);
  rest.writeUInt16BE(type, 0);
  rest.writeUInt16BE(klass, 2);
  return Buffer.concat([encodeName(name), rest]);
}

export function encodeRecord({ ttl, rdata, ...question }: WireRecord): Buffer {
  const rest = Buffer.alloc(6);
  rest.writeUInt32BE(ttl, 0);
  rest.writeUInt16BE(rdata.length, 4);
  return Buffer.concat([encodeQuestion(question), rest, rdata]);
}

/** Throws DnsFormatError. */
export function decodeMessage(bytes: Buffer): IncomingMessage {
  if (bytes.length < HEADER_BYTES) throw new DnsFormatError('the message is shorter than its header');
  const flags = bytes.readUInt16BE(2);
  let at = HEADER_BYTES;
  const questions: Question[] = [];
  for (let left = bytes.readUInt16BE(4); left > 0; left--) {
    const { question, end } = readQuestion(bytes, at);
    questions.push(question);
    at = end;
  }
  const section = (count: number): PlacedRecord[] => {
    const records: PlacedRecord[] = [];
    for (let left = count; left > 0; left--) {
      const record = readRecord(bytes, at);
      records.push(record);
      at = record.rdataAt + record.rdata.length;
    }
    return records;
  };
  return {
    id: bytes.readUInt16BE(0),
    opcode: (flags >> 11) & 15,
    isResponse: (flags & 0x8000) !== 0,
    truncated: (flags & 0x0200) !== 0,
    rcode: flags & 15,
    questions,
    answers: section(bytes.readUInt16BE(6)),
    authorities: section(bytes.readUInt16BE(8)),
    additionals: section(bytes.readUInt16BE(10)),
  };
}

function readQuestion(bytes: Buffer, start: number): { question: Question; end: number } {
  const { name, end } = readName(bytes, start);
  if (end + 4 > bytes.length) throw new DnsFormatError('the message ends too early');
  return { question: { name, type: bytes.readUInt16BE(end), class: bytes.readUInt16BE(end + 2) }, end: end + 4 };
}

function readRecord(bytes: Buffer, at: number): PlacedRecord {
  const { question, end } = readQuestion(bytes, at);
  if (end + 6 > bytes.length) throw new DnsFormatError('the message ends too early');
  const rdataAt = end + 6;
  const rdataEnd = rdataAt + bytes.readUInt16BE(end + 4);
  if (rdataEnd > bytes.length) throw new DnsFormatError('a record runs over the end');
  return { ...question, ttl: bytes.readUInt32BE(end), rdata: bytes.subarray(rdataAt, rdataEnd), at, rdataAt };
}
