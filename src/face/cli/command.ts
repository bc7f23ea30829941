/**
 * How one command is written: a file in commands/ that exports `add`, which puts its commander command(s) on the program.
 * commands/index.ts loads only the one that is called.
 */
import { Command, InvalidArgumentError, Option } from 'commander';
import { parseDuration } from '../../config/values.ts';
import { type CommonOptions, type Session, UsageError } from './session.ts';

/** Exit status of an action; nothing means 0. */
export type ActionResult = Promise<number | void>;

export interface Registry {
  readonly program: Command;
  readonly session: Session;
  /** Called by actions with their exit status. */
  readonly finish: (status: number) => void;
}

/** Adds the options that every command takes. */
export function withCommonOptions(command: Command): Command {
  return command
    .option('--json', 'print one JSON document instead of text')
    .option('-c, --config <file>', 'configuration to use (default: $POSTHORN_CONFIG, ./posthorn.toml, /etc/posthorn/posthorn.toml)')
    .addOption(new Option('--dns <host:port>', 'name server to ask instead of the configured ones'));
}

/** A command with its own action. `arguments_` as commander writes them: `<address> [name]`. */
export function leaf<Options extends CommonOptions>(
  registry: Registry,
  parent: Command,
  name: string,
  summary: string,
  arguments_: string,
  action: (options: Options, ...given: string[]) => ActionResult,
): Command {
  const command = withCommonOptions(parent.command(`${name} ${arguments_}`.trim()).description(summary));
  // Both are inherited from a group, which has to hear everything to answer it.
  return command.allowExcessArguments(false).allowUnknownOption(false).action(async (...received: unknown[]) => {
    const given = received.slice(0, -2) as string[];
    refuseEmptyPaths(command, given);
    const options = command.optsWithGlobals() as Options;
    registry.finish((await action(options, ...given)) ?? 0);
  });
}

/** An empty path would be the present folder, which nobody means who wrote `"$FILE"`. */
function refuseEmptyPaths(command: Command, given: readonly unknown[]): void {
  const empty = command.registeredArguments.find((argument, at) => /^(?:file|path|folder|message)$/.test(argument.name()) && typeof given[at] === 'string' && given[at].trim() === '');
  if (empty) throw new UsageError(`the ${empty.name()} has no name: ${command.name()} --help shows how it is used`);
}

/** A command that only groups others; called alone it shows its help and is wrong usage. */
export function group({ program }: Registry, name: string, summary: string): Command {
  return grouping(program, name, summary, `posthorn ${name}`);
}

/** A group in a group: `posthorn account totp`. */
export function subgroup(parent: Command, name: string, summary: string): Command {
  return grouping(parent, name, summary, `posthorn ${parent.name()} ${name}`);
}

function grouping(parent: Command, name: string, summary: string, path: string): Command {
  const command = parent.command(name).description(summary);
  return command.allowExcessArguments().allowUnknownOption().action(() => {
    const [unknown] = command.args;
    if (unknown === undefined) return command.help({ error: true });
    const known = command.commands.map((child) => child.name()).join(', ');
    if (unknown.startsWith('-')) throw new UsageError(`${unknown} goes behind one of the commands of ${path}: ${known}`);
    throw new UsageError(`"${unknown}" is no command of ${path}; it has ${known}`);
  });
}

/** Option parsers. */
export function wholeNumber(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d{1,12}$/.test(text) || value < min || value > max) throw new InvalidArgumentError(`give a whole number from ${min} to ${max}.`);
    return value;
  };
}

/** Milliseconds. */
export function durationOption(text: string): number {
  const value = parseDuration(text);
  if (value === undefined) throw new InvalidArgumentError('give a duration such as 30s, 10m, 4h or 5d.');
  return value;
}
