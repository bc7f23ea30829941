/**
 * The cases of test/vectors/sieve: tests with their value, scripts with what they do, scripts that are wrong. Read here
 * once, for our interpreter and for the comparison with another one.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { BufferSource } from '../../src/base/byte-source.ts';
import { compile, openSieveMessage, run, type SieveAction, type SieveEnvironment, type SievePorts } from '../../src/sieve/script.ts';

const FOLDER = new URL('../vectors/sieve/', import.meta.url);

export interface SieveCase {
  readonly name: string;
  readonly script: string;
  /** Name of the message file. */
  readonly message: string;
  /** In the words of `describe`; `error LINE` for a run-time error. */
  readonly expected: string;
  /** The case is about what only we know. */
  readonly oursOnly: boolean;
}

export const SIEVE_ENVELOPE = { from: 'sender@example.org', to: 'me@example.com' };

export const TEST_ENVIRONMENT: SieveEnvironment = {
  now: Date.UTC(2026, 10, 21, 12, 0, 0),
  zoneMinutes: () => 0,
  items: { name: 'Posthorn', version: '1' },
  detailSeparator: '+',
  vacation: { periodMinSeconds: 86_400, periodDefaultSeconds: 7 * 86_400, periodMaxSeconds: 30 * 86_400 },
};

export function readMessage(name: string): Buffer {
  return readFileSync(new URL(`messages/${name}`, FOLDER));
}

/** tests.txt: each as a script that discards when the test is true. */
export function testCases(): SieveCase[] {
  const cases: SieveCase[] = [];
  let message = '';
  let requires: string[] = [];
  for (const line of lines('tests.txt')) {
    if (line.startsWith('@message ')) message = line.slice(9);
    else if (line.startsWith('@require')) requires = line.slice(8).split(' ').filter((word) => word !== '');
    const at = line.lastIndexOf(' => ');
    if (at < 0 || line.startsWith('#')) continue;
    const require = requires.length > 0 ? `require [${requires.map((name) => `"${name}"`).join(', ')}];\n` : '';
    const test = line.slice(0, at);
    cases.push({ name: `${message}: ${test}`, script: `${require}if ${test} { discard; }\n`, message, expected: line.endsWith('true') ? 'discard' : 'implicit-keep', oursOnly: false });
  }
  return cases;
}

/** scripts.txt and errors.txt have the same form. */
export function scriptCases(file: 'scripts.txt' | 'errors.txt'): SieveCase[] {
  const cases: SieveCase[] = [];
  let [message, name, oursOnly] = ['', '', false];
  let script: string[] = [];
  for (const line of lines(file)) {
    if (line.startsWith('@message ')) message = line.slice(9);
    else if (line.startsWith('@only')) oursOnly = line !== '@only';
    else if (line.startsWith('## ')) [name, script] = [line.slice(3), []];
    else if (line.startsWith('=> ')) cases.push({ name, script: `${script.join('\n')}\n`, message, expected: line.slice(3), oursOnly });
    else script.push(line);
  }
  return cases;
}

function lines(file: string): string[] {
  return readFileSync(new URL(file, FOLDER), 'utf8').split('\n');
}

export function messageNames(): string[] {
  return readdirSync(new URL('messages/', FOLDER));
}

/** What our interpreter does, in one line; `wrong LINE:COLUMN` when the script does not compile. */
export async function verdict(script: string, message: Buffer, ports?: SievePorts): Promise<string> {
  const compiled = compile(script);
  if (!compiled.ok) return `wrong ${compiled.problems[0]?.line}:${compiled.problems[0]?.column} ${compiled.problems[0]?.message}`;
  const result = await run(compiled.program, await openSieveMessage(new BufferSource(message), SIEVE_ENVELOPE), TEST_ENVIRONMENT, ports);
  const [problem] = result.problems;
  return problem ? `error ${problem.line}` : result.actions.filter((action) => action.kind !== 'remember').map(describe).join('; ');
}

export function describe(action: SieveAction): string {
  const flags = 'flags' in action && action.flags.length > 0 ? ` [${action.flags.join(' ')}]` : '';
  switch (action.kind) {
    case 'keep':
      return `${action.implicit ? 'implicit-keep' : 'keep'}${flags}`;
    case 'fileinto':
      return `fileinto ${action.folder}${flags}${action.create ? ' create' : ''}${action.copy ? ' copy' : ''}`;
    case 'redirect':
      return `redirect ${action.address}${action.copy ? ' copy' : ''}`;
    case 'reject':
      return `${action.form} ${JSON.stringify(action.text)}`;
    default:
      return action.kind;
  }
}
