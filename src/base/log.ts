/**
 * The log as a port: events with a stable name and fields, never message text and never a secret.
 * Where they go and in which form (JSON lines, classic maillog lines) is decided by the sink that the composition root
 * hands in.
 */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error';
export type LogFields = Readonly<Record<string, unknown>>;

export interface LogEntry {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly level: LogLevel;
  /** Stable, dotted, e.g. `queue.committed`. */
  readonly event: string;
  readonly fields: LogFields;
}

export type LogSink = (entry: LogEntry) => void;

const NOTHING: LogFields = {};

export class Log {
  readonly #sink: LogSink;
  readonly #now: () => number;
  readonly #bound: LogFields;

  constructor(sink: LogSink, now: () => number = Date.now, bound: LogFields = NOTHING) {
    this.#sink = sink;
    this.#now = now;
    this.#bound = bound;
  }

  /** A log whose entries also go to `sink`. */
  observedBy(sink: LogSink): Log {
    const first = this.#sink;
    const both: LogSink = (entry) => {
      first(entry);
      sink(entry);
    };
    return new Log(both, this.#now, this.#bound);
  }

  /** A log whose every entry carries these fields too. */
  with(fields: LogFields): Log {
    return new Log(this.#sink, this.#now, { ...this.#bound, ...fields });
  }

  debug(event: string, fields: LogFields = {}): void {
    this.#write('debug', event, fields);
  }

  info(event: string, fields: LogFields = {}): void {
    this.#write('info', event, fields);
  }

  warn(event: string, fields: LogFields = {}): void {
    this.#write('warn', event, fields);
  }

  error(event: string, fields: LogFields = {}): void {
    this.#write('error', event, fields);
  }

  #write(level: LogLevel, event: string, fields: LogFields): void {
    this.#sink({ at: this.#now(), level, event, fields: this.#bound === NOTHING ? fields : { ...this.#bound, ...fields } });
  }
}

/** A log that goes nowhere, for tools and tests that look elsewhere. */
export const silentLog = new Log(() => {});
