/**
 * Whom a message says it is from: all addresses of From and Sender and of their Resent- twins, for the check that they are
 * the account's own.
 */
import type { Directory } from '../../contract/directory.ts';
import { parseAddressList } from '../../mail/address-list.ts';
import { allFields, parseHeader } from '../../mail/header.ts';

/** More authors than this are no person's letter. */
const ADDRESSES_MAX = 20;

/** RFC 5322 §3.6.2, §3.6.6. */
const SENDER_FIELDS = ['from', 'sender', 'resent-from', 'resent-sender'];

/** True when every address in these fields is the account's (RFC 6409 §6.1); a missing From is filled in later. Rejects as the directory does. */
export async function ownsHeaderSenders(directory: Directory, account: string, header: Buffer): Promise<boolean> {
  const { fields } = parseHeader(header);
  for (const name of SENDER_FIELDS) {
    for (const field of allFields(fields, name)) {
      const addresses = parseAddressList(field.value);
      // What cannot be read as an address could be read as one by somebody else.
      if (addresses.length === 0 ? field.value !== '' : addresses.length > ADDRESSES_MAX) return false;
      for (const { address } of addresses) {
        if (!address.includes('@') || !(await directory.maySendAs(account, address))) return false;
      }
    }
  }
  return true;
}
