/** The services of this server that read mail (their addresses: compose/service-addresses.ts). They decide in the main thread; what takes long is inspected elsewhere. */
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { Config } from '../config/config.ts';
import { DEFAULT_FEEDBACK } from '../config/feedback-config.ts';
import type { Directory } from '../contract/directory.ts';
import type { Dns } from '../contract/dns.ts';
import type { HttpsFetch } from '../contract/https-fetch.ts';
import type { OwnMail } from '../contract/own-mail.ts';
import type { LaneKey } from '../contract/sending.ts';
import type { MailService } from '../contract/service-mail.ts';
import { createReportService } from '../flow/reports/report-service.ts';
import { MAIL_TEST_SERVICE } from '../manage/mail-test/mail-test-address.ts';
import type { Inspection } from '../manage/inspection/inspection.ts';
import { TestsUnderway } from '../manage/mail-test/tests-underway.ts';
import type { Store } from '../store/store.ts';

export interface ServicePorts {
  /** The live one. */
  readonly config: Config;
  readonly clock: Clock;
  readonly log: Log;
  readonly store: Store;
  readonly dns: Dns;
  readonly directory: Directory;
  readonly fetch: HttpsFetch;
  readonly ownMail: OwnMail;
  readonly inspection: Inspection;
  /** A recipient called mail of this lane spam. */
  readonly complained: (lane: LaneKey) => void;
}

export function createServices(ports: ServicePorts): readonly MailService[] {
  return [createReportService({ ...ports, readReports: (message) => ports.inspection.reportsInMessage(message), keepMs: () => (ports.config.feedback ?? DEFAULT_FEEDBACK).keepMs }), createMailTest(ports)];
}

/** Loaded when the first message comes. */
function createMailTest(ports: ServicePorts): MailService {
  const underway = new TestsUnderway();
  return {
    name: MAIL_TEST_SERVICE,
    take: async (mail) => (await import('../manage/mail-test/mail-test.ts')).takeMailTest({ ...ports, underway }, mail),
  };
}
