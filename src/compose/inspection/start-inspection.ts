/** Inspection where it belongs: in a thread of its own, or in this one. */
import type { Clock } from '../../base/clock.ts';
import { Failure } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import type { Config } from '../../config/config.ts';
import type { Dns } from '../../contract/dns.ts';
import type { DoctorNetwork } from '../../contract/doctor-network.ts';
import type { Inspection } from '../../manage/inspection/inspection.ts';
import { asBuffer } from '../../store/call.ts';
import type { TakenReport } from '../../verify/reports/keep-report.ts';
import type { Installation } from '../installation.ts';
import { freshDnsOf } from './fresh-dns.ts';
import { InspectionKeeper } from './inspection-keeper.ts';

export interface RunningInspection extends Inspection {
  reload(config: Config): void;
  close(): Promise<void>;
  /** Absent when it runs in this thread. */
  readonly keeper?: InspectionKeeper;
}

export interface StartInspectionOptions {
  readonly config: Config;
  readonly clock: Clock;
  readonly log: Log;
  readonly dns: Dns;
  readonly network: DoctorNetwork;
  readonly inThread: boolean;
  readonly installation: Installation;
}

export function startInspection(options: StartInspectionOptions): RunningInspection {
  return options.inThread ? inThread(new InspectionKeeper(options)) : here(options);
}

function inThread(keeper: InspectionKeeper): RunningInspection {
  return {
    reportsInMessage: (message) => keeper.ask('reportsInMessage', message).then(revived, unreadable),
    reportsInFile: (file) => keeper.ask('reportsInFile', file).then(revived, unreadable),
    postedTlsReport: (body) => keeper.ask('postedTlsReport', body).catch((error: unknown) => ({ why: givenUp(error) })),
    score: (question) =>
      keeper.ask('score', question).catch((error: unknown) => {
        throw new Failure('not-inspected', `the message could not be scored: ${givenUp(error)}`, { temporary: false });
      }),
    content: (message) => keeper.ask('content', message),
    examine: (question) => keeper.ask('examine', question),
    reload: (config) => keeper.reload(config),
    close: () => keeper.close(),
    keeper,
  };
}

function unreadable(error: unknown): readonly TakenReport[] {
  return [{ kind: 'unreadable', why: givenUp(error) }];
}

/** Why a subject was given up; throws everything else. */
function givenUp(error: unknown): string {
  if (error instanceof Failure && error.code === 'not-inspected') return error.message;
  throw error;
}

/** Bytes come as a Uint8Array out of the other thread. */
function revived(found: readonly TakenReport[]): readonly TakenReport[] {
  return found.map((one) => (one.kind === 'complaint' && one.report.originalHeader ? { ...one, report: { ...one.report, originalHeader: asBuffer(one.report.originalHeader) } } : one));
}

/** Loaded at first use: it is a large part of the program. */
function here(options: StartInspectionOptions): RunningInspection {
  const inspection = async (): Promise<Inspection> => (await options.installation.load('inspection', () => import('../../manage/inspection/inspect-here.ts'))).inspectHere({ ...options, freshDns: freshDnsOf(options), doctor: () => options.config.doctor });
  return {
    reportsInMessage: async (message) => (await inspection()).reportsInMessage(message),
    reportsInFile: async (file) => (await inspection()).reportsInFile(file),
    postedTlsReport: async (body) => (await inspection()).postedTlsReport(body),
    score: async (question) => (await inspection()).score(question),
    content: async (message) => (await inspection()).content(message),
    examine: async (question) => (await inspection()).examine(question),
    reload: () => {},
    close: async () => {},
  };
}
