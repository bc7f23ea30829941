/** Options of `posthorn mail COMMAND …`, refused in one sentence when they are none. */
import { parseArgs, type ParseArgsConfig } from 'node:util';
import { UsageError } from '../cli/session.ts';

type Options = NonNullable<ParseArgsConfig['options']>;
type Parsed<Known extends Options> = ReturnType<typeof parseArgs<{ args: string[]; options: Known; allowPositionals: true }>>;

/** `terms`: words of the shape `-word` are no options but terms of a search. Throws a UsageError. */
export function parseScriptOptions<Known extends Options>(command: string, args: readonly string[], options: Known, { terms = false } = {}): Parsed<Known> {
  try {
    return parseArgs({ args: terms ? termsLast(args, options) : [...args], options, allowPositionals: true });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const option = /'(-[^' ,]*)/.exec(message)?.[1] ?? '';
    throw new UsageError(code === 'ERR_PARSE_ARGS_UNKNOWN_OPTION'
      ? `posthorn mail ${command} has no option ${option}; there are ${Object.keys(options).map((name) => `--${name}`).join(', ')}`
      : `${option} ${Object.entries(options).some(([name, { type }]) => option === `--${name}` && type === 'boolean') ? 'takes no value' : 'needs a value behind it'}`);
  }
}

/** An option of one letter has its value in the next word, so what is longer is a term. */
function termsLast(args: readonly string[], options: Options): string[] {
  const end = args.indexOf('--');
  const before = end < 0 ? args : args.slice(0, end);
  const takesValue = (word: string): boolean => Object.entries(options).some(([name, { type, short }]) => type === 'string' && (word === `--${name}` || word === `-${short}`));
  const isTerm = (word: string, at: number): boolean => /^-[^-]./.test(word) && !takesValue(before[at - 1] ?? '');
  return [...before.filter((word, at) => !isTerm(word, at)), '--', ...before.filter(isTerm), ...(end < 0 ? [] : args.slice(end + 1))];
}
