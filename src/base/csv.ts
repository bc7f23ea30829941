/**
 * Comma-separated values (RFC 4180): fields may stand in double quotes, and then contain commas, line ends and doubled
 * quotes. Reading is lenient about line ends and a byte order mark.
 */

/** Rows of fields; empty lines are left out. Linear. An open quote at the end takes the rest. */
export function parseCsv(text: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  let at = text.startsWith('\ufeff') ? 1 : 0;
  while (at < text.length) {
    const [value, next] = text[at] === '"' ? readQuoted(text, at + 1) : readBare(text, at);
    row.push(value);
    at = next;
    if (text[at] === ',') {
      at += 1;
      if (at < text.length) continue;
      row.push('');
    }
    if (text[at] === '\r') at += 1;
    if (text[at] === '\n') at += 1;
    if (row.length > 1 || row[0] !== '') rows.push(row);
    row = [];
  }
  return rows;
}

function readBare(text: string, start: number): [value: string, next: number] {
  let at = start;
  while (at < text.length && text[at] !== ',' && text[at] !== '\n' && text[at] !== '\r') at += 1;
  return [text.slice(start, at), at];
}

function readQuoted(text: string, start: number): [value: string, next: number] {
  const pieces: string[] = [];
  for (let from = start; ; ) {
    const quote = text.indexOf('"', from);
    if (quote < 0) return [pieces.join('') + text.slice(from), text.length];
    pieces.push(text.slice(from, quote));
    if (text[quote + 1] === '"') {
      pieces.push('"');
      from = quote + 2;
      continue;
    }
    // What stands between the closing quote and the next comma belongs to nobody.
    const [, next] = readBare(text, quote + 1);
    return [pieces.join(''), next];
  }
}

/** One row with its line end; fields are quoted when they must be. */
export function formatCsvRow(fields: readonly string[]): string {
  return `${fields.map((field) => (/[",\r\n]|^\s|\s$/.test(field) ? `"${field.replaceAll('"', '""')}"` : field)).join(',')}\r\n`;
}
