/**
 * Which waiting recipients a filter selects, as one constant piece of SQL: what is null does not narrow.
 *
 * Nobody walks the whole queue in one call: a selection reaches from one message id to another, and `pieceEnd` gives the
 * end of a piece of bounded size, so that mail in transit waits for one piece at most.
 */
import type { Database, SqlValue } from '../database.ts';

export interface SelectionArgs {
  /** First message id, and the last; null: to the end of a piece of `scan` waiting recipients. */
  readonly from: string;
  readonly to: string | null;
  readonly scan: number;
  readonly state: 'queued' | 'held' | null;
  /** Lower case. `@example.org` selects a whole domain; '' is the null sender. */
  readonly sender: string | null;
  readonly recipient: string | null;
  readonly domain: string | null;
  /** MxSite.key; recipients that were never tried are selected by `siteDomains`, a JSON array of recipient domains. */
  readonly site: string | null;
  readonly siteDomains: string;
  readonly account: string | null;
  readonly stream: string | null;
  readonly rule: string | null;
  readonly culprit: string | null;
  /** Lower case, somewhere in the reason or in the last reply. */
  readonly text: string | null;
  /** Milliseconds since 1970. */
  readonly queuedBefore: number | null;
  readonly queuedAfter: number | null;
}

export const SORTS = ['oldest', 'newest', 'next', 'size', 'attempts', 'recipient', 'site'] as const;
export type QueueSort = (typeof SORTS)[number];

export const GROUPINGS = ['site', 'domain', 'sender', 'stream', 'account', 'state'] as const;
export type QueueGrouping = (typeof GROUPINGS)[number];

/** The part behind the last `@` (a local part in quotes may have more of them), in lower case. */
export const RECIPIENT_DOMAIN = `lower(replace(r.address, rtrim(r.address, replace(r.address, '@', '')), ''))`;

export const STREAM = `coalesce(m.stream, 'transactional')`;

/** Parameters ?1 to ?15 (`selectionValues`); `r` is the recipient, `m` its message. */
export const SELECTED = `recipients AS r JOIN messages AS m ON m.id = r.message_id
  WHERE r.state IN ('queued', 'held') AND r.message_id >= ?1 AND r.message_id <= ?2
    AND (?3 IS NULL OR r.state = ?3)
    AND (?4 IS NULL OR lower(m.sender) = ?4 OR (substr(?4, 1, 1) = '@' AND substr(lower(m.sender), -length(?4)) = ?4))
    AND (?5 IS NULL OR lower(r.address) = ?5 OR (substr(?5, 1, 1) = '@' AND substr(lower(r.address), -length(?5)) = ?5))
    AND (?6 IS NULL OR ${RECIPIENT_DOMAIN} = ?6)
    AND (?7 IS NULL OR r.site = ?7 OR (r.site IS NULL AND ${RECIPIENT_DOMAIN} IN (SELECT value FROM json_each(?8))))
    AND (?9 IS NULL OR json_extract(m.origin, '$.account') = ?9)
    AND (?10 IS NULL OR ${STREAM} = ?10)
    AND (?11 IS NULL OR r.rule = ?11)
    AND (?12 IS NULL OR r.culprit = ?12)
    AND (?13 IS NULL OR instr(lower(coalesce(r.reason, '') || ' ' || coalesce(r.last_reply, '')), ?13) > 0)
    AND (?14 IS NULL OR m.queued_at <= ?14)
    AND (?15 IS NULL OR m.queued_at >= ?15)`;

const PIECE_END = `SELECT max(message_id) AS last FROM (SELECT message_id FROM recipients
  WHERE state IN ('queued', 'held') AND message_id >= ? ORDER BY message_id, position LIMIT ?)`;

/** The message id at which the piece ends; undefined when nothing waits from `from` on. */
export function pieceEnd(db: Database, { from, to, scan }: Pick<SelectionArgs, 'from' | 'to' | 'scan'>): string | undefined {
  return to ?? db.get<{ last: string | null }>(PIECE_END, from, scan)?.last ?? undefined;
}

/** Where the next piece begins. Ids are made of digits and letters, which a blank comes before. */
export function afterPiece(args: Pick<SelectionArgs, 'to'>, last: string): string | undefined {
  return args.to === null ? `${last} ` : undefined;
}

export function selectionValues(args: SelectionArgs, last: string): SqlValue[] {
  return [
    args.from, last, args.state, args.sender, args.recipient, args.domain, args.site, args.siteDomains, args.account, args.stream,
    args.rule, args.culprit, args.text, args.queuedBefore, args.queuedAfter,
  ];
}
