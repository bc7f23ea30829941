/** `posthorn account quota|share|shares`: what an account may keep, and who else may use its folders. */
import { InvalidArgumentError, type Command } from 'commander';
import { parseSize } from '../../../config/values.ts';
import type { AccountQuota, FolderShare } from '../../../manage/directory/account-mailbox.ts';
import { leaf, type Registry } from '../command.ts';
import type { CommonOptions } from '../session.ts';
import { formatSize } from '../words.ts';

interface QuotaOptions extends CommonOptions {
  readonly bytes?: number | 'none' | 'default';
  readonly messages?: number | 'none' | 'default';
}

const MESSAGES_MAX = 1_000_000_000;

export function addAccountMailbox(registry: Registry, account: Command): void {
  const { session } = registry;
  leaf<QuotaOptions>(registry, account, 'quota', 'what an account keeps and may keep; with options, changes it', '<address>', async (options, address) => {
    const { bytes, messages } = options;
    const args = { address, ...(bytes === undefined ? {} : { bytes }), ...(messages === undefined ? {} : { messages }) };
    const state = await session.call<AccountQuota>(options, 'account.quota', args);
    if (options.json) return session.out.json(state);
    session.out.facts([
      ['Account', state.account],
      ['Size', `${formatSize(state.usedBytes)} of ${state.bytesMax === undefined ? 'no limit' : formatSize(state.bytesMax)}`],
      ['Messages', `${state.usedMessages} of ${state.messagesMax ?? 'no limit'}`],
    ]);
  })
    .option('--bytes <size>', 'most bytes of mail, e.g. 2GiB; "none" for no limit, "default" for the setting', (text: string) => limitOf(text, parseSize, 'a size such as 500MiB or 2GiB'))
    .option('--messages <n>', 'most messages; "none" for no limit, "default" for the setting', (text: string) => limitOf(text, messageCount, `a whole number up to ${MESSAGES_MAX}`));
  leaf<CommonOptions>(registry, account, 'share', 'let somebody use a folder: read, write, post, all, none, or letters of RFC 4314', '<address> <folder> <whom> <rights>', async (options, address, folder, identifier, rights) => {
    const shared = await session.call<FolderShare>(options, 'account.share', { address, folder, identifier, rights });
    if (options.json) return session.out.json(shared);
    session.out.line(shared.rights === '' ? `${shared.identifier} may not use ${shared.folder} of ${shared.account} any more` : `${shared.identifier} has ${shared.rights} on ${shared.folder} of ${shared.account}`);
  });
  leaf<CommonOptions>(registry, account, 'shares', 'who may use the folders of an account, and which folders of others it may use', '<address>', async (options, address) => {
    const found = await session.call<{ own: readonly FolderShare[]; others: readonly FolderShare[] }>(options, 'account.shares', { address });
    if (options.json) return session.out.json(found);
    const rows = [...found.own, ...found.others].map((one) => [one.account, one.folder, one.identifier, one.rights]);
    session.out.table([{ title: 'Owner' }, { title: 'Folder' }, { title: 'Who' }, { title: 'Rights' }], rows, 'no folder is shared; share one with: posthorn account share ADDRESS FOLDER WHOM read');
  });
}

function limitOf(text: string, read: (text: string) => number | undefined, allowed: string): number | 'none' | 'default' {
  if (text === 'none' || text === 'default') return text;
  const value = read(text);
  if (value === undefined || value < 1) throw new InvalidArgumentError(`give ${allowed}, "none" or "default".`);
  return value;
}

function messageCount(text: string): number | undefined {
  return /^\d{1,10}$/.test(text) && Number(text) <= MESSAGES_MAX ? Number(text) : undefined;
}
