/**
 * Sieve text from a tree. Whatever the strings hold, they come out as strings: this is how forms and converters write
 * scripts. A script that requires `variables` or `encoded-character` reads `${…}` in strings: leave those out of it.
 */

export type PrintArgument = number | string | readonly string[] | { readonly tag: string };

export interface PrintTest {
  readonly name: string;
  readonly arguments?: readonly PrintArgument[];
  readonly tests?: readonly PrintTest[];
  /** Parentheses, also around a single test: allof and anyof. */
  readonly testList?: boolean;
}

export interface PrintCommand extends PrintTest {
  readonly block?: readonly PrintCommand[];
  /** Lines above it. */
  readonly comment?: string;
}

/** The script, with line feeds; each string that holds line ends as a multi-line text. */
export function printScript(commands: readonly PrintCommand[]): string {
  return commands.map((command) => printCommand(command, '')).join('');
}

function printCommand(command: PrintCommand, indent: string): string {
  const comment = command.comment === undefined ? '' : command.comment.split(/\r\n|\r|\n/).map((line) => `${indent}# ${line}`.trimEnd()).join('\n') + '\n';
  const head = `${comment}${indent}${printTest(command)}`;
  if (!command.block) return `${head};\n`;
  return `${head} {\n${command.block.map((inner) => printCommand(inner, `${indent}    `)).join('')}${indent}}\n`;
}

function printTest(test: PrintTest): string {
  const words = [test.name, ...(test.arguments ?? []).map(printArgument)];
  const tests = (test.tests ?? []).map(printTest);
  if (test.testList) words.push(`(${tests.join(', ')})`);
  else words.push(...tests);
  return words.join(' ');
}

function printArgument(argument: PrintArgument): string {
  if (typeof argument === 'number') return String(argument);
  if (typeof argument === 'string') return printString(argument);
  if ('tag' in argument) return `:${argument.tag}`;
  return `[${(argument as readonly string[]).map(quoteString).join(', ')}]`;
}

function printString(value: string): string {
  if (!/[\r\n]/.test(value)) return quoteString(value);
  const lines = value.replace(/\r\n|\r/g, '\n').replace(/\n$/, '').split('\n');
  return `text:\n${lines.map((line) => (line.startsWith('.') ? `.${line}` : line)).join('\n').replaceAll('\0', '')}\n.\n`;
}

/** RFC 5228 §8.1 quoted-string. NUL cannot be written and is left out. */
export function quoteString(value: string): string {
  return `"${value.replaceAll('\0', '').replace(/[\\"]/g, '\\$&')}"`;
}
