/** Line ends as mail has them (RFC 5322 §2.1): files on Unix end lines with LF alone. */

const CR = 13;
const LF = 10;

/** Every LF without CR before it becomes CRLF; lone CRs stay as they are. */
export function withCrlf(bytes: Buffer): Buffer {
  let missing = 0;
  for (let lf = bytes.indexOf(LF); lf >= 0; lf = bytes.indexOf(LF, lf + 1)) if (lf === 0 || bytes[lf - 1] !== CR) missing += 1;
  if (missing === 0) return bytes;
  const out = Buffer.allocUnsafe(bytes.length + missing);
  let from = 0;
  let to = 0;
  for (let lf = bytes.indexOf(LF); lf >= 0; lf = bytes.indexOf(LF, lf + 1)) {
    if (lf > 0 && bytes[lf - 1] === CR) continue;
    to += bytes.copy(out, to, from, lf);
    out[to] = CR;
    to += 1;
    from = lf;
  }
  bytes.copy(out, to, from);
  return out;
}

/** CRLF becomes LF, for files that programs on Unix read. */
export function withLf(bytes: Buffer): Buffer {
  const out = Buffer.allocUnsafe(bytes.length);
  let from = 0;
  let to = 0;
  for (let cr = bytes.indexOf('\r\n'); cr >= 0; cr = bytes.indexOf('\r\n', from)) {
    to += bytes.copy(out, to, from, cr);
    from = cr + 1;
  }
  to += bytes.copy(out, to, from);
  return out.subarray(0, to);
}
