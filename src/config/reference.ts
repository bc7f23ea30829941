/** Renders docs/reference/configuration.md from the schema. */
import { configEntries, type SettingEntry, type TableEntry } from './entries.ts';
import { formatToml } from './template.ts';

export function renderConfigReference(): string {
  const entries = configEntries();
  const lines = [
    '# Configuration',
    '',
    'Generated from `src/config/schema.ts`; change it there.',
    '',
    'Posthorn reads one file in [TOML](https://toml.io): the one named with `--config`, else `$POSTHORN_CONFIG`, else',
    '`./posthorn.toml`, else `/etc/posthorn/posthorn.toml`. A wrong file is refused with every problem at once, each with file, line,',
    'setting, the value found and what is allowed. Relative paths start from the folder of the file. Durations are written `"30s"`,',
    '`"10m"`, `"4h"`, `"5d"`, `"1h30m"`; sizes `"512KiB"`, `"50MiB"`, `"1GB"`. Domains, accounts, aliases and keys are not in this file:',
    'they are changed with the commands of [commands.md](commands.md).',
    '',
    'A complete relay without accounts:',
    '',
    '```toml',
    'hostname = "mail.example.org"',
    'data-dir = "/var/lib/posthorn"',
    '[listen]',
    'smtp = ["0.0.0.0:25"]',
    '[networks]',
    'trusted = ["127.0.0.0/8", "10.0.0.0/8"]',
    '[relay]',
    'host = "smtp.example.net"',
    '```',
    '',
    '## At the top of the file',
    '',
    ...settingRows(entries.filter((entry) => entry.kind === 'setting')),
  ];
  for (const entry of entries) if (entry.kind === 'table') lines.push(...tableLines(entry));
  return `${lines.join('\n')}\n`;
}

function tableLines(table: TableEntry): string[] {
  const header = table.repeated ? `[[${table.name}]]` : `[${table.name}]`;
  const settings = table.entries.filter((entry) => entry.kind === 'setting');
  const inner = table.entries.filter((entry) => entry.kind === 'table').flatMap(tableLines);
  return ['', `## ${header}`, '', ...(table.help === '' ? [] : [table.help, '']), ...settingRows(settings), ...inner];
}

function settingRows(settings: readonly SettingEntry[]): string[] {
  const rows = settings.map((entry) => `| \`${entry.key}\` | ${cell(entry.type)} | ${cell(defaultOf(entry))} | ${cell(helpOf(entry))} |`);
  return ['| setting | type | default | |', '|---|---|---|---|', ...rows];
}

function defaultOf(entry: SettingEntry): string {
  if (entry.required) return '**required**';
  if (entry.default !== undefined) return `\`${formatToml(entry.default)}\``;
  return entry.later === undefined ? (entry.otherwise ?? '') : 'not used';
}

function helpOf(entry: SettingEntry): string {
  const allowed = entry.allowed === '' ? '' : ` Allowed: ${entry.type.startsWith('list') ? 'each ' : ''}${entry.allowed}.`;
  const later = entry.later === undefined ? '' : ` *Read, with a warning in the log: ${entry.later}.*`;
  return `${entry.help ?? ''}${allowed}${later}`;
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}
