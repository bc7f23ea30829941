/** `mailto:` URIs (RFC 6068) as a way of notification (RFC 5436 §2). */
import { isFieldName } from '../run/header-state.ts';
import { readAddress } from './addresses.ts';

export interface Mailto {
  readonly to: readonly string[];
  readonly cc: readonly string[];
  readonly bcc: readonly string[];
  readonly subject: string | undefined;
  readonly body: string | undefined;
  /** Other fields that may be set. */
  readonly headers: readonly { readonly name: string; readonly value: string }[];
}

export type ParsedMailto = { readonly ok: true; readonly mailto: Mailto } | { readonly ok: false; readonly problem: string };

/** RFC 5436 §2.7 and RFC 6068 §4: fields that the notification sets itself, or that would fake its way, are ignored. */
const IGNORED = /^(?:received|date|message-id|from|sender|reply-to|return-path|auto-submitted|mime-version|content-.*|resent-.*|x-sieve|bcc|apparently-to|delivered-to|dkim-.*|arc-.*|authentication-results)$/i;

/** `problem` is a sentence. */
export function parseMailto(uri: string): ParsedMailto {
  if (!/^mailto:/i.test(uri)) return { ok: false, problem: `“${uri.slice(0, 80)}” is no way to notify: only mailto: is known` };
  const [path = '', query = ''] = splitOnce(uri.slice('mailto:'.length), '?');
  const lists = { to: [] as string[], cc: [] as string[], bcc: [] as string[] };
  const headers: { name: string; value: string }[] = [];
  const texts = new Map<string, string>();
  const wrong = { ok: false, problem: `“${uri.slice(0, 80)}” is no valid mailto: address` } as const;
  if (!addAddresses(path, lists.to)) return wrong;
  for (const piece of query === '' ? [] : query.split('&')) {
    const [encodedName = '', encodedValue] = splitOnce(piece, '=');
    const name = decode(encodedName)?.toLowerCase();
    const value = decode(encodedValue ?? '');
    if (name === undefined || value === undefined || encodedValue === undefined || !isFieldName(name)) return wrong;
    if (name === 'to' || name === 'cc' || name === 'bcc') {
      if (!addAddresses(encodedValue, lists[name])) return wrong;
    } else if (name === 'subject' || name === 'body') texts.set(name, value);
    else if (!IGNORED.test(name)) headers.push({ name: decode(encodedName) as string, value: value.replace(/[\r\n\0]+/g, ' ') });
  }
  if (lists.to.length + lists.cc.length + lists.bcc.length === 0) return { ok: false, problem: `“${uri.slice(0, 80)}” names no recipient` };
  return { ok: true, mailto: { ...lists, headers, subject: texts.get('subject'), body: texts.get('body') } };
}

function addAddresses(encoded: string, list: string[]): boolean {
  if (encoded === '') return true;
  for (const piece of encoded.split(',').flatMap((text) => (decode(text) ?? '').split(','))) {
    const address = readAddress(piece.trim());
    if (!address) return false;
    if (!list.includes(address)) list.push(address);
  }
  return true;
}

/** Undefined: no UTF-8, or a `%` without two digits. */
function decode(text: string): string | undefined {
  if (/[\s<>"{}|^`]/.test(text)) return undefined;
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

function splitOnce(text: string, mark: string): [string, string | undefined] {
  const at = text.indexOf(mark);
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}
