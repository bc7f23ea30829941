/** Inspection in the thread that asks for it: the one place that loads what reading takes. */
import { readPostedTlsReport } from '../../verify/reports/posted-tls-report.ts';
import { readReportFile, readReportMessage } from '../../verify/reports/report-file.ts';
import type { VerifyContext } from '../authentication/verify.ts';
import { scoreMessage } from '../mail-test/score.ts';
import type { Inspection } from './inspection.ts';

export function inspectHere(context: VerifyContext): Inspection {
  return {
    reportsInMessage: (message) => readReportMessage(message),
    reportsInFile: readReportFile,
    postedTlsReport: readPostedTlsReport,
    score: (question) => scoreMessage(context, question),
  };
}
