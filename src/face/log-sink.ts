/**
 * Where log entries go: JSON lines (pino) or the classic maillog lines, to standard error or to the configured file.
 *
 * Policy: writing never blocks the event loop, so a crash may lose the last lines; what must survive a crash is in the
 * timeline of the message. SIGHUP calls `reopen`, after logrotate has moved the file. In the classic format, entries that
 * the old programs never wrote appear only when they are warnings or errors.
 */
import { hostname } from 'node:os';
import { pino } from 'pino';
import type { LogEntry, LogLevel, LogSink } from '../base/log.ts';
import { printable } from '../base/table.ts';
import type { Config } from '../config/config.ts';
import { formatMaillog } from '../mail/maillog.ts';

export interface OpenLogSink {
  readonly write: LogSink;
  /** Whole lines that another thread has made with `createLineFormat`. */
  writeLines(lines: string): void;
  /** Opens the file again under its name; nothing for standard error. */
  reopen(): void;
  /** Writes out what waits. */
  close(): void;
}

const RANK: Readonly<Record<LogLevel, number>> = { debug: 0, info: 1, warn: 2, error: 3 };
const STDERR = 2;
/** A busy server writes some hundred lines at once; a quiet one does not wait for them. */
const BLOCK_BYTES = 64 * 1024;
/** How long a line may wait for others. */
const FLUSH_EVERY_MS = 100;
/** Lines that wait for a disk that is full or slow; later ones are dropped. */
const WAITING_BYTES_MAX = 4 * 1024 * 1024;

/** `host` is the name in classic lines; default: the machine's, as syslog writes it. */
export function createLogSink({ format, level, file }: Config['log'], host = hostname()): OpenLogSink {
  // A file takes lines by the block: with a write call for each, logging was a sixth of a relayed message's processor time.
  const blocks = file === undefined ? {} : { minLength: BLOCK_BYTES, maxWrite: 2 * BLOCK_BYTES, periodicFlush: FLUSH_EVERY_MS };
  const destination = pino.destination({ dest: file ?? STDERR, sync: false, mkdir: true, append: true, mode: 0o640, maxLength: WAITING_BYTES_MAX, ...blocks });
  // A full disk or a closed pipe must not end the server.
  destination.on('error', () => undefined);
  const writeLines = (text: string): void => void destination.write(text);
  return {
    write: createLineFormat({ format, level }, writeLines, host),
    writeLines,
    reopen: () => {
      if (file !== undefined) destination.reopen();
    },
    close: () => {
      try {
        destination.flushSync();
      } catch {
        // Not opened yet, or the disk is full: there is nobody left to tell.
      }
      if (file !== undefined) destination.end();
    },
  };
}

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
