/**
 * Which addresses lead to a service of this server. By itself, because every thread that takes mail asks, and none of them
 * should load what the services need.
 */
import type { Config } from '../config/config.ts';
import { DEFAULT_FEEDBACK } from '../config/feedback-config.ts';
import { REPORT_SERVICE, type ServiceAddress, type ServiceOf } from '../contract/service-mail.ts';
import { addressKey, localPartOf } from '../mail/address.ts';
import { isMailTestAddress, MAIL_TEST_SERVICE } from '../manage/mail-test/mail-test-address.ts';

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
