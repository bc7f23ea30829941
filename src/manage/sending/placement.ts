/** Verbs on seed accounts: mailboxes of our own at providers, in which we see where our mail arrives. */
import { z } from 'zod';
import { Failure } from '../../base/errors.ts';
import { PLACEMENT_LIMITS } from '../../base/placement-limits.ts';
import { DEFAULT_PLACEMENT } from '../../config/placement-settings.ts';
import type { Place, Placement, PlacementShare, Seed } from '../../contract/placement.ts';
import { addressKey, domainOf, parseMailbox } from '../../mail/address.ts';
import { knownProvider } from '../../placement/known-providers.ts';
import { collectSeeds, tryLogin, type Collected } from '../../placement/seeds.ts';
import { sealSecret, type SeedSecret } from '../../placement/seed-secret.ts';
import { testMessage } from '../../placement/test-message.ts';
import { inboxShare, sharesOf, trendOf, type PlacementDay } from '../../placement/trend.ts';
import { addressArgument as address } from '../arguments.ts';
import { defineVerb, type ManageContext } from '../verb.ts';

export type { Collected } from '../../placement/seeds.ts';

const DAY_MS = 86_400_000;

const oauth = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('file'), tokenFile: z.string().max(4096) }),
  z.strictObject({ kind: z.literal('refresh'), tokenUrl: z.string().max(2048), clientId: z.string().max(1024), clientSecretFile: z.string().max(4096).optional(), refreshTokenFile: z.string().max(4096), scope: z.string().max(2048).optional() }),
]);

export interface AddedSeed {
  readonly seed: Seed;
  /** As the provider lists them; absent when it was not tried. */
  readonly folders?: readonly { readonly name: string; readonly place: Place }[];
  readonly note?: string;
}

const seedAdd = defineVerb({
  name: 'placement.seed-add',
  summary: 'Adds a seed account: logs in once to see that it works, and keeps the password sealed.',
  args: z.strictObject({
    address, provider: z.string().min(1).max(100).optional(), host: z.string().min(1).max(255).optional(), port: z.number().int().min(1).max(65_535).optional(),
    security: z.enum(['implicit', 'starttls', 'none']).default('implicit'), username: z.string().max(320).optional(),
    password: z.string().max(1024).optional(), oauth: oauth.optional(), untried: z.boolean().default(false),
  }),
  run: async (context, args): Promise<AddedSeed> => {
    const key = addressKey(args.address);
    const known = knownProvider(key);
    const host = args.host ?? known?.host;
    if (host === undefined) throw new Failure('placement-host-unknown', `where the mailbox of ${key} is read is not known: name the IMAP server with --host`, { temporary: false });
    if ((args.password === undefined) === (args.oauth === undefined)) throw new Failure('placement-secret', 'give a password or an OAuth token, and not both', { temporary: false });
    if ((await context.store.placement.seeds()).length >= PLACEMENT_LIMITS.seedsMax) throw new Failure('placement-too-many', `there are ${PLACEMENT_LIMITS.seedsMax} seed accounts already: remove one first`, { temporary: false });
    const secret: SeedSecret = args.oauth ? { kind: 'token', source: args.oauth } : { kind: 'password', password: args.password ?? '' };
    const seed: Omit<Seed, 'readAt' | 'trouble'> = {
      address: key, provider: args.provider ?? known?.provider ?? domainOf(key), host, port: args.port ?? (args.security === 'implicit' ? 993 : 143),
      security: args.security, username: args.username ?? key, kind: secret.kind, addedAt: context.clock.now(),
    };
    const tried = args.untried ? undefined : await tryLogin(context, seed, secret).catch((error: unknown) => Promise.reject(withHint(error, known?.note)));
    await context.store.placement.putSeed(seed, await sealSecret(context.store.dataDir, key, secret));
    return { seed: { ...seed, trouble: '' }, ...tried, ...(known ? { note: known.note } : {}) };
  },
});

function withHint(error: unknown, note: string | undefined): unknown {
  if (!(error instanceof Failure) || error.code !== 'imap-log-in' || note === undefined) return error;
  return new Failure(error.code, `${error.message} (${note})`, { temporary: error.temporary, cause: error });
}

const seedList = defineVerb({
  name: 'placement.seed-list',
  summary: 'Lists seed accounts, when each was read last, and what went wrong.',
  args: z.strictObject({}),
  run: async ({ store }): Promise<{ readonly seeds: readonly Seed[] }> => ({ seeds: await store.placement.seeds() }),
});

const seedRemove = defineVerb({
  name: 'placement.seed-remove',
  summary: 'Removes a seed account and its password; what was found in it stays in the history.',
  args: z.strictObject({ address }),
  run: async ({ store }, args): Promise<{ readonly address: string }> => {
    const key = addressKey(args.address);
    if (!(await store.placement.removeSeed(key))) throw unknownSeed(key);
    return { address: key };
  },
});

function unknownSeed(key: string): Failure {
  return new Failure('placement-seed-unknown', `${key} is no seed account: posthorn placement seed list shows those that are`, { temporary: false });
}

