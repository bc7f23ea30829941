/**
 * A line of Posthorn's own log, `{"level":…,"time":…,"event":…}`: read as the classic line that the same event makes, so that
 * both are explained alike.
 */
import { MAILLOG_LIMITS } from '../../base/maillog-limits.ts';
import type { LogEntry, LogFields, LogLevel } from '../../base/log.ts';
import { formatMaillog, formatWarning } from '../maillog.ts';
import { parseLogLine, type LogLine } from './log-line.ts';

export interface OwnLine {
  /** As written. */
  readonly time: string;
  /** What it is in the classic log: no line at all for most events. */
  readonly lines: readonly LogLine[];
}

const BEGINS = '{"level":"';
/** journald and collectors of containers put the time, the host and the program in front. */
const COLLECTED_CHARS_MAX = 200;

/** Where the record begins; -1 in other lines. */
function beginOf(raw: string): number {
  if (raw.startsWith(BEGINS)) return 0;
  const at = raw.slice(0, COLLECTED_CHARS_MAX).indexOf(BEGINS);
  return at > 0 && /(?:\]: |\| )$/.test(raw.slice(at - 3, at)) ? at : -1;
}

export function isOwnLine(raw: string): boolean {
  return beginOf(raw) >= 0;
}

/** Undefined for JSON of other programs, and for what is cut off or not as this server writes it. */
export function parseOwnLine(raw: string): OwnLine | undefined {
  const written = entryOf(raw.slice(beginOf(raw), MAILLOG_LIMITS.lineCharsMax));
  if (!written) return undefined;
  const { time, entry } = written;
  const options = { hostname: 'localhost', pid: 0, offsetMinutes: () => 0 };
  try {
    const classic = formatMaillog(entry, options);
    if (classic.length === 0 && (entry.level === 'warn' || entry.level === 'error')) classic.push(formatWarning(entry, options));
    return { time, lines: classic.map((line) => parseLogLine(line, entry.at)).filter((line) => line !== undefined).map((line) => ({ ...line, time })) };
  } catch {
    // Fields of another shape than ours.
    return undefined;
  }
}

function entryOf(raw: string): { readonly time: string; readonly entry: LogEntry } | undefined {
  let record: LogFields;
  try {
    record = JSON.parse(raw) as LogFields;
  } catch {
    return undefined;
  }
  const { level, time, event, pid, ...fields } = record;
  if (typeof level !== 'string' || typeof time !== 'string' || typeof event !== 'string' || typeof pid !== 'number') return undefined;
  const at = Date.parse(time);
  return Number.isNaN(at) ? undefined : { time, entry: { at, level: level as LogLevel, event, fields } };
}

/** Of a file: within the first lines. */
export function looksLikeOwnLog(head: string): boolean {
  return head.slice(0, MAILLOG_LIMITS.lineCharsMax).split('\n', 20).some((line) => isOwnLine(line) && line.includes('"event":"'));
}
