/** String arguments of a call as the script has them, for checks. */
import type { AnyCall, Text } from '../program.ts';

/** Of a positional argument. */
export function textsOf(call: AnyCall, index: number): readonly Text[] {
  const value = call.values[index];
  return Array.isArray(value) ? (value as readonly Text[]) : [];
}

/** Of a tag's value. */
export function tagTexts(call: AnyCall, tag: string): readonly Text[] {
  const value = call.tags.get(tag);
  return Array.isArray(value) ? (value as readonly Text[]) : [];
}
