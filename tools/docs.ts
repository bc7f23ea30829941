/**
 * Generates docs/reference from the code: configuration, commands, limits, events, reply meanings, RFCs cited.
 * `--check` writes nothing and fails when a page is not what it would write.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { renderConfigReference } from '../src/config/reference.ts';
import { renderCommands } from './reference/commands.ts';
import { renderEvents } from './reference/events.ts';
import { renderLimits } from './reference/limits.ts';
import { renderReplies } from './reference/replies.ts';
import { renderRfcs } from './reference/rfcs.ts';

const root = resolve(dirname(import.meta.filename), '..');
const folder = join(root, 'docs', 'reference');

const pages: Readonly<Record<string, () => string | Promise<string>>> = {
  'configuration.md': renderConfigReference,
  'commands.md': renderCommands,
  'events.md': () => renderEvents(root),
  'limits.md': () => renderLimits(root),
  'replies.md': renderReplies,
  'rfcs.md': () => renderRfcs(root),
};

function current(name: string): string | undefined {
  try {
    return readFileSync(join(folder, name), 'utf8');
  } catch {
    return undefined;
  }
}

const check = process.argv.includes('--check');
mkdirSync(folder, { recursive: true });
const stale: string[] = [];
for (const [name, render] of Object.entries(pages)) {
  const text = await render();
  if (current(name) === text) continue;
  stale.push(name);
  if (!check) writeFileSync(join(folder, name), text);
}
for (const name of readdirSync(folder).filter((file) => file.endsWith('.md') && !(file in pages))) {
  stale.push(`${name} (nothing makes it)`);
  if (!check) rmSync(join(folder, name));
}
if (check && stale.length > 0) {
  process.stderr.write(`docs/reference is stale: ${stale.join(', ')}; run: npm run docs\n`);
  process.exitCode = 1;
} else {
  process.stdout.write(stale.length === 0 ? `docs/reference: ${Object.keys(pages).length} pages are up to date\n` : `docs/reference: wrote ${stale.join(', ')}\n`);
}
