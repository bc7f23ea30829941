/** `posthorn import …`: mail from elsewhere into an account. */
import { Option } from 'commander';
import { Failure } from '../../../base/errors.ts';
import type { Column } from '../../../base/table.ts';
import { importMail, type ImportOrigin, type ImportProgress, type ImportResult } from '../../../manage/transfer/import-mail.ts';
import { group, leaf, type Registry, wholeNumber } from '../command.ts';
import { Progress } from '../progress.ts';
import { secretFromFile, secretFromStdin } from '../secret-input.ts';
import { type CommonOptions, type Session, UsageError } from '../session.ts';

interface ImportOptions extends CommonOptions {
  readonly below?: string;
  readonly only?: readonly string[];
  readonly exclude?: readonly string[];
  readonly keepUids?: boolean;
}

interface MboxOptions extends ImportOptions {
  readonly folder?: string;
  readonly quoting?: 'rd' | 'none';
}

interface ImapOptions extends ImportOptions {
  readonly user?: string;
  readonly passwordFile?: string;
  readonly passwordStdin?: boolean;
  readonly tokenFile?: string;
  readonly port?: number;
  readonly tls: 'implicit' | 'starttls' | 'none';
  readonly caFile?: string;
}

export function add(registry: Registry): void {
  const { session } = registry;
  const parent = group(registry, 'import', 'mail from elsewhere into an account: maildir, mbox, imap');
  const source = <Options extends ImportOptions>(name: string, summary: string, origin: string, read: (options: Options, from: string) => Promise<ImportOrigin>) =>
    leaf<Options>(registry, parent, name, summary, `<${origin}> <address>`, async (options, from = '', account = '') => run(session, options, account, await read(options, from)))
      .option('--below <folder>', 'put everything below this folder')
      .option('--only <folder...>', 'bring only these folders, as they are called there')
      .option('--exclude <folder...>', 'leave these folders out')
      .option('--keep-uids', 'keep the numbering of folders that never had a message here, so that mail programs keep what they have');
  source('maildir', 'a Maildir of Dovecot or Courier, with folders, flags and keywords; run it again for what is new', 'path', async (_, path) => ({ kind: 'maildir', path }));
  source<MboxOptions>('mbox', 'an mbox file, or a folder of them (Thunderbird, mutt, Takeout)', 'path', async ({ folder, quoting }, path) => ({
    kind: 'mbox',
    path,
    ...(folder === undefined ? {} : { folder }),
    ...(quoting === undefined ? {} : { quoting }),
  }))
    .option('--folder <name>', 'folder here for a single file (default: its name)')
    .addOption(new Option('--quoting <how>', 'whether lines that begin with From were quoted with > (default: found out)').choices(['rd', 'none']));
  source<ImapOptions>('imap', 'an account on another IMAP server, while it lives; run it again for what is new', 'host', (options, host) => imapOrigin(session, options, host))
    .requiredOption('--user <name>', 'log in there as')
    .option('--password-file <file>', 'file that holds the password there, and nothing else')
    .option('--password-stdin', 'read the password there from standard input')
    .option('--token-file <file>', 'file that holds an OAuth access token, instead of a password')
    .option('--port <n>', 'default 993, with starttls and none 143', wholeNumber(1, 65_535))
    .addOption(new Option('--tls <how>', 'TLS from the first byte, by STARTTLS, or none at all').choices(['implicit', 'starttls', 'none']).default('implicit'))
    .option('--ca-file <file>', 'PEM file of a further certificate authority to believe');
}

async function imapOrigin(session: Session, options: ImapOptions, host: string): Promise<ImportOrigin> {
  const { user = '', tls, caFile } = options;
  const origin = { kind: 'imap', host, port: options.port ?? (tls === 'implicit' ? 993 : 143), security: tls, username: user, ...(caFile === undefined ? {} : { caFile }) } as const;
  const onTrouble = (text: string): void => session.out.note(text);
  if (options.tokenFile !== undefined) return { ...origin, token: await secretFromFile(session, options.tokenFile), onTrouble };
  if (options.passwordFile !== undefined) return { ...origin, password: await secretFromFile(session, options.passwordFile), onTrouble };
  if (!options.passwordStdin) throw new UsageError('say where the password is: --password-file FILE, --password-stdin or --token-file FILE');
  return { ...origin, password: await secretFromStdin(session), onTrouble };
}

async function run(session: Session, options: ImportOptions, account: string, origin: ImportOrigin): Promise<number> {
  const { out, io } = session;
  const progress = new Progress(io, options.json ?? false);
  const stop = new AbortController();
  // The first Ctrl-C ends it behind the message at hand; what came so far is stored.
  const interrupt = (): void => stop.abort();
  process.once('SIGINT', interrupt);
  const verbs = session.verbs(options);
  try {
    const result = await importMail((name, args) => verbs.call(name, args), {
      account,
      origin,
      now: Date.now(),
      keepUids: options.keepUids ?? false,
      signal: stop.signal,
      onProgress: (now) => progress.show(progressLine(now)),
      ...(options.below === undefined ? {} : { below: options.below }),
      ...(options.only === undefined ? {} : { only: options.only }),
      ...(options.exclude === undefined ? {} : { exclude: options.exclude }),
    });
    progress.clear();
    if (options.json) out.json(result);
    else print(session, result);
    return result.failed > 0 || result.stopped ? 1 : 0;
  } catch (error) {
    if (!(error instanceof Failure) || error.code !== 'account-unknown') throw error;
    throw new Failure(error.code, `there is no account ${account} yet: posthorn account add ${account} makes it`, { temporary: false, cause: error });
  } finally {
    progress.clear();
    process.removeListener('SIGINT', interrupt);
    await verbs.close();
  }
}

function progressLine({ folder, folderIndex, folders, stored, storedBytes, known }: ImportProgress): string {
  return `folder ${folderIndex + 1} of ${folders}, ${folder}: ${stored} messages (${(storedBytes / 1e6).toFixed(0)} MB) brought in${known > 0 ? `, ${known} were here` : ''}`;
}

function print({ out }: Session, result: ImportResult): void {
  out.table([{ title: 'Folder' }, right('New'), right('Were here'), right('Failed')], result.folders.map((row) => [row.name, row.stored, row.known, row.failed]), 'the source has no folders');
  for (const problem of result.problems) out.note(problem);
  if (result.failed > result.problems.length) out.note(`and ${result.failed - result.problems.length} more`);
  if (result.stopped) out.note('stopped; run the same command again to go on');
}

function right(title: string): Column {
  return { title, align: 'right' };
}
