/**
 * What is built wrongly in a message: line lengths, raw 8-bit text, parts that do not say what they are. Pure.
 *
 * Policy: `broken` is what servers refuse or readers cannot show; the rest works by luck. Bounded: the parts that
 * parseMimeStructure found, and one pass over the bytes.
 */
import { longestLine } from '../longest-line.ts';
import { isUtf8 } from 'node:buffer';
import { CONTENT_LIMITS } from '../../base/content-limits.ts';
import { allFields, firstField, parseHeader } from '../../mail/header.ts';
import type { MimePart } from '../../mail/mime-structure.ts';
import { findParameter, parseStructuredField } from '../../mail/mime-parameters.ts';
import type { MessageReading } from './message-reading.ts';

export interface MimeFault {
  readonly broken: boolean;
  /** A sentence. */
  readonly text: string;
  /** A sentence. */
  readonly fix: string;
}

/** RFC 5322 §2.1.1, without the line end. */
const LINE_BYTES_MAX = 998;
/** RFC 2045 §6.1. */
const ENCODINGS = new Set(['7bit', '8bit', 'binary', 'quoted-printable', 'base64']);
const PARTS_LOOKED_AT_MAX = 100;
const ENCODE = 'Encode the text of the part as quoted-printable or base64; mail libraries do it by themselves when they are told the charset.';

export function mimeFaults(reading: MessageReading): MimeFault[] {
  return [...lineFaults(reading), ...letterFaults(reading), ...structureFaults(reading)];
}

/** How it is built, apart from what its lines hold. */
export function structureFaults(reading: MessageReading): MimeFault[] {
  return [...earlyEnd(reading), ...versionFaults(reading), ...partFaultsOf(reading)];
}

function partFaultsOf(reading: MessageReading): MimeFault[] {
  return partsOf(reading.structure).slice(0, PARTS_LOOKED_AT_MAX).flatMap((part) => partFaults(reading, part));
}

function lineFaults({ bytes }: MessageReading): MimeFault[] {
  const longest = longestLine(bytes);
  const faults: MimeFault[] = [];
  if (longest > LINE_BYTES_MAX) faults.push({ broken: true, text: `A line has ${longest} bytes; ${LINE_BYTES_MAX} are allowed (RFC 5322 section 2.1.1).`, fix: ENCODE });
  if (bytes.includes(0)) faults.push({ broken: true, text: 'The message holds a NUL byte, which many servers refuse.', fix: ENCODE });
  return faults;
}

function letterFaults({ bytes, header }: MessageReading): MimeFault[] {
  const raw = bytes.subarray(0, header.bodyOffset);
  const faults: MimeFault[] = [];
  if (raw.some((byte) => byte > 127)) {
    const names = header.fields.filter((field) => field.raw.some((byte) => byte > 127)).map(({ name }) => name || 'a nameless line').slice(0, 3).join(', ');
    // RFC 6532: UTF-8 may stand in the header where all servers on the way say SMTPUTF8.
    faults.push({ broken: !isUtf8(raw), text: `Letters beyond ASCII stand unencoded in the header (${names}).`, fix: 'Encode them as RFC 2047 says (=?utf-8?…?=); mail libraries do it when the field is set through them.' });
  }
  return faults;
}

const FIELD_IN_TEXT = /^(mime-version|content-type|content-transfer-encoding|subject|from|to|message-id):/i;

/** An empty line between the fields: what follows is shown to the reader. */
function earlyEnd({ bytes, header, structure }: MessageReading): MimeFault[] {
  const [, name] = FIELD_IN_TEXT.exec(bytes.toString('latin1', header.bodyOffset, header.bodyOffset + 30)) ?? [];
  if (name === undefined || structure.parts !== undefined || firstField(header.fields, name.toLowerCase()) !== undefined) return [];
  return [{ broken: true, text: `The header ends too early: the text begins with ${name}, which belongs into the header.`, fix: 'Let the sending program write no empty line between the fields of the header: often a line end too much is in a template or a variable.' }];
}

