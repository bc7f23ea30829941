/** What a provider's rules ask of a message's header. Pure. */
import { parseAddressList } from '../../mail/address-list.ts';
import { decodeWords } from '../../mail/encoded-word.ts';
import { allFields, firstField, type ParsedHeader } from '../../mail/header.ts';

export interface HeaderFacts {
  readonly fromFields: number;
  readonly fromAddresses: number;
  /** The one From address, and its domain. */
  readonly from?: string;
  readonly fromDomain?: string;
  readonly messageIdFields: number;
  readonly messageId?: string;
  readonly subject: string;
  readonly dateFields: number;
  /** Names of fields that stand more than once and may not, RFC 5322 §3.6. */
  readonly duplicates: readonly string[];
  /** RFC 8058: a https List-Unsubscribe with List-Unsubscribe-Post. */
  readonly oneClickUnsubscribe: boolean;
  readonly listUnsubscribe: boolean;
}

/** RFC 5322 §3.6: these stand at most once. From has a rule of its own. */
const SINGLE_FIELDS = ['Date', 'Sender', 'Reply-To', 'To', 'Cc', 'Message-ID', 'In-Reply-To', 'References', 'Subject'] as const;

export function headerFacts(header: ParsedHeader): HeaderFacts {
  const count = (name: string): number => allFields(header.fields, name.toLowerCase()).length;
  const value = (name: string): string | undefined => firstField(header.fields, name.toLowerCase())?.value;
  const addresses = allFields(header.fields, 'from').flatMap((field) => parseAddressList(field.value).map((each) => each.address));
  const valid = addresses.filter((address) => /^[^@]+@[^@]+$/.test(address));
  const from = valid.length === 1 ? valid[0] : undefined;
  const messageId = value('Message-ID');
  const unsubscribe = value('List-Unsubscribe') ?? '';
  return {
    fromFields: count('From'),
    fromAddresses: valid.length,
    ...(from === undefined ? {} : { from, fromDomain: from.slice(from.lastIndexOf('@') + 1).toLowerCase() }),
    messageIdFields: messageId === undefined || messageId === '' ? 0 : count('Message-ID'),
    ...(messageId === undefined ? {} : { messageId }),
    subject: decodeWords(value('Subject') ?? ''),
    dateFields: count('Date'),
    duplicates: SINGLE_FIELDS.filter((name) => count(name) > 1),
    listUnsubscribe: unsubscribe !== '',
    oneClickUnsubscribe: /<https:/i.test(unsubscribe) && /^List-Unsubscribe=One-Click$/i.test(value('List-Unsubscribe-Post') ?? ''),
  };
}
