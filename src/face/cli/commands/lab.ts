/** `posthorn lab` runs the simulated internet; its sub-commands talk to the one that runs. */
import { printable } from '../../../base/table.ts';
import { readLabPointer } from '../../../config/lab-pointer.ts';
import type { Reply } from '../../../contract/message.ts';
import { durationOption, leaf, type Registry, wholeNumber } from '../command.ts';
import { readGivenFile } from '../given-file.ts';
import { type CommonOptions, type Session, UsageError } from '../session.ts';
import { formatReply } from '../words.ts';
import { addSimulate } from './lab-simulate.ts';

const SETTINGS_BYTES_MAX = 1024 * 1024;
const MESSAGE_BYTES_MAX = 256 * 1024 * 1024;

interface LabOptions extends CommonOptions {
  readonly dir?: string;
  readonly portBase: number;
  readonly loopback?: string;
  readonly settings?: string;
}

export interface InboxMessage {
  readonly id: string;
  readonly mailFrom: string;
  readonly rcptTo: readonly string[] | string;
  readonly headerFrom: string;
  readonly subject: string;
  readonly folder: 'inbox' | 'spam';
  readonly spf: string;
  readonly dkim: string;
  readonly dmarc: string;
  readonly receivedAt: string | number;
}

export function add(registry: Registry): void {
  const { session, program } = registry;
  const lab = leaf<LabOptions>(registry, program, 'lab', 'run the simulated internet and a server in it', '', async (options) => {
    const { dir, portBase, json, loopback, settings } = options;
    if (loopback !== undefined && !/^127\.(\d|[1-9]\d|1\d\d|2[0-4]\d|25[0-5])\.0\.0$/.test(loopback)) {
      throw new UsageError(`--loopback ${loopback}: give a network of the form 127.N.0.0`);
    }
    return session.ports.lab({
      portBase,
      json: json ?? false,
      ...(dir !== undefined && { dir }),
      ...(loopback !== undefined && { loopback }),
      ...(settings !== undefined && { settings: (await readGivenFile(session, settings, SETTINGS_BYTES_MAX, 'a configuration')).toString('utf8') }),
    });
  })
    .option('--dir <folder>', 'where the server of the lab keeps its data (default: a fresh temporary folder)')
    .option('--port-base <n>', 'smtp listens on n+25, submission on n+587 and so on', wholeNumber(1, 60_000), 2000)
    .option('--loopback <127.N.0.0>', 'loopback network to use, so that several labs can run (default: 127.0.0.0)')
    .option('--settings <file>', 'TOML with settings that replace or join those of the lab, to rehearse them; paths in it count from the folder of the lab')
    .enablePositionalOptions();
  addInbox(registry, lab);
  addScenario(registry, lab);
  addRecord(registry, lab);
  addDeliver(registry, lab);
  addClock(registry, lab);
  addComplain(registry, lab);
  addCounters(registry, lab);
  addSimulate(registry, lab);
}

type Parent = Parameters<typeof leaf>[1];

/** The running lab: the one named, else the one that this user started last. */
function call<Result>(session: Session, options: CommonOptions, verb: string, args: unknown): Promise<Result> {
  const named = options.config ?? session.io.environment['POSTHORN_CONFIG'] ?? readLabPointer(session.io.environment)?.config;
  return session.call<Result>(named === undefined ? options : { ...options, config: named }, verb, args);
}

function addInbox(registry: Registry, lab: Parent): void {
  const { session } = registry;
  interface InboxOptions extends CommonOptions {
    readonly raw?: string;
  }
  leaf<InboxOptions>(registry, lab, 'inbox', 'what a provider accepted, newest last', '<provider> [address]', async (options, provider, address) => {
    const args = { provider, ...(address !== undefined && { address }), ...(options.raw !== undefined && { raw: options.raw }) };
    const result = await call<{ messages: readonly InboxMessage[]; raw?: string }>(session, options, 'lab.inbox', args);
    if (options.raw !== undefined) return session.out.raw(Buffer.from(result.raw ?? '', 'base64'));
    if (options.json) return session.out.json(result);
    session.out.table(
      [{ title: 'Id' }, { title: 'Folder' }, { title: 'From', max: 40 }, { title: 'To', max: 40 }, { title: 'SPF' }, { title: 'DKIM' }, { title: 'DMARC' }, { title: 'Subject', max: 60 }],
      result.messages.map((message) => [message.id, message.folder, message.headerFrom, [message.rcptTo].flat().join(' '), message.spf, message.dkim, message.dmarc, message.subject]),
      `nothing has arrived at ${printable(provider ?? '')} yet`,
    );
  }).option('--raw <id>', 'print one message as it was received');
}

