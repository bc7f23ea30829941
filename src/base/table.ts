/**
 * Text for terminals: tables with aligned columns, and strangers' text made harmless.
 *
 * Subjects, addresses and replies come from the network: control characters (terminal escapes among them) and
 * direction overrides are shown as `�`, never sent to the terminal.
 */
export interface Column {
  readonly title: string;
  readonly align?: 'left' | 'right';
  /** Longest width in columns; longer cells end in `…`. Default: no limit. */
  readonly max?: number;
}

// Controls (C0, DEL, C1), line separators, and the bidirectional formats that can disguise text.
const UNPRINTABLE = /\p{Cc}|\p{Zl}|\p{Zp}|\p{Bidi_Control}/gu;

/** Longer is no sentence any more. */
const SENTENCE_CHARS_MAX = 2000;

/** What most texts are made of alone: each character is one column and harmless. */
const PLAIN = /^[ -~]*$/;

/** One line that is safe to show. */
export function printable(text: string): string {
  if (PLAIN.test(text)) return text;
  return text.replaceAll(/\r?\n|\t/g, ' ').replace(UNPRINTABLE, '\ufffd');
}

/** One sentence that is safe to show and to read, whatever was given that it quotes: of words without end both ends are shown. */
export function sentence(text: string): string {
  const words = printable(text).replaceAll(/\S{201,}/gu, (word) => `${word.slice(0, 40)}…${word.slice(-20)}`);
  return words.length <= SENTENCE_CHARS_MAX ? words : `${words.slice(0, SENTENCE_CHARS_MAX - 1)}…`;
}

/** The same for text of several lines: line ends and tabs stay. */
export function printableLines(text: string): string {
  return text.split(/\r?\n/).map((line) => line.split('\t').map((piece) => piece.replace(UNPRINTABLE, '\ufffd')).join('\t')).join('\n');
}

/** Lines without a trailing line end; an empty table still has its titles. The last column is not padded. */
export function renderTable(columns: readonly Column[], rows: readonly (readonly (string | number)[])[]): string[] {
  return new TablePieces(columns).lines(rows);
}

/** A long table, made in pieces: the titles stand above the first, and columns never get narrower. */
export class TablePieces {
  readonly #columns: readonly Column[];
  readonly #widths: number[];
  #begun = false;

  constructor(columns: readonly Column[]) {
    this.#columns = columns;
    this.#widths = columns.map(({ title }) => displayWidth(title));
  }

  lines(rows: readonly (readonly (string | number)[])[]): string[] {
    const cells = rows.map((row) => this.#fitted(row));
    for (const { texts, plain } of cells) {
      for (const [at, text] of texts.entries()) this.#widths[at] = Math.max(this.#widths[at] ?? 0, plain ? text.length : displayWidth(text));
    }
    const titles = this.#begun ? [] : [{ texts: this.#columns.map(({ title }) => title), plain: false }];
    this.#begun = true;
    return [...titles, ...cells].map((row) => this.#line(row));
  }

  #fitted(row: readonly (string | number)[]): FittedRow {
    const texts = this.#columns.map((_column, at) => String(row[at] ?? ''));
    const plain = PLAIN.test(texts.join(''));
    return { texts: texts.map((text, at) => fit(plain ? text : printable(text), this.#columns[at]?.max, plain)), plain };
  }

  #line({ texts, plain }: FittedRow): string {
    const last = texts.length - 1;
    return texts.map((text, at) => pad(text, this.#widths[at] ?? 0, this.#columns[at]?.align ?? 'left', at === last, plain)).join('  ').trimEnd();
  }
}

interface FittedRow {
  readonly texts: readonly string[];
  /** Every character of it takes one column. */
  readonly plain: boolean;
}

function pad(cell: string, width: number, align: 'left' | 'right', last: boolean, plain: boolean): string {
  if (last && align === 'left') return cell;
  const chars = plain ? width : cell.length + Math.max(0, width - displayWidth(cell));
  return align === 'right' ? cell.padStart(chars) : cell.padEnd(chars);
}

function fit(cell: string, max: number | undefined, plain: boolean): string {
  if (max === undefined || (plain ? cell.length : displayWidth(cell)) <= max) return cell;
  if (plain) return `${cell.slice(0, max - 1)}…`;
  let kept = '';
  let width = 0;
  for (const character of cell) {
    width += characterWidth(character);
    if (width > max - 1) break;
    kept += character;
  }
  return `${kept}…`;
}

/** Columns that a terminal uses; near enough for East Asian text, emoji and combining marks. */
export function displayWidth(text: string): number {
  if (PLAIN.test(text)) return text.length;
  let width = 0;
  for (const character of text) width += characterWidth(character);
  return width;
}

function characterWidth(character: string): number {
  const code = character.codePointAt(0) ?? 0;
  if (code < 0x300) return 1;
  if (/\p{Mark}|\p{Default_Ignorable_Code_Point}/u.test(character)) return 0;
  const wide =
    (code >= 0x1100 && code <= 0x115f) ||
    (code >= 0x2e80 && code <= 0xa4cf) ||
    (code >= 0xac00 && code <= 0xd7a3) ||
    (code >= 0xf900 && code <= 0xfaff) ||
    (code >= 0xfe30 && code <= 0xfe6f) ||
    (code >= 0xff00 && code <= 0xff60) ||
    (code >= 0x1f300 && code <= 0x1faff) ||
    (code >= 0x20000 && code <= 0x3fffd);
  return wide ? 2 : 1;
}
