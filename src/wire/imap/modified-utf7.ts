/**
 * Mailbox names as IMAP4rev1 sends them: modified UTF-7 (RFC 3501 §5.1.3). `&` opens UTF-16 in base64 with `,` for `/`; `&-` is `&`.
 */

/** Undefined when it is not well-formed. */
export function decodeModifiedUtf7(name: string): string | undefined {
  if (!name.includes('&')) return name;
  let decoded = '';
  for (let at = 0; at < name.length; ) {
    const open = name.indexOf('&', at);
    if (open < 0) return decoded + name.slice(at);
    const close = name.indexOf('-', open);
    if (close < 0) return undefined;
    decoded += name.slice(at, open);
    const run = close === open + 1 ? '&' : decodeRun(name.slice(open + 1, close));
    if (run === undefined) return undefined;
    decoded += run;
    at = close + 1;
  }
  return decoded;
}

function decodeRun(run: string): string | undefined {
  if (!/^[A-Za-z0-9+,]+$/.test(run)) return undefined;
  const bytes = Buffer.from(run.replaceAll(',', '/'), 'base64');
  if (bytes.length < 2 || bytes.length % 2 !== 0) return undefined;
  const text = bytes.swap16().toString('utf16le');
  return text.isWellFormed() ? text : undefined;
}

export function encodeModifiedUtf7(name: string): string {
  if (/^[\x20-\x25\x27-\x7e]*$/.test(name)) return name;
  return name.replace(/&|[^\x20-\x7e]+/g, (run) => {
    if (run === '&') return '&-';
    const base64 = Buffer.from(run, 'utf16le').swap16().toString('base64');
    return `&${base64.replace(/=+$/, '').replaceAll('/', ',')}-`;
  });
}