function addRecord(registry: Registry, lab: Parent): void {
  const { session } = registry;
  interface RecordOptions extends CommonOptions {
    readonly remove?: boolean;
    readonly restore?: boolean;
  }
  leaf<RecordOptions>(registry, lab, 'record', 'let a name publish something else than it should, to rehearse its faults; without a name: list what is changed', '[name] [type] [values...]', async (options, name, type, given) => {
    const values = (given as unknown as readonly string[] | undefined) ?? [];
    const { remove = false, restore = false } = options;
    if (remove && restore) throw new UsageError('give --remove or --restore, not both');
    if (restore && values.length > 0) throw new UsageError('--restore takes a name and a type, no values');
    if (!restore && name !== undefined && (type === undefined || (values.length > 0) === remove)) throw new UsageError('give name, type and values, or --remove instead of values: posthorn lab record example.org TXT "v=spf1 -all"');
    if (remove && name === undefined) throw new UsageError('--remove needs a name and a type');
    const args = { ...(name !== undefined && { name }), ...(type !== undefined && { type }), ...(restore ? { restore } : { values }) };
    const result = await call<{ records: readonly { readonly name: string; readonly type: string; readonly values: readonly string[] }[] }>(session, options, 'lab.record', args);
    if (options.json) return session.out.json(result);
    session.out.table(
      [{ title: 'Name' }, { title: 'Type' }, { title: 'Published instead', max: 80 }],
      result.records.map((row) => [row.name, row.type, row.values.length === 0 ? 'nothing' : row.values.join(' | ')]),
      'every name publishes what it should',
    );
  })
    .option('--remove', 'publish nothing of this type')
    .option('--restore', 'publish again what should be; without a name: everything');
}

interface ScenarioRow {
  readonly name: string;
  readonly state: 'on' | 'off';
  readonly providers?: readonly string[];
  readonly description: string;
  readonly expect: string;
}

function addScenario(registry: Registry, lab: Parent): void {
  const { session } = registry;
  interface ScenarioOptions extends CommonOptions {
    readonly provider?: readonly string[];
  }
  leaf<ScenarioOptions>(registry, lab, 'scenario', 'list the scenarios, or switch one on or off', '[name] [on|off]', async (options, name, state) => {
    if (state !== undefined && state !== 'on' && state !== 'off') throw new UsageError(`"${state}" is neither on nor off`);
    if (options.provider && (name === undefined || state === 'off')) throw new UsageError('--provider says where a scenario is switched on: posthorn lab scenario NAME on --provider gmail');
    const args = { ...(name !== undefined && { name }), ...(state !== undefined && { state }), ...(options.provider && { providers: options.provider }) };
    const result = await call<{ scenarios: readonly ScenarioRow[] }>(session, options, 'lab.scenario', args);
    if (options.json) return session.out.json(result);
    session.out.table(
      [{ title: 'Scenario' }, { title: 'State' }, { title: 'What it does' }, { title: 'What the sender sees', max: 80 }],
      result.scenarios.map((row) => [row.name, row.providers ? `${row.state} at ${row.providers.join(', ')}` : row.state, row.description, row.expect]),
      'this lab has no scenarios',
    );
  }).option('--provider <name>', 'switch it on at this provider only; may be repeated', (value: string, before?: readonly string[]) => [...(before ?? []), value]);
}

interface DeliverRow {
  readonly as: string;
  /** Of a kind that has several. */
  readonly variant?: string;
  readonly sender: string;
  readonly to: string;
  readonly expect?: string;
  readonly reply?: Reply;
  readonly error?: string;
}

