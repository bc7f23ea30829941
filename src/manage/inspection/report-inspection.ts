/** The part of Inspection that reads reports (inspection.ts): by itself, because verbs ask for it, and examinations are made of verbs. */
import type { PostedTlsReport } from '../../verify/reports/posted-tls-report.ts';
import type { TakenReport } from '../../verify/reports/keep-report.ts';

/** All reject with a temporary Failure when it cannot be done now. */
export interface ReportInspection {
  /** Of a message. Empty: it holds no report. What nobody could read, or not in time, is `unreadable`. */
  reportsInMessage(message: Buffer): Promise<readonly TakenReport[]>;
  /** The same of a file as it lies on a disk. */
  reportsInFile(file: Buffer): Promise<readonly TakenReport[]>;
  /** Of what was posted to this server: JSON, packed by gzip or not. */
  postedTlsReport(body: Buffer): Promise<PostedTlsReport>;
}
