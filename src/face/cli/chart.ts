/** Columns over days as text: what was reached as full blocks, what was wanted beyond it as light ones. Pure. */
export interface ChartColumn {
  readonly reached: number;
  readonly wanted: number;
}

/** Eighths of a block, from nothing to full. */
const EIGHTHS = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'] as const;
const COLUMN_WIDTH = 2;

/** Lines from top to bottom, the scale on the left, below it the numbers of every fifth column (from 1). */
export function columnChart(columns: readonly ChartColumn[], height: number): readonly string[] {
  const top = Math.max(1, ...columns.map(({ reached, wanted }) => Math.max(reached, wanted)));
  const labelWidth = String(top).length;
  const lines: string[] = [];
  for (let row = height; row > 0; row--) {
    const label = row === height ? String(top) : row === Math.ceil(height / 2) ? String(Math.round((top * row) / height)) : '';
    const cells = columns.map((column) => cell(column, row, top / height).repeat(COLUMN_WIDTH - 1)).join(' '.repeat(COLUMN_WIDTH - 1));
    lines.push(`${label.padStart(labelWidth)} │${cells}`.trimEnd());
  }
  const axis = columns.map((_, at) => ((at + 1) % 5 === 0 || at === 0 ? String(at + 1) : '').padEnd(COLUMN_WIDTH)).reduce(joinLabels, '');
  return [...lines, `${' '.repeat(labelWidth)} └${'─'.repeat(columns.length * COLUMN_WIDTH)}`, `${' '.repeat(labelWidth)}  ${axis}`.trimEnd()];
}

/** A label may be wider than its column; what it covers is empty. */
function joinLabels(axis: string, label: string, at: number): string {
  return `${axis.slice(0, at * COLUMN_WIDTH).padEnd(at * COLUMN_WIDTH)}${axis.length > at * COLUMN_WIDTH && label.trim() === '' ? axis.slice(at * COLUMN_WIDTH) : label}`;
}

function cell({ reached, wanted }: ChartColumn, row: number, perRow: number): string {
  const filled = Math.round((reached / perRow - (row - 1)) * 8);
  if (filled >= 1) return EIGHTHS[Math.min(8, filled)] as string;
  return wanted > (row - 1) * perRow ? '░' : ' ';
}
