/**
 * What commands print: a table or sentences for people, one JSON document for programs. Colours only on a terminal, and
 * never when NO_COLOR is set (no-color.org) or TERM is dumb.
 */
import { type Column, printable, TablePieces } from '../../base/table.ts';
import type { CliIo } from './ports.ts';

const STYLES = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, cyan: 36 } as const;
export type Style = keyof typeof STYLES;

export class Output {
  readonly #io: CliIo;
  readonly #coloured: boolean;

  constructor(io: CliIo) {
    this.#io = io;
    const { NO_COLOR, TERM } = io.environment;
    this.#coloured = io.stdout.isTTY === true && !NO_COLOR && TERM !== 'dumb';
  }

  /** Text as it is, with a line end behind it. Strangers' text goes through printable() first. */
  line(text = ''): void {
    this.#io.stdout.write(`${text}\n`);
  }

  raw(bytes: string | Buffer): void {
    this.#io.stdout.write(bytes);
  }

  json(value: unknown): void {
    this.#io.stdout.write(`${JSON.stringify(value, undefined, 2)}\n`);
  }

  /** With `empty` instead of a table without rows. Cells are made printable. */
  table(columns: readonly Column[], rows: readonly (readonly (string | number)[])[], empty: string): void {
    if (rows.length === 0) return this.line(empty);
    this.tablePieces(columns)(rows);
  }

  /** Writes a table piece by piece; nothing before the first row. */
  tablePieces(columns: readonly Column[]): (rows: readonly (readonly (string | number)[])[]) => void {
    const table = new TablePieces(columns);
    let begun = false;
    return (rows) => {
      if (rows.length === 0) return;
      const lines = table.lines(rows);
      if (!begun) lines[0] = this.style('bold', lines[0] ?? '');
      begun = true;
      this.line(lines.join('\n'));
    };
  }

  /** Nobody reads what is written any more: what only writes may end. */
  get closed(): boolean {
    return !this.#io.stdout.writable;
  }

  /** `Name:  value` lines with the values in one column; absent values are left out. */
  facts(pairs: readonly (readonly [name: string, value: string | number | undefined])[]): void {
    const present = pairs.filter(([, value]) => value !== undefined && value !== '');
    const width = Math.max(0, ...present.map(([name]) => name.length)) + 1;
    for (const [name, value] of present) this.line(`${this.style('bold', `${name}:`.padEnd(width))} ${printable(String(value))}`);
  }

  /** For notes beside the answer: stderr, so that stdout stays clean. */
  note(text: string): void {
    this.#io.stderr.write(`${text}\n`);
  }

  style(style: Style, text: string): string {
    return this.#coloured ? `\u001b[${STYLES[style]}m${text}\u001b[0m` : text;
  }
}
