/**
 * Verbs on our own addresses: how they stand with each site, since when, why, and what happens next. Without a running
 * server they tell what was last written.
 */
import { z } from 'zod';
import { Failure } from '../../base/errors.ts';
import type { LaneChange, LaneView, Pause, SourceView } from '../../contract/shaping-control.ts';
import type { LaneRow } from '../../store/clients/lanes.ts';
import { checkSource, orderPause, orderResume, pausesOf, sourceOf, SYSTEM_SOURCE } from './shaping.ts';
import { defineVerb, type ManageContext } from '../verb.ts';

const address = z.string().min(1).max(100);
const HISTORY_SHOWN = 50;
const DAY_MS = 86_400_000;

export interface IpView extends SourceView {
  readonly lanes: readonly LaneView[];
  readonly paused?: Pause;
}

export interface IpList {
  readonly ips: readonly IpView[];
  /** Of sites and senders. */
  readonly pauses: readonly Pause[];
  /** False: no server runs, and figures are those last written. */
  readonly live: boolean;
  /** Of the server's clock, milliseconds since 1970. */
  readonly now: number;
}

export interface IpDetails extends IpView {
  readonly live: boolean;
  readonly now: number;
  /** The latest first. */
  readonly changes: readonly LaneChange[];
}

async function ipViews(context: ManageContext): Promise<IpList> {
  const { shaping } = context;
  const pauses = await pausesOf(context);
  const [sources, lanes] = shaping ? [shaping.sources(), shaping.lanes()] : await stored(context);
  const ips = sources.map((source): IpView => {
    const paused = pauses.find((pause) => pause.kind === 'source' && pause.name === source.address);
    return { ...source, lanes: lanes.filter(({ key }) => key.source === source.address), ...(paused && { paused }) };
  });
  return { ips, pauses: pauses.filter(({ kind }) => kind !== 'source'), live: shaping !== undefined, now: context.clock.now() };
}

async function stored({ store, config, clock }: ManageContext): Promise<readonly [readonly SourceView[], readonly LaneView[]]> {
  const now = clock.now();
  const { lanes, days } = await store.lanes.load(now);
  const today = Math.floor(now / DAY_MS);
  const sentOn = (source: string, day: number): number => days.find((row) => row.source === source && row.site === '' && row.day === day)?.sent ?? 0;
  const system = { address: '', helo: config.hostname };
  const sources = (config.outbound.ips.length > 0 ? config.outbound.ips : [system]).map((ip): SourceView => ({
    helo: config.hostname, pool: 'default', weight: 1, standby: false, warm: false, ...ip, sentToday: sentOn(ip.address, today), sentYesterday: sentOn(ip.address, today - 1),
  }));
  return [sources, lanes.map((row) => storedLane(row, days.find((day) => day.source === row.source && day.site === row.site && day.day === today)))];
}

function storedLane(row: LaneRow, day: { readonly sent: number; readonly deferred: number; readonly complaints: number } | undefined): LaneView {
  const detail = JSON.parse(row.detail) as { readonly why?: string; readonly rule?: string; readonly until?: number };
  const { why = '', rule = '', until = 0 } = detail;
  return {
    key: { source: row.source, site: row.site, dkimDomain: row.domain }, state: row.state, since: row.since, why, ...(rule !== '' && { rule }),
    next: 'No server is running; it goes on from here at its next start.', ...(until > 0 && { nextChangeAt: until }),
    inFlight: 0, sentToday: day?.sent ?? 0, deferredToday: day?.deferred ?? 0, complaintsToday: day?.complaints ?? 0,
  };
}

const list = defineVerb({
  name: 'ip.list',
  summary: 'Lists our own addresses with their pools and how they stand with each site.',
  args: z.strictObject({}),
  run: (context): Promise<IpList> => ipViews(context),
});

const show = defineVerb({
  name: 'ip.show',
  summary: 'Shows one of our addresses: its lanes and their latest changes.',
  args: z.strictObject({ address }),
  run: async (context, args): Promise<IpDetails> => {
    checkSource(context.config.outbound.ips, args.address);
    const source = sourceOf(args.address);
    await context.shaping?.flush();
    const { ips, live, now } = await ipViews(context);
    const found = ips.find((ip) => ip.address === source);
    if (!found) throw new Failure('source-unknown', `${args.address} sends no mail while outbound.ip names other addresses`, { temporary: false });
    return { ...found, live, now, changes: await context.store.lanes.history(source, HISTORY_SHOWN) };
  },
});

const pause = defineVerb({
  name: 'ip.pause',
  summary: 'Sends nothing from one of our addresses for a while.',
  args: z.strictObject({ address, forMs: z.number().int().min(1000).optional(), reason: z.string().max(200).default('') }),
  run: async (context, args): Promise<Pause> => {
    const now = context.clock.now();
    return orderPause(context, { kind: 'source', name: args.address, reason: args.reason, createdAt: now, ...(args.forMs !== undefined && { until: now + args.forMs }) });
  },
});

const resume = defineVerb({
  name: 'ip.resume',
  summary: 'Ends the pause of one of our addresses.',
  args: z.strictObject({ address }),
  run: async (context, args) => {
    await orderResume(context, 'source', args.address);
    return { address: args.address };
  },
});

const reopen = defineVerb({
  name: 'ip.reopen',
  summary: 'Lets an address that rests at a site (or at all) send again, cautiously: after the cause is gone.',
  args: z.strictObject({ address, site: z.string().min(1).max(1000).optional() }),
  run: async ({ shaping, config }, args) => {
    checkSource(config.outbound.ips, args.address);
    if (!shaping) throw new Failure('server-not-running', 'no server is running: start it, and ask again', { temporary: false });
    const reopened = await shaping.reopen(sourceOf(args.address), args.site);
    if (reopened === 0) throw new Failure('not-resting', `${args.address === SYSTEM_SOURCE ? 'this server' : args.address} is neither hot nor blocked ${args.site === undefined ? 'anywhere' : `at ${args.site}`}`, { temporary: false });
    return { address: args.address, reopened };
  },
});

export const ipVerbs = [list, show, pause, resume, reopen] as const;