function versionFaults({ header, structure }: MessageReading): MimeFault[] {
  const isMime = firstField(header.fields, 'mime-version') !== undefined;
  if (!isMime && (structure.parts !== undefined || firstField(header.fields, 'content-type') !== undefined)) return [{ broken: false, text: 'There is a Content-Type but no MIME-Version.', fix: 'Add MIME-Version: 1.0 to the header.' }];
  return [];
}

function partsOf(part: MimePart): MimePart[] {
  return [part, ...(part.parts ?? []).flatMap(partsOf)];
}

function partFaults({ bytes, header }: MessageReading, part: MimePart): MimeFault[] {
  const { fields } = part.headerStart === 0 ? header : parseHeader(bytes.subarray(part.headerStart, part.bodyStart));
  const declared = allFields(fields, 'content-type')[0]?.value;
  const type = declared === undefined ? undefined : parseStructuredField(declared);
  const name = type?.value.slice(0, 60) ?? 'text/plain';
  const body = bytes.subarray(part.bodyStart, part.bodyEnd);
  const faults: MimeFault[] = [];
  if (type && !/^[^/\s]+\/[^/\s]+$/.test(type.value)) faults.push({ broken: true, text: `A Content-Type cannot be read: ${(declared ?? '').slice(0, 60)}.`, fix: 'Write it as type/subtype, such as text/plain; charset=utf-8.' });
  if (type?.value.startsWith('multipart/')) faults.push(...multipartFaults(bytes, part, findParameter(type.parameters, 'boundary'), name));
  if (!ENCODINGS.has(part.encoding)) faults.push({ broken: true, text: `The part ${name} is encoded as ${part.encoding.slice(0, 40)}, which nobody knows.`, fix: 'Use quoted-printable for text and base64 for everything else.' });
  if (part.parts === undefined && part.message === undefined) faults.push(...leafFaults(part, body, name));
  return faults;
}

function multipartFaults(bytes: Buffer, part: MimePart, boundary: string | undefined, name: string): MimeFault[] {
  if (boundary === undefined || boundary === '') return [{ broken: true, text: `The part ${name} names no boundary, so its parts cannot be found.`, fix: 'Let a mail library build the parts.' }];
  const faults: MimeFault[] = [];
  if (part.encoding === 'base64' || part.encoding === 'quoted-printable') faults.push({ broken: true, text: `The part ${name} is encoded as a whole, which RFC 2045 section 6.4 forbids.`, fix: 'Encode the parts inside of it instead.' });
  if (bytes.indexOf(`--${boundary}`, part.bodyStart) < 0) faults.push({ broken: true, text: `The boundary of the part ${name} does not occur in it.`, fix: 'Let a mail library build the parts.' });
  else if (bytes.indexOf(`--${boundary}--`, part.bodyStart) < 0) faults.push({ broken: false, text: `The part ${name} is not closed: its last boundary with "--" behind it is missing.`, fix: 'Something cut the message off, or its parts were put together by hand: let a mail library build them.' });
  return faults;
}

function leafFaults({ encoding, type, parameters }: MimePart, whole: Buffer, name: string): MimeFault[] {
  const body = whole.subarray(0, CONTENT_LIMITS.textCharsMax);
  const high = (encoding === '7bit' || type === 'text') && body.some((byte) => byte > 127);
  if (encoding === 'base64' && /[^A-Za-z0-9+/=\s]/.test(body.toString('latin1'))) return [{ broken: true, text: `The part ${name} says that it is base64, but is not.`, fix: 'Let a mail library encode it.' }];
  if (high && encoding === '7bit') return [{ broken: false, text: `The part ${name} holds 8-bit text without saying so.`, fix: 'Add Content-Transfer-Encoding: 8bit and a charset, or better encode it as quoted-printable.' }];
  const charset = (findParameter(parameters, 'charset') ?? '').toLowerCase();
  if (high && charset === '') return [{ broken: false, text: `The part ${name} has letters beyond ASCII and names no charset.`, fix: 'Add charset=utf-8 to its Content-Type.' }];
  if (high && charset === 'utf-8' && whole.length <= CONTENT_LIMITS.textCharsMax && !isUtf8(whole)) return [{ broken: true, text: `The part ${name} says that it is UTF-8, but is not.`, fix: 'Name the charset that the text really has, or convert it.' }];
  return [];
}
