/**
 * Where log lines go: standard error or the configured file.
 *
 * Policy: writing never blocks the event loop, so a crash may lose the last lines; what must survive a crash is in the
 * timeline of the message. SIGHUP calls `reopen`, after logrotate has moved the file.
 */
import { hostname } from 'node:os';
import { pino } from 'pino';
import type { LogSink } from '../base/log.ts';
import type { Config } from '../config/config.ts';
import { createLineFormat } from './log-lines.ts';

export interface OpenLogSink {
  readonly write: LogSink;
  /** Whole lines that another thread has made with `createLineFormat`. */
  writeLines(lines: string): void;
  /** Opens the file again under its name; nothing for standard error. */
  reopen(): void;
  /** Writes out what waits. */
  close(): void;
}

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
