/**
 * DNS messages as bytes and back, over the dns-packet library: one question out, one reply in, in our own terms.
 *
 * A reply that cannot be read, is no reply, or answers another question is `undefined`: the caller drops it, as if it had
 * never come (RFC 5452 §9.1). The library bounds itself by the message: compression pointers must lead backwards, so that
 * loops end, and counts that promise more than the bytes hold throw.
 */
import dnsPacket from 'dns-packet';
import type { RecordData, RecordType } from '../contract/dns.ts';
import { DNS_LIMITS } from '../base/limits.ts';
import { extendedError, type ExtendedError } from './extended-errors.ts';

export interface DnsQuestion {
  readonly id: number;
  readonly name: string;
  readonly type: RecordType;
  /** With EDNS(0), RFC 6891. */
  readonly edns: boolean;
  /** Ask for validation: sets DO (RFC 3225) and AD (RFC 6840 §5.7). */
  readonly dnssec: boolean;
  /** Sets CD: wanted though signatures may be wrong (RFC 4035 §3.2.2). Default false. */
  readonly checkingDisabled?: boolean;
  /** Default true; false for a server that is asked for its own zones. */
  readonly recursive?: boolean;
}

export interface DnsRecord {
  readonly name: string;
  readonly type: string;
  readonly ttlSeconds: number;
  readonly data: unknown;
}

export interface DnsReply {
  /** RFC 1035 §4.1.1 with the EDNS extension: 0 NOERROR, 1 FORMERR, 2 SERVFAIL, 3 NXDOMAIN, 5 REFUSED. */
  readonly rcode: number;
  readonly truncated: boolean;
  /** AA: the server holds the zone. */
  readonly authoritative: boolean;
  readonly authentic: boolean;
  /** No answer, but names of other servers to ask: this one does not look names up for others. */
  readonly referral?: boolean;
  readonly answers: readonly DnsRecord[];
  /** RFC 8914, of a failure. */
  readonly extended?: ExtendedError;
  /** Seconds a negative answer may be kept: the lesser of SOA TTL and its MINIMUM (RFC 2308 §5); absent without SOA. */
  readonly negativeTtlSeconds?: number;
}

const HEADER_BYTES = 12;

export function encodeQuestion(question: DnsQuestion): Buffer {
  const { RECURSION_DESIRED, AUTHENTIC_DATA, CHECKING_DISABLED, DNSSEC_OK } = dnsPacket;
  const additionals: dnsPacket.Answer[] = [];
  if (question.edns) {
    additionals.push({
      type: 'OPT',
      name: '.',
      udpPayloadSize: DNS_LIMITS.udpPayloadBytes,
      extendedRcode: 0,
      ednsVersion: 0,
      flags: question.dnssec ? DNSSEC_OK : 0,
      flag_do: question.dnssec,
      options: [],
    });
  }
  return dnsPacket.encode({
    type: 'query',
    id: question.id,
    flags: (question.recursive === false ? 0 : RECURSION_DESIRED) | (question.dnssec ? AUTHENTIC_DATA : 0) | (question.checkingDisabled ? CHECKING_DISABLED : 0),
    questions: [{ name: question.name, type: question.type, class: 'IN' }],
    additionals,
  });
}

/** Undefined when these bytes are no answer to the question. */
export function decodeReply(bytes: Buffer, question: DnsQuestion): DnsReply | undefined {
  if (bytes.length < HEADER_BYTES || bytes.readUInt16BE(0) !== question.id) return undefined;
  const flags = bytes.readUInt16BE(2);
  const isReply = (flags & 0x8000) !== 0;
  const questions = bytes.readUInt16BE(4);
  const rcode = flags & 15;
  if (!isReply || questions > 1) return undefined;
  // Servers that choke on the question may send the bare header back; only failures are believed without a question.
  if (questions === 0) return rcode === 0 || rcode === 3 ? undefined : headerOnly(rcode);
  if ((flags & 0x0200) !== 0) return questionMatches(bytes, question) ? { ...headerOnly(rcode), truncated: true } : undefined;
  return decodeWhole(bytes, question, rcode);
}

function headerOnly(rcode: number): DnsReply {
  return { rcode, truncated: false, authoritative: false, authentic: false, answers: [] };
}

