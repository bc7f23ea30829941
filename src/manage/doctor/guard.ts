/** `posthorn guard`: what the guard believes, what it told, how things went over time; running it; silencing a finding. */
import { isIP } from 'node:net';
import { z } from 'zod';
import { Failure } from '../../base/errors.ts';
import { EXAMINATION_LIMITS, GUARD_LIMITS } from '../../base/guard-limits.ts';
import { DEFAULT_GUARD } from '../../config/guard-settings.ts';
import type { GuardRun } from '../../contract/guard.ts';
import type { Level } from '../../doctor/check.ts';
import { CHECKS } from '../../doctor/checks/all.ts';
import type { NewsEntry } from '../../doctor/guard/guard-note.ts';
import type { KeptState } from '../../doctor/guard/kept-state.ts';
import { acknowledge, badnessOf, isDoubtful } from '../../doctor/guard/watch.ts';
import { isDomainName } from '../../mail/address.ts';
import { domainKey } from '../../store/clients/directory.ts';
import type { RunRow, ScoreRow, SpellRow } from '../../store/clients/examinations.ts';
import { saying } from '../arguments.ts';
import { explainCheck } from './doctor.ts';
import { createGuard, rowOf, WHOLE_RUN } from './guard-runner.ts';
import { defineVerb } from '../verb.ts';
import type { ManageContext } from '../verb.ts';

/** What the guard believes of one check. Times are milliseconds since 1970. */
export interface GuardRow {
  readonly check: string;
  readonly title: string;
  readonly subject: string;
  /** What is believed; `unknown`: never known. */
  readonly level: Level;
  readonly since: number;
  /** Something else was seen, which has to persist. */
  readonly doubt?: { readonly level: Level; readonly since: number };
  /** Cannot be told since. */
  readonly unknownSince?: number;
  /** Silent: somebody knows of it. */
  readonly acknowledged?: { readonly at: number; readonly reason?: string };
}

export interface GuardStatus {
  readonly everyMs: number;
  /** Milliseconds since 1970; absent: never yet. */
  readonly lastRunAt?: number;
  readonly score?: number;
  /** What is bad, doubtful, unknown for days or acknowledged; worst first, at most GUARD_LIMITS.findingsToldMax. */
  readonly findings: readonly GuardRow[];
  /** How many more there are. */
  readonly findingsLeftOut: number;
  /** All checks that are watched. */
  readonly watched: number;
  /** The last news, the latest first. */
  readonly news: readonly GuardNews[];
}

/** `toldAt` absent: not yet told. */
export type GuardNews = NewsEntry & { readonly at: number; readonly toldAt?: number };

const PAGE = 2000;
const NEWS_SHOWN = 20;

const status = defineVerb({
  name: 'guard.status',
  summary: 'Tells what the guard watches, what is bad or in doubt, and what it told last.',
  args: z.strictObject({}),
  run: async ({ store, config }): Promise<GuardStatus> => {
    const lastRunAt = await store.chores.lastRunAt(WHOLE_RUN);
    const [latest] = await store.examinations.runs(1, true);
    const { states, watched } = await remarkable(store);
    const news = (await store.guard.news(NEWS_SHOWN)).map(({ entry, at, toldAt }) => ({ ...(JSON.parse(entry) as NewsEntry), at, ...(toldAt === null ? {} : { toldAt }) }));
    return {
      everyMs: (config.guard ?? DEFAULT_GUARD).everyMs,
      ...(lastRunAt === undefined ? {} : { lastRunAt }),
      ...(latest && latest.score !== null ? { score: latest.score } : {}),
      findings: states.toSorted((a, b) => badnessOf(b.settled) - badnessOf(a.settled) || b.since - a.since).slice(0, GUARD_LIMITS.findingsToldMax).map(guardRow),
      findingsLeftOut: Math.max(0, states.length - GUARD_LIMITS.findingsToldMax),
      watched,
      news,
    };
  },
});

function guardRow({ check, subject, settled, since, doubt, unknownSince, acknowledged }: KeptState): GuardRow {
  return {
    check, subject, since, title: CHECKS.find(({ id }) => id === check)?.title ?? check, level: settled ?? 'unknown',
    ...(doubt ? { doubt: { level: doubt.level, since: doubt.since } } : {}),
    ...(unknownSince === undefined ? {} : { unknownSince }),
    ...(acknowledged ? { acknowledged: { at: acknowledged.at, ...(acknowledged.reason === undefined ? {} : { reason: acknowledged.reason }) } } : {}),
  };
}

