/** The list of addresses that are not written to: see, add, remove, import; one list for the whole server. */
import { z } from 'zod';
import { Failure } from '../base/errors.ts';
import { SUPPRESSION_LIMITS } from '../base/limits.ts';
import { STREAMS } from '../contract/sending.ts';
import { SUPPRESSION_SOURCES, type Suppression } from '../contract/suppression.ts';
import { addressKey, parseMailbox } from '../mail/address.ts';
import { domainKey, mailboxKey } from '../store/clients/directory.ts';
import { addressArgument as address, domainArgument } from './arguments.ts';
import { defineVerb } from './verb.ts';

const reason = z.string().min(1).max(SUPPRESSION_LIMITS.replyCharsMax);
const time = z.number().int().nonnegative();

export interface SuppressionPage {
  readonly suppressions: readonly Suppression[];
  /** On the whole list. */
  readonly total: number;
  /** Ask for the next page after this address; absent at the end. */
  readonly next?: string;
}

const list = defineVerb({
  name: 'suppression.list',
  summary: 'Lists the addresses that are not written to, by address, in pages.',
  args: z.strictObject({
    after: z.string().max(1000).optional(), limit: z.number().int().min(1).max(SUPPRESSION_LIMITS.listMax).optional(),
    domain: domainArgument.optional(), source: z.enum(SUPPRESSION_SOURCES).optional(),
  }),
  run: async ({ store }, { after, limit = SUPPRESSION_LIMITS.listMax, domain, source }): Promise<SuppressionPage> => {
    const suppressions = await store.suppressions.list({
      limit, ...(after !== undefined && { after }), ...(domain !== undefined && { domain: domainKey(domain) }), ...(source !== undefined && { source }),
    });
    const last = suppressions.length === limit ? suppressions.at(-1) : undefined;
    return { suppressions, total: await store.suppressions.count(), ...(last && { next: last.address }) };
  },
});

const add = defineVerb({
  name: 'suppression.add',
  summary: 'Stops mail to an address, until it is removed or for a time.',
  args: z.strictObject({ address, reason: reason.optional(), forMs: time.optional() }),
  run: async ({ store, clock, log }, args): Promise<Suppression> => {
    const since = clock.now();
    const entry: Suppression = {
      address: mailboxKey(args.address), source: 'manual', reason: args.reason ?? 'An administrator asked for it.', since,
      ...(args.forMs !== undefined && { expiresAt: since + args.forMs }),
    };
    await store.suppressions.add([entry]);
    log.info('suppression.added', { address: entry.address, source: 'manual' });
    return entry;
  },
});

const remove = defineVerb({
  name: 'suppression.remove',
  summary: 'Lets mail to an address go again.',
  args: z.strictObject({ address }),
  run: async ({ store, log }, args) => {
    const key = addressKey(args.address);
    if (!(await store.suppressions.remove(key))) {
      throw new Failure('suppression-unknown', `${key} is not suppressed; posthorn suppression list shows what is`, { temporary: false });
    }
    log.info('suppression.removed', { address: key });
    return { address: key };
  },
});

export interface ImportResult {
  /** New on the list. */
  readonly added: number;
  /** Stood there with other words. */
  readonly changed: number;
  /** Stood there as they are, or with more right. */
  readonly unchanged: number;
  /** What is no address, at most ten of them. */
  readonly refused: readonly string[];
  readonly refusedCount: number;
}

const REFUSED_SHOWN_MAX = 10;

const importEntries = defineVerb({
  name: 'suppression.import',
  summary: 'Puts many addresses on the list at once.',
  args: z.strictObject({
    entries: z.array(z.strictObject({
      // What is no address is counted, and does not hold up the others.
      address: z.string().max(1000), source: z.enum(SUPPRESSION_SOURCES).optional(), reason: reason.optional(), reply: reason.optional(), since: time.optional(), expiresAt: time.optional(),
      stream: z.enum(STREAMS).optional(),
    })).max(SUPPRESSION_LIMITS.listMax),
  }),
  run: async ({ store, clock, log }, { entries }): Promise<ImportResult> => {
    const now = clock.now();
    const good = entries.filter((entry) => parseMailbox(entry.address, { utf8: true }) !== undefined);
    const refused = entries.filter((entry) => parseMailbox(entry.address, { utf8: true }) === undefined).map((entry) => entry.address);
    const totals = { added: 0, changed: 0 };
    for (let at = 0; at < good.length; at += SUPPRESSION_LIMITS.importBatch) {
      const { added, changed } = await store.suppressions.add(good.slice(at, at + SUPPRESSION_LIMITS.importBatch).map((entry) => withDefaults(entry, now)));
      totals.added += added;
      totals.changed += changed;
    }
    log.info('suppression.imported', { ...totals, refused: refused.length });
    return { ...totals, unchanged: good.length - totals.added - totals.changed, refused: refused.slice(0, REFUSED_SHOWN_MAX), refusedCount: refused.length };
  },
});

type Given = { readonly address: string } & { readonly [Name in keyof Omit<Suppression, 'address'>]?: Suppression[Name] | undefined };

function withDefaults(given: Given, now: number): Suppression {
  const { address: imported, source = 'import', reason: why = 'It was imported.', reply, since = now, expiresAt, stream } = given;
  return { address: imported, source, reason: why, since, ...(reply !== undefined && { reply }), ...(expiresAt !== undefined && { expiresAt }), ...(stream !== undefined && { stream }) };
}

export const suppressionVerbs = [list, add, remove, importEntries] as const;
