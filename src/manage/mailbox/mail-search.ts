/**
 * `posthorn mail search`: looks through the folders of an account with the text index that IMAP SEARCH uses. What flags,
 * dates and sizes rule out is not looked into.
 */
import { z } from 'zod';
import { DIRECTORY_LIMITS } from '../../base/limits.ts';
import { Failure } from '../../base/errors.ts';
import type { FolderFacts, MailboxPorts, MessageColumns } from '../../contract/mailbox.ts';
import { addressKey } from '../../mail/address.ts';
import { parseSearchQuery, type QueryTerm } from '../../mail/search-query.ts';
import { summarize, type MessageSummary } from './mailbox.ts';
import { addressArgument } from '../arguments.ts';
import { defineVerb } from '../verb.ts';

export interface FoundMessage extends MessageSummary {
  readonly folder: string;
  /** Its place in the folder, from 1. */
  readonly number: number;
}

interface Hit {
  readonly folder: FolderFacts;
  readonly messages: MessageColumns;
  readonly at: number;
}

const search = defineVerb({
  name: 'mailbox.search',
  summary: 'Searches the messages of an account; `folder` limits it to one. Newest first.',
  args: z.strictObject({
    account: addressArgument,
    query: z.string().min(1).max(4000),
    folder: z.string().min(1).max(500).optional(),
    limit: z.number().int().positive().max(DIRECTORY_LIMITS.listedMessagesMax).default(DIRECTORY_LIMITS.listedMessagesMax),
  }),
  run: async ({ store }, { account, query, folder, limit }) => {
    const parsed = parseSearchQuery(query);
    if (parsed.kind === 'wrong') throw new Failure('query-wrong', parsed.problem, { temporary: false });
    const hits: Hit[] = [];
    for (const one of await foldersOf(store.mailbox, addressKey(account), folder)) hits.push(...(await searchFolder(store.mailbox, one, parsed.terms)));
    hits.sort((a, b) => (b.messages.internalDates[b.at] as number) - (a.messages.internalDates[a.at] as number));
    return { account: addressKey(account), total: hits.length, messages: await describe(store.mailbox, hits.slice(0, limit)) };
  },
});

async function foldersOf({ folders }: MailboxPorts, account: string, name: string | undefined): Promise<readonly FolderFacts[]> {
  if (name === undefined) return folders.list(account);
  const found = await folders.find(account, name);
  if (!found) throw new Failure('folder-unknown', `${account} has no folder ${name}`, { temporary: false });
  return [found];
}

async function searchFolder({ messages, search: texts }: MailboxPorts, folder: FolderFacts, terms: readonly QueryTerm[]): Promise<Hit[]> {
  const columns = folder.messages === 0 ? undefined : (await messages.snapshot(folder.id))?.messages;
  if (!columns) return [];
  let places = Array.from(columns.uids, (_, at) => at).filter((at) => terms.every((term) => term.kind === 'text' || fits(columns, at, term) !== term.excluded));
  for (const term of terms) {
    if (term.kind !== 'text') continue;
    const found = await texts.matching(places.map((at) => columns.mailIds[at] as number), { where: term.field, value: term.value });
    places = places.filter((at) => found.has(columns.mailIds[at] as number) !== term.excluded);
  }
  return places.map((at) => ({ folder, messages: columns, at }));
}

const DAY_MS = 86_400_000;

function fits(messages: MessageColumns, at: number, term: Exclude<QueryTerm, { kind: 'text' }>): boolean {
  switch (term.kind) {
    case 'flag': {
      const wanted = term.flag.toLowerCase();
      return messages.sets[messages.flagSets[at] as number]?.some((flag) => flag.toLowerCase() === wanted) === term.set;
    }
    case 'size':
      return term.compare === 'larger' ? (messages.sizes[at] as number) > term.bytes : (messages.sizes[at] as number) < term.bytes;
    case 'date': {
      const day = Math.floor((messages.internalDates[at] as number) / DAY_MS) * DAY_MS;
      return term.compare === 'before' ? day < term.day : term.compare === 'on' ? day === term.day : day >= term.day;
    }
  }
}

async function describe({ mails }: MailboxPorts, hits: readonly Hit[]): Promise<FoundMessage[]> {
  const facts = new Map((await mails.facts(hits.map(({ messages, at }) => messages.mailIds[at] as number))).map((one) => [one.mailId, one]));
  return hits.flatMap(({ folder, messages, at }) => {
    const known = facts.get(messages.mailIds[at] as number);
    if (!known) return [];
    const flags = messages.sets[messages.flagSets[at] as number] ?? [];
    const row = { uid: messages.uids[at] as number, flags, internalDate: messages.internalDates[at] as number, sizeBytes: messages.sizes[at] as number, structure: known.structure };
    return [{ folder: folder.name, number: at + 1, ...summarize(row) }];
  });
}

export const mailSearchVerbs = [search] as const;
