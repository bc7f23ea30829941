/**
 * Backups as an administrator orders them. They work on the files of the data directory, whether a server runs or not;
 * only bringing mail back into a living account goes through the import verbs.
 */
import type { Clock } from '../../base/clock.ts';
import { Failure } from '../../base/errors.ts';
import { openAccountInBackup } from '../../transfer/backup/account-source.ts';
import type { Manifest } from '../../transfer/backup/manifest.ts';
import { Repository } from '../../transfer/backup/repository.ts';
import { checkBackup, findManifest, readConfiguration, restoreTo } from '../../transfer/backup/restoring.ts';
import { takeSnapshot } from '../../transfer/backup/snapshot.ts';
import { runImport, type ImportProgress, type ImportResult } from '../../transfer/importer.ts';
import { createVerbSink, type VerbCaller } from './import-mail.ts';

export interface BackupRequest {
  readonly repository: string;
  readonly dataDir: string;
  readonly configFile?: string;
  /** Keep only so many backups; default all. */
  readonly keep?: number;
  /** Prove it by restoring aside; default true. */
  readonly check?: boolean;
  readonly clock: Clock;
  readonly onProgress?: (text: string) => void;
}

export interface BackupSummary {
  readonly id: string;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  readonly accounts: number;
  readonly messages: number;
  readonly totalBytes: number;
}

export interface BackupResult extends BackupSummary {
  readonly newBytes: number;
  /** Undefined: not checked. */
  readonly problems: readonly string[] | undefined;
  readonly removed: { readonly backups: number; readonly objects: number } | undefined;
}

/** Rejects with the Failures of the repository and the snapshot. Old backups go only when the new one is sound. */
export async function makeBackup({ repository: root, keep, check = true, ...options }: BackupRequest): Promise<BackupResult> {
  const repository = await Repository.open(root, { create: true });
  try {
    const { manifest, newBytes } = await takeSnapshot(repository, options);
    const problems = check ? await checkBackup(repository, manifest, { bodies: false, ...(options.onProgress ? { onProgress: options.onProgress } : {}) }) : undefined;
    const sound = problems === undefined || problems.length === 0;
    const removed = keep !== undefined && sound ? await repository.prune(keep) : undefined;
    return { ...summary(manifest), newBytes, problems, removed };
  } finally {
    repository.close();
  }
}

function summary({ id, createdAt, counts, database, bodies, files }: Manifest): BackupSummary {
  const totalBytes = database.sizeBytes + [...bodies, ...files].reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  return { id, createdAt, ...counts, totalBytes };
}

async function inRepository<T>(root: string, work: (repository: Repository) => Promise<T>): Promise<T> {
  const repository = await Repository.open(root, { create: false });
  try {
    return await work(repository);
  } finally {
    repository.close();
  }
}

/** Oldest first. */
export async function listBackups(root: string): Promise<readonly BackupSummary[]> {
  const repository = await Repository.look(root);
  return (await repository.manifests()).map(summary);
}

/** Restores a backup aside and reads all of it. */
export function checkOneBackup(root: string, id: string | undefined, onProgress?: (text: string) => void): Promise<BackupSummary & { readonly problems: readonly string[] }> {
  return inRepository(root, async (repository) => {
    const manifest = await findManifest(repository, id);
    return { ...summary(manifest), problems: await checkBackup(repository, manifest, { bodies: true, ...(onProgress ? { onProgress } : {}) }) };
  });
}

export interface RestoreResult extends BackupSummary {
  readonly target: string;
  /** The configuration as it was, for the administrator to put in place. */
  readonly configuration?: string;
}

/** Makes a whole data directory again. */
export function restoreAll(root: string, id: string | undefined, target: string, onProgress?: (text: string) => void): Promise<RestoreResult> {
  return inRepository(root, async (repository) => {
    const manifest = await findManifest(repository, id);
    await restoreTo(repository, manifest, { target, ...(onProgress ? { onProgress } : {}) });
    const configuration = await readConfiguration(repository, manifest);
    return { ...summary(manifest), target, ...(configuration ? { configuration: configuration.toString('utf8') } : {}) };
  });
}

export interface RestoreAccountRequest {
  readonly repository: string;
  readonly id?: string;
  /** In the backup. */
  readonly account: string;
  /** Living account that gets the mail; default the same. */
  readonly into?: string;
  /** Everything goes below this folder. */
  readonly below: string;
  readonly folders?: readonly string[];
  readonly messageId?: string;
  readonly now: number;
  readonly onProgress?: (progress: ImportProgress) => void;
  readonly onStep?: (text: string) => void;
}

/** Brings mail of a backup back beside what is there. A restore of the same backup into the same folder goes on where it was stopped. */
export function restoreAccount(call: VerbCaller, request: RestoreAccountRequest): Promise<ImportResult> {
  return inRepository(request.repository, async (repository) => {
    const { account, below, folders, messageId, onProgress, onStep, now } = request;
    const manifest = await findManifest(repository, request.id);
    const source = await openAccountInBackup({
      repository, manifest, account, restoreId: `${manifest.id}:${account}:${below}`,
      ...(messageId === undefined ? {} : { messageId }),
      ...(onStep ? { onProgress: onStep } : {}),
    });
    try {
      const sink = createVerbSink(call, request.into ?? account, source.id);
      const folderName = (name: string): string | undefined => (folders && !folders.includes(name) ? undefined : `${below}/${name}`);
      return await runImport(source, sink, { folderName, now, ...(onProgress ? { onProgress } : {}) });
    } catch (error) {
      if (!(error instanceof Failure) || error.code !== 'account-unknown') throw error;
      const living = request.into ?? account;
      throw new Failure('account-unknown', `there is no account ${living} any more: make it again with posthorn account add ${living}, or name another one with --into`, { temporary: false, cause: error });
    } finally {
      await source.close();
    }
  });
}
