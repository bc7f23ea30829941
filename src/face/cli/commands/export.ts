/** `posthorn export …`: the mail of an account as files. */
import { exportMail } from '../../../manage/transfer/export-mail.ts';
import { group, leaf, type Registry } from '../command.ts';
import { Progress } from '../progress.ts';
import type { CommonOptions, Session } from '../session.ts';

interface ExportOptions extends CommonOptions {
  readonly only?: readonly string[];
}

export function add(registry: Registry): void {
  const parent = group(registry, 'export', 'the mail of an account as files: maildir, mbox');
  const target = (format: 'maildir' | 'mbox', summary: string): void => {
    leaf<ExportOptions>(registry, parent, format, summary, '<address> <path>', (options, account = '', path = '') => run(registry.session, options, format, account, path)).option(
      '--only <folder...>',
      'only these folders',
    );
  };
  target('maildir', 'a Maildir with folders, flags, keywords and UIDs as Dovecot keeps them');
  target('mbox', 'an mbox file for each folder');
}

async function run(session: Session, options: ExportOptions, format: 'maildir' | 'mbox', account: string, path: string): Promise<number> {
  const { out, io } = session;
  const progress = new Progress(io, options.json ?? false);
  const verbs = session.verbs(options);
  try {
    const result = await exportMail((name, args) => verbs.call(name, args), {
      account, format, path,
      onProgress: ({ folder, done, of }) => progress.show(`${folder}: ${done} of ${of} messages`),
      ...(options.only === undefined ? {} : { only: options.only }),
    });
    progress.clear();
    const status = result.problems.length > 0 ? 1 : 0;
    if (options.json) {
      out.json(result);
      return status;
    }
    out.table([{ title: 'Folder' }, { title: 'Messages', align: 'right' }], result.folders.map((row) => [row.name, row.messages]), 'the account has no folders');
    for (const problem of result.problems) out.note(problem);
    return status;
  } finally {
    progress.clear();
    await verbs.close();
  }
}