function decodeWhole(bytes: Buffer, question: DnsQuestion, rcode: number): DnsReply | undefined {
  if (!questionMatches(bytes, question)) return undefined;
  let packet: dnsPacket.DecodedPacket;
  try {
    packet = dnsPacket.decode(bytes);
    // A record whose length runs over the end leaves NaN or too many bytes behind.
    if (!(dnsPacket.decode.bytes <= bytes.length)) return undefined;
  } catch {
    return undefined;
  }
  const opt = packet.additionals?.find((record) => record.type === 'OPT');
  const extended = opt?.type === 'OPT' ? opt.extendedRcode << 4 : 0;
  const authorities = packet.authorities ?? [];
  const negativeTtlSeconds = soaTtl(authorities);
  const answers = (packet.answers ?? []).flatMap(toRecord);
  const referral = rcode === 0 && !packet.flag_aa && answers.length === 0 && negativeTtlSeconds === undefined && authorities.some(({ type }) => type === 'NS');
  return {
    rcode: extended | rcode,
    truncated: false,
    authoritative: packet.flag_aa,
    authentic: packet.flag_ad,
    answers,
    ...(referral ? { referral } : {}),
    ...(rcode !== 0 && opt?.type === 'OPT' ? extendedOf(opt.options) : {}),
    ...(negativeTtlSeconds === undefined ? {} : { negativeTtlSeconds }),
  };
}

function extendedOf(options: readonly object[] | undefined): Pick<DnsReply, 'extended'> {
  const extended = extendedError(options ?? []);
  return extended ? { extended } : {};
}

function questionMatches(bytes: Buffer, question: DnsQuestion): boolean {
  const sent = encodeQuestion(question);
  const end = HEADER_BYTES + question.name.length + 2 + 4;
  if (bytes.length < end) return false;
  // Case of letters in the name may come back changed; types and classes hold no letters worth telling apart.
  return bytes.toString('latin1', HEADER_BYTES, end - 4).toLowerCase() === sent.toString('latin1', HEADER_BYTES, end - 4)
    && bytes.compare(sent, end - 4, end, end - 4, end) === 0;
}

function toRecord(record: dnsPacket.Answer): DnsRecord[] {
  if (record.type === 'OPT' || !('class' in record) || record.class !== 'IN') return [];
  // RFC 2181 §8: a TTL with the top bit set is zero.
  const ttl = record.ttl ?? 0;
  return [{ name: canonical(record.name), type: record.type, ttlSeconds: ttl > 0x7fffffff ? 0 : ttl, data: record.data }];
}

function soaTtl(authorities: readonly dnsPacket.Answer[]): number | undefined {
  for (const record of authorities) {
    if (record.type === 'SOA') return Math.min(record.ttl ?? 0, record.data.minimum ?? 0);
  }
  return undefined;
}

function canonical(name: string): string {
  return name === '.' ? '' : name.toLowerCase();
}

type Conversions = { readonly [T in RecordType]: (data: never) => RecordData[T] };

const CONVERSIONS: Conversions = {
  A: (data: string) => data,
  AAAA: (data: string) => data.toLowerCase(),
  MX: (data: dnsPacket.MxData) => ({ preference: data.preference ?? 0, exchange: canonical(data.exchange) }),
  TXT: (data: Buffer | Buffer[]) => (Array.isArray(data) ? data : [data]).map((part) => part.toString('latin1')),
  PTR: canonical,
  NS: canonical,
  CNAME: canonical,
  SOA: (data: dnsPacket.SoaData) => ({
    mname: canonical(data.mname),
    rname: canonical(data.rname),
    serial: data.serial ?? 0,
    minimum: data.minimum ?? 0,
  }),
  TLSA: (data: dnsPacket.TlsaData) => ({
    usage: data.usage,
    selector: data.selector,
    matchingType: data.matchingType,
    data: Buffer.from(data.certificate),
  }),
  SRV: (data: dnsPacket.SrvData) => ({
    priority: data.priority ?? 0,
    weight: data.weight ?? 0,
    port: data.port,
    target: canonical(data.target),
  }),
  CAA: (data: dnsPacket.CaaData) => ({ flags: data.flags ?? 0, tag: data.tag, value: data.value }),
};

/** The record's data in the contract's form. */
export function recordData<T extends RecordType>(type: T, data: unknown): RecordData[T] {
  return (CONVERSIONS[type] as (data: unknown) => RecordData[T])(data);
}