function addDeliver(registry: Registry, lab: Parent): void {
  const { session } = registry;
  interface DeliverOptions extends CommonOptions {
    readonly as?: string;
    readonly to?: string;
    readonly from?: string;
    readonly file?: string;
  }
  leaf<DeliverOptions>(registry, lab, 'deliver', 'let the outside host send a message to one of our users', '', async (options) => {
    const { as, to, from, file } = options;
    if (from !== undefined && file === undefined) throw new UsageError('--from goes with --file; the messages of --as have senders of their own');
    const raw = file === undefined ? undefined : (await readGivenFile(session, file, MESSAGE_BYTES_MAX, 'a message')).toString('base64');
    const given = Object.entries({ as, to, from, raw }).filter(([, value]) => value !== undefined);
    const result = await call<{ results: readonly DeliverRow[] }>(session, options, 'lab.deliver', Object.fromEntries(given));
    if (options.json) return session.out.json(result);
    session.out.table(
      [{ title: 'As' }, { title: 'Sender', max: 40 }, { title: 'To', max: 40 }, { title: 'Reply', max: 120 }, { title: 'Expected' }],
      result.results.map((row) => [row.variant === undefined ? row.as : `${row.as}: ${row.variant}`, row.sender || '<>', row.to, row.reply ? formatReply(row.reply) : (row.error ?? 'no reply'), row.expect ?? '']),
      'nothing was sent',
    );
  })
    .option('--as <name>', 'good, unsigned, forged, broken-dkim, malformed, spam, bulk …; all sends one of each (default: good)')
    .option('--to <address>', 'recipient (default: the first account)')
    .option('--from <address>', 'envelope sender of the --file (default: the null sender)')
    .option('--file <file>', 'send this message instead of a made-up one');
}

function addClock(registry: Registry, lab: Parent): void {
  const { session } = registry;
  leaf(registry, lab, 'clock', 'move the clock of the lab ahead: clock advance 2h', '<advance> <duration>', async (options, word, duration) => {
    if (word !== 'advance') throw new UsageError('write: posthorn lab clock advance DURATION');
    const result = await call<{ now: string | number }>(session, options, 'lab.clock', { advanceMs: durationOption(duration ?? '') });
    if (options.json) session.out.json(result);
    else session.out.line(`the lab’s clock is now at ${new Date(result.now).toISOString()}`);
  });
}

function addComplain(registry: Registry, lab: Parent): void {
  const { session } = registry;
  leaf(registry, lab, 'complain', 'let the reader of a message press the spam button', '<provider> <id>', async (options, provider, id) => {
    const result = await call<Record<string, unknown>>(session, options, 'lab.complain', { provider, id });
    if (options.json) session.out.json(result);
    else session.out.line(`complained to ${printable(provider ?? '')} about ${printable(id ?? '')}; the report comes by mail`);
  });
}

interface CountersRow {
  readonly provider: string;
  readonly kind: string;
  readonly key: string;
  readonly day: string;
  readonly inbox: number;
  readonly spam: number;
  readonly refused: Readonly<Record<string, number>>;
  readonly complaints: number;
}

function addCounters(registry: Registry, lab: Parent): void {
  const { session } = registry;
  leaf(registry, lab, 'counters', 'what the providers counted, by address and by domain, for each day', '[provider]', async (options, provider) => {
    const result = await call<{ counters: readonly CountersRow[] }>(session, options, 'lab.counters', { ...(provider !== undefined && { provider }) });
    if (options.json) return session.out.json(result);
    session.out.table(
      [{ title: 'Provider' }, { title: 'Day' }, { title: 'Of' }, { title: 'Inbox', align: 'right' }, { title: 'Spam', align: 'right' }, { title: 'Complaints', align: 'right' }, { title: 'Refused', max: 80 }],
      result.counters.map((row) => [row.provider, row.day, row.key, row.inbox, row.spam, row.complaints, Object.entries(row.refused).map(([rule, count]) => `${count} ${rule}`).join(', ')]),
      'the providers have seen nothing from us yet',
    );
  });
}
