/** `posthorn placement`: where our mail arrives at providers, seen in mailboxes of our own there. */
import { resolve } from 'node:path';
import { Option } from 'commander';
import type { Column } from '../../../base/table.ts';
import type { PlacementShare, Seed } from '../../../contract/placement.ts';
import type { AddedSeed, Collected, PlacementReport, SentTests } from '../../../manage/sending/placement.ts';
import { group, leaf, subgroup, wholeNumber, type Registry } from '../command.ts';
import { secretFromFile, secretFromStdin } from '../secret-input.ts';
import { type CommonOptions, type Session, UsageError } from '../session.ts';
import { tokenOrigin, type TokenOptions } from '../token-options.ts';
import { age, moment } from '../words.ts';
import { readMessageFile } from './message-file.ts';

interface SeedOptions extends CommonOptions, TokenOptions {
  readonly host?: string;
  readonly port?: number;
  readonly tls: 'implicit' | 'starttls' | 'none';
  readonly user?: string;
  readonly provider?: string;
  readonly passwordStdin?: boolean;
  readonly passwordFile?: string;
  readonly untried?: boolean;
}

interface TestOptions extends CommonOptions {
  readonly from?: string;
  readonly seed?: string;
  readonly stream?: string;
}

interface ShowOptions extends CommonOptions {
  readonly days?: number;
  readonly seed?: string;
  readonly stream?: string;
  readonly messages?: boolean;
}

const streamOption = (help: string): Option => new Option('--stream <name>', help).choices(['urgent', 'transactional', 'bulk']);

export function add(registry: Registry): void {
  const { session } = registry;
  const placement = group(registry, 'placement', 'where our mail arrives at providers: inbox, tab or spam, and how late');
  addSeedCommands(registry, placement);
  leaf<TestOptions>(registry, placement, 'test', 'send a test message to every seed account, or a message of yours', '[file]', (options, file) => sendTest(session, options, file))
    .option('--from <address>', 'author, of a domain of this server')
    .option('--seed <address>', 'only to this one')
    .addOption(streamOption('send it in this stream'));
  leaf<{ readonly seed?: string } & CommonOptions>(registry, placement, 'read', 'read the seed accounts now (the server does so by itself)', '', (options) => read(session, options)).option('--seed <address>', 'only this one');
  leaf<ShowOptions>(registry, placement, 'show', 'where mail arrived, by provider and stream, and its trend', '', (options) => show(session, options))
    .option('--days <number>', 'of how many days (default 7)', wholeNumber(1, 366))
    .option('--seed <address>', 'only of this one')
    .addOption(streamOption('only of this stream'))
    .option('--messages', 'message by message');
}

function addSeedCommands(registry: Registry, placement: ReturnType<typeof group>): void {
  const { session } = registry;
  const seed = subgroup(placement, 'seed', 'mailboxes of your own at providers');
  leaf<SeedOptions>(registry, seed, 'add', 'add one: logs in over IMAP to see that it works, and keeps the secret sealed', '<address>', (options, address) => addSeed(session, options, address))
    .option('--password-stdin', 'read its password (often an app password) from standard input')
    .option('--password-file <file>', 'file that holds the password and nothing else')
    .option('--host <name>', 'IMAP server (default: known for the large providers)')
    .option('--port <n>', 'default 993, with starttls and none 143', wholeNumber(1, 65_535))
    .addOption(new Option('--tls <how>', 'TLS from the first byte, by STARTTLS, or none at all').choices(['implicit', 'starttls', 'none']).default('implicit'))
    .option('--user <name>', 'log in as (default: the address)')
    .option('--provider <name>', 'what to call the provider')
    .option('--token-file <file>', 'instead of a password: file that somebody keeps an OAuth access token in')
    .option('--token-url <url>', 'instead of a password: fetch OAuth tokens here, with the following')
    .option('--client-id <id>', 'of the application')
    .option('--client-secret-file <file>', 'of the application, if it has one')
    .option('--refresh-token-file <file>', 'file that holds the refresh token')
    .option('--scope <scope>', 'asked for')
    .option('--untried', 'do not log in now');
  leaf(registry, seed, 'list', 'those there are, and whether they can be read', '', (options) => listSeeds(session, options));
  leaf(registry, seed, 'remove', 'remove one, with its password', '<address>', async (options, address) => {
    const result = await session.call<{ address: string }>(options, 'placement.seed-remove', { address });
    if (options.json) session.out.json(result);
    else session.out.line(`${result.address} is no seed account any more; its password is gone, its history stays.`);
  });
}

async function addSeed(session: Session, options: SeedOptions, address = ''): Promise<void> {
  const { host, port, tls: security, user: username, provider, untried } = options;
  const secret = await secretOf(session, options);
  const result = await session.call<AddedSeed>(options, 'placement.seed-add', {
    address, security, ...secret, ...(host === undefined ? {} : { host }), ...(port === undefined ? {} : { port }),
    ...(username === undefined ? {} : { username }), ...(provider === undefined ? {} : { provider }), ...(untried ? { untried } : {}),
  });
  const { out } = session;
  if (options.json) return out.json(result);
  out.line(`${result.seed.address} at ${result.seed.provider} is a seed account${result.folders ? ': logged in' : ', untried'}.`);
  const aside = (result.folders ?? []).filter(({ place }) => place === 'spam' || place === 'tab').map(({ name }) => name);
  if (result.folders) out.line(aside.length > 0 ? `Its spam folder: ${aside.join(', ')}.` : 'No folder of it looks like a spam folder: mail elsewhere than in the inbox will count as "other".');
  out.line('Send a test with: posthorn placement test');
}

