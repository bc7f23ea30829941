/** One line on standard error that is written over while something long goes on; on no terminal a line now and then. */
import { printable } from '../../base/table.ts';
import type { CliIo } from './ports.ts';

const TERMINAL_EVERY_MS = 200;
const FILE_EVERY_MS = 10_000;
const WIDTH_DEFAULT = 80;

export class Progress {
  readonly #io: CliIo;
  readonly #quiet: boolean;
  #shownAt = Number.NEGATIVE_INFINITY;
  #shown = false;
  /** What came too soon after the line before, and is shown unless something newer comes. */
  #waiting: NodeJS.Timeout | undefined;

  /** `quiet`: shows nothing, as with --json. */
  constructor(io: CliIo, quiet = false) {
    this.#io = io;
    this.#quiet = quiet;
  }

  show(text: string): void {
    const terminal = this.#io.stderr.isTTY === true;
    const now = performance.now();
    const restMs = this.#shownAt + (terminal ? TERMINAL_EVERY_MS : FILE_EVERY_MS) - now;
    clearTimeout(this.#waiting);
    if (this.#quiet) return;
    if (restMs > 0) {
      this.#waiting = setTimeout(() => this.show(text), restMs).unref();
      return;
    }
    this.#shownAt = now;
    const line = printable(text);
    if (!terminal) return void this.#io.stderr.write(`${line}\n`);
    this.#io.stderr.write(`\r${line.slice(0, this.#width).padEnd(this.#width)}`);
    this.#shown = true;
  }

  /** A line that stays, above. */
  note(text: string): void {
    this.clear();
    this.#io.stderr.write(`${printable(text)}\n`);
  }

  clear(): void {
    clearTimeout(this.#waiting);
    if (!this.#shown) return;
    this.#io.stderr.write(`\r${' '.repeat(this.#width)}\r`);
    this.#shown = false;
  }

  /** Some terminals say that they have no columns. */
  get #width(): number {
    return (this.#io.stdout.columns || WIDTH_DEFAULT) - 1;
  }
}