async function remarkable(store: ManageContext['store']): Promise<{ states: readonly KeptState[]; watched: number }> {
  const states: KeptState[] = [];
  let watched = 0;
  for (let after = { subject: '', check: '' }, more = true; more; ) {
    const page = (await store.guard.states('all', after, PAGE)).map((text) => JSON.parse(text) as KeptState);
    watched += page.length;
    states.push(...page.filter((state) => badnessOf(state.settled) > 0 || isDoubtful(state) || state.acknowledged || state.unknownTold));
    const last = page.at(-1);
    if (last) after = { subject: last.subject, check: last.check };
    more = page.length === PAGE;
  }
  return { states, watched };
}

export interface GuardHistory {
  /** Of a domain, or of everything; the latest first. */
  readonly scores: readonly (Pick<ScoreRow, 'at' | 'score' | 'warned' | 'failed'> & { readonly by?: string })[];
  /** Changes: from when to when a check said what; the latest first. */
  readonly changes: readonly SpellRow[];
}

/** What is examined: a domain, the host by its name, an address. */
const subjectArgument = z.string().refine((given) => isIP(given) !== 0 || isDomainName(given), saying((given) => `${JSON.stringify(given)} is nothing that is examined: give a domain such as example.org, or what posthorn guard status shows`));

const history = defineVerb({
  name: 'guard.history',
  summary: 'Tells the score over time, and when a check changed.',
  args: z.strictObject({
    subject: subjectArgument.optional(), check: z.string().optional(),
    limit: z.number().int().min(1).max(EXAMINATION_LIMITS.listedMax).default(30),
  }),
  run: async ({ store }, { subject, check, limit }): Promise<GuardHistory> => {
    if (check !== undefined) explainCheck(check);
    const of = subject === undefined ? '' : subjectKey(subject);
    const changes = await store.examinations.spells({ subject: of, check: check ?? '', limit });
    const scores = of === '' ? (await store.examinations.runs(limit, true)).map(scoreOfRun) : await store.examinations.scores(of, limit);
    if (changes.length === 0 && scores.length === 0 && of !== '') {
      throw new Failure('history-empty', `nothing is kept about ${of}; \`posthorn doctor\` examines this server and keeps what it finds`, { temporary: false });
    }
    return { scores, changes };
  },
});

function scoreOfRun({ at, score, warned, failed, by }: RunRow) {
  return { at, score: score ?? 0, warned, failed, by };
}

/** A domain in any spelling, or an address as it is. */
function subjectKey(subject: string): string {
  return subject.includes(':') ? subject : domainKey(subject);
}

const run = defineVerb({
  name: 'guard.run',
  summary: 'Examines everything now, as the guard does each day.',
  args: z.strictObject({}),
  run: async (context): Promise<GuardRun> => (context.guard ?? createGuard({ context })).run(),
});

const acknowledgeVerb = defineVerb({
  name: 'guard.acknowledge',
  summary: 'Silences one finding until it is mended or worse than now; or takes that back.',
  args: z.strictObject({ check: z.string(), subject: subjectArgument, reason: z.string().min(1).max(500).optional(), undo: z.boolean().optional() }),
  run: async (context, { check, subject, reason, undo }): Promise<GuardRow> => {
    const { title } = explainCheck(check);
    const of = subjectKey(subject);
    return (context.guard ?? createGuard({ context })).change(async () => {
      const { store, clock } = context;
      const state = (await store.guard.statesOf([of])).map((text) => JSON.parse(text) as KeptState).find((each) => each.check === check);
      if (!state) throw new Failure('finding-unknown', `the guard watches no "${check}" of ${of}; posthorn guard status shows what it found`, { temporary: false });
      const next = undo ? withoutAcknowledgement(state) : acknowledge(state, clock.now(), reason);
      if (!next) throw new Failure('finding-good', `${title} of ${of} is not bad; there is nothing to acknowledge`, { temporary: false });
      if (next.acknowledged && !state.acknowledged && (await store.guard.states('acknowledged', { subject: '', check: '' }, GUARD_LIMITS.acknowledgedMax)).length >= GUARD_LIMITS.acknowledgedMax) {
        throw new Failure('acknowledged-too-many', `${GUARD_LIMITS.acknowledgedMax} findings are acknowledged already; switch the guard off with [guard] every = 0 if it is of no use`, { temporary: false });
      }
      await store.guard.put([rowOf(next)], [], clock.now());
      return guardRow(next);
    });
  },
});

function withoutAcknowledgement({ acknowledged: _gone, ...state }: KeptState): KeptState {
  return state;
}

export const guardVerbs = [status, history, run, acknowledgeVerb] as const;