async function secretOf(session: Session, options: SeedOptions): Promise<object> {
  const oauth = tokenOrigin(options, (file) => resolve(session.io.cwd, file));
  if (oauth) return { oauth };
  if (options.passwordFile !== undefined) return { password: await secretFromFile(session, options.passwordFile) };
  if (!options.passwordStdin) throw new UsageError('say where the secret is: --password-stdin, --password-file FILE, --token-file FILE or --token-url URL');
  return { password: await secretFromStdin(session) };
}

const COLUMNS: readonly Column[] = [{ title: 'Address' }, { title: 'Provider' }, { title: 'Server' }, { title: 'Read' }, { title: 'Trouble' }];

async function listSeeds(session: Session, options: CommonOptions): Promise<number> {
  const { seeds } = await session.call<{ seeds: readonly Seed[] }>(options, 'placement.seed-list', {});
  if (options.json) session.out.json({ seeds });
  else session.out.table(COLUMNS, seeds.map(({ address, provider, host, port, readAt, trouble }) => [address, provider, `${host}:${port}`, readAt === undefined ? 'never' : moment(readAt, Date.now()), trouble]), 'There are no seed accounts: posthorn placement seed add ADDRESS');
  return seeds.some(({ trouble }) => trouble !== '') ? 1 : 0;
}

async function sendTest(session: Session, options: TestOptions, file: string | undefined): Promise<void> {
  const { from, seed, stream } = options;
  const template = file === undefined ? undefined : (await readMessageFile(session, file)).toString('base64');
  const result = await session.call<SentTests>(options, 'placement.test', { ...(from === undefined ? {} : { from }), ...(seed === undefined ? {} : { seed }), ...(stream === undefined ? {} : { stream }), ...(template === undefined ? {} : { template }) });
  if (options.json) return session.out.json(result);
  session.out.table([{ title: 'To' }, { title: 'Queue id' }, { title: 'Message-ID' }], result.sent.map((each) => [each.seed, each.id, each.messageId]), '');
  session.out.line('In a few minutes: posthorn placement show');
}

async function read(session: Session, options: { readonly seed?: string } & CommonOptions): Promise<number> {
  const result = await session.call<Collected>(options, 'placement.collect', options.seed === undefined ? {} : { seed: options.seed });
  const { out } = session;
  if (options.json) out.json(result);
  else {
    out.table([{ title: 'Seed' }, { title: 'Place' }, { title: 'Folder' }, { title: 'Late by' }, { title: 'SPF' }, { title: 'DKIM' }, { title: 'DMARC' }], [...result.found, ...result.missing].map((each) => [each.seed, PLACES[each.place], each.folder, lateness(each), each.spf, each.dkim, each.dmarc]), 'Nothing new was found.');
    if (result.waiting > 0) out.line(`${result.waiting} not seen yet.`);
    for (const { seed, trouble } of result.troubles) out.line(`${seed} could not be read: ${trouble}`);
  }
  return result.troubles.length > 0 ? 1 : 0;
}

const PLACES = { inbox: 'inbox', tab: 'tab beside the inbox', spam: 'SPAM', other: 'another folder', missing: 'missing', waiting: 'not seen yet' } as const;

function lateness({ arrivedAt, sentAt }: { readonly arrivedAt?: number; readonly sentAt: number }): string {
  return arrivedAt === undefined ? '' : age(Math.max(0, arrivedAt - sentAt));
}

/** Below this share of the inbox the answer is bad news. */
const INBOX_SHARE_MIN = 0.7;

async function show(session: Session, options: ShowOptions): Promise<number> {
  const { days, seed, stream } = options;
  const result = await session.call<PlacementReport>(options, 'placement.report', { ...(days === undefined ? {} : { days }), ...(seed === undefined ? {} : { seed }), ...(stream === undefined ? {} : { stream }) });
  const { out } = session;
  if (options.json) out.json(result);
  else {
    if (result.inbox !== undefined) out.line(out.style('bold', `${percent(result.inbox)} in the inbox`));
    out.table([{ title: 'Provider' }, { title: 'Stream' }, { title: 'Inbox' }, { title: 'Tab' }, { title: 'Spam' }, { title: 'Other' }, { title: 'Missing' }, { title: 'Waiting' }, { title: 'Late by' }], result.shares.map(row), 'No provider took mail to a seed account in this time. Send some: posthorn placement test; what became of it: posthorn trace ADDRESS of the seed');
    if (result.days.length > 1) {
      out.line();
      out.table([{ title: 'Day' }, { title: 'Provider' }, { title: 'Stream' }, { title: 'Inbox' }, { title: 'Spam' }, { title: 'Missing' }], result.days.flatMap(({ day, shares }) => shares.map((share) => [day, share.provider, share.stream, share.inbox + share.tab, share.spam, share.missing])), '');
    }
    if (options.messages) {
      out.line();
      out.table([{ title: 'Sent' }, { title: 'Seed' }, { title: 'Place' }, { title: 'Folder' }, { title: 'Late by' }, { title: 'SPF' }, { title: 'DKIM' }, { title: 'DMARC' }, { title: 'Queue id' }], result.messages.map((each) => [new Date(each.sentAt).toISOString().slice(0, 16), each.seed, PLACES[each.place], each.folder, lateness(each), each.spf, each.dkim, each.dmarc, each.queueId]), '');
    }
  }
  return result.inbox !== undefined && result.inbox < INBOX_SHARE_MIN ? 1 : 0;
}

function row({ provider, stream, inbox, tab, spam, other, missing, waiting, latenessMs }: PlacementShare): readonly (string | number)[] {
  return [provider, stream, inbox, tab, spam, other, missing, waiting, latenessMs === undefined ? '' : age(latenessMs)];
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}
