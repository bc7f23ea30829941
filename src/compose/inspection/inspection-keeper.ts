/**
 * The inspection thread, as the main thread has it: started when something is to be read, ended when nothing was for a
 * while, replaced when it dies.
 *
 * Policy: each task has a deadline, and nothing else than ending the thread stops one that computes. When the thread ends
 * under several tasks, nobody knows which was at fault: they are done again, one by one. Under which it ends alone, that one
 * is given up (`not-inspected`, permanent: it would end the next thread, too). A thread that cannot even start is nobody's
 * fault, and temporary. What users send has places of its own, for what strangers have read may be made to take long.
 */
import { Worker } from 'node:worker_threads';
import type { Clock, Timer } from '../../base/clock.ts';
import { Failure } from '../../base/errors.ts';
import { INSPECTION_LIMITS } from '../../base/inspection-limits.ts';
import { PREFLIGHT_LIMITS } from '../../base/limits.ts';
import type { Log } from '../../base/log.ts';
import { REPORT_IN_LIMITS } from '../../base/report-in-limits.ts';
import { workerModule } from '../../base/worker-module.ts';
import type { Config } from '../../config/config.ts';
import { exactBytes } from '../../store/call.ts';
import { failureOf } from '../../store/caller.ts';
import type { Installation } from '../installation.ts';
import type { FindingOf, FromInspectionThread, InspectionThreadOptions, SubjectOf, Task, ToInspectionThread } from './inspection-protocol.ts';

export interface InspectionKeeperOptions {
  readonly config: Config;
  readonly clock: Clock;
  readonly log: Log;
  readonly installation: Installation;
}

interface Job {
  readonly id: number;
  readonly task: Task;
  readonly subject: unknown;
  /** Milliseconds since 1970: then nobody waits for it any longer. Absent: somebody always does. */
  readonly wantedUntil?: number;
  resolve(finding: unknown): void;
  reject(error: Failure): void;
  /** A thread ended under it and others. */
  suspect: boolean;
  deadline?: Timer;
}

/** A thread in service. */
interface Hired {
  readonly worker: Worker;
  ready: boolean;
  /** Why it was ended. */
  overdueMs?: number;
}

const { readMs } = REPORT_IN_LIMITS;
/** Milliseconds. */
const LIMITS: Readonly<Record<Task, number>> = { reportsInMessage: readMs, reportsInFile: readMs, postedTlsReport: readMs, score: INSPECTION_LIMITS.scoreMs, content: INSPECTION_LIMITS.contentMs, examine: INSPECTION_LIMITS.examineMs };

interface Places {
  readonly atOnceMax: number;
  readonly waitingMax: number;
}

const PLACES_OF_STRANGERS: Places = INSPECTION_LIMITS;
const PLACES_OF_USERS: Places = { atOnceMax: INSPECTION_LIMITS.contentAtOnceMax, waitingMax: INSPECTION_LIMITS.contentWaitingMax };

function placesOf(task: Task): Places {
  return task === 'content' ? PLACES_OF_USERS : PLACES_OF_STRANGERS;
}

export class InspectionKeeper {
  readonly #options: InspectionKeeperOptions;
  #config: Config;
  #hired: Hired | undefined;
  readonly #waiting: Job[] = [];
  readonly #underway = new Map<number, Job>();
  #idle: Timer | undefined;
  #nextId = 1;
  #closed = false;

  constructor(options: InspectionKeeperOptions) {
    this.#options = options;
    this.#config = options.config;
  }

  /** The thread, while there is one: for tests of what follows its end. */
  get worker(): Worker | undefined {
    return this.#hired?.worker;
  }

