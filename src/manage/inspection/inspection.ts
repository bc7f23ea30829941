/**
 * What takes long and is done now and then: reading what strangers wrote (messages to be scored, files that hold reports), and
 * examining this server. A server has it done where nobody waits for it (compose/inspection/); here is what it can be asked.
 */
import type { FoundReport } from '../../verify/reports/report-file.ts';
import type { PostedTlsReport } from '../../verify/reports/posted-tls-report.ts';
import type { GuardExamination, GuardQuestion } from '../doctor/guard-examination.ts';
import type { ScoreQuestion, ScoreReport } from '../mail-test/score.ts';

/** All reject with a temporary Failure when it cannot be done now. */
export interface Inspection {
  /** Of a message. Empty: it holds no report. What nobody could read, or not in time, is `unreadable`. */
  reportsInMessage(message: Buffer): Promise<readonly FoundReport[]>;
  /** The same of a file as it lies on a disk. */
  reportsInFile(file: Buffer): Promise<readonly FoundReport[]>;
  /** Of what was posted to this server: JSON, packed by gzip or not. */
  postedTlsReport(body: Buffer): Promise<PostedTlsReport>;
  /** Rejects with a permanent Failure `not-inspected` for a message that cannot be read in time. */
  score(question: ScoreSubject): Promise<ScoreReport>;
  /** Of this server, for its guard. */
  examine(question: GuardQuestion): Promise<GuardExamination>;
}

export type ScoreSubject = Pick<ScoreQuestion, 'message' | 'connection' | 'arrivedAt' | 'followLinks'>;
