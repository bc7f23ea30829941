/**
 * The command line: finds the command, loads only its file, runs it, and turns every outcome into an exit status.
 *
 * Status: 0 done, 1 the answer is bad news, 2 wrong usage or wrong configuration. The drop-ins (sendmail, mailq) use
 * sysexits instead, because their callers know those. Errors are one sentence on stderr that says what to do.
 */
import { Command, CommanderError } from 'commander';
import { Failure } from '../../base/errors.ts';
import { sentence } from '../../base/table.ts';
import { ConfigError } from '../../config/problem.ts';
import type { Registry } from './command.ts';
import { COMMAND_GROUPS, COMMANDS, type CommandEntry } from './commands/index.ts';
import { type CliIo, type CliPorts, processIo } from './ports.ts';
import { Session, UsageError } from './session.ts';

/** `argv` without the interpreter and script: `['queue', 'list']`. Never rejects. */
export async function runCli(argv: readonly string[], ports: CliPorts, io: CliIo = processIo()): Promise<number> {
  io.stdout.on('error', ignoreClosedPipe);
  const session = new Session(ports, io);
  try {
    const { entry, before, rest, helpAbout } = findCommand(argv);
    if (helpAbout !== undefined && !entry) throw new UsageError(`there is no command "${helpAbout}"; posthorn --help lists them`);
    if (entry?.kind === 'drop-in' && !argv.includes('--help') && argv[0] !== 'help') {
      const { run } = await entry.load();
      return await run([...before, ...rest], session);
    }
    if (entry?.kind === 'drop-in') {
      session.out.line(['Usage:', ...entry.usage.map((line) => `  posthorn ${line}`)].join('\n'));
      return 0;
    }
    return await runCommander(argv, entry, session);
  } catch (error) {
    return report(error, io);
  }
}

/** `posthorn … | head` closes our stdout early; that is no failure of ours. */
function ignoreClosedPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error;
}

const GLOBAL_OPTIONS_WITH_VALUE = new Set(['-c', '--config', '--dns']);

/** The first word that is not a global option; `before` holds those in front of it. */
function findCommand(argv: readonly string[]): { entry: CommandEntry | undefined; before: readonly string[]; rest: readonly string[]; helpAbout?: string | undefined } {
  let at = 0;
  while (at < argv.length && (argv[at] as string).startsWith('-')) at += GLOBAL_OPTIONS_WITH_VALUE.has(argv[at] as string) ? 2 : 1;
  // `posthorn help queue` is about queue.
  const helpAbout = argv[at] === 'help' ? argv[at + 1] : undefined;
  const name = helpAbout ?? argv[at];
  return { entry: COMMANDS.find((entry) => entry.name === name), before: argv.slice(0, at), rest: argv.slice(at + 1), helpAbout };
}

async function runCommander(argv: readonly string[], entry: CommandEntry | undefined, session: Session): Promise<number> {
  let status = 0;
  const program = await createProgram(session, entry ? [entry] : [], (result) => (status = result));
  if (argv.length === 0) {
    session.io.stderr.write(program.helpInformation());
    return 2;
  }
  try {
    await program.parseAsync([...argv], { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return error.exitCode === 0 ? 0 : 2;
  }
  return status;
}

/**
 * The whole program for commander: `loaded` commands with their options and actions, the others as name and summary.
 * The reference page loads them all.
 */
export async function createProgram(session: Session, loaded: readonly CommandEntry[], finish: (status: number) => void): Promise<Command> {
  const program = new Command('posthorn')
    .description('The self-hosted mail server that gets your mail into the inbox.')
    .version(session.ports.version, '-V, --version', 'print the version')
    .option('-c, --config <file>', 'configuration to use')
    .option('--dns <host:port>', 'name server to ask instead of the configured ones')
    .enablePositionalOptions()
    .showSuggestionAfterError()
    .configureOutput({
      writeOut: (text) => void session.io.stdout.write(text),
      writeErr: (text) => void session.io.stderr.write(text),
      outputError: (text, write) => write(`posthorn: ${sentence(wrongUsage(text))}\n`),
    })
    .exitOverride();
  const registry: Registry = { program, session, finish };
  for (const { heading, commands } of COMMAND_GROUPS) {
    program.commandsGroup(heading);
    for (const entry of commands) {
      if (entry.kind === 'command' && loaded.includes(entry)) (await entry.load()).add(registry);
      else program.command(entry.name).description(entry.summary);
    }
  }
  program.commandsGroup(COMMAND_GROUPS[0]?.heading ?? '').helpCommand(true);
  return program;
}

/** What verbs say about arguments that could never be right, whatever is in the store. */
const WRONG_USAGE = new Set(['bad-arguments', 'address-refused', 'domain-refused', 'hostname-refused', 'pattern-refused', 'target-refused']);

/** Commander's complaint as one sentence that says what to do. */
function wrongUsage(text: string): string {
  const [problem = '', suggestion = ''] = text.trim().replace(/^error: /, '').replaceAll('\n', ' ').split(/ (?=\(Did you mean )/);
  const near = /^\(Did you mean (.*)\?\)$/.exec(suggestion)?.[1];
  return `${problem.replace(/\.$/, '')}; ${near ? `did you mean ${near}?` : '--help shows how it is used'}`;
}

function report(error: unknown, io: CliIo): number {
  if (error instanceof ConfigError) {
    io.stderr.write(`${error.message}\nposthorn: the configuration is wrong; correct the line${error.problems.length > 1 ? 's' : ''} above\n`);
    return 2;
  }
  if (error instanceof UsageError) {
    io.stderr.write(`posthorn: ${sentence(error.message)}\n`);
    return 2;
  }
  if (error instanceof Failure) {
    io.stderr.write(`posthorn: ${sentence(error.message)}\n`);
    return error.code.startsWith('config-') || WRONG_USAGE.has(error.code) ? 2 : 1;
  }
  const problem = systemProblem(error);
  if (problem !== undefined) {
    io.stderr.write(`posthorn: ${sentence(problem)}\n`);
    return 1;
  }
  io.stderr.write(`posthorn: this is a bug, please report it: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  return 1;
}

/** What the operating system refused, in a sentence; undefined for everything else. */
function systemProblem(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('syscall' in error) || !('code' in error)) return undefined;
  const { code, syscall, address, port, path } = error as NodeJS.ErrnoException & { address?: string; port?: number };
  if (syscall === 'listen' || syscall === 'bind') {
    const where = port === undefined ? String(address) : `${address?.includes(':') ? `[${address}]` : address}:${port}`;
    if (code === 'EADDRINUSE') return `cannot listen on ${where}: another program listens there already; stop it, or change [listen]`;
    if (code === 'EACCES') return `cannot listen on ${where}: not permitted; ports below 1024 need root or the capability cap_net_bind_service`;
    if (code === 'EADDRNOTAVAIL') return `cannot listen on ${where}: this machine has no such address; change [listen]`;
  }
  if (path === undefined) return `the operating system refused to ${syscall}: ${code}`;
  if (code === 'EACCES' || code === 'EPERM') return `permission denied: ${path}; run this as the user that owns it, or with sudo`;
  if (code === 'ENOSPC') return `the disk is full: ${path} cannot be written; make room and try again`;
  return `${syscall} of ${path} failed: ${code}`;
}
