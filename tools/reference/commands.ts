/** docs/reference/commands.md: every command with its arguments and options, from the definitions that run. */
import type { Command } from 'commander';
import { createProgram } from '../../src/face/cli/main-entry.ts';
import { COMMANDS } from '../../src/face/cli/commands/index.ts';
import { type CliPorts, processIo } from '../../src/face/cli/ports.ts';
import { Session } from '../../src/face/cli/session.ts';
import { SCRIPT_COMMANDS } from '../../src/face/mailx/script.ts';
import { COMMANDS as PROMPT_COMMANDS } from '../../src/face/mailx/commands.ts';
import { cell, code } from './rows.ts';

const COMMON = new Set(['--json', '--config', '--dns']);

export async function renderCommands(): Promise<string> {
  // Definitions are read, no action runs: the ports are never used.
  const session = new Session({ version: '' } as CliPorts, processIo());
  const program = await createProgram(session, COMMANDS, () => {});
  const lines = [
    '# Commands',
    '',
    'Generated from `src/face/cli/commands/`; change them there.',
    '',
    'Every command takes `--config FILE` (else `$POSTHORN_CONFIG`, `./posthorn.toml`, `/etc/posthorn/posthorn.toml`), `--dns HOST:PORT` to ask that',
    'name server, and `--json` for one JSON document on stdout. Exit status: 0 done, 1 the answer is bad news, 2 wrong usage or wrong',
    'configuration; `sendmail` and `mailq` use those of sysexits. Errors are one sentence on stderr. Colours appear on a terminal only, and',
    'never when `NO_COLOR` is set. Commands run inside the server when one runs, else they open the data directory themselves.',
  ];
  for (const entry of COMMANDS) {
    lines.push('', `## posthorn ${entry.name}`, '', sentence(entry.summary));
    if (entry.kind === 'drop-in') lines.push('', '```', ...entry.usage, '```', ...(entry.name === 'mail' ? mailLines() : []));
    else {
      const command = program.commands.find((candidate) => candidate.name() === entry.name);
      if (!command) throw new Error(`${entry.name} did not add itself`);
      lines.push(...commandLines(command, `posthorn ${entry.name}`, false));
    }
  }
  return `${lines.join('\n')}\n`;
}

function commandLines(command: Command, path: string, titled: boolean): string[] {
  const usage = [path, ...command.registeredArguments.map((argument) => placeholder(argument))].join(' ');
  const options = command.options.filter((option) => !COMMON.has(option.long ?? ''));
  const runs = command.commands.length === 0 || options.length > 0;
  const lines = titled ? ['', `### ${usage}`, '', sentence(command.description())] : runs && command.registeredArguments.length > 0 ? ['', code(usage)] : [];
  if (options.length > 0) lines.push('', '| option | |', '|---|---|', ...options.map((option) => `| ${code(option.flags)} | ${cell(option.description + defaultText(option.defaultValue))} |`));
  for (const child of command.commands) lines.push(...commandLines(child, `${path} ${child.name()}`, true));
  return lines;
}

function placeholder(argument: { name(): string; required: boolean; variadic: boolean }): string {
  const name = argument.name().toUpperCase() + (argument.variadic ? '…' : '');
  return argument.required ? name : `[${name}]`;
}

function defaultText(value: unknown): string {
  if (value === undefined || value === true || (Array.isArray(value) && value.length === 0)) return '';
  return ` (default: ${String(value)})`;
}

function sentence(text: string): string {
  return `${text[0]?.toUpperCase() ?? ''}${text.slice(1)}.`;
}

function mailLines(): string[] {
  return [
    '',
    `For scripts: ${SCRIPT_COMMANDS.map((name) => code(`mail ${name}`)).join(', ')} with \`--account\`, \`--folder\` (default INBOX), \`--json\`, \`--uid\` (numbers are UIDs),`,
    '`--raw`, `--peek`, `--all` (reply to all). A user who is called like one of them is reached with `mail -- list`.',
    '',
    '### At the prompt',
    '',
    '| command | |',
    '|---|---|',
    ...PROMPT_COMMANDS.map(({ names, argument, help }) => `| ${code(`${names.join(', ')} ${argument}`.trim())} | ${cell(help)} |`),
  ];
}
