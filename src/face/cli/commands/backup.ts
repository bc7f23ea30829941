/** `posthorn backup …`: backups of everything, made while the server runs. */
import { SystemClock } from '../../../base/clock.ts';
import type { Column } from '../../../base/table.ts';
import { checkOneBackup, listBackups, makeBackup, type BackupSummary } from '../../../manage/transfer/backup.ts';
import { leaf, type Registry, wholeNumber } from '../command.ts';
import { Progress } from '../progress.ts';
import { type CommonOptions, type Session, UsageError } from '../session.ts';

interface BackupOptions extends CommonOptions {
  readonly keep?: number;
  readonly prove?: boolean;
  readonly list?: boolean;
  readonly check?: string | true;
}

const KEEP_MAX = 10_000;
const SHOWN_PROBLEMS = 20;

export function add(registry: Registry): void {
  const { session } = registry;
  leaf<BackupOptions>(registry, registry.program, 'backup', 'back everything up into a folder, while the server runs; writes only what changed, and proves it by restoring aside', '<folder>', (options, folder = '') => run(session, options, folder))
    .option('--keep <n>', 'remove older backups than the newest so many', wholeNumber(1, KEEP_MAX))
    .option('--no-prove', 'do not restore it aside to prove it')
    .option('--list', 'list the backups in the folder instead')
    .option('--check [backup]', 'restore a backup (default: the newest) aside and read all of it instead');
}

async function run(session: Session, options: BackupOptions, folder: string): Promise<number> {
  if (folder === '') throw new UsageError('name the folder of the backups');
  if (options.list && options.check !== undefined) throw new UsageError('--list and --check are two things: one at a time');
  if (options.check !== undefined) return check(session, options, folder, options.check === true ? undefined : options.check);
  return options.list ? list(session, options, folder) : make(session, options, folder);
}

async function list({ out }: Session, options: BackupOptions, folder: string): Promise<number> {
  const backups = await listBackups(folder);
  if (options.json) out.json({ backups });
  else out.table([{ title: 'Backup' }, right('Accounts'), right('Messages'), right('Size')], backups.map((row) => [row.id, row.accounts, row.messages, megabytes(row.totalBytes)]), 'no backups yet; make one with: posthorn backup FOLDER');
  return 0;
}

async function make(session: Session, options: BackupOptions, folder: string): Promise<number> {
  const { out, io } = session;
  const config = session.config(options);
  const progress = new Progress(io, options.json ?? false);
  const result = await makeBackup({
    repository: folder,
    dataDir: config.dataDir,
    ...(config.file ? { configFile: config.file } : {}),
    ...(options.keep === undefined ? {} : { keep: options.keep }),
    check: options.prove ?? true,
    clock: new SystemClock(),
    onProgress: (text) => progress.show(text),
  }).finally(() => progress.clear());
  const sound = (result.problems?.length ?? 0) === 0;
  if (options.json) out.json(result);
  else {
    out.facts([...facts(result), ['Newly written', megabytes(result.newBytes)], ['Proved', result.problems === undefined ? 'no' : sound ? 'restored aside and found sound' : undefined], ['Removed', result.removed && `${result.removed.backups} older backups`]]);
    tellProblems(session, result.problems ?? []);
  }
  return sound ? 0 : 1;
}

async function check(session: Session, options: CommonOptions, folder: string, id: string | undefined): Promise<number> {
  const progress = new Progress(session.io, options.json ?? false);
  const result = await checkOneBackup(folder, id, (text) => progress.show(text)).finally(() => progress.clear());
  if (options.json) session.out.json(result);
  else {
    session.out.facts([...facts(result), ['Result', result.problems.length === 0 ? 'sound: every piece, reference, counter and body is as it was' : `${result.problems.length} problems`]]);
    tellProblems(session, result.problems);
  }
  return result.problems.length === 0 ? 0 : 1;
}

function facts(row: BackupSummary): [string, string | number][] {
  return [['Backup', row.id], ['Accounts', row.accounts], ['Messages', row.messages], ['Size', megabytes(row.totalBytes)]];
}

function tellProblems({ out }: Session, problems: readonly string[]): void {
  for (const problem of problems.slice(0, SHOWN_PROBLEMS)) out.note(problem);
  if (problems.length > SHOWN_PROBLEMS) out.note(`and ${problems.length - SHOWN_PROBLEMS} more`);
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

function right(title: string): Column {
  return { title, align: 'right' };
}
