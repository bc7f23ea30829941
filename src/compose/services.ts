/** The services of this server that read mail: which addresses lead to them, and what takes it. */
import type { Clock } from '../base/clock.ts';
import type { Log } from '../base/log.ts';
import type { Config } from '../config/config.ts';
import { DEFAULT_FEEDBACK } from '../config/feedback-settings.ts';
import type { Directory } from '../contract/directory.ts';
import type { DoctorNetwork } from '../contract/doctor-network.ts';
import type { Dns } from '../contract/dns.ts';
import type { HttpsFetch } from '../contract/https-fetch.ts';
import type { OwnMail } from '../contract/own-mail.ts';
import type { LaneKey } from '../contract/sending.ts';
import type { MailService, ServiceAddress, ServiceOf } from '../contract/service-mail.ts';
import { createReportService, REPORT_SERVICE } from '../flow/reports/report-service.ts';
import { isMailTestAddress, MAIL_TEST_SERVICE } from '../manage/mail-test/mail-test-address.ts';
import { TestsUnderway } from '../manage/mail-test/tests-underway.ts';
import { addressKey, localPartOf } from '../mail/address.ts';
import type { Store } from '../store/store.ts';

/** Which addresses a service reads; `address` is of a domain of ours, in the form of addressKey. */
type Reader = (address: string, config: Config) => ServiceAddress | undefined;

const reportReader: Reader = (address, { feedback = DEFAULT_FEEDBACK }) =>
  feedback.addresses.includes(localPartOf(address)) ? { service: REPORT_SERVICE, besideOwner: true } : undefined;

const mailTestReader: Reader = (address, config) => (isMailTestAddress(address, config) ? { service: MAIL_TEST_SERVICE } : undefined);

/** First match wins. Asked in every thread that takes mail. */
const READERS: readonly Reader[] = [reportReader, mailTestReader];

/** `config` is the live one. */
export function createServiceOf(config: Config): ServiceOf {
  return async (address) => {
    const key = addressKey(address);
    for (const reader of READERS) {
      const found = reader(key, config);
      if (found) return found;
    }
    return undefined;
  };
}

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
  /** Made later than the services. */
  readonly network: () => DoctorNetwork;
  /** A recipient called mail of this lane spam. */
  readonly complained: (lane: LaneKey) => void;
}

/** They run in the main thread. */
export function createServices(ports: ServicePorts): readonly MailService[] {
  return [createReportService({ ...ports, keepMs: () => (ports.config.feedback ?? DEFAULT_FEEDBACK).keepMs }), createMailTest(ports)];
}

/** Loaded when the first message comes: session threads, which ask for addresses only, need none of it. */
function createMailTest({ network, ...ports }: ServicePorts): MailService {
  const underway = new TestsUnderway();
  return {
    name: MAIL_TEST_SERVICE,
    take: async (mail) => (await import('../manage/mail-test/mail-test.ts')).takeMailTest({ ...ports, underway, network: network() }, mail),
  };
}
