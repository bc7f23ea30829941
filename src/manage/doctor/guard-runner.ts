/**
 * The guard at work: examines this server, host and addresses first, then some domains at a time so that mail gets its turns
 * between; keeps what was found; judges it (doctor/guard/watch.ts); writes to the postmaster what has to be told.
 *
 * Policy
 * - States and the news that follow from them are one commit; that news are told is written in the commit that queues the mail
 *   which tells them: each is told once, whenever the server dies.
 * - A doubt is looked at again at the next turns, with a resolver that remembers nothing and asks another server first.
 * - What follows from another finding (doctor/causes.ts) is not judged: the cause is told.
 * - What is only good news waits for the daily examination; it never makes a mail of its own in between.
 */
import type { Clock } from '../../base/clock.ts';
import { EXAMINATION_LIMITS, GUARD_LIMITS } from '../../base/guard-limits.ts';
import type { Log } from '../../base/log.ts';
import { Semaphore } from '../../base/semaphore.ts';
import type { Config } from '../../config/config.ts';
import { DEFAULT_GUARD } from '../../config/guard-settings.ts';
import type { GuardControl, GuardRun } from '../../contract/guard.ts';
import { withCausesOf } from '../../doctor/causes.ts';
import { wholeScore } from '../../doctor/domain-scores.ts';
import type { Result } from '../../doctor/examination.ts';
import { guardNote, URGENT, type NewsEntry } from '../../doctor/guard/guard-note.ts';
import type { KeptState, News } from '../../doctor/guard/kept-state.ts';
import { badnessOf, isDoubtful, keyOf, watch, type Absence } from '../../doctor/guard/watch.ts';
import type { GuardStateRow } from '../../store/clients/examinations.ts';
import { doctorFacts, type DoctorFacts } from './doctor-facts.ts';
import { findingOf, runOf, scoresOf } from './examinations.ts';
import type { GuardExamination, GuardQuestion } from './guard-examination.ts';
import type { ManageContext } from '../verb.ts';

/** When the last whole examination began is remembered under this name. */
export const WHOLE_RUN = 'guard.whole';
const NEWS_PER_MAIL_MAX = 500;
const DOUBTS_MAX = 2000;

export interface GuardPorts {
  readonly context: Omit<ManageContext, 'guard'>;
  /** Default: in this thread, with the resolver of the context. */
  readonly examine?: (question: GuardQuestion) => Promise<GuardExamination>;
}

export function createGuard(ports: GuardPorts): GuardControl {
  const guard = new Guard(ports);
  const one = new Semaphore(1);
  return {
    run: (signal) => one.run(() => guard.examineAll(signal)),
    lookAgain: (signal) => one.run(() => guard.examineDoubts(signal)),
    change: (work) => one.run(work),
  };
}

type Whys = GuardExamination['whys'];

function examineHere({ dns, clock, network, config }: GuardPorts['context']): NonNullable<GuardPorts['examine']> {
  const ports = { dns, clock, ...(network ? { network } : {}), doctor: () => config.doctor };
  return async (question) => (await import('./guard-examination.ts')).examineForGuard(ports, question);
}

class Guard {
  readonly #context: GuardPorts['context'];
  readonly #examine: NonNullable<GuardPorts['examine']>;
  #turn = 0;

  constructor({ context, examine = examineHere(context) }: GuardPorts) {
    this.#context = context;
    this.#examine = examine;
  }

