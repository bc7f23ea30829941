/**
 * Where log lines go: standard error or the configured file.
 *
 * Policy: writing never blocks the event loop, so `kill -9` may lose the last lines; what must survive that is in the
 * timeline of the message. SIGHUP calls `reopen`, after logrotate has moved the file.
 */
import { hostname } from 'node:os';
import type { LogSink } from '../base/log.ts';
import type { Config } from '../config/config.ts';
import { createLineFormat } from './log-lines.ts';
import { LogOutput } from './log-output.ts';

export interface OpenLogSink {
  readonly write: LogSink;
  /** Whole lines that another thread has made with `createLineFormat`. */
  writeLines(lines: string): void;
  /** Opens the file again under its name; nothing for standard error. */
  reopen(): void;
  /** Writes out what waits; a process that ends by itself waits for that. */
  close(): void;
}

/** `host` is the name in classic lines; default: the machine's, as syslog writes it. */
export function createLogSink({ format, level, file }: Config['log'], host = hostname()): OpenLogSink {
  const output = new LogOutput(file);
  const writeLines = (text: string): void => output.add(text);
  return { write: createLineFormat({ format, level }, writeLines, host), writeLines, reopen: () => output.reopen(), close: () => output.close() };
}