export interface SentTests {
  readonly from: string;
  readonly sent: readonly { readonly seed: string; readonly messageId: string; readonly id: string }[];
}

/** Sends a test to every seed, or one. Rejects with a Failure where no server runs. */
export async function sendTests(context: ManageContext, { from, seed, stream, template }: { readonly from?: string | undefined; readonly seed?: string | undefined; readonly stream?: string | undefined; readonly template?: Buffer | undefined }): Promise<SentTests> {
  const { store, config, clock, ownMail } = context;
  if (!ownMail) throw new Failure('server-not-running', 'no server runs here, and only it sends: posthorn serve', { temporary: false });
  const author = from ?? (config.placement ?? DEFAULT_PLACEMENT).from ?? `postmaster@${config.origin ?? config.hostname}`;
  if (!parseMailbox(author)) throw new Failure('bad-address', `${author} is not a mail address`, { temporary: false });
  await mustBeOurs(store, domainOf(author));
  const all = await store.placement.seeds();
  const wanted = seed === undefined ? all : all.filter(({ address: each }) => each === addressKey(seed));
  if (wanted.length === 0) throw seed === undefined ? new Failure('placement-no-seeds', 'there are no seed accounts: posthorn placement seed add ADDRESS', { temporary: false }) : unknownSeed(seed);
  const sent: SentTests['sent'][number][] = [];
  for (const { address: to } of wanted) {
    const { messageId, content } = testMessage({ from: author, to, date: clock.now(), ...(template ? { template } : {}) });
    const marked = stream === undefined ? content : Buffer.concat([Buffer.from(`X-Posthorn-Stream: ${stream}\r\n`), content]);
    sent.push({ seed: to, messageId, id: (await ownMail.send({ sender: author, recipients: [to], content: marked })).id });
  }
  return { from: author, sent };
}

async function mustBeOurs(store: ManageContext['store'], domain: string): Promise<void> {
  const { domains } = await store.directory.snapshot();
  if (domains.some(({ name }) => name === domain.toLowerCase())) return;
  throw new Failure('domain-unknown', `${domain} is not a domain of this server: name an author with --from (or from in [placement])`, { temporary: false });
}

const test = defineVerb({
  name: 'placement.test',
  summary: 'Sends a test message to every seed account; where it arrives is seen a little later.',
  args: z.strictObject({ from: address.optional(), seed: address.optional(), stream: z.enum(['urgent', 'transactional', 'bulk']).optional(), template: z.base64().max(40_000_000).optional() }),
  run: (context, { template, ...args }) => sendTests(context, { ...args, template: template === undefined ? undefined : Buffer.from(template, 'base64') }),
});

const collect = defineVerb({
  name: 'placement.collect',
  summary: 'Reads the seed accounts now and notes where mail of ours arrived.',
  args: z.strictObject({ seed: address.optional() }),
  run: async (context, { seed }): Promise<Collected> => {
    const only = seed === undefined ? undefined : addressKey(seed);
    if (only !== undefined && !(await context.store.placement.seeds()).some((each) => each.address === only)) throw unknownSeed(only);
    return collectSeeds(context, only);
  },
});

export interface PlacementReport {
  readonly since: number;
  /** From 0 to 1; absent when nothing is known. */
  readonly inbox?: number;
  readonly shares: readonly PlacementShare[];
  readonly days: readonly PlacementDay[];
  /** Newest first. */
  readonly messages: readonly Placement[];
}

const report = defineVerb({
  name: 'placement.report',
  summary: 'Tells where mail to seed accounts arrived: by provider and stream, by day, and message by message.',
  args: z.strictObject({ days: z.number().int().min(1).max(PLACEMENT_LIMITS.daysMax).default(7), seed: address.optional(), stream: z.enum(['urgent', 'transactional', 'bulk']).optional() }),
  run: ({ store, clock }, { days, seed, stream }) => placementReport(store, { since: clock.now() - days * DAY_MS, until: clock.now() + DAY_MS, seed: seed === undefined ? undefined : addressKey(seed), stream }),
});

export async function placementReport(store: Pick<ManageContext['store'], 'placement'>, { since, until, seed, stream }: { readonly since: number; readonly until: number; readonly seed?: string | undefined; readonly stream?: string | undefined }): Promise<PlacementReport> {
  const seeds = await store.placement.seeds();
  const listed = await store.placement.list({ since, until, limit: REPORTED_MAX, ...(seed === undefined ? {} : { seed }) });
  const messages = stream === undefined ? listed : listed.filter((each) => each.stream === stream);
  const sum = { inbox: 0, tab: 0, spam: 0, other: 0, missing: 0 };
  for (const { place } of messages) if (place !== 'waiting') sum[place] += 1;
  const inbox = inboxShare(sum);
  return { since, ...(inbox === undefined ? {} : { inbox }), shares: sharesOf(messages, seeds), days: trendOf(messages, seeds), messages: messages.slice(0, PLACEMENT_LIMITS.listedMax) };
}

/** Of which shares are made; enough for 200 seeds with many messages a day. */
const REPORTED_MAX = 50_000;

export const placementVerbs = [seedAdd, seedList, seedRemove, test, collect, report] as const;
