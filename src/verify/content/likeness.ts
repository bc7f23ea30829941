/** How alike the plain text and the HTML of a message are, as words. Pure. */
import { CONTENT_LIMITS } from '../../base/content-limits.ts';

/**
 * From 0 to 1: the part of the words of the smaller text that the other has, too. Addresses of links are no words: HTML
 * shows them behind other words, plain text writes them out. Undefined when one has too few words to compare.
 */
export function likeness(one: string, other: string): number | undefined {
  const first = wordCounts(one);
  const second = wordCounts(other);
  const smaller = Math.min(first.total, second.total);
  if (smaller < COMPARED_WORDS_MIN) return undefined;
  let shared = 0;
  for (const [word, count] of first.counts) shared += Math.min(count, second.counts.get(word) ?? 0);
  return shared / smaller;
}

export function countWords(text: string): number {
  return wordCounts(text).total;
}

const COMPARED_WORDS_MIN = 5;

function wordCounts(text: string): { readonly counts: ReadonlyMap<string, number>; readonly total: number } {
  const counts = new Map<string, number>();
  let total = 0;
  for (const [word] of withoutUrls(text).toLowerCase().matchAll(/[\p{L}\p{N}]+/gu)) {
    counts.set(word, (counts.get(word) ?? 0) + 1);
    total += 1;
    if (total >= CONTENT_LIMITS.comparedWordsMax) break;
  }
  return { counts, total };
}

function withoutUrls(text: string): string {
  return text.replace(/(?:https?:\/\/|mailto:)[^\s<>"]+/gi, ' ');
}