  /** Rejects with Failure `not-inspected` (permanent), `inspection-busy` or what the inspection itself rejects with. */
  async ask<T extends Task>(task: T, subject: SubjectOf<T>): Promise<FindingOf<T>> {
    // A thread of another version would not understand this one.
    if (!this.#hired) this.#options.installation.assertSame();
    if (this.#closed) throw new Failure('inspection-down', 'the server is stopping');
    const places = placesOf(task);
    if (countIn(this.#waiting, places) >= places.waitingMax) throw busy();
    const wanted = task === 'content' ? { wantedUntil: this.#options.clock.now() + PREFLIGHT_LIMITS.contentMs } : {};
    return new Promise((resolve, reject) => {
      this.#waiting.push({ id: this.#nextId++, task, subject, suspect: false, ...wanted, resolve: resolve as (finding: unknown) => void, reject });
      this.#advance();
    });
  }

  reload(config: Config): void {
    this.#config = config;
    this.#hired?.worker.postMessage({ kind: 'reload', config: { ...config } } satisfies ToInspectionThread, []);
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#idle?.cancel();
    await this.#hired?.worker.terminate();
    this.#abandon(this.#waiting.splice(0));
  }

  #advance(): void {
    for (let next = this.#next(); next !== undefined; next = this.#next()) {
      this.#waiting.splice(this.#waiting.indexOf(next), 1);
      if (next.wantedUntil !== undefined && next.wantedUntil < this.#options.clock.now()) next.reject(busy());
      else this.#begin(next);
    }
    if (this.#underway.size === 0) this.#rest();
  }

  /** A suspect goes alone: if the thread ends again, it is known under which. */
  #next(): Job | undefined {
    const underway = [...this.#underway.values()];
    if (underway.some(({ suspect }) => suspect)) return undefined;
    const [first] = this.#waiting;
    if (first?.suspect) return underway.length === 0 ? first : undefined;
    return this.#waiting.find(({ task }) => countIn(underway, placesOf(task)) < placesOf(task).atOnceMax);
  }

  #begin(job: Job): void {
    this.#idle?.cancel();
    const hired = (this.#hired ??= this.#hire());
    const limitMs = LIMITS[job.task];
    this.#underway.set(job.id, job);
    job.deadline = this.#options.clock.timer(limitMs, () => {
      hired.overdueMs = limitMs;
      void hired.worker.terminate();
    });
    const { subject, given } = moved(job);
    hired.worker.postMessage({ kind: 'inspect', id: job.id, task: job.task, subject } satisfies ToInspectionThread, given);
  }

  #rest(): void {
    this.#idle?.cancel();
    this.#idle = this.#options.clock.timer(INSPECTION_LIMITS.idleMs, () => {
      const hired = this.#hired;
      this.#hired = undefined;
      void hired?.worker.terminate();
    });
  }

  #hire(): Hired {
    const { log } = this.#options;
    const workerData: InspectionThreadOptions = { config: { ...this.#config } };
    const worker = new Worker(workerModule(new URL('./inspection-thread.ts', import.meta.url)), { workerData, name: 'posthorn-inspect', resourceLimits: { maxOldGenerationSizeMb: INSPECTION_LIMITS.heapMib } });
    const hired: Hired = { worker, ready: false };
    worker.unref();
    worker.on('message', (message: FromInspectionThread) => {
      if (message.kind === 'ready') hired.ready = true;
      else this.#settle(message);
    });
    worker.on('error', (error) => log.error('inspection.thread-failed', { error: error.stack ?? error.message }));
    worker.once('exit', () => this.#lost(hired));
    return hired;
  }

  #settle(message: Exclude<FromInspectionThread, { readonly kind: 'ready' }>): void {
    const job = this.#underway.get(message.id);
    if (!job) return;
    this.#underway.delete(job.id);
    job.deadline?.cancel();
    if (message.kind === 'found') job.resolve(message.finding);
    else {
      if (message.error.cause !== undefined) this.#options.log.error('inspection.failed', { task: job.task, error: message.error.cause });
      job.reject(failureOf(message.error));
    }
    this.#advance();
  }

  #lost(hired: Hired): void {
    if (this.#hired !== hired) return;
    this.#hired = undefined;
    const jobs = [...this.#underway.values()];
    this.#underway.clear();
    for (const { deadline } of jobs) deadline?.cancel();
    if (this.#closed) return this.#abandon(jobs);
    const [first, ...others] = jobs;
    const why = hired.overdueMs === undefined ? 'reading it needs more memory than there is for it, or met a fault of this program' : `reading it takes longer than ${hired.overdueMs / 1000} seconds`;
    this.#options.log.error('inspection.thread-ended', { underway: jobs.map(({ task }) => task), why: hired.ready ? why : 'it could not start' });
    if (!hired.ready) this.#abandon(jobs);
    else if (first && others.length === 0) first.reject(new Failure('not-inspected', why, { temporary: false }));
    else this.#waiting.unshift(...jobs.map((job) => Object.assign(job, { suspect: true })));
    this.#advance();
  }

  #abandon(jobs: readonly Job[]): void {
    for (const { reject } of jobs) reject(new Failure('inspection-down', 'the thread that reads such things does not run; the log of the server says why'));
  }
}

function countIn(jobs: readonly Job[], places: Places): number {
  return jobs.filter(({ task }) => placesOf(task) === places).length;
}

function busy(): Failure {
  return new Failure('inspection-busy', 'too much is being read at the moment; try again later');
}

/** Bytes as a copy that can be given away: the job may have to be done again. */
function moved({ task, subject }: Job): { readonly subject: unknown; readonly given: ArrayBuffer[] } {
  if (task === 'examine') return { subject, given: [] };
  if (task !== 'score') {
    const bytes = exactBytes(subject as Buffer);
    return { subject: bytes, given: [bytes.buffer] };
  }
  const question = subject as SubjectOf<'score'>;
  const message = exactBytes(question.message);
  return { subject: { ...question, message }, given: [message.buffer] };
}
