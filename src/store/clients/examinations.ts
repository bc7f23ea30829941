/** What the doctor found, and what the guard remembers and has to tell. */
import { EXAMINATION_LIMITS } from '../../base/guard-limits.ts';
import type { StoreCall } from '../call.ts';
import type { FindingRow, IdentityRow, RunRow, ScoreRow, SpellRow } from '../ops/examinations.ts';
import type { GuardNewsRow, GuardStateRow } from '../ops/guard.ts';

export type { FindingRow, IdentityRow, RunRow, ScoreRow, SpellRow } from '../ops/examinations.ts';
export type { GuardNewsRow, GuardStateRow } from '../ops/guard.ts';

export interface ExaminationStore {
  /** Texts are cut to EXAMINATION_LIMITS.textCharsMax. */
  keep(run: RunRow, scores: readonly ScoreRow[], findings: readonly FindingRow[]): Promise<void>;
  addFindings(findings: readonly FindingRow[], at: number): Promise<void>;
  /** The latest first. `whole`: only those of all checks. */
  runs(limit: number, whole?: boolean): Promise<readonly RunRow[]>;
  scores(subject: string, limit: number): Promise<readonly ScoreRow[]>;
  /** '' stands for all. */
  spells(of: { readonly subject: string; readonly check: string; readonly limit: number }): Promise<readonly SpellRow[]>;
  /** What fails as it was seen since `since`, milliseconds since 1970, without consequences. */
  failing(since: number, limit: number): Promise<readonly Pick<SpellRow, 'subject' | 'check'>[]>;
  prune(before: number): Promise<void>;
  /** Notes that mail leaves from these now. */
  addIdentities(identities: readonly Pick<IdentityRow, 'address' | 'helo'>[], at: number): Promise<void>;
  /** Those seen since `since`, milliseconds since 1970, the latest first. */
  identities(since: number): Promise<readonly IdentityRow[]>;
}

export interface GuardStore {
  /** One commit. */
  put(states: readonly GuardStateRow[], news: readonly string[], at: number): Promise<void>;
  /** All up to the one with this id. */
  told(last: number, at: number): Promise<void>;
  prune(seenBefore: number, toldBefore: number): Promise<void>;
  statesOf(subjects: readonly string[]): Promise<readonly string[]>;
  states(which: 'all' | 'doubtful' | 'acknowledged', after: { readonly subject: string; readonly check: string }, limit: number): Promise<readonly string[]>;
  untold(limit: number): Promise<readonly GuardNewsRow[]>;
  countUntold(): Promise<{ readonly count: number; readonly last: number }>;
  news(limit: number): Promise<readonly GuardNewsRow[]>;
}

export function createExaminationStore(call: StoreCall): ExaminationStore {
  const addFindings = async (findings: readonly FindingRow[], at: number): Promise<void> => {
    for (let from = 0; from < findings.length; from += EXAMINATION_LIMITS.resultsPerCallMax) {
      await call('examinations.addFindings', { rows: findings.slice(from, from + EXAMINATION_LIMITS.resultsPerCallMax).map(cut), at });
    }
  };
  return {
    keep: async (run, scores, findings) => {
      await call('examinations.addRun', { run, scores });
      await addFindings(findings, run.at);
    },
    addFindings,
    runs: (limit, whole = false) => call('examinations.runs', { limit, whole }),
    scores: (subject, limit) => call('examinations.scores', { subject, limit }),
    spells: (of) => call('examinations.spells', of),
    failing: (since, limit) => call('examinations.failing', { since, limit }),
    prune: (before) => call('examinations.prune', { before }),
    addIdentities: (rows, at) => call('examinations.addIdentities', { rows, at }),
    identities: (since) => call('examinations.identities', { since, limit: EXAMINATION_LIMITS.listedMax }),
  };
}

function cut({ text, remedy, record, ...row }: FindingRow): FindingRow {
  const chars = EXAMINATION_LIMITS.textCharsMax;
  return { ...row, text: text.slice(0, chars), remedy: remedy?.slice(0, chars) ?? null, record: record?.slice(0, chars) ?? null };
}

export function createGuardStore(call: StoreCall): GuardStore {
  return {
    put: (states, news, at) => call('guard.put', { states, news, at }),
    told: (last, at) => call('guard.told', { last, at }),
    prune: (seenBefore, toldBefore) => call('guard.prune', { seenBefore, toldBefore }),
    statesOf: (subjects) => call('guard.statesOf', { subjects }),
    states: (which, after, limit) => call('guard.states', { which, after, limit }),
    untold: (limit) => call('guard.untold', { limit }),
    countUntold: () => call('guard.countUntold', undefined),
    news: (limit) => call('guard.news', { limit }),
  };
}
