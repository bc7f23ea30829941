/** Brings the mail of a Maildir, of mbox files or of a live IMAP account into an account here, through the import verbs. */
import { setTimeout as wait } from 'node:timers/promises';
import { Failure } from '../../base/errors.ts';
import { openImapAccount, type ImapAccount } from '../../transfer/imap-account.ts';
import { runImport, type ImportOptions, type ImportResult, type ImportSink } from '../../transfer/importer.ts';
import { openMaildir } from '../../transfer/maildir-source.ts';
import type { MboxQuoting } from '../../transfer/mbox-message.ts';
import { openMbox } from '../../transfer/mbox-source.ts';
import type { MailSource } from '../../transfer/source.ts';

export type { ImportProgress, ImportResult } from '../../transfer/importer.ts';

/** Runs a verb, wherever the store is open. Rejects as the verb does. */
export type VerbCaller = (verb: string, args: unknown) => Promise<unknown>;

export type ImportOrigin =
  | { readonly kind: 'maildir'; readonly path: string }
  | { readonly kind: 'mbox'; readonly path: string; readonly quoting?: MboxQuoting; readonly folder?: string }
  | ({ readonly kind: 'imap' } & ImapAccount);

export interface ImportRequest extends Omit<ImportOptions, 'folderName'> {
  readonly account: string;
  readonly origin: ImportOrigin;
  /** Everything goes below this folder; default: beside what is here. */
  readonly below?: string;
  /** Names there: only these, and not those. */
  readonly only?: readonly string[];
  readonly exclude?: readonly string[];
}

/** Rejects with the Failures of the source and of the store. What was stored stays; running it again goes on. */
export async function importMail(call: VerbCaller, { account, origin, below, only, exclude, ...options }: ImportRequest): Promise<ImportResult> {
  const source = await openOrigin(origin);
  try {
    const folderName = (name: string): string | undefined => {
      if ((only && !only.includes(name)) || exclude?.includes(name)) return undefined;
      return below === undefined ? name : `${below}/${name}`;
    };
    return await runImport(source, createVerbSink(call, account, source.id), { ...options, folderName });
  } finally {
    await source.close();
  }
}

function openOrigin(origin: ImportOrigin): Promise<MailSource> {
  switch (origin.kind) {
    case 'maildir':
      return openMaildir(origin.path);
    case 'mbox':
      return openMbox(origin.path, origin);
    case 'imap':
      return openImapAccount(origin);
  }
}

/** The server may be restarted in the middle of a long import: so long is tried again. */
const TEMPORARY_TRIES = 13;
const TEMPORARY_WAIT_MS = 1000;

/** Puts messages where the verbs run. `source` names what they come from. */
export function createVerbSink(verb: VerbCaller, account: string, source: string): ImportSink {
  const call = async <Result>(name: string, args: object): Promise<Result> => {
    for (let tries = 1; ; tries += 1) {
      try {
        return (await verb(name, args)) as Result;
      } catch (error) {
        // Whatever the first try did, marks keep a second one from storing anything twice.
        if (!(error instanceof Failure) || !error.temporary || error.code === 'store-full' || tries >= TEMPORARY_TRIES) throw error;
        await wait(TEMPORARY_WAIT_MS * tries);
      }
    }
  };
  const folders = new Map<string, number>();
  const idOf = (name: string): number => folders.get(name) as number;
  return {
    openFolder: async ({ name, subscribed, uidValidity }) => {
      const opened = await call<{ folder: number; name: string }>('import.open-folder', { account, folder: name, subscribed, ...(uidValidity ? { uidValidity } : {}) });
      folders.set(opened.name, opened.folder);
      return { name: opened.name };
    },
    missing: async (folder, messages) => new Set((await call<{ missing: readonly string[] }>('import.missing', { source, folder: idOf(folder), messages })).missing),
    put: (folder, messages) =>
      call('import.put', {
        source,
        folder: idOf(folder),
        messages: messages.map(({ key, bytes, flags, internalDate, uid }) => ({ message: key, content: bytes.toString('base64'), flags, internalDate, ...(uid ? { uid } : {}) })),
      }),
  };
}
