/**
 * What submission repairs in a header (RFC 6409 §8) before the message is signed and queued.
 *
 * Policy: adds Date, Message-ID and From where they are missing, takes Bcc, Resent-Bcc and Return-Path out, gives a
 * message without header one, and changes nothing else. What it must not mend, because only the author knows what was
 * meant, it reports; the door refuses what has `refuse`.
 */
import { isAscii } from 'node:buffer';
import { randomBytes } from 'node:crypto';
import { scanAddressList, type AddressToken } from './address-list.ts';
import { formatMailbox, parseMailbox } from './address.ts';
import { formatDate } from './date.ts';
import { allFields, parseHeader, type HeaderField } from './header.ts';

export interface RepairInput {
  /** The message's bytes from the start to the body: up to headerEnd(), or all when there is no empty line. */
  readonly header: Buffer;
  /** Milliseconds since 1970, for Date. */
  readonly now: number;
  /** For Message-ID. */
  readonly hostname: string;
  /** Envelope sender, for a missing From; '' when null. */
  readonly sender: string;
  /** Left side of a new Message-ID; default random. The queue id does well. */
  readonly id?: string;
}

export interface HeaderProblem {
  readonly code: 'from-missing' | 'from-repeated' | 'from-malformed' | 'from-several' | 'field-repeated' | 'raw-8bit';
  /** A sentence for the reply or the log. */
  readonly text: string;
  /** Receivers turn such a message down: better refused here, where the author learns of it. */
  readonly refuse: boolean;
}

export interface RepairResult {
  /** Takes the place of the given header bytes; the very same buffer when nothing was repaired. */
  readonly header: Buffer;
  /** Names of what was added or taken out, e.g. `+Date`, `-Bcc`. */
  readonly repaired: readonly string[];
  readonly problems: readonly HeaderProblem[];
  /** Addresses in From (the added one too): the door checks that they belong to the account. */
  readonly from: readonly string[];
}

const STRIPPED = new Set(['bcc', 'resent-bcc', 'return-path']);
/** RFC 5322 §3.6: at most one each. */
const SINGLE_FIELDS = ['date', 'sender', 'reply-to', 'to', 'cc', 'message-id', 'in-reply-to', 'references', 'subject'];

export function repairSubmission(input: RepairInput): RepairResult {
  const parsed = parseHeader(input.header);
  const firstStray = parsed.fields.findIndex((field) => field.lower === '');
  const fields = firstStray < 0 ? parsed.fields : parsed.fields.slice(0, firstStray);
  const repaired: string[] = [];
  const added = missingFields(fields, input, repaired);
  const kept = fields.filter((field) => !STRIPPED.has(field.lower));
  for (const field of fields) if (STRIPPED.has(field.lower)) repaired.push(`-${field.name}`);
  const tail = separator(input.header, parsed.fields, firstStray, repaired);
  const from = readFrom(fields, added.from);
  const problems = [...fromProblems(fields, added.from !== undefined, from.malformed, from.addresses), ...otherProblems(fields)];
  if (repaired.length === 0) return { header: input.header, repaired, problems, from: from.addresses };
  const header = Buffer.concat([Buffer.from(added.lines.join('')), ...kept.map((field) => withLineEnd(field.raw)), tail]);
  return { header, repaired, problems, from: from.addresses };
}

function missingFields(fields: readonly HeaderField[], input: RepairInput, repaired: string[]): { lines: string[]; from: string | undefined } {
  const names = new Set(fields.map((field) => field.lower));
  const lines: string[] = [];
  const add = (name: string, value: string): void => {
    lines.push(`${name}: ${value}\r\n`);
    repaired.push(`+${name}`);
  };
  if (!names.has('date')) add('Date', formatDate(input.now));
  if (!names.has('message-id')) add('Message-ID', `<${input.id ?? randomBytes(12).toString('hex')}@${input.hostname}>`);
  const sender = names.has('from') ? undefined : parseMailbox(input.sender, { utf8: true });
  const from = sender && formatMailbox(sender);
  if (from) add('From', from);
  return { lines, from };
}

/** Everything behind the last field: the empty line, made when missing, and what turned out to be body. */
function separator(header: Buffer, fields: readonly HeaderField[], firstStray: number, repaired: string[]): Buffer {
  if (firstStray >= 0) {
    repaired.push('+empty line');
    return Buffer.concat([Buffer.from('\r\n'), header.subarray(fields[firstStray]?.start)]);
  }
  const end = fields.at(-1)?.end ?? 0;
  if (end < header.length) return header.subarray(end);
  repaired.push('+empty line');
  return Buffer.from('\r\n');
}

function withLineEnd(raw: Buffer): Buffer {
  return raw.at(-1) === 10 ? raw : Buffer.concat([raw, Buffer.from('\r\n')]);
}

function readFrom(fields: readonly HeaderField[], added: string | undefined): { addresses: string[]; malformed: boolean } {
  if (added !== undefined) return { addresses: [added], malformed: false };
  const scans = allFields(fields, 'from').map((field) => scanAddressList(field.value));
  const mailboxes = scans.flatMap((scan) => scan.tokens).filter((token): token is AddressToken & { kind: 'mailbox' } => token.kind === 'mailbox');
  const addresses = mailboxes.map((token) => `${token.localPart}@${token.domain}`);
  const malformed = scans.some((scan) => scan.problems.length > 0) || addresses.some((address) => !parseMailbox(address, { utf8: true }));
  return { addresses, malformed: malformed || addresses.length === 0 };
}

function fromProblems(fields: readonly HeaderField[], added: boolean, malformed: boolean, addresses: readonly string[]): HeaderProblem[] {
  if (added) return [];
  const count = allFields(fields, 'from').length;
  if (count === 0) return [{ code: 'from-missing', text: 'the message has no From field and no envelope sender to take it from', refuse: true }];
  if (count > 1) return [{ code: 'from-repeated', text: `the message has ${count} From fields; one is allowed (RFC 5322 section 3.6)`, refuse: true }];
  if (malformed) return [{ code: 'from-malformed', text: 'the From field holds no readable address', refuse: true }];
  // RFC 5322 allows several authors; DMARC does not know whom to believe, and large receivers refuse.
  if (addresses.length > 1) return [{ code: 'from-several', text: 'the From field names several addresses; receivers accept only one', refuse: true }];
  return [];
}

function otherProblems(fields: readonly HeaderField[]): HeaderProblem[] {
  const problems: HeaderProblem[] = [];
  for (const name of SINGLE_FIELDS) {
    const found = allFields(fields, name);
    if (found.length > 1) problems.push({ code: 'field-repeated', text: `the field ${found[0]?.name} occurs ${found.length} times`, refuse: false });
  }
  if (fields.some((field) => !isAscii(field.raw))) {
    problems.push({ code: 'raw-8bit', text: 'the header holds characters outside ASCII', refuse: false });
  }
  return problems;
}
