/**
 * One line of a classic mail log, as syslog, journald, postlogd or a collector of containers writes it: `Nov 20 18:00:00 host
 * postfix/smtp[12]: text`, or with another date. Only lines of Postfix (also of further instances, `postfix-out/smtp`) are of use
 * here.
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

const CLASSIC = /^(?:\d{4} )?([A-Z][a-z]{2}) {1,2}(\d{1,2}) (\d\d):(\d\d):(\d\d)(?:\.\d{1,9})? /;
/** RFC 3339 and its kin: with a blank, without a zone, or as `journalctl -o short-full` writes it (`Fri 2026-11-20 18:00:00 CET`). */
const ISO = /^(?:[A-Z][a-z]{2} )?(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d(?:\.\d{1,9})?)(Z|[+-]\d\d:?\d\d| [A-Z]{2,5})? /;
/** `journalctl -o short-unix`. */
const UNIX = /^(\d{10}\.\d{1,9}) /;
/** What collectors put in front: byte order mark, name of a container, priority (and version, RFC 5424). */
const COLLECTED = /^\uFEFF?(?:[\w.-]{1,64}[ \t]{0,40}\| )?(?:<\d{1,3}>(?:1 )?)?/;
/** RFC 5424: `host postfix/smtp 12 - - text`. */
const RFC5424 = /^[^\s:]{1,255} ([^\s:]{1,128}) (?:\d{1,10}|-) \S{1,32} (?:-|\[[^\]]{0,500}\]) \uFEFF?/;
/** Solaris. */
const MESSAGE_ID = /^\[ID \d{1,10} [\w.]{1,32}\] /;
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
/** Short ids are hexadecimal, long ones letters without vowels and digits; ours look like the long ones. */
const QUEUE_ID = /^([0-9A-Za-z]{6,32}): /;
/** What stands in the same place and is no id. */
const WORDS = new Set(['warning', 'fatal', 'panic', 'error', 'NOQUEUE', 'statistics', 'connect', 'disconnect', 'timeout']);
const DAY_MS = 86_400_000;

/** Undefined for lines of other programs. `now` in milliseconds since 1970: a date without a year is the last one before it. */
export function parseLogLine(raw: string, now: number): LogLine | undefined {
  const line = raw.slice(0, MAILLOG_LIMITS.lineCharsMax);
  const stamp = stampOf(line, now);
  if (!stamp) return undefined;
  const parts = tagAndBody(line.slice(stamp.end));
  const service = parts && serviceOf(parts.tag);
  // journald writes its own time and tag before the classic lines of this server.
  if (service === undefined && parts?.tag.startsWith('posthorn[')) return parseLogLine(parts.body, now);
  if (parts === undefined || service === undefined) return undefined;
  const { body } = parts;
  const id = QUEUE_ID.exec(body);
  const about = { time: stamp.time, at: stamp.at, service };
  return id?.[1] === undefined || WORDS.has(id[1]) ? { ...about, text: body } : { ...about, queueId: id[1], text: body.slice(id[0].length) };
}

interface Stamp {
  readonly time: string;
  readonly at: number;
  readonly end: number;
}

function stampOf(line: string, now: number): Stamp | undefined {
  const plain = plainStamp(line, now);
  if (plain) {
    // Docker's own stamp before that of the program.
    const second = CLASSIC.exec(line.slice(plain.end));
    return second ? { ...plain, end: plain.end + second[0].length } : plain;
  }
  const before = COLLECTED.exec(line)?.[0].length ?? 0;
  const collected = before === 0 ? undefined : plainStamp(line.slice(before), now);
  return collected && { ...collected, end: collected.end + before };
}

function plainStamp(line: string, now: number): Stamp | undefined {
  const classic = CLASSIC.exec(line);
  if (classic) return { time: classic[0].trimEnd(), at: classicTime(classic, now), end: classic[0].length };
  const iso = ISO.exec(line);
  if (iso) return { time: iso[0].trimEnd(), at: known(Date.parse(`${iso[1]}T${iso[2]}${iso[3]?.startsWith(' ') ? '' : (iso[3] ?? '')}`), now), end: iso[0].length };
  const unix = UNIX.exec(line);
  return unix ? { time: unix[1] ?? '', at: Math.round(Number(unix[1]) * 1000), end: unix[0].length } : undefined;
}

function known(at: number, otherwise: number): number {
  return Number.isNaN(at) ? otherwise : at;
}

/** `host tag: body`; some leave the host out, or put a facility behind it. */
function tagAndBody(rest: string): { readonly tag: string; readonly body: string } | undefined {
  const tagEnd = rest.indexOf(': ');
  const modern = RFC5424.exec(rest);
  if (modern && (tagEnd < 0 || tagEnd > modern[0].length - 1)) return { tag: modern[1] ?? '', body: rest.slice(modern[0].length) };
  if (tagEnd < 0) return undefined;
  const words = rest.slice(0, tagEnd).split(' ', 4);
  if (words.length > 3) return undefined;
  const body = rest.slice(tagEnd + 2);
  return { tag: words.at(-1) ?? '', body: body.startsWith('[ID ') ? body.replace(MESSAGE_ID, '') : body };
}

/** Of an instance that its administrator named otherwise (`syslog_name`). */
const DAEMONS = new Set(['anvil', 'bounce', 'cleanup', 'discard', 'dnsblog', 'error', 'lmtp', 'local', 'master', 'pickup', 'pipe', 'postscreen', 'postsuper', 'proxymap', 'qmgr', 'scache', 'smtp', 'smtpd', 'tlsmgr', 'tlsproxy', 'trivial-rewrite', 'verify', 'virtual']);

/** `postfix/smtp[12]` → `smtp`; `postfix-out/submission/smtpd[12]` → `submission/smtpd`. */
function serviceOf(tag: string): string | undefined {
  const slash = tag.indexOf('/');
  if (slash <= 0) return undefined;
  const end = tag.indexOf('[', slash);
  const service = tag.slice(slash + 1, end < 0 ? undefined : end);
  return tag.startsWith('postfix') || (end > 0 && DAEMONS.has(service.slice(service.lastIndexOf('/') + 1))) ? service : undefined;
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
  return head.slice(0, MAILLOG_LIMITS.lineCharsMax).split('\n', 20).some((line) => stampOf(line, 0) !== undefined);
}
