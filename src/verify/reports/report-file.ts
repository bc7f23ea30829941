/**
 * What kind of report a file or a message holds, by its content: reporters give their attachments all kinds of names and
 * media types.
 */
import { REPORT_IN_LIMITS } from '../../base/report-in-limits.ts';
import type { TlsReport } from '../../contract/reports.ts';
import { parseArf, type ParsedArf } from '../../mail/arf.ts';
import { parseMimeStructure, type MimePart } from '../../mail/mime-structure.ts';
import { decodeBody } from '../../mail/text.ts';
import { readDmarcXml, type DmarcReading } from './dmarc-xml.ts';
import { readTlsJson } from './tls-json.ts';
import { isPacked, UnreadableReport, unpacked } from './unpack.ts';

export type FoundReport =
  | { readonly kind: 'dmarc'; readonly report: DmarcReading }
  | { readonly kind: 'tls'; readonly report: TlsReport }
  | { readonly kind: 'complaint'; readonly report: ParsedArf }
  /** It looked like one. `why`: in words. */
  | { readonly kind: 'unreadable'; readonly why: string };

const SNIFF_BYTES = 4096;

/** A file as it lies on the disk: XML, JSON, gzip, zip, or a message with one inside. Empty: it is no report. */
export async function readReportFile(bytes: Buffer): Promise<readonly FoundReport[]> {
  const found = await readDocument(bytes);
  if (found) return [found];
  return bytes.length > 0 && /^[\x21-\x39\x3b-\x7e]{1,76}:|^From /.test(bytes.toString('latin1', 0, 200)) ? readReportMessage(bytes) : [];
}

/** Empty: the message holds no report. */
export async function readReportMessage(message: Buffer): Promise<readonly FoundReport[]> {
  const complaint = parseArf(message);
  if (complaint) return [{ kind: 'complaint', report: complaint }];
  const found: FoundReport[] = [];
  for (const part of leaves(parseMimeStructure(message)).slice(0, REPORT_IN_LIMITS.attachmentsMax)) {
    const body = decodeBody(message, part);
    const one = await readDocument(body, part.type === 'text' && part.subtype === 'html');
    if (one) found.push(one);
  }
  const readable = found.filter(({ kind }) => kind !== 'unreadable');
  return readable.length > 0 ? readable : found;
}

/** Undefined: it is neither XML nor JSON. */
async function readDocument(bytes: Buffer, isHtml = false): Promise<FoundReport | undefined> {
  try {
    const iterator = unpacked(bytes)[Symbol.asyncIterator]();
    const begun = await iterator.next();
    const first = begun.done === true ? Buffer.alloc(0) : begun.value;
    const start = beginning(first);
    if (start === '<' && !isHtml) return { kind: 'dmarc', report: await readDmarcXml(resumed(first, iterator)) };
    if (start === '{') return { kind: 'tls', report: await readTlsJson(resumed(first, iterator)) };
    await iterator.return?.();
    return isPacked(bytes) ? { kind: 'unreadable', why: 'the compressed file holds neither XML nor JSON' } : undefined;
  } catch (error) {
    if (error instanceof UnreadableReport) return { kind: 'unreadable', why: error.message };
    throw error;
  }
}

/** The first character behind blanks and the byte order mark. */
function beginning(first: Buffer): string {
  const head = first.subarray(0, SNIFF_BYTES);
  const isWide = (head[0] === 0xff && head[1] === 0xfe) || (head[0] === 0xfe && head[1] === 0xff);
  return (isWide ? head.toString('latin1').replace(/^..|\0/gs, '') : head.toString('utf8').replace(/^\uFEFF/, '')).trimStart().slice(0, 1);
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
