/**
 * Answers one question of MailSearch: the index names candidates, the stored text decides, and what is not taken up yet
 * (or was too long to be) is read. Works in slices, so that the index and other searches go on in between.
 */
import { setImmediate as turn } from 'node:timers/promises';
import { SEARCH_LIMITS } from '../../base/access-limits.ts';
import type { TextQuery } from '../../contract/mailbox.ts';
import type { IndexDatabase } from './index-database.ts';
import type { MailSource } from './mail-source.ts';
import { createTextMatcher, trigramsOf, type TextMatcher } from './text-match.ts';

export interface TextSearchOptions {
  readonly index: IndexDatabase;
  readonly mails: MailSource;
  /** Nobody waits for the answer any more. */
  readonly cancelled: () => boolean;
}

/** Those of `mailIds` that contain the text. Throws when a message cannot be read. */
export async function searchTexts(options: TextSearchOptions, mailIds: ArrayLike<number>, query: TextQuery): Promise<number[]> {
  const matcher = createTextMatcher(query);
  const ids = Float64Array.from(mailIds).sort();
  const lastIndexed = options.index.lastMailId;
  const asked = worthAsking(options.index, ids, matcher, lastIndexed);
  const found: number[] = [];
  let sliceEndMs = performance.now() + SEARCH_LIMITS.sliceMs;
  for (const id of asked) {
    if (matches(options, id, matcher, id <= lastIndexed)) found.push(id);
    if (performance.now() < sliceEndMs) continue;
    await turn();
    if (options.cancelled()) return [];
    sliceEndMs = performance.now() + SEARCH_LIMITS.sliceMs;
  }
  return found;
}

/** Leaves out those that the index knows do not match. `ids` ascending. */
function worthAsking(index: IndexDatabase, ids: Float64Array, matcher: TextMatcher, lastIndexed: number): Float64Array {
  const trigrams = trigramsOf(matcher.value, SEARCH_LIMITS.trigramsMax);
  if (trigrams.length === 0 || ids.length <= SEARCH_LIMITS.lookThroughMax) return ids;
  const from = ids[0] as number;
  // When the index names far more mails than were asked about, all accounts use those words; the texts say it quicker.
  const candidates = index.candidates(trigrams, from, Math.min(lastIndexed, ids.at(-1) as number), ids.length * 4);
  if (!candidates) return ids;
  const worth = new Set(candidates);
  return ids.filter((id) => id > lastIndexed || worth.has(id));
}

function matches({ index, mails }: TextSearchOptions, mailId: number, matcher: TextMatcher, indexed: boolean): boolean {
  if (indexed) {
    const stored = index.read(mailId, matcher.columns);
    if (stored && matcher.matches(stored)) return true;
    if (stored && !stored.cut) return false;
  }
  const whole = mails.text(mailId, Number.MAX_SAFE_INTEGER);
  return whole !== undefined && matcher.matches(whole);
}
