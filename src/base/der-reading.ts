/** Stepping over values of DER (ITU-T X.690), such as certificates are made of. Tags of one byte only, which X.509 has. */

/** The values directly inside a constructed value, each with its tag and length. Throws RangeError when they do not fit. */
export function children(constructed: Buffer): readonly Buffer[] {
  const { start, end } = extent(constructed, 0);
  const found: Buffer[] = [];
  for (let at = start; at < end; ) {
    const inner = extent(constructed, at);
    if (inner.end > end) throw new RangeError('DER value longer than what contains it');
    found.push(constructed.subarray(at, inner.end));
    at = inner.end;
  }
  return found;
}

/** What is inside a value, without its tag and length. Throws RangeError when it is cut short. */
export function contentOf(value: Buffer): Buffer {
  const { start, end } = extent(value, 0);
  return value.subarray(start, end);
}

/** Where the content of the value at `at` starts and ends. */
function extent(bytes: Buffer, at: number): { start: number; end: number } {
  const first = bytes.readUInt8(at + 1);
  const lengthBytes = first & 0x80 ? first & 0x7f : 0;
  if (lengthBytes > 4) throw new RangeError('DER length of more than four bytes');
  const size = lengthBytes === 0 ? first : bytes.readUIntBE(at + 2, lengthBytes);
  const start = at + 2 + lengthBytes;
  if (start + size > bytes.length) throw new RangeError('DER value cut short');
  return { start, end: start + size };
}
