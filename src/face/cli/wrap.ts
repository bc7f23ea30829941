/** Long sentences in lines that a terminal shows whole. Words longer than a line, such as links, stay in one piece. */
import { displayWidth } from '../../base/table.ts';

/** `width` counts the indent of each line. */
export function wrapped(text: string, width: number, indent = '', hanging = indent): string[] {
  const lines: string[] = [];
  let line = indent;
  let empty = true;
  for (const word of text.split(' ')) {
    if (!empty && displayWidth(line) + 1 + displayWidth(word) > width) {
      lines.push(line);
      line = hanging;
      empty = true;
    }
    line += empty ? word : ` ${word}`;
    empty = false;
  }
  return [...lines, line];
}
