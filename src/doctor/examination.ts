/** Runs checks side by side, not more than a bounded number at once, each with a deadline, and tells of each as it ends and of what is awaited. */
import { setImmediate } from 'node:timers/promises';
import { DOCTOR_LIMITS } from '../base/doctor-limits.ts';
import { Semaphore } from '../base/semaphore.ts';
import { explainConsequences, type Consequence } from './causes.ts';
import type { Check, DoctorContext, Finding, Subject } from './check.ts';
import { CHECKS } from './checks/all.ts';
import { wholeScore } from './domain-scores.ts';
import { watchedDns, type Unanswered } from './watched-dns.ts';
import { rememberingNetwork } from './remembering-network.ts';

export interface Result extends Finding, Consequence {
  readonly check: string;
  readonly title: string;
  readonly weight: number;
  readonly cap?: number;
  readonly link: string;
  /** What it is about: the host name, an address, or a domain. */
  readonly subject: string;
  /** The look-up for want of which it is `unknown`. */
  readonly unanswered?: Unanswered;
}

/** A check that is not done yet. */
export interface Awaited {
  readonly title: string;
  readonly subject: string;
}

/** How far an examination is. `of` grows while subjects are still being made. */
export interface Standing {
  readonly done: number;
  readonly of: number;
  /** Under way, the longest first. */
  readonly awaited: Iterable<Awaited>;
}

export interface ExaminationOptions {
  /** Ids of checks; default all. */
  readonly only?: readonly string[];
  readonly deadlineMs: number;
  /** What was found just before and shared by these subjects: it may be the cause of what is found now. */
  readonly beside?: readonly Result[];
  /** Subjects that are still being made, of look-ups of their own; the others do not wait for them. */
  readonly more?: Promise<readonly Subject[]>;
  /** After each check. */
  readonly onStanding?: (standing: Standing) => void;
}

export interface Examination {
  /** Of the worst domain with what all share (domain-scores.ts). */
  readonly score: number;
  /** What is bad first, and of that what costs most; consequences of something else behind it. */
  readonly results: readonly Result[];
}

const ORDER: Readonly<Record<Finding['level'], number>> = { fail: 0, warn: 1, unknown: 2, pass: 3, skip: 4 };

/** Never rejects for what a check found or for a check that failed: that is `unknown`. */
export async function examine({ network, ...ports }: DoctorContext, subjects: readonly Subject[], { only, deadlineMs, beside = [], more, onStanding }: ExaminationOptions): Promise<Examination> {
  const wanted = CHECKS.filter(({ id }) => only === undefined || only.includes(id));
  const context = { ...ports, ...(network ? { network: rememberingNetwork(network) } : {}) };
  let done = 0;
  let of = 0;
  const awaited = new Set<Awaited>();
  const places = new Semaphore(DOCTOR_LIMITS.checksAtOnceMax);
  const look = (some: readonly Subject[]): Promise<readonly Result[]> => {
    const pairs = some.flatMap((subject) => wanted.filter((check) => check.about === subject.kind && applies(check, subject)).map((check) => ({ check, subject })));
    of += pairs.length;
    return Promise.all(pairs.map(async ({ check, subject }) => {
      const { dns, unanswered } = watchedDns(context.dns);
      const waiting = { title: check.title, subject: nameOf(subject) };
      const finding = await places.run(async () => {
        awaited.add(waiting);
        // A check of a large message computes for a while: let others have a turn between two of them.
        await setImmediate();
        return inTime(() => check.run({ ...context, dns }, subject), deadlineMs);
      });
      awaited.delete(waiting);
      done += 1;
      onStanding?.({ done, of, awaited });
      const missing = finding.level === 'unknown' ? (unanswered() ?? (subject.kind === 'message' ? subject.unanswered : undefined)) : undefined;
      return { ...resultOf(check, subject, finding), ...(missing ? { unanswered: missing } : {}) };
    }));
  };
  const found = await Promise.all([look(subjects), ...(more ? [more.then(look)] : [])]);
  const results = explainConsequences([...beside, ...found.flat()], BY_ID).slice(beside.length);
  return { score: wholeScore(results), results: results.toSorted(worstFirst) };
}

/** What is to be said of a domain that neither sends nor receives. */
const OF_SILENT_DOMAINS: ReadonlySet<string> = new Set(['names-without-mail', 'name-servers', 'dnssec', 'domain-lists', 'safe-browsing']);

function applies({ id }: Check, subject: Subject): boolean {
  return subject.kind !== 'domain' || subject.use !== 'none' || OF_SILENT_DOMAINS.has(id);
}

const BY_ID: ReadonlyMap<string, Check> = new Map(CHECKS.map((check) => [check.id, check]));

function worstFirst(a: Result, b: Result): number {
  const follows = (result: Result): number => Number(result.causedBy !== undefined);
  return ORDER[a.level] - ORDER[b.level] || follows(a) - follows(b) || (a.cap ?? 10) - (b.cap ?? 10) || b.weight - a.weight;
}

function resultOf({ id, title, weight, cap, link }: Check, subject: Subject, finding: Finding): Result {
  const name = nameOf(subject);
  return { check: id, title, weight, ...(cap === undefined ? {} : { cap }), link, subject: name, ...finding };
}

async function inTime(work: () => Promise<Finding>, deadlineMs: number): Promise<Finding> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Finding>((resolve) => {
    timer = setTimeout(() => resolve({ level: 'unknown', text: `There was no answer within ${deadlineMs / 1000} seconds.` }), deadlineMs);
  });
  try {
    return await Promise.race([work().catch((error: unknown): Finding => ({ level: 'unknown', text: `The check itself failed: ${error instanceof Error ? error.message : String(error)}.` })), late]);
  } finally {
    clearTimeout(timer);
  }
}

function nameOf(subject: Subject): string {
  switch (subject.kind) {
    case 'host':
      return subject.hostname;
    case 'address':
      return subject.address;
    case 'domain':
      return subject.domain;
    case 'message':
      return subject.name;
  }
}
