/** Messages as lines for people: the header summary, and a message to read. Strangers' text is made printable. */
import { displayWidth, printable } from '../../base/table.ts';
import { decodeWords } from '../../mail/encoded-word.ts';
import { firstField, parseHeader } from '../../mail/header.ts';
import { parseMimeStructure } from '../../mail/mime-structure.ts';
import { listAttachments, readableText } from '../../mail/text.ts';
import type { MessageSummary, SummaryAddress } from '../../manage/mailbox/mailbox.ts';

export interface SummaryMarks {
  readonly number: number;
  readonly current: boolean;
  readonly deleted: boolean;
}

export function isSeen({ flags }: Pick<MessageSummary, 'flags'>): boolean {
  return flags.includes('\\Seen');
}

/** `>N  1 Alice Example      Nov 20 18:24   2345  Subject`, at most `width` columns. */
export function summaryLine(message: MessageSummary, marks: SummaryMarks, width: number): string {
  const state = marks.deleted ? 'D' : isSeen(message) ? ' ' : message.flags.includes('\\Recent') ? 'N' : 'U';
  const from = clip(printable(personOf(message.from[0])), 20);
  const line = `${marks.current ? '>' : ' '}${state}${String(marks.number).padStart(3)} ${from} ${shortDate(message.internalDate)} ${String(message.sizeBytes).padStart(7)} ${printable(message.subject)}`;
  return clip(line, width).trimEnd();
}

export function personOf(address: SummaryAddress | undefined): string {
  return address === undefined ? '(nobody)' : address.name || address.address;
}

function clip(text: string, width: number): string {
  let kept = '';
  for (const character of text) {
    if (displayWidth(kept + character) > width) break;
    kept += character;
  }
  return kept + ' '.repeat(Math.max(0, width - displayWidth(kept)));
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

function shortDate(at: number): string {
  const date = new Date(at);
  return `${MONTHS[date.getMonth()]} ${String(date.getDate()).padStart(2)} ${date.toTimeString().slice(0, 5)}`;
}

export interface ReadableMessage {
  /** Decoded, in the order in which people want them; fields that are missing are left out. */
  readonly fields: readonly (readonly [name: string, value: string])[];
  readonly text: string;
  readonly attachments: readonly { readonly name: string; readonly type: string; readonly sizeBytes: number }[];
}

const SHOWN_FIELDS = ['Date', 'From', 'Reply-To', 'To', 'Cc', 'Subject'];

export function readableMessage(bytes: Buffer): ReadableMessage {
  const { fields } = parseHeader(bytes);
  const structure = parseMimeStructure(bytes);
  return {
    fields: SHOWN_FIELDS.flatMap((name) => {
      const field = firstField(fields, name);
      return field ? [[name, printable(decodeWords(field.value))] as const] : [];
    }),
    text: readableText(bytes, structure),
    attachments: listAttachments(structure).map(({ name, type, sizeBytes }) => ({ name, type, sizeBytes })),
  };
}

export function messageLines(bytes: Buffer): string[] {
  const { fields, text, attachments } = readableMessage(bytes);
  const lines = fields.map(([name, value]) => `${name}: ${value}`);
  lines.push('', ...text.replace(/\n+$/, '').split('\n'));
  if (attachments.length > 0) lines.push('');
  for (const { name, type, sizeBytes } of attachments) lines.push(`[attachment: ${printable(name) || 'without a name'}, ${type}, ${sizeBytes} bytes]`);
  return lines;
}
