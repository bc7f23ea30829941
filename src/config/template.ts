/**
 * Writes a commented posthorn.toml: the given values in force, every other setting as a comment with its default, so that
 * the file says by itself what can be changed.
 */
import { configEntries, type SettingEntry, type TableEntry } from './entries.ts';
import type { TomlValue } from './setting.ts';

/** `values` by dotted name, `listen.smtp`. Throws for a name that is no setting: that would be a bug of the caller. */
export function renderConfigTemplate(values: Readonly<Record<string, TomlValue>>): string {
  const entries = configEntries();
  const unused = new Set(Object.keys(values));
  const lines = ['# Configuration of Posthorn. Lines that begin with # show the defaults.', '# All settings: docs/reference/configuration.md', ''];
  const write = (entry: SettingEntry): void => {
    if (entry.later !== undefined) return;
    unused.delete(entry.name);
    lines.push(...settingLines(entry, values[entry.name]));
  };
  for (const entry of entries) if (entry.kind === 'setting') write(entry);
  for (const table of entries) if (table.kind === 'table') writeTable(table, values, lines, write);
  if (unused.size > 0) throw new Error(`no such setting: ${[...unused].join(', ')}`);
  return `${lines.join('\n').replaceAll(/\n{3,}/g, '\n\n').trimEnd()}\n`;
}

function writeTable(table: TableEntry, values: Readonly<Record<string, TomlValue>>, lines: string[], write: (entry: SettingEntry) => void): void {
  const settings = table.entries.filter((entry) => entry.kind === 'setting');
  if (settings.every((entry) => entry.later !== undefined)) return;
  const header = table.repeated ? `[[${table.name}]]` : `[${table.name}]`;
  const used = settings.some((entry) => values[entry.name] !== undefined);
  // An empty optional table would mean something; a header of defaults means nothing.
  lines.push('', `# ${table.help || 'Further entries.'}`, table.optional && !used ? `# ${header}` : header);
  for (const entry of settings) write(entry);
  for (const entry of table.entries) if (entry.kind === 'table') writeTable(entry, values, lines, write);
}

function settingLines(entry: SettingEntry, value: TomlValue | undefined): string[] {
  const help = `# ${entry.help ?? ''}${entry.otherwise === undefined ? '' : ` Default: ${entry.otherwise}.`}`;
  if (value !== undefined) return [help, `${entry.key} = ${formatToml(value)}`];
  const example = entry.default === undefined ? '…' : formatToml(entry.default);
  return [help, `# ${entry.key} = ${example}`];
}

export function formatToml(value: TomlValue): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map((item) => formatToml(item as TomlValue)).join(', ')}]`;
  if (typeof value === 'object') return `{ ${Object.entries(value).map(([key, item]) => `${key} = ${formatToml(item as TomlValue)}`).join(', ')} }`;
  return String(value);
}
