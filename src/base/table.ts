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

/** One line that is safe to show. */
export function printable(text: string): string {
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
  const cells = rows.map((row) => columns.map((column, at) => fit(printable(String(row[at] ?? '')), column.max)));
  const widths = columns.map((column, at) => Math.max(displayWidth(column.title), ...cells.map((row) => displayWidth(row[at] ?? ''))));
  const line = (row: readonly string[]): string =>
    row.map((cell, at) => pad(cell, widths[at] ?? 0, columns[at]?.align ?? 'left', at === columns.length - 1)).join('  ').trimEnd();
  return [line(columns.map(({ title }) => title)), ...cells.map(line)];
}

function pad(cell: string, width: number, align: 'left' | 'right', last: boolean): string {
  const room = ' '.repeat(Math.max(0, width - displayWidth(cell)));
  if (align === 'right') return room + cell;
  return last ? cell : cell + room;
}

function fit(cell: string, max: number | undefined): string {
  if (max === undefined || displayWidth(cell) <= max) return cell;
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
