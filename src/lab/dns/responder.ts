/**
 * From the bytes of a query to the bytes of a response. Pure; what cannot be understood gets no answer or FORMERR.
 *
 * EDNS (RFC 6891): the asker's payload size is honoured, an OPT goes back when one came. Over UDP a response that does
 * not fit is sent empty with TC (RFC 2181 §9). A later EDNS version is answered BADVERS (RFC 6891 §6.1.3), another class
 * than IN REFUSED. AD is set for secure zones when the query showed interest by AD or DO
 * (RFC 6840 §5.7).
 */
import dnsPacket from 'dns-packet';
import type { Answer, DecodedPacket, Packet } from 'dns-packet';
import type { Zones } from './zones.ts';

export type DnsFault = 'none' | 'servfail' | 'drop' | 'truncate' | 'slow';

export interface DnsQuestion {
  readonly name: string;
  readonly type: string;
  /** The CD bit: the answer is wanted though signatures may be wrong. */
  readonly checkingDisabled: boolean;
}

export type Interpretation =
  | { readonly kind: 'query'; readonly question: DnsQuestion; readonly packet: DecodedPacket }
  /** Response bytes, when any. */
  | { readonly kind: 'bad'; readonly response?: Buffer };

const CLASSIC_UDP_BYTES = 512;
const SERVER_UDP_BYTES = 4096;
const HEADER_BYTES = 12;
const RCODE = { NOERROR: 0, FORMERR: 1, SERVFAIL: 2, NXDOMAIN: 3, NOTIMP: 4, REFUSED: 5 } as const;
/** RFC 6891 §9: its upper bits, in the OPT record; the header's are zero. */
const BADVERS_UPPER = 1;
const DO_BIT = 0x8000;

export function interpretQuery(bytes: Buffer): Interpretation {
  if (bytes.length < HEADER_BYTES) return { kind: 'bad' };
  const isResponse = (bytes.readUInt8(2) & 0x80) !== 0;
  if (isResponse) return { kind: 'bad' };
  const opcode = (bytes.readUInt8(2) >> 3) & 0xf;
  if (opcode !== 0) return { kind: 'bad', response: bareResponse(bytes, RCODE.NOTIMP) };
  try {
    const packet = dnsPacket.decode(bytes);
    const question = packet.questions?.[0];
    if (!question || packet.questions?.length !== 1) return { kind: 'bad', response: bareResponse(bytes, RCODE.FORMERR) };
    return { kind: 'query', question: { name: question.name, type: question.type, checkingDisabled: packet.flag_cd }, packet };
  } catch {
    return { kind: 'bad', response: bareResponse(bytes, RCODE.FORMERR) };
  }
}

export function respond(zones: Zones, packet: DecodedPacket, transport: 'udp' | 'tcp', fault: DnsFault): Buffer {
  const question = packet.questions?.[0];
  if (!question) throw new Error('respond needs an interpreted query');
  const opt = packet.additionals?.find((record) => record.type === 'OPT');
  const interested = packet.flag_ad || (opt?.type === 'OPT' && ((opt.flags ?? 0) & DO_BIT) !== 0);
  const badVersion = opt?.type === 'OPT' && opt.ednsVersion > 0;
  const refused = question.class !== 'IN' && question.class !== 'ANY';
  const found = fault === 'servfail' || refused || badVersion ? undefined : zones.lookup(question.name, question.type);
  const failure = badVersion ? 'NOERROR' : refused ? 'REFUSED' : 'SERVFAIL';
  const build = (answers: readonly Answer[], authority: readonly Answer[], truncated: boolean): Buffer =>
    dnsPacket.encode(
      {
        type: 'response',
        id: packet.id ?? 0,
        flags:
          dnsPacket.AUTHORITATIVE_ANSWER |
          dnsPacket.RECURSION_AVAILABLE |
          (packet.flag_rd ? dnsPacket.RECURSION_DESIRED : 0) |
          (interested && found?.secure ? dnsPacket.AUTHENTIC_DATA : 0) |
          (truncated ? dnsPacket.TRUNCATED_RESPONSE : 0) |
          RCODE[found?.rcode ?? failure],
        questions: packet.questions ?? [],
        answers: answers.map((answer) => echoCase(answer, question.name)),
        authorities: [...authority],
        additionals: opt ? [{ type: 'OPT', name: '.', udpPayloadSize: SERVER_UDP_BYTES, extendedRcode: badVersion ? BADVERS_UPPER : 0, ednsVersion: 0, flags: 0, flag_do: false, options: [] }] : [],
      } as Packet,
    );
  if (transport === 'udp' && fault === 'truncate') return build([], [], true);
  const response = build(found?.answers ?? [], found?.authority ?? [], false);
  const limit = opt?.type === 'OPT' ? Math.min(Math.max(opt.udpPayloadSize, CLASSIC_UDP_BYTES), SERVER_UDP_BYTES) : CLASSIC_UDP_BYTES;
  return transport === 'udp' && response.length > limit ? build([], [], true) : response;
}

/** Resolvers that mix the case of names against forgery want their spelling back. */
function echoCase(answer: Answer, asked: string): Answer {
  return answer.name.toLowerCase() === asked.toLowerCase() ? { ...answer, name: asked } : answer;
}

function bareResponse(query: Buffer, rcode: number): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  query.copy(header, 0, 0, 2);
  header.writeUInt8(0x80 | (query.readUInt8(2) & 0x79), 2);
  header.writeUInt8(rcode, 3);
  return header;
}
