/**
 * Transaction signatures of DNS messages by a shared secret, RFC 8945.
 *
 * Policy: MACs are compared in constant time and whole; truncated ones are refused. MD5 is not offered (RFC 8945 §6).
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { CLASS, decodeMessage, encodeRecord, type PlacedRecord } from './message.ts';
import { DnsFormatError, encodeName, readName } from './name.ts';
import { TYPE_NUMBERS } from './rdata.ts';

export type TsigAlgorithm = 'hmac-sha1' | 'hmac-sha224' | 'hmac-sha256' | 'hmac-sha384' | 'hmac-sha512';

export interface TsigKey {
  readonly name: string;
  readonly algorithm: TsigAlgorithm;
  readonly secret: Buffer;
}

/** RFC 8945 §3. */
export const TSIG_ERROR = { none: 0, BADSIG: 16, BADKEY: 17, BADTIME: 18 } as const;

export type TsigVerdict =
  | { readonly kind: 'good'; readonly mac: Buffer }
  /** `error` is a code of TSIG_ERROR, or -1 when there is no signature at all. */
  | { readonly kind: 'bad'; readonly error: number; readonly detail: string };

export interface SignOptions {
  readonly key: TsigKey;
  /** Seconds since 1970. */
  readonly now: number;
  /** Of the request, when this is the response. */
  readonly requestMac?: Buffer;
}

/** Seconds that clocks may differ, RFC 8945 §10. */
const FUDGE_SECONDS = 300;

export function sign(message: Buffer, { key, now, requestMac }: SignOptions): { readonly bytes: Buffer; readonly mac: Buffer } {
  const fields = { timeSigned: now, fudge: FUDGE_SECONDS, error: 0, other: Buffer.alloc(0) };
  const mac = digest(message, key, fields, requestMac);
  const rdata = Buffer.concat([encodeName(key.algorithm), timeBytes(fields), number16(mac.length), mac, message.subarray(0, 2), number16(0), number16(0)]);
  const record = encodeRecord({ name: key.name, type: tsigType, class: CLASS.ANY, ttl: 0, rdata });
  const bytes = Buffer.concat([message, record]);
  bytes.writeUInt16BE(bytes.readUInt16BE(10) + 1, 10);
  return { bytes, mac };
}

/** Throws DnsFormatError for bytes that are no message. */
export function verify(bytes: Buffer, { key, now, requestMac }: SignOptions): TsigVerdict {
  const record = decodeMessage(bytes).additionals.at(-1);
  if (record?.type !== tsigType) return { kind: 'bad', error: -1, detail: 'the message is not signed' };
  const fields = readTsig(bytes, record);
  if (record.name !== key.name.toLowerCase().replace(/\.$/, '') || fields.algorithm !== key.algorithm) return { kind: 'bad', error: TSIG_ERROR.BADKEY, detail: `signed with another key (${record.name}, ${fields.algorithm})` };
  if (fields.mac.length === 0) return { kind: 'bad', error: fields.error, detail: errorText(fields.error) };
  const plain = Buffer.from(bytes.subarray(0, record.at));
  fields.originalId.copy(plain, 0);
  plain.writeUInt16BE(plain.readUInt16BE(10) - 1, 10);
  const expected = digest(plain, key, fields, requestMac);
  if (fields.mac.length !== expected.length || !timingSafeEqual(fields.mac, expected)) return { kind: 'bad', error: TSIG_ERROR.BADSIG, detail: 'the signature is wrong' };
  if (fields.error !== 0) return { kind: 'bad', error: fields.error, detail: errorText(fields.error) };
  if (Math.abs(now - fields.timeSigned) > fields.fudge) return { kind: 'bad', error: TSIG_ERROR.BADTIME, detail: 'the clocks differ too much' };
  return { kind: 'good', mac: fields.mac };
}

const tsigType = TYPE_NUMBERS['TSIG'] as number;

interface TsigTimes {
  readonly timeSigned: number;
  readonly fudge: number;
  readonly error: number;
  readonly other: Buffer;
}

/** RFC 8945 §4.3. */
function digest(message: Buffer, key: TsigKey, fields: TsigTimes, requestMac: Buffer | undefined): Buffer {
  const hmac = createHmac(key.algorithm.replace('hmac-', ''), key.secret);
  if (requestMac) hmac.update(number16(requestMac.length)).update(requestMac);
  hmac.update(message).update(encodeName(key.name)).update(number16(CLASS.ANY)).update(Buffer.alloc(4));
  hmac.update(encodeName(key.algorithm)).update(timeBytes(fields)).update(number16(fields.error)).update(number16(fields.other.length)).update(fields.other);
  return hmac.digest();
}

/** 48 bits of seconds, 16 of fudge. */
function timeBytes({ timeSigned, fudge }: Pick<TsigTimes, 'timeSigned' | 'fudge'>): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeUIntBE(timeSigned, 0, 6);
  bytes.writeUInt16BE(fudge, 6);
  return bytes;
}

function readTsig(message: Buffer, { rdataAt, rdata }: PlacedRecord): TsigTimes & { readonly algorithm: string; readonly mac: Buffer; readonly originalId: Buffer } {
  const { name: algorithm, end } = readName(message, rdataAt);
  const last = rdataAt + rdata.length;
  const macAt = end + 10;
  if (macAt > last) throw new DnsFormatError('a TSIG record is too short');
  const macEnd = macAt + message.readUInt16BE(end + 8);
  if (macEnd + 6 > last) throw new DnsFormatError('a TSIG record is too short');
  return {
    algorithm,
    timeSigned: message.readUIntBE(end, 6),
    fudge: message.readUInt16BE(end + 6),
    mac: message.subarray(macAt, macEnd),
    originalId: message.subarray(macEnd, macEnd + 2),
    error: message.readUInt16BE(macEnd + 2),
    other: message.subarray(macEnd + 6, last),
  };
}

function number16(value: number): Buffer {
  return Buffer.from([value >> 8, value & 0xff]);
}

function errorText(error: number): string {
  switch (error) {
    case TSIG_ERROR.BADSIG:
      return 'the name server says that our signature is wrong: the secret differs from its own (BADSIG)';
    case TSIG_ERROR.BADKEY:
      return 'the name server does not know the key, or has it with another algorithm (BADKEY)';
    case TSIG_ERROR.BADTIME:
      return 'the clocks of this host and the name server differ too much (BADTIME)';
    default:
      return `the name server answered with TSIG error ${error}`;
  }
}

