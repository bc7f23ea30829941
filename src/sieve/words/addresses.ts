/** Addresses that scripts write (RFC 5228 §2.4.2.3). */
import { formatMailbox, parseMailbox } from '../../mail/address.ts';
import { scanAddressList } from '../../mail/address-list.ts';
import type { Text } from '../program.ts';
import type { Report } from '../signature.ts';

/** RFC 5228 §2.4.2.3: an address, or a name with one in angle brackets; its `local@domain`. */
export function readAddress(text: string): string | undefined {
  const direct = parseMailbox(text.trim(), { utf8: true });
  if (direct) return formatMailbox(direct);
  const { tokens, problems } = scanAddressList(text);
  const [token] = tokens;
  if (tokens.length !== 1 || problems.length > 0 || token?.kind !== 'mailbox' || /\p{Cc}/u.test(text)) return undefined;
  const mailbox = parseMailbox(`${token.localPart}@${token.domain}`, { utf8: true });
  return mailbox && formatMailbox(mailbox);
}

export function checkAddresses(texts: readonly Text[], report: Report): void {
  for (const text of texts) {
    if (!text.parts && !readAddress(text.source)) report.problem(text, `“${text.source}” is no address`);
  }
}
