/**
 * A message read once for everybody who judges what it says: header, structure, the texts that a reader sees, links,
 * images, attachments.
 *
 * Policy: hostile input is bounded by CONTENT_LIMITS and never throws. Parts inside a forwarded message and attachments are
 * not what the sender says, and are not read.
 */
import { CONTENT_LIMITS } from '../../base/content-limits.ts';
import { parseAddressList, type HeaderAddress } from '../../mail/address-list.ts';
import { decodeWords } from '../../mail/encoded-word.ts';
import { allFields, firstField, parseHeader, type ParsedHeader } from '../../mail/header.ts';
import { parseMimeStructure, type MimePart } from '../../mail/mime-structure.ts';
import { decodeBody, decodeText, listAttachments, type Attachment } from '../../mail/text.ts';
import { namesInZip } from '../reports/unpack.ts';
import { readHtml, type HtmlReading } from './html-reading.ts';
import { linksInText, type Link } from './link.ts';

export interface MessageReading {
  /** At most CONTENT_LIMITS.messageBytesMax of it. */
  readonly bytes: Buffer;
  readonly header: ParsedHeader;
  readonly structure: MimePart;
  readonly from: readonly HeaderAddress[];
  /** Decoded; '' when there is none. */
  readonly subject: string;
  /** Of the text/plain parts that show; undefined when there is none. */
  readonly text: string | undefined;
  /** Of the text/html parts that show; undefined when there is none. */
  readonly html: HtmlReading | undefined;
  /** Each URL once; those of HTML first, because their text is known. */
  readonly links: readonly Link[];
  /** Images that the message brings along. */
  readonly imageParts: number;
  readonly attachments: readonly { readonly name: string; readonly type: string; readonly sizeBytes: number }[];
  /** Names of the files in zip archives among them; what is too large is not looked into. */
  readonly archived: readonly string[];
  /** Not everything was read. */
  readonly cut: boolean;
}

/** `message` with CRLF line ends. */
export function readMessage(message: Buffer): MessageReading {
  const bytes = message.subarray(0, CONTENT_LIMITS.messageBytesMax);
  const header = parseHeader(bytes);
  const structure = parseMimeStructure(bytes);
  const shown = shownParts(structure);
  const plain = joined(bytes, shown.filter(({ subtype }) => subtype !== 'html'));
  const markup = joined(bytes, shown.filter(({ subtype }) => subtype === 'html'));
  const html = markup === undefined ? undefined : readHtml(markup.text);
  const attached = listAttachments(structure);
  const attachments = attached.map(({ name, type, sizeBytes }) => ({ name, type, sizeBytes }));
  return {
    bytes,
    header,
    structure,
    from: allFields(header.fields, 'from').flatMap(({ value }) => parseAddressList(value)),
    subject: decodeWords(firstField(header.fields, 'subject')?.value ?? ''),
    text: plain?.text,
    html,
    links: distinct([...(html?.links ?? []), ...linksInText(plain?.text ?? '')]),
    imageParts: attachments.filter(({ type }) => type.startsWith('image/')).length,
    attachments,
    archived: namesInArchives(bytes, attached),
    cut: bytes.length < message.length || (plain?.cut ?? false) || (markup?.cut ?? false) || (html?.cut ?? false),
  };
}

function namesInArchives(bytes: Buffer, attached: readonly Attachment[]): readonly string[] {
  const { archivesMax, archiveBytesMax, archivedFilesMax } = CONTENT_LIMITS;
  const archives = attached.filter(({ name, type, sizeBytes }) => (/\.zip$/i.test(name) || /zip/.test(type)) && sizeBytes <= archiveBytesMax);
  return archives.slice(0, archivesMax).flatMap(({ part }) => namesInZip(decodeBody(bytes, part), archivedFilesMax));
}

function shownParts(part: MimePart): MimePart[] {
  if (part.parts) return part.parts.flatMap(shownParts);
  return part.type === 'text' && part.disposition?.type !== 'attachment' && (part.subtype === 'plain' || part.subtype === 'html') ? [part] : [];
}

/** Undefined for no parts at all. */
function joined(bytes: Buffer, parts: readonly MimePart[]): { readonly text: string; readonly cut: boolean } | undefined {
  if (parts.length === 0) return undefined;
  const texts: string[] = [];
  let room: number = CONTENT_LIMITS.textCharsMax;
  for (const part of parts) {
    if (room <= 0) return { text: texts.join('\n'), cut: true };
    // Encodings take up to three bytes for a character of ASCII.
    const bodyEnd = Math.min(part.bodyEnd, part.bodyStart + room * 3);
    const text = decodeText(bytes, { ...part, bodyEnd });
    texts.push(text.slice(0, room));
    room -= text.length;
  }
  return { text: texts.join('\n'), cut: room < 0 };
}

function distinct(links: readonly Link[]): Link[] {
  const seen = new Set<string>();
  return links.filter(({ url }) => !seen.has(url) && seen.add(url)).slice(0, CONTENT_LIMITS.linksMax);
}
