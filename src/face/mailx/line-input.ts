/** Lines from standard input, one at a time and with a prompt on a terminal: what mailx reads commands and messages from. */
import { createInterface } from 'node:readline';
import type { CliIo } from '../cli/ports.ts';

/** Ctrl-C on a terminal. */
export const INTERRUPTED = Symbol('interrupted');
/** Undefined: the end of input. */
export type Input = string | undefined | typeof INTERRUPTED;

export class LineInput {
  readonly interactive: boolean;
  readonly #io: CliIo;
  readonly #interface: ReturnType<typeof createInterface>;
  readonly #waiting: ((line: Input) => void)[] = [];
  readonly #lines: string[] = [];
  #ended = false;

  constructor(io: CliIo) {
    this.#io = io;
    this.interactive = io.stdin.isTTY === true && io.stdout.isTTY === true;
    this.#interface = createInterface({ input: io.stdin, ...(this.interactive && { output: io.stdout }), terminal: this.interactive });
    this.#interface.on('line', (line) => {
      const waiter = this.#waiting.shift();
      if (waiter) waiter(line);
      else this.#lines.push(line);
    });
    this.#interface.on('SIGINT', () => {
      // What was typed on this line is given up, as the terminal itself would.
      this.#interface.write(null, { ctrl: true, name: 'u' });
      this.#io.stdout.write('^C\n');
      this.#waiting.shift()?.(INTERRUPTED);
    });
    this.#interface.on('close', () => {
      this.#ended = true;
      for (const waiter of this.#waiting.splice(0)) waiter(undefined);
    });
  }

  /** The prompt is shown on a terminal only. */
  next(prompt: string): Promise<Input> {
    const ready = this.#lines.shift();
    if (ready !== undefined || this.#ended) return Promise.resolve(ready);
    if (this.interactive) {
      this.#interface.setPrompt(prompt);
      this.#interface.prompt();
    }
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  say(text: string): void {
    this.#io.stdout.write(`${text}\n`);
  }

  close(): void {
    this.#interface.close();
    this.#io.stdin.pause();
  }
}
