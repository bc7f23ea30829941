/**
 * One line of a classic mail log, as syslog or journald writes it: `Nov 20 18:00:00 host postfix/smtp[12]: text`, or with
 * an RFC 3339 date. Only lines of Postfix (also of further instances, `postfix-out/smtp`) are of use here.
 */
import { MAILLOG_LIMITS } from '../../base/maillog-limits.ts';

export interface LogLine {
  /** As written. */
  readonly time: string;
  /** Milliseconds since 1970, as far as it can be told: classic dates have neither year nor zone (taken as UTC). */
  readonly at: number;
  /** `smtp`, `smtpd`, `submission/smtpd`, `qmgr` … */
  readonly service: string;
  /** Of the message, when the line is about one. */
  readonly queueId?: string;
  /** Behind `service[pid]: ` and the queue id. */
  readonly text: string;
}

const CLASSIC = /^([A-Z][a-z]{2}) {1,2}(\d{1,2}) (\d\d):(\d\d):(\d\d)(?:\.\d{1,9})? /;
const RFC3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:?\d\d)? /;
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
/** Short ids are hexadecimal, long ones letters without vowels and digits; ours look like the long ones. */
const QUEUE_ID = /^([0-9A-Za-z]{6,32}): /;
/** What stands in the same place and is no id. */
const WORDS = new Set(['warning', 'fatal', 'panic', 'error', 'NOQUEUE', 'statistics', 'connect', 'disconnect', 'timeout']);
const DAY_MS = 86_400_000;

/** Undefined for lines of other programs. `now` in milliseconds since 1970: a date without a year is the last one before it. */
export function parseLogLine(raw: string, now: number): LogLine | undefined {
  const line = raw.slice(0, MAILLOG_LIMITS.lineCharsMax);
  const stamp = CLASSIC.exec(line) ?? RFC3339.exec(line);
  if (!stamp) return undefined;
  const rest = line.slice(stamp[0].length);
  const hostEnd = rest.indexOf(' ');
  const tagEnd = rest.indexOf(': ', hostEnd);
  if (hostEnd <= 0 || tagEnd < 0) return undefined;
  const service = serviceOf(rest.slice(hostEnd + 1, tagEnd));
  if (service === undefined) return undefined;
  const time = stamp[0].trimEnd();
  const at = stamp[1] === undefined ? Date.parse(time) : classicTime(stamp, now);
  const body = rest.slice(tagEnd + 2);
  const id = QUEUE_ID.exec(body);
  const about = { time, at: Number.isNaN(at) ? now : at, service };
  return id?.[1] === undefined || WORDS.has(id[1]) ? { ...about, text: body } : { ...about, queueId: id[1], text: body.slice(id[0].length) };
}

/** `postfix/smtp[12]` → `smtp`; `postfix-out/submission/smtpd[12]` → `submission/smtpd`. */
function serviceOf(tag: string): string | undefined {
  const slash = tag.indexOf('/');
  if (slash < 0 || !tag.startsWith('postfix')) return undefined;
  const end = tag.indexOf('[', slash);
  return tag.slice(slash + 1, end < 0 ? undefined : end);
}

function classicTime(parts: RegExpExecArray, now: number): number {
  const [, month = '', day, hour, minute, second] = parts;
  const at = (year: number): number => Date.UTC(year, MONTHS.indexOf(month), Number(day), Number(hour), Number(minute), Number(second));
  const year = new Date(now).getUTCFullYear();
  // A machine's zone may be ahead of UTC.
  return at(year) > now + DAY_MS ? at(year - 1) : at(year);
}

/** Of any program: syslog, journald. `head` is the beginning of a file. */
export function looksLikeLog(head: string): boolean {
  return head.slice(0, MAILLOG_LIMITS.lineCharsMax).split('\n', 20).some((line) => CLASSIC.test(line) || RFC3339.test(line));
}
