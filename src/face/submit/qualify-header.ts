/**
 * Gives addresses without a domain the origin, as every sendmail does: cron writes `From: root (Cron Daemon)`, which no
 * receiver would take (RFC 5322 §3.4.1).
 *
 * Policy: a field that has nothing to complete stays byte for byte, and so does one that cannot be read; it is for the
 * server to judge.
 */
import { type AddressToken, scanAddressList } from '../../mail/address-list.ts';
import { decodeWords, encodePhrase } from '../../mail/encoded-word.ts';
import { foldField, type HeaderField, parseHeader } from '../../mail/header.ts';

const ADDRESS_FIELDS = new Set(['from', 'sender', 'reply-to', 'to', 'cc', 'bcc'].flatMap((name) => [name, `resent-${name}`]));

/** The same buffer when there is nothing to complete. */
export function qualifyHeader(bytes: Buffer, origin: string): Buffer {
  const pieces: Buffer[] = [];
  let at = 0;
  for (const field of parseHeader(bytes).fields) {
    const value = ADDRESS_FIELDS.has(field.lower) ? completed(field, origin) : undefined;
    if (value === undefined) continue;
    pieces.push(bytes.subarray(at, field.start), Buffer.from(foldField(field.name, value)));
    at = field.end;
  }
  return at === 0 ? bytes : Buffer.concat([...pieces, bytes.subarray(at)]);
}

function completed({ value }: HeaderField, origin: string): string | undefined {
  const { tokens, problems } = scanAddressList(value);
  const bare = tokens.some((token) => token.kind === 'mailbox' && token.domain === '');
  const unreadable = tokens.some((token) => token.kind === 'mailbox' && (token.localPart === '' || /[\s"(),:;<>[\]\\]/.test(token.localPart)));
  // The missing domain is the one problem that is allowed.
  if (!bare || unreadable || problems.length > 1) return undefined;
  let list = '';
  let separate = false;
  for (const token of tokens) {
    if (token.kind === 'group-end') list += ';';
    else list += (separate ? ', ' : '') + written(token, origin);
    separate = token.kind !== 'group-start';
  }
  return list;
}

function written(token: Exclude<AddressToken, { kind: 'group-end' }>, origin: string): string {
  const name = token.rawName === '' ? '' : encodePhrase(decodeWords(token.rawName));
  if (token.kind === 'group-start') return `${name}: `;
  const address = `${token.localPart}@${token.domain === '' ? origin : token.domain}`;
  return name === '' ? address : `${name} <${address}>`;
}
