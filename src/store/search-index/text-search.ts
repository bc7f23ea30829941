/**
 * Answers one question of MailSearch: the index names candidates, the stored text decides, and what is not taken up yet
 * (or was too long to be) is read. Works in slices, so that the index and other searches go on in between.
 */
import { setImmediate as turn } from 'node:timers/promises';
import { SEARCH_LIMITS } from '../../base/access-limits.ts';
import type { TextQuery } from '../../contract/mailbox.ts';
import { foldCase } from '../../mail/case-fold.ts';
import { headerLines } from '../../mail/searchable-text.ts';
import type { IndexDatabase } from './index-database.ts';
import type { MailSource } from './mail-source.ts';
import { createTextMatcher, headerMayContain, trigramsOf, type TextMatcher } from './text-match.ts';

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
  const asked = Array.from(worthAsking(options.index, ids, matcher, lastIndexed));
  const found: number[] = [];
  let sliceEndMs = performance.now() + SEARCH_LIMITS.sliceMs;
  const stopped = async (): Promise<boolean> => {
    if (performance.now() < sliceEndMs) return false;
    await turn();
    sliceEndMs = performance.now() + SEARCH_LIMITS.sliceMs;
    return options.cancelled();
  };
  for (let at = 0; at < asked.length; at += AT_ONCE) {
    const piece = asked.slice(at, at + AT_ONCE);
    const indexed = piece.filter((id) => id <= lastIndexed);
    const known = options.index.lookUp(indexed, matcher);
    found.push(...known.found);
    const unread = indexed.length === piece.length ? known.unsure : [...known.unsure, ...piece.filter((id) => id > lastIndexed)];
    if (unread.length > 0 && matcher.columns === 'header') found.push(...readHeaders(options.mails, unread, matcher));
    else {
      for (const id of unread) {
        if (readText(options.mails, id, matcher)) found.push(id);
        if (await stopped()) return [];
      }
    }
    if (await stopped()) return [];
  }
  return found;
}

/** Texts that are asked for in one statement: as long as it runs, others wait. */
const AT_ONCE = 64;

/** Leaves out those that the index knows do not match. `ids` ascending. */
function worthAsking(index: IndexDatabase, ids: Float64Array, matcher: TextMatcher, lastIndexed: number): Float64Array {
  const trigrams = trigramsOf(matcher.value, SEARCH_LIMITS.trigramsMax);
  if (trigrams.length === 0 || ids.length <= SEARCH_LIMITS.lookThroughMax) return ids;
  const from = ids[0] as number;
  // When the index names far more mails than were asked about, all accounts use those words; the texts say it quicker.
  const worth = index.candidates(trigrams, matcher.columns, from, Math.min(lastIndexed, ids.at(-1) as number), ids.length * 4);
  return worth ? ids.filter((id) => id > lastIndexed || worth.has(id)) : ids;
}

function readHeaders(mails: MailSource, mailIds: readonly number[], matcher: TextMatcher): number[] {
  const found: number[] = [];
  for (const [id, header] of mails.headers(mailIds)) {
    if (!headerMayContain(header, matcher.value)) continue;
    if (matcher.matches({ header: foldCase(headerLines(header)), mime: '', body: '' })) found.push(id);
  }
  return found;
}

function readText(mails: MailSource, mailId: number, matcher: TextMatcher): boolean {
  const whole = mails.text(mailId, SEARCH_LIMITS.readCharsMax);
  return whole !== undefined && matcher.matches(whole);
}
