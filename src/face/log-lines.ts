/**
 * Log entries as lines: JSON or the classic maillog. By itself, because every thread makes its own lines, and one writes them.
 *
 * Policy: in the classic format, entries that the old programs never wrote appear only when they are warnings or errors.
 */
import { hostname } from 'node:os';
import type { LogEntry, LogLevel, LogSink } from '../base/log.ts';
import { printable } from '../base/table.ts';
import type { Config } from '../config/config.ts';
import { formatMaillog } from '../mail/maillog.ts';

const RANK: Readonly<Record<LogLevel, number>> = { debug: 0, info: 1, warn: 2, error: 3 };

/** From entries to lines; those below the level come to nothing. */
export function createLineFormat({ format, level }: Pick<Config['log'], 'format' | 'level'>, write: (lines: string) => void, host = hostname()): LogSink {
  const writeEntry = format === 'json' ? jsonWriter(write) : maillogWriter(write, host);
  return (entry) => {
    if (RANK[entry.level] >= RANK[level]) writeEntry(entry);
  };
}

/** One JSON object a line. What cannot be written as JSON (a cycle, a bigint) is told as such, never thrown at the caller. */
function jsonWriter(write: (text: string) => void): LogSink {
  return ({ at, level, event, fields }) => {
    const head = { level, pid: process.pid, time: new Date(at).toISOString(), event };
    let line: string;
    try {
      line = JSON.stringify({ ...head, ...fields });
    } catch (error) {
      line = JSON.stringify({ ...head, unwritable: String(error) });
    }
    write(`${line}\n`);
  };
}

function maillogWriter(write: (text: string) => void, host: string): LogSink {
  const options = { hostname: host, pid: process.pid };
  return (entry) => {
    const lines = formatMaillog(entry, options);
    if (lines.length === 0 && RANK[entry.level] >= RANK.warn) lines.push(otherLine(entry, host));
    for (const line of lines) write(`${line}\n`);
  };
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** `Nov 20 18:00:00 host postfix/posthorn[pid]: warning: event field=value`. */
function otherLine({ at, level, event, fields }: LogEntry, host: string): string {
  const date = new Date(at);
  const time = date.toTimeString().slice(0, 8);
  const stamp = `${MONTHS[date.getMonth()]} ${String(date.getDate()).padStart(2)} ${time}`;
  const details = Object.entries(fields).map(([name, value]) => `${name}=${printable(typeof value === 'string' ? value : (JSON.stringify(value) ?? ''))}`);
  return `${stamp} ${host} postfix/posthorn[${process.pid}]: ${level === 'warn' ? 'warning' : 'error'}: ${[event, ...details].join(' ')}`;
}
