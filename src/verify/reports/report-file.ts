/**
 * What kind of report a file or a message holds, by its content: reporters give their attachments all kinds of names and
 * media types.
 */
import { TextDecoder } from 'node:util';
import { REPORT_IN_LIMITS } from '../../base/report-in-limits.ts';
import type { TlsReport } from '../../contract/reports.ts';
import type { ParsedArf } from '../../mail/arf.ts';
import { parseComplaint } from '../../mail/complaint-message.ts';
import { parseMimeStructure, type MimePart } from '../../mail/mime-structure.ts';
import { decodeBody } from '../../mail/text.ts';
import { readXarf } from '../../mail/xarf.ts';
import { readDmarcXml, type DmarcReading } from './dmarc-xml.ts';
import { parseTlsReport, readJsonDocument } from './tls-json.ts';
import { isPacked, UnreadableReport, unpacked } from './unpack.ts';
import { charsetOf } from './xml-charset.ts';

export type FoundReport =
  | { readonly kind: 'dmarc'; readonly report: DmarcReading }
  | { readonly kind: 'tls'; readonly report: TlsReport }
  | { readonly kind: 'complaint'; readonly report: ParsedArf }
  /** It looked like one. `why`: in words. */
  | { readonly kind: 'unreadable'; readonly why: string };

const SNIFF_BYTES = 4096;
/** Files packed in files, messages in messages. */
const DEPTH_MAX = 1;

/** A file as it lies on the disk: XML, JSON, gzip, zip, or a message with one inside. Empty: it is no report. */
export async function readReportFile(bytes: Buffer): Promise<readonly FoundReport[]> {
  const found = await readDocuments(bytes);
  return found.length === 0 && isMessage(bytes) ? readReportMessage(bytes) : found;
}

/** Empty: the message holds no report. */
export async function readReportMessage(message: Buffer, depth = 0): Promise<readonly FoundReport[]> {
  const complaint = parseComplaint(message);
  if (complaint) return [{ kind: 'complaint', report: complaint }];
  const found: FoundReport[] = [];
  for (const part of leaves(parseMimeStructure(message)).slice(0, REPORT_IN_LIMITS.attachmentsMax)) {
    const body = decodeBody(message, part);
    const inside = await readDocuments(body, part.type === 'text' && part.subtype === 'html');
    found.push(...inside);
    // Forwarded as a file, or encoded, which RFC 2046 §5.2.1 does not allow and some do.
    if (inside.length === 0 && part.type !== 'text' && depth < DEPTH_MAX && isMessage(body)) found.push(...(await readReportMessage(body, depth + 1)));
  }
  const readable = found.filter(({ kind }) => kind !== 'unreadable');
  return readable.length > 0 ? readable : found;
}

function isMessage(bytes: Buffer): boolean {
  return bytes.length > 0 && /^[\x21-\x39\x3b-\x7e]{1,76}:|^From /.test(bytes.toString('latin1', 0, 200));
}

/** Empty: it is neither XML nor JSON, nor packed. */
async function readDocuments(bytes: Buffer, isHtml = false, depth = 0): Promise<FoundReport[]> {
  const found: FoundReport[] = [];
  try {
    for (const file of unpacked(bytes)) found.push(...(await readDocument(file, { isHtml, isPacked: isPacked(bytes), depth })));
  } catch (error) {
    if (!(error instanceof UnreadableReport)) throw error;
    found.push({ kind: 'unreadable', why: error.message });
  }
  return found;
}

async function readDocument(file: AsyncIterable<Buffer>, at: { readonly isHtml: boolean; readonly isPacked: boolean; readonly depth: number }): Promise<readonly FoundReport[]> {
  const iterator = file[Symbol.asyncIterator]();
  const begun = await iterator.next();
  const first = begun.done === true ? Buffer.alloc(0) : begun.value;
  const start = beginning(first);
  if (start === '<' && !at.isHtml) return [{ kind: 'dmarc', report: await readDmarcXml(resumed(first, iterator)) }];
  if (start === '{') return [await readJson(resumed(first, iterator))];
  if (at.isPacked && at.depth < DEPTH_MAX && isPacked(first)) return readDocuments(await whole(resumed(first, iterator)), false, at.depth + 1);
  await iterator.return?.();
  return at.isPacked ? [{ kind: 'unreadable', why: 'the compressed file holds neither XML nor JSON' }] : [];
}

/** A TLS report, or a complaint as X-ARF. */
async function readJson(chunks: AsyncIterable<Buffer>): Promise<FoundReport> {
  const document = await readJsonDocument(chunks);
  const complaint = readXarf(document);
  return complaint ? { kind: 'complaint', report: complaint } : { kind: 'tls', report: parseTlsReport(document) };
}

/** Packed twice. */
async function whole(chunks: AsyncIterable<Buffer>): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let total = 0;
  for await (const chunk of chunks) {
    total += chunk.length;
    if (total > REPORT_IN_LIMITS.messageBytesMax) throw new UnreadableReport(`the file inside is larger than ${REPORT_IN_LIMITS.messageBytesMax / 1024 ** 2} MiB`);
    pieces.push(chunk);
  }
  return Buffer.concat(pieces);
}

/** The first character behind blanks and the byte order mark. */
function beginning(first: Buffer): string {
  return new TextDecoder(charsetOf(first)).decode(first.subarray(0, SNIFF_BYTES)).trimStart().slice(0, 1);
}

async function* resumed(first: Buffer, rest: AsyncIterator<Buffer>): AsyncGenerator<Buffer> {
  try {
    yield first;
    for (let next = await rest.next(); next.done !== true; next = await rest.next()) yield next.value;
  } finally {
    await rest.return?.();
  }
}

function leaves(part: MimePart): MimePart[] {
  if (part.parts) return part.parts.flatMap(leaves);
  return part.message ? leaves(part.message) : [part];
}
