/** The few pieces of DER (ITU-T X.690) that an X.509 certificate is made of, to write them; base/der-reading.ts reads. */
const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  oid: 0x06,
  utf8String: 0x0c,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
} as const;

function value(tag: number, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  return Buffer.concat([Buffer.from([tag]), length(content.length), content]);
}

function length(size: number): Buffer {
  if (size < 0x80) return Buffer.from([size]);
  const bytes: number[] = [];
  for (let rest = size; rest > 0; rest >>>= 8) bytes.unshift(rest & 0xff);
  return Buffer.from([0x80 | bytes.length, ...bytes]);
}

export const sequence = (...parts: readonly Buffer[]): Buffer => value(TAG.sequence, ...parts);
export const set = (...parts: readonly Buffer[]): Buffer => value(TAG.set, ...parts);
export const octetString = (bytes: Buffer): Buffer => value(TAG.octetString, bytes);
export const utf8String = (text: string): Buffer => value(TAG.utf8String, Buffer.from(text, 'utf8'));
export const boolean = (truth: boolean): Buffer => value(TAG.boolean, Buffer.from([truth ? 0xff : 0]));

/** `unusedBits` of the last byte do not belong to the value. */
export const bitString = (bytes: Buffer, unusedBits = 0): Buffer => value(TAG.bitString, Buffer.from([unusedBits]), bytes);

/** A context-specific tag; `constructed` when the parts are values themselves. */
export const tagged = (number: number, constructed: boolean, ...parts: readonly Buffer[]): Buffer =>
  value(0x80 | (constructed ? 0x20 : 0) | number, ...parts);

/** A number of any length, big-endian, not negative. */
export function integer(bytes: Buffer): Buffer {
  let start = 0;
  while (start < bytes.length - 1 && bytes[start] === 0) start += 1;
  const shortest = bytes.subarray(start);
  return value(TAG.integer, (shortest[0] ?? 0) & 0x80 ? Buffer.concat([Buffer.from([0]), shortest]) : shortest);
}

/** `1.2.840.10045.4.3.2`. */
export function oid(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  const bytes = [first * 40 + second];
  for (const arc of rest) {
    const groups = [arc & 0x7f];
    for (let left = Math.floor(arc / 128); left > 0; left = Math.floor(left / 128)) groups.unshift((left & 0x7f) | 0x80);
    bytes.push(...groups);
  }
  return value(TAG.oid, Buffer.from(bytes));
}

/** RFC 5280 §4.1.2.5: UTCTime through 2049, GeneralizedTime from 2050 on. `atMs` is milliseconds since 1970. */
export function time(atMs: number): Buffer {
  const text = `${new Date(atMs).toISOString().slice(0, 19).replace(/[-:T]/g, '')}Z`;
  return new Date(atMs).getUTCFullYear() < 2050
    ? value(TAG.utcTime, Buffer.from(text.slice(2), 'latin1'))
    : value(TAG.generalizedTime, Buffer.from(text, 'latin1'));
}
