/** Findings about something published, as lines for people. */
import { printable } from '../../../base/table.ts';
import type { DeploymentFinding } from '../../../manage/doctor/findings.ts';
import type { Output } from '../output.ts';

const STYLES = { fail: ['red', 'FAIL'], warn: ['yellow', 'warn'], unknown: ['dim', '?'], pass: ['green', 'ok'], skip: ['dim', '–'] } as const;

export function showFindings(out: Output, findings: readonly DeploymentFinding[]): void {
  for (const { level, text, remedy, record } of findings) {
    const [style, word] = STYLES[level];
    out.line(`${out.style(style, word.padEnd(5))} ${printable(text)}`);
    if (remedy !== undefined) out.line(`      do: ${printable(remedy)}`);
    if (record !== undefined) out.line(`      record: ${printable(record)}`);
  }
}
