/** Keeping what the doctor found: runs and scores, and the findings by the time in which they were the same. */
import { isIP } from 'node:net';
import { z } from 'zod';
import { DOCTOR_LIMITS } from '../../base/doctor-limits.ts';
import { EXAMINATION_LIMITS } from '../../base/guard-limits.ts';
import type { Level } from '../../doctor/check.ts';
import { domainScores, type ScoredResult } from '../../doctor/domain-scores.ts';
import type { FindingRow, RunRow, ScoreRow } from '../../store/clients/examinations.ts';
import { domainKey } from '../../store/clients/directory.ts';
import { defineVerb } from '../verb.ts';

const TEXT_CHARS_MAX = 100_000;
const LEVELS = ['pass', 'warn', 'fail', 'unknown', 'skip'] as const satisfies readonly Level[];
/** The store cuts what is longer than it keeps. */
const text = z.string().max(TEXT_CHARS_MAX);
// What a result says besides (title, link) is in the check.
const finding = z.object({
  check: z.string().max(100), subject: z.string().max(255), level: z.enum(LEVELS), text, remedy: text.optional(), record: text.optional(),
  weight: z.number().min(0).max(100), cap: z.number().min(0).max(10).optional(), causedBy: z.string().max(100).optional(),
});

/** What is kept of the result of a check. */
export type KeptResult = z.output<typeof finding>;

const keep = defineVerb({
  name: 'doctor.keep',
  summary: 'Keeps what an examination of this server found; what it says of strangers is left out.',
  args: z.strictObject({
    /** Present when all checks were run on everything. */
    score: z.number().min(0).max(10).optional(),
    results: z.array(finding).max(EXAMINATION_LIMITS.resultsMax),
    /** Where mail leaves from now. */
    addresses: z.array(z.object({ address: z.string().max(45), helo: z.string().max(255) })).max(DOCTOR_LIMITS.addressesMax).default([]),
  }),
  run: async ({ store, config, clock }, { score, results, addresses }) => {
    const at = clock.now();
    const domains = (await store.directory.snapshot()).domains.map(({ name }) => name);
    const ours = new Set([...domains, domainKey(config.hostname)]);
    const kept = results.filter(({ subject }) => isIP(subject) !== 0 || ours.has(subject));
    await store.examinations.keep(runOf({ at, by: 'command', ...(score === undefined ? {} : { score }) }, kept), score === undefined ? [] : scoresOf(kept, at), kept.map(findingOf));
    await store.examinations.addIdentities(addresses, at);
    return { kept: kept.length };
  },
});

export const examinationVerbs = [keep] as const;

export function runOf({ at, by, score = null }: { readonly at: number; readonly by: 'command' | 'guard'; readonly score?: number | null }, results: readonly Pick<KeptResult, 'level' | 'causedBy'>[]): RunRow {
  const count = (level: Level): number => results.filter((result) => result.level === level && result.causedBy === undefined).length;
  return { at, by, score, passed: count('pass'), warned: count('warn'), failed: count('fail'), unknown: count('unknown') };
}

export function scoresOf(results: readonly ScoredResult[], at: number): readonly ScoreRow[] {
  return [...domainScores(results)].map(([subject, score]) => ({ subject, at, ...score }));
}

export function findingOf({ subject, check, level, text: said, remedy = null, record = null, causedBy = null }: Pick<KeptResult, 'subject' | 'check' | 'level' | 'text'> & { readonly [part in 'remedy' | 'record' | 'causedBy']?: string | null | undefined }): FindingRow {
  return { subject, check, level, text: said, remedy, record, causedBy };
}
