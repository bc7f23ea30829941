/** Inspection in the thread that asks for it: the one place that loads what it takes. */
import { readPostedTlsReport } from '../../verify/reports/posted-tls-report.ts';
import { readReportFile, readReportMessage } from '../../verify/reports/report-file.ts';
import { examineForGuard, type GuardExaminationPorts } from '../doctor/guard-examination.ts';
import { scoreMessage } from '../mail-test/score.ts';
import type { Inspection } from './inspection.ts';

export function inspectHere(ports: GuardExaminationPorts): Inspection {
  return {
    reportsInMessage: (message) => readReportMessage(message),
    reportsInFile: readReportFile,
    postedTlsReport: readPostedTlsReport,
    score: (question) => scoreMessage(ports, question),
    examine: (question) => examineForGuard(ports, question),
  };
}
