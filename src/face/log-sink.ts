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
const BLOCK_CHARS = 64 * 1024;
/** How long a line for a file may wait for others; for standard error, where somebody may be reading: until what happens now is over. */
const FLUSH_EVERY_MS = 100;
/** Lines that wait for a disk that is full or slow; later ones are dropped. */
const WAITING_BYTES_MAX = 4 * 1024 * 1024;

/** `host` is the name in classic lines; default: the machine's, as syslog writes it. */
export function createLogSink({ format, level, file }: Config['log'], host = hostname()): OpenLogSink {
  const destination = pino.destination({ dest: file ?? STDERR, sync: false, mkdir: true, append: true, mode: 0o640, maxLength: WAITING_BYTES_MAX });
  // A full disk or a closed pipe must not end the server.
  destination.on('error', () => undefined);
  const blocks = new Blocks((text) => void destination.write(text), file === undefined ? 0 : FLUSH_EVERY_MS);
  const writeLines = (text: string): void => blocks.add(text);
  return {
    write: createLineFormat({ format, level }, writeLines, host),
    writeLines,
    reopen: () => {
      blocks.flush();
      if (file !== undefined) destination.reopen();
    },
    close: () => {
      blocks.flush();
      try {
        destination.flushSync();
      } catch {
        // Not opened yet, or the disk is full: there is nobody left to tell.
      }
      if (file !== undefined) destination.end();
    },
  };
}

/**
 * Lines go on by the block: with a write call for each, logging was a sixth of a relayed message's processor time. The
 * library would gather them as well, but measures all that it has gathered at each line, for which the text is copied
 * each time: 60 KB a message, which made the main thread collect garbage for a quarter of its time.
 */
class Blocks {
  readonly #write: (text: string) => void;
  readonly #waitMs: number;
  #lines: string[] = [];
  #chars = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(write: (text: string) => void, waitMs: number) {
    this.#write = write;
    this.#waitMs = waitMs;
  }

  add(lines: string): void {
    this.#lines.push(lines);
    this.#chars += lines.length;
    if (this.#chars >= BLOCK_CHARS) this.flush();
    else this.#timer ??= setTimeout(() => this.flush(), this.#waitMs);
  }

  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#lines.length === 0) return;
    const text = this.#lines.join('');
    this.#lines = [];
    this.#chars = 0;
    this.#write(text);
  }
}
