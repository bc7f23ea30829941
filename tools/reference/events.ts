/** docs/reference/events.md: the names on a message's timeline and in the log, with their data. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { MESSAGE_EVENTS } from '../../src/contract/events.ts';
import { LOG_EVENTS } from '../../src/mail/log-events.ts';
import { cell, code } from './rows.ts';

export function renderEvents(root: string): string {
  const comments = readComments(readFileSync(join(root, 'src/contract/events.ts'), 'utf8'));
  const rows = Object.entries(MESSAGE_EVENTS).map(([key, name]) => `| ${code(name)} | ${cell(comments.get(key) ?? '')} |`);
  return `${[
    '# Events',
    '',
    'Generated from `src/contract/events.ts` and `src/mail/log-events.ts`; change them there. These names are stable.',
    '',
    '## On the timeline of a message (`posthorn trace`)',
    '',
    '| event | data |',
    '|---|---|',
    ...rows,
    '',
    '## In the log, with a line of its own in the classic format',
    '',
    'Other events appear in the JSON format only, and in the classic one when they are warnings or errors.',
    '',
    ...Object.values(LOG_EVENTS).map((name) => `- ${code(name)}`),
  ].join('\n')}\n`;
}

function readComments(source: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const match of source.matchAll(/\/\*\*([^*]*(?:\*(?!\/)[^*]*)*)\*\/\s*(\w+):/g)) found.set(match[2] as string, (match[1] as string).replaceAll(/^\s*\*\s?/gm, '').trim());
  return found;
}
