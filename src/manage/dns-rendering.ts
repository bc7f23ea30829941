/** Desired DNS records as a table for people and as a zone file for name servers; JSON needs no rendering. */
import type { DesiredRecord } from './dns-records.ts';

/** One line per record; values in full, since they are there to be copied. */
export function renderTable(records: readonly DesiredRecord[]): string {
  const nameWidth = width(records.map((row) => row.name));
  const lines = records.map((row) => `${row.name.padEnd(nameWidth)}  ${row.type.padEnd(4)}  ${row.value}\n${' '.repeat(nameWidth + 8)}└ ${row.why}`);
  return `${lines.join('\n')}\n`;
}

/** RFC 1035 §5; absolute names. Records that belong elsewhere (PTR at the hosting provider) are comments. */
export function renderZone(records: readonly DesiredRecord[]): string {
  const nameWidth = width(records.map((row) => row.name)) + 1;
  const lines = records.map((row) => {
    const line = `${`${row.name}.`.padEnd(nameWidth)} ${row.ttl} IN ${row.type.padEnd(4)} ${row.value}`;
    return row.where === 'zone' ? line : `; at the hosting provider: ${line}`;
  });
  return `${lines.join('\n')}\n`;
}

function width(texts: readonly string[]): number {
  return texts.reduce((widest, text) => Math.max(widest, text.length), 0);
}
