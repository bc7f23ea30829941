/** Inspection in the thread that asks for it: the one place that loads what it takes. */
import { taken } from '../../verify/reports/keep-report.ts';
import { readPostedTlsReport } from '../../verify/reports/posted-tls-report.ts';
import { readReportFile, readReportMessage } from '../../verify/reports/report-file.ts';
import { dnsListsOf } from '../dns/dns-lists.ts';
import { examineForGuard, type GuardExaminationPorts } from '../doctor/guard-examination.ts';
import { scoreMessage } from '../mail-test/score.ts';
import { judgeContent } from './content-inspection.ts';
import type { Inspection } from './inspection.ts';

export function inspectHere(ports: GuardExaminationPorts): Inspection {
  return {
    reportsInMessage: async (message) => (await readReportMessage(message)).map(taken),
    reportsInFile: async (file) => (await readReportFile(file)).map(taken),
    postedTlsReport: readPostedTlsReport,
    score: async (question) => scoreMessage({ ...ports, ...(await dnsListsOf(ports.doctor())) }, question),
    content: async (message) => judgeContent({ ...ports, ...(await dnsListsOf(ports.doctor())) }, message),
    examine: (question) => examineForGuard(ports, question),
  };
}
