/**
 * What takes long and is done now and then: reading what others wrote (messages to be scored or sent, files that hold reports),
 * and examining this server. A server has it done where nobody waits for it (compose/inspection/); here is what it can be asked.
 */
import type { GuardExamination, GuardQuestion } from '../doctor/guard-examination.ts';
import type { Finding } from '../../verify/preflight/finding.ts';
import type { ScoreQuestion, ScoreReport } from '../mail-test/score.ts';
import type { ReportInspection } from './report-inspection.ts';

/** All reject with a temporary Failure when it cannot be done now. */
export interface Inspection extends ReportInspection {
  /** Rejects with a permanent Failure `not-inspected` for a message that cannot be read in time. */
  score(question: ScoreSubject): Promise<ScoreReport>;
  /** What is wrong with what an outgoing message says; the start of a huge one will do. */
  content(message: Buffer): Promise<readonly Finding[]>;
  /** Of this server, for its guard. */
  examine(question: GuardQuestion): Promise<GuardExamination>;
}

export type ScoreSubject = Pick<ScoreQuestion, 'message' | 'connection' | 'arrivedAt' | 'followLinks'>;
