/**
 * Bringing mail in, piece by piece: the command reads the source with its own rights and hands over bounded batches, so
 * that the server keeps serving meanwhile and neither needs much memory.
 */
import { z } from 'zod';
import { BufferSource } from '../../base/byte-source.ts';
import { Failure } from '../../base/errors.ts';
import { DIRECTORY_LIMITS } from '../../base/limits.ts';
import { TRANSFER_LIMITS } from '../../base/transfer-limits.ts';
import { addressKey } from '../../mail/address.ts';
import type { ImportMessage } from '../../store/clients/imports.ts';
import type { Store } from '../../store/store.ts';
import { addressArgument } from '../arguments.ts';
import { defineVerb } from '../verb.ts';

const source = z.string().min(1).max(2000);
const folder = z.number().int().positive();
const message = z.string().min(1).max(TRANSFER_LIMITS.keyBytesMax);
const uid = z.number().int().positive().max(0xffff_fffe);

const openFolder = defineVerb({
  name: 'import.open-folder',
  summary: 'Finds or makes the folder that mail is brought into; with uidValidity it takes over the numbering of its source when it never had a message.',
  args: z.strictObject({ account: addressArgument, folder: z.string().min(1).max(500), subscribed: z.boolean(), uidValidity: uid.optional() }),
  run: async ({ store }, args) => {
    const account = addressKey(args.account);
    const known = await store.mailbox.folders.find(account, args.folder);
    const there = known ?? (await store.mailbox.folders.create(account, args.folder));
    if (!known && args.subscribed) await store.mailbox.folders.subscribe(account, there.name, true);
    const numberingKept = args.uidValidity !== undefined && (await store.imports.adoptNumbering(there.id, args.uidValidity));
    return { folder: there.id, name: there.name, numberingKept };
  },
});

const missing = defineVerb({
  name: 'import.missing',
  summary: 'Of messages of a source, by their names there, those that have not been brought in.',
  args: z.strictObject({ source, folder, messages: z.array(message).max(TRANSFER_LIMITS.keysAskedMax) }),
  run: async ({ store }, args) => ({ missing: await store.imports.missing(args.source, args.folder, args.messages) }),
});

const put = defineVerb({
  name: 'import.put',
  summary: 'Stores messages of a source, in one commit; those that are here already are passed over, those that can never be stored are named.',
  args: z.strictObject({
    source,
    folder,
    messages: z
      .array(z.strictObject({ message, content: z.string().min(1), flags: z.array(z.string().max(101)).max(DIRECTORY_LIMITS.flagsMax), internalDate: z.number().int().nonnegative(), uid: uid.optional() }))
      .min(1)
      .max(TRANSFER_LIMITS.batchMessagesMax),
  }),
  run: ({ store }, args) => {
    const messages = args.messages.map(({ content, uid: kept, ...rest }): ImportMessage => ({ ...rest, content: new BufferSource(Buffer.from(content, 'base64')), ...(kept === undefined ? {} : { uid: kept }) }));
    return putBatch(store, args.source, args.folder, messages);
  },
});

/** What is wrong with one message must not keep the others out. */
const OF_ONE_MESSAGE = new Set(['flag-refused', 'message-empty', 'message-too-large']);

interface PutResult {
  readonly stored: number;
  readonly refused: readonly { readonly key: string; readonly why: string }[];
}

async function putBatch(store: Store, from: string, to: number, messages: readonly ImportMessage[]): Promise<PutResult> {
  try {
    return { ...(await store.imports.put(from, to, messages)), refused: [] };
  } catch (error) {
    if (!(error instanceof Failure) || !OF_ONE_MESSAGE.has(error.code)) throw error;
    const [only] = messages;
    if (messages.length === 1 && only) return { stored: 0, refused: [{ key: only.message, why: error.message }] };
  }
  const results: PutResult[] = [];
  for (const single of messages) results.push(await putBatch(store, from, to, [single]));
  return { stored: results.reduce((sum, { stored }) => sum + stored, 0), refused: results.flatMap(({ refused }) => refused) };
}

export const importVerbs = [openFolder, missing, put] as const;
