/** What IMAP servers answer to FETCH, as those who read mail elsewhere need it. */
import { parseDate } from '../mail/date.ts';
import type { ImapValue } from '../wire/imap/response-values.ts';

/** `['12', 'FETCH', [name, value, …]]` as a map, names in capitals; undefined for other responses. */
export function fetchedItems(values: readonly ImapValue[]): ReadonlyMap<string, ImapValue> | undefined {
  const list = values[2];
  if (String(values[1]).toUpperCase() !== 'FETCH' || !Array.isArray(list)) return undefined;
  const items = new Map<string, ImapValue>();
  for (let at = 0; at + 1 < list.length; at += 2) items.set(String(list[at]).toUpperCase(), list[at + 1]);
  return items;
}

/** INTERNALDATE, `17-Jul-1996 02:44:25 -0700` (RFC 9051 §9 date-time): milliseconds since 1970, undefined when it is no date. */
export function parseInternalDate(text: string): number | undefined {
  return parseDate(text.trim().replace(/^(\d{1,2})-([A-Za-z]{3})-(\d{4}) /, '$1 $2 $3 '));
}
