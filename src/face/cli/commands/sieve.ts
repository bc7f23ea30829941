/** `posthorn sieve …` */
import { readFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { Failure } from '../../../base/errors.ts';
import { convertMaildrop } from '../../../manage/maildrop/convert.ts';
import { checkSieve, tryScript, type SieveCheck, type SieveTrial } from '../../../manage/sieve/sieve-check.ts';
import type { SievePut } from '../../../manage/sieve/sieve.ts';
import { group, leaf, wholeNumber, type Registry } from '../command.ts';
import { readGivenFile } from '../given-file.ts';
import { type CommonOptions, type Session, UsageError } from '../session.ts';

interface TestOptions extends CommonOptions {
  readonly from?: string;
  readonly to?: string;
  readonly spam?: number;
  readonly folder?: readonly string[];
}

interface PutOptions extends CommonOptions {
  readonly name?: string;
  readonly activate?: boolean;
}

/** Of a script or a message given to try. */
const GIVEN_BYTES_MAX = 64 * 1024 * 1024;

interface ScriptLine {
  readonly name: string;
  readonly active: boolean;
  readonly sizeBytes: number;
  readonly changedAt: number;
}

export function add(registry: Registry): void {
  const { session } = registry;
  const { out } = session;
  const sieve = group(registry, 'sieve', 'Sieve scripts: check, test, convert, list, show, put, activate, deactivate, remove');
  leaf<CommonOptions>(registry, sieve, 'check', 'say what is wrong with a script', '<file>', async (options, file) => {
    const result = checkSieve(await readGiven(session, file));
    if (options.json) out.json(result);
    else tell(session, file, result, 'the script is right');
    return result.ok ? 0 : 1;
  });
  leaf<TestOptions>(registry, sieve, 'test', 'say what a script would do with a message', '<file> <message>', async (options, file, message) => {
    if (file === '-' && message === '-') throw new UsageError('only one of the two can come from standard input');
    const result = await trial(session, options, file, message);
    if (options.json) out.json(result);
    else {
      for (const line of result.text) out.line(line);
      tell(session, file, result);
    }
    return result.ok ? 0 : 1;
  })
    .option('--from <address>', 'envelope sender, <> for a report (default: Return-Path, else From)')
    .option('--to <address>', 'envelope recipient (default: Delivered-To, else To)')
    .option('--spam <score>', 'what spamtest is to say, 0 to 10', wholeNumber(0, 10))
    .option('--folder <name...>', 'folders that are there (default: every folder is)');
  leaf<CommonOptions>(registry, sieve, 'convert', 'turn a maildrop filter file into Sieve, and name what cannot be', '<file>', async (options, file) => {
    const bytes = await readGiven(session, file);
    if (bytes.includes(0)) throw new Failure('file-unreadable', `${file} is no text: give a filter file of maildrop, such as .mailfilter`, { temporary: false });
    const result = convertMaildrop(bytes.toString());
    if (options.json) out.json(result);
    else {
      out.raw(result.script);
      for (const { line, message } of result.problems) out.note(`${file}:${line}: ${message}`);
    }
    return result.problems.length === 0 ? 0 : 1;
  });
  stored(registry, sieve);
}

function stored(registry: Registry, sieve: ReturnType<typeof group>): void {
  const { session } = registry;
  const { out } = session;
  leaf<CommonOptions>(registry, sieve, 'list', 'list the scripts of an account', '<address>', async (options, address) => {
    const result = await session.call<{ scripts: readonly ScriptLine[] }>(options, 'sieve.list', { account: address });
    if (options.json) return out.json(result);
    const rows = result.scripts.map(({ name, active, sizeBytes, changedAt }) => [name, active ? 'active' : '', String(sizeBytes), new Date(changedAt).toISOString().slice(0, 16).replace('T', ' ')]);
    out.table([{ title: 'Script' }, { title: 'State' }, { title: 'Bytes' }, { title: 'Changed' }], rows, `no scripts yet; add one with: posthorn sieve put ${address} FILE --activate`);
  });
  leaf<CommonOptions>(registry, sieve, 'show', 'show a script, the active one by default', '<address> [name]', async (options, address, name) => {
    const result = await session.call<{ script: string }>(options, 'sieve.show', { account: address, ...(name !== undefined && { name }) });
    if (options.json) out.json(result);
    else out.raw(result.script);
  });
  leaf<PutOptions>(registry, sieve, 'put', 'store a script', '<address> <file>', async (options, address, file) => {
    const name = options.name ?? basename(file).replace(/\.(?:sieve|siv)$/i, '');
    const script = (await readGiven(session, file)).toString('base64');
    const result = await session.call<SievePut>(options, 'sieve.put', { account: address, name, script, activate: options.activate ?? false });
    if (options.json) return out.json(result);
    tell(session, file, { ok: true, problems: [], warnings: result.warnings });
    out.line(`${result.name} is stored${result.active ? ' and active' : `; make it active with: posthorn sieve activate ${result.account} ${JSON.stringify(result.name)}`}`);
  })
    .option('--name <name>', 'what it is called (default: the name of the file)')
    .option('--activate', 'run it from now on');
  leaf<CommonOptions>(registry, sieve, 'activate', 'let a script be run', '<address> <name>', async (options, address, name) => {
    const result = await session.call(options, 'sieve.activate', { account: address, name });
    if (options.json) out.json(result);
    else out.line(`${name} is active`);
  });
  leaf<CommonOptions>(registry, sieve, 'deactivate', 'let no script be run', '<address>', async (options, address) => {
    const result = await session.call(options, 'sieve.activate', { account: address });
    if (options.json) out.json(result);
    else out.line('no script is active');
  });
  leaf<CommonOptions>(registry, sieve, 'remove', 'remove a script that is not active', '<address> <name>', async (options, address, name) => {
    const result = await session.call(options, 'sieve.remove', { account: address, name });
    if (options.json) out.json(result);
    else out.line(`${name} removed`);
  });
}

async function trial(session: Session, options: TestOptions, file: string, message: string): Promise<SieveTrial> {
  const folder = dirname(resolve(session.io.cwd, file));
  const { from, to, spam, folder: folders } = options;
  return tryScript({
    script: await readGiven(session, file),
    message: await readGiven(session, message),
    now: Date.now(),
    ...(from === undefined ? {} : { from: from === '<>' ? '' : from }),
    ...(to === undefined ? {} : { to }),
    ...(spam === undefined ? {} : { spam }),
    ...(folders === undefined ? {} : { folders }),
    // Scripts that it includes stand beside it.
    included: async (_location, name) => (name === basename(name) ? readFile(join(folder, `${name}.sieve`)).catch(() => undefined) : undefined),
  });
}

function tell({ out }: Session, file: string, { ok, problems, warnings }: SieveCheck, allRight?: string): void {
  for (const { line, column, message, script } of problems) out.note(`${script ?? file}:${line}:${column}: ${message}`);
  for (const { line, column, message } of warnings) out.note(`${file}:${line}:${column}: warning: ${message}`);
  if (ok && allRight !== undefined) out.line(allRight);
}

function readGiven(session: Session, file: string): Promise<Buffer> {
  return readGivenFile(session, file, GIVEN_BYTES_MAX, 'a script or a message');
}
