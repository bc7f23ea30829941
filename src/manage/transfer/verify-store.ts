/** `posthorn verify`: proves what is stored, and puts right what can be put right. */
import { z } from 'zod';
import { serializeStructure, parseMimeStructure } from '../../mail/mime-structure.ts';
import { verifyStore, type StoreProblem, type VerifyResult } from '../../transfer/verify-store.ts';
import type { VerbCaller } from './import-mail.ts';
import { defineVerb } from '../verb.ts';

export type { StoreProblem } from '../../transfer/verify-store.ts';

interface Repair {
  readonly what: string;
  readonly rows: number;
}

const repairBooks = defineVerb({
  name: 'store.repair-books',
  summary: 'Counts references and counters anew, and removes rows that belong to nothing.',
  args: z.strictObject({}),
  run: async ({ store }): Promise<{ readonly repairs: readonly Repair[] }> => ({ repairs: await store.call('repairs.books', undefined) }),
});

const repairStructure = defineVerb({
  name: 'store.repair-structure',
  summary: 'Reads a mail anew and stores how it is built.',
  args: z.strictObject({ mailId: z.number().int().positive() }),
  run: async ({ store }, { mailId }): Promise<{ readonly repaired: boolean }> => {
    const content = await store.mailbox.mails.content(mailId);
    if (!content) return { repaired: false };
    const structure = serializeStructure(parseMimeStructure(await content.read()));
    return { repaired: await store.call('repairs.structure', { mailId, structure }) };
  },
});

export const repairVerbs = [repairBooks, repairStructure] as const;

export interface VerifyOutcome extends VerifyResult {
  /** With `repair`: what was put right, and what a second look still found. */
  readonly repaired?: readonly Repair[];
  readonly remaining?: readonly StoreProblem[];
}

/** `call` is used for repairs only. Rejects with Failure `store-missing`. */
export async function verifyAndRepair(call: VerbCaller, dataDir: string, { repair, onProgress }: { readonly repair: boolean; readonly onProgress?: (text: string) => void }): Promise<VerifyOutcome> {
  const found = await verifyStore(dataDir, onProgress);
  // Writing into a damaged database would do harm.
  if (!repair || found.problems.length === 0 || found.problems.some(({ kind }) => kind === 'database')) return found;
  const repaired: Repair[] = [];
  if (found.problems.some(({ kind }) => kind === 'books')) repaired.push(...((await call('store.repair-books', {})) as { repairs: readonly Repair[] }).repairs);
  const structures = found.problems.flatMap(({ mailId }) => (mailId === undefined ? [] : [mailId]));
  for (const mailId of structures) await call('store.repair-structure', { mailId });
  if (structures.length > 0) repaired.push({ what: 'structures of messages', rows: structures.length });
  const { problems: remaining } = await verifyStore(dataDir, onProgress);
  return { ...found, repaired, remaining };
}