  async examineAll(signal?: AbortSignal): Promise<GuardRun> {
    const { store, clock } = this.#context;
    const at = clock.now();
    await store.chores.ran(WHOLE_RUN, at);
    const facts = await doctorFacts(this.#context);
    const results: Result[] = [];
    const news: News[] = [];
    await this.#inBatches(facts, undefined, signal, async (batch, whys) => {
      results.push(...batch.map(({ text: _text, remedy: _remedy, record: _record, ...short }) => ({ ...short, text: '' })));
      news.push(...(await this.#judge(batch, whys)));
    });
    const score = wholeScore(results);
    await store.examinations.keep(runOf({ at, by: 'guard', score }, results), scoresOf(results, at), []);
    await store.examinations.prune(at - EXAMINATION_LIMITS.keptMs);
    await store.guard.prune(at - GUARD_LIMITS.forgetMs, at - EXAMINATION_LIMITS.keptMs);
    return { at, score, examined: results.length, news: news.length, told: await this.#tell(true, score) };
  }

  /** Only what is in doubt. */
  async examineDoubts(signal?: AbortSignal): Promise<GuardRun> {
    const { store, clock } = this.#context;
    const at = clock.now();
    const doubts = (await store.guard.states('doubtful', { subject: '', check: '' }, DOUBTS_MAX)).map((text) => JSON.parse(text) as KeptState);
    let examined = 0;
    let news = 0;
    if (doubts.length > 0) {
      const wanted = new Set(doubts.map(keyOf));
      await this.#inBatches(await doctorFacts(this.#context), doubts, signal, async (batch, whys) => {
        const results = batch.filter((result) => wanted.has(keyOf(result)));
        examined += results.length;
        news += (await this.#judge(results, whys)).length;
      });
    }
    return { at, examined, news, told: await this.#tell(false) };
  }

  /** `doubts`: only these; undefined: everything. */
  async #inBatches(facts: DoctorFacts, doubts: readonly KeptState[] | undefined, signal: AbortSignal | undefined, take: (results: readonly Result[], whys: Whys) => Promise<void>): Promise<void> {
    const wanted = doubts && withCausesOf(doubts.map(({ check }) => check));
    const question = { turn: this.#turn++, ...(wanted ? { only: [...wanted] } : {}) };
    const subjects = doubts && new Set(doubts.map(({ subject }) => subject));
    const domains = facts.domains.filter(({ domain }) => !subjects || subjects.has(domain));
    const { results: shared, addresses, whys } = await this.#examine({ ...question, facts: { ...facts, domains: [] }, about: 'server', beside: [] });
    await this.#context.store.examinations.addIdentities(addresses, this.#context.clock.now());
    await take(shared, whys);
    for (let from = 0; from < domains.length; from += GUARD_LIMITS.domainsAtOnce) {
      signal?.throwIfAborted();
      const found = await this.#examine({ ...question, facts: { ...facts, domains: domains.slice(from, from + GUARD_LIMITS.domainsAtOnce) }, about: 'domains', beside: shared });
      await take(found.results, found.whys);
    }
  }

  async #judge(found: readonly Result[], whys: Whys): Promise<readonly News[]> {
    const { store, clock, log } = this.#context;
    if (found.length === 0) return [];
    const results = found.filter(({ causedBy }) => causedBy === undefined);
    const at = clock.now();
    const previous = (await store.guard.statesOf([...new Set(results.map(({ subject }) => subject))])).map((text) => JSON.parse(text) as KeptState);
    const seen = new Map(results.map((result) => [keyOf(result), result]));
    const { states, news } = watch(previous, results, at, this.#absence());
    const changed = states.filter((state) => seen.has(keyOf(state)));
    await store.guard.put(changed.map(rowOf), news.map((each) => JSON.stringify(entryOf(each, seen.get(keyOf(each)) as Result, whys))), at);
    await store.examinations.addFindings(found.map(findingOf), at);
    for (const each of news) announce(log, each);
    return news;
  }

  /** Who lets the guard run by hand only may do so as seldom as he likes. */
  #absence(): Absence {
    const { everyMs } = this.#context.config.guard ?? DEFAULT_GUARD;
    return everyMs === 0 ? { doubtMs: Infinity, unknownMs: Infinity } : { doubtMs: GUARD_LIMITS.absentMs, unknownMs: 2 * everyMs };
  }

  /** Returns how much was told. Mail that is refused is written again at the next turn. */
  async #tell(daily: boolean, score?: number): Promise<number> {
    const { store, clock, log, config, ownMail } = this.#context;
    if (!ownMail) return 0;
    const { count, last } = await store.guard.countUntold();
    const entries = (await store.guard.untold(NEWS_PER_MAIL_MAX)).map(({ entry }) => JSON.parse(entry) as NewsEntry);
    if (!daily && !entries.some(({ kind }) => URGENT.has(kind))) return 0;
    const note = guardNote(entries, config.hostname, { ...(score === undefined ? {} : { score }), more: count - entries.length });
    if (!note) return 0;
    try {
      const { id } = await ownMail.tellPostmaster({ ...note, tells: { kind: 'guard-news', upTo: last, at: clock.now() } });
      log.info('guard.reported', { id, news: count });
      return count;
    } catch (error) {
      log.warn('guard.report-failed', { error: error instanceof Error ? error.message : String(error) });
      return 0;
    }
  }
}

export function rowOf(state: KeptState): GuardStateRow {
  return { subject: state.subject, check: state.check, state: JSON.stringify(state), doubtful: isDoubtful(state), acknowledged: state.acknowledged !== undefined, lastSeenAt: state.lastSeenAt };
}

function entryOf(news: News, { title, text, remedy, record, link }: Result, whys: Whys): NewsEntry {
  const why = whys[news.check];
  return { ...news, title, text, link, ...(why === undefined ? {} : { why }), ...(remedy === undefined ? {} : { remedy }), ...(record === undefined ? {} : { record }) };
}

/** Names are stable: metrics and webhooks depend on them. */
function announce(log: Log, { kind, check, subject, from, to, since }: News): void {
  const fields = { kind, check, subject, ...(from === undefined ? {} : { from }), to, since };
  if (kind === 'worse' && badnessOf(to === 'unknown' ? undefined : to) > 0) log.warn('guard.worse', fields);
  else log.info(`guard.${kind}`, fields);
}

/** Is a whole examination due? Server by server a little earlier or later. */
export async function wholeRunDue({ store, config, clock }: { readonly store: ManageContext['store']; readonly config: Config; readonly clock: Clock }, everyMs: number): Promise<boolean> {
  const last = await store.chores.lastRunAt(WHOLE_RUN);
  const now = clock.now();
  // A clock that was ahead once must not stop the guard.
  if (last === undefined || last > now) return true;
  return now - last >= everyMs * (1 - GUARD_LIMITS.jitter * fractionOf(`${config.hostname} ${last}`));
}

/** In [0, 1), always the same for a text. */
function fractionOf(text: string): number {
  let hash = 0;
  for (let at = 0; at < text.length; at += 1) hash = (hash * 31 + text.charCodeAt(at)) % 1_000_003;
  return hash / 1_000_003;
}
