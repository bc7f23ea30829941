/** Which addresses are the mail-tester's. By itself, because every thread that takes mail asks. */
import type { Config } from '../../config/config.ts';
import { DEFAULT_DOCTOR } from '../../config/doctor-config.ts';
import { localPartOf } from '../../mail/address.ts';

export const MAIL_TEST_SERVICE = 'mail-test';

/** `address` in the form of addressKey, of a domain of ours. */
export function isMailTestAddress(address: string, { doctor }: Pick<Config, 'doctor'>): boolean {
  const { testAddress } = doctor ?? DEFAULT_DOCTOR;
  const local = localPartOf(address);
  return testAddress !== '' && local.length > testAddress.length && local.startsWith(testAddress);
}
