/** Addresses that scripts write (RFC 5228 §2.4.2.3). */
import { formatMailbox, parseAddressList, parseMailbox } from '../../mail/address.ts';
import type { Text } from '../program.ts';
import type { Report } from '../signature.ts';

/** RFC 5228 §2.4.2.3: an address, or a name with one in angle brackets; its `local@domain`. */
export function readAddress(text: string): string | undefined {
  const direct = parseMailbox(text.trim(), { utf8: true });
  if (direct) return formatMailbox(direct);
  if (!text.includes('<') || /[\r\n\0]/.test(text)) return undefined;
  const list = parseAddressList(text);
  const mailbox = list.length === 1 && list[0]?.group === undefined ? parseMailbox(list[0]?.address ?? '', { utf8: true }) : undefined;
  return mailbox && formatMailbox(mailbox);
}

export function checkAddresses(texts: readonly Text[], report: Report): void {
  for (const text of texts) {
    if (!text.parts && !readAddress(text.source)) report.problem(text, `“${text.source}” is no address`);
  }
}
