/** Whether a message goes to many, as receivers see it. Pure. */
import { firstField } from '../../mail/header.ts';
import type { Link } from './link.ts';
import type { MessageReading } from './message-reading.ts';

const BULK_FIELDS = ['list-id', 'list-unsubscribe', 'feedback-id'] as const;
const WAY_OUT = /unsub|opt-?out|abmeld|austrag|d[ée]sabon|d[ée]sinscri|darse-?de-?baja|cancellati|afmeld/i;

/** By its fields, or because readers are offered a way out. */
export function looksBulk({ header, links }: MessageReading): boolean {
  const { fields } = header;
  if (BULK_FIELDS.some((name) => firstField(fields, name) !== undefined)) return true;
  return /^\s*(?:bulk|list)\b/i.test(firstField(fields, 'precedence')?.value ?? '') || links.some(leadsOut);
}

/** A link that ends a subscription; a careful visitor never follows it. */
export function leadsOut({ path, text }: Link): boolean {
  return WAY_OUT.test(path) || WAY_OUT.test(text);
}
