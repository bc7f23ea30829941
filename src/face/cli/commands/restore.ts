/** `posthorn restore …`: a whole server, an account, a folder or one message of a backup. */
import { restoreAccount, restoreAll } from '../../../manage/transfer/backup.ts';
import { leaf, type Registry } from '../command.ts';
import { Progress } from '../progress.ts';
import { type CommonOptions, type Session, UsageError } from '../session.ts';

interface RestoreOptions extends CommonOptions {
  readonly to?: string;
  readonly backup?: string;
  readonly account?: string;
  readonly into?: string;
  readonly below?: string;
  readonly folder?: readonly string[];
  readonly messageId?: string;
}

export function add(registry: Registry): void {
  const { session } = registry;
  leaf<RestoreOptions>(registry, registry.program, 'restore', 'from a backup: a whole data directory (--to), or mail of one account beside what it has (--account)', '<folder>', (options, folder = '') => {
    if (options.to !== undefined && options.account === undefined) return everything(session, options, folder, options.to);
    if (options.account !== undefined && options.to === undefined) return account(session, options, folder, options.account);
    throw new UsageError('say what to restore: --to DATA-DIR for everything, or --account ADDRESS for its mail');
  })
    .option('--to <data-dir>', 'make a whole data directory again, in a new folder')
    .option('--backup <id>', 'which backup (default: the newest); posthorn backup FOLDER --list names them')
    .option('--account <address>', 'bring mail of this account back, beside what it has')
    .option('--into <address>', 'another account that gets the mail')
    .option('--below <folder>', 'folder that everything goes below (default: Restored)')
    .option('--folder <name...>', 'only these folders')
    .option('--message-id <id>', 'only the message with this Message-ID, angle brackets included');
}

async function everything(session: Session, options: RestoreOptions, folder: string, target: string): Promise<void> {
  const { out, io } = session;
  const progress = new Progress(io, options.json ?? false);
  const result = await restoreAll(folder, options.backup, target, (text) => progress.show(text)).finally(() => progress.clear());
  if (options.json) return out.json(result);
  out.facts([['Backup', result.id], ['Data directory', result.target], ['Accounts', result.accounts], ['Messages', result.messages]]);
  out.note(`Set data-dir = "${result.target}" in posthorn.toml, then: posthorn serve${result.configuration === undefined ? '' : '. The configuration as it was is in the answer of --json.'}`);
}

async function account(session: Session, options: RestoreOptions, folder: string, address: string): Promise<number> {
  const { out, io } = session;
  const progress = new Progress(io, options.json ?? false);
  const verbs = session.verbs(options);
  try {
    const result = await restoreAccount((name, args) => verbs.call(name, args), {
      repository: folder,
      account: address,
      below: options.below ?? 'Restored',
      now: Date.now(),
      ...(options.backup === undefined ? {} : { id: options.backup }),
      ...(options.into === undefined ? {} : { into: options.into }),
      ...(options.folder === undefined ? {} : { folders: options.folder }),
      ...(options.messageId === undefined ? {} : { messageId: options.messageId }),
      onStep: (text) => progress.show(text),
      onProgress: ({ folder: name, stored }) => progress.show(`${name}: ${stored} messages brought back`),
    });
    progress.clear();
    if (options.json) out.json(result);
    else {
      out.table([{ title: 'Folder' }, { title: 'Brought back', align: 'right' }, { title: 'Were back', align: 'right' }], result.folders.map((row) => [row.name, row.stored, row.known]), 'nothing in the backup is called so');
      for (const problem of result.problems) out.note(problem);
    }
    return result.failed > 0 || result.stored + result.known === 0 ? 1 : 0;
  } finally {
    progress.clear();
    await verbs.close();
  }
}
