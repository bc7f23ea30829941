/**
 * Log entries as lines: JSON or the classic maillog. By itself, because every thread makes its own lines, and one writes them.
 *
 * Policy: in the classic format, entries that the old programs never wrote appear only when they are warnings or errors.
 */
import { hostname } from 'node:os';
import type { LogLevel, LogSink } from '../base/log.ts';
import type { Config } from '../config/config.ts';
import { formatMaillog, formatWarning } from '../mail/maillog.ts';

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
    if (lines.length === 0 && RANK[entry.level] >= RANK.warn) lines.push(formatWarning(entry, options));
    for (const line of lines) write(`${line}\n`);
  };
}
