/**
 * The file of a report as a stream of its plain bytes: as it is, out of gzip, or out of a zip archive. Pure but for time:
 * between chunks others get their turn, so that a large report stops nothing.
 *
 * Policy: whoever sends it may want to harm. What is unpacked is bounded in bytes and in its ratio to what came, an archive
 * in its entries; encrypted, split and Zip64 archives are refused. Of an archive the XML and JSON files count, else the
 * first file.
 */
import { setImmediate } from 'node:timers/promises';
import { createGunzip, createInflateRaw, type Gunzip, type InflateRaw } from 'node:zlib';
import { REPORT_IN_LIMITS } from '../../base/report-in-limits.ts';

/** What a file is not, or why it cannot be read; for people. */
export class UnreadableReport extends Error {}

const CHUNK_BYTES = 64 * 1024;
const EOCD = 0x06054b50;
const CENTRAL_ENTRY = 0x02014b50;
const LOCAL_ENTRY = 0x04034b50;
/** The end record and the longest comment behind it. */
const EOCD_SEARCH_BYTES = 22 + 65_535;

export function isPacked(bytes: Buffer): boolean {
  return isGzip(bytes) || isZip(bytes);
}

/** The files in it, one but for archives. Throws UnreadableReport, and rejects with it while they are read. */
export function unpacked(bytes: Buffer): readonly AsyncIterable<Buffer>[] {
  if (isGzip(bytes)) return [inflated(createGunzip({ chunkSize: CHUNK_BYTES }), bytes)];
  if (!isZip(bytes)) return [plain(bytes)];
  return zipMembers(bytes).map(({ data, method }) => (method === 0 ? plain(data) : inflated(createInflateRaw({ chunkSize: CHUNK_BYTES }), data)));
}

/** Names of the files in a zip archive, at most `most`; [] for what is none, or damaged. */
export function namesInZip(bytes: Buffer, most: number): readonly string[] {
  if (!isZip(bytes)) return [];
  try {
    return zipEntries(bytes, most).map(({ name }) => name);
  } catch (error) {
    if (error instanceof UnreadableReport) return [];
    throw error;
  }
}

/** The same without archives: as it is, or out of gzip. */
export function unpackedGzip(bytes: Buffer): AsyncIterable<Buffer> {
  return isGzip(bytes) ? inflated(createGunzip({ chunkSize: CHUNK_BYTES }), bytes) : plain(bytes);
}

function isGzip(bytes: Buffer): boolean {
  return bytes.length > 2 && bytes[0] === 0x1f && bytes[1] === 0x8b;
}

function isZip(bytes: Buffer): boolean {
  return bytes.length > 4 && bytes.readUInt32LE(0) === LOCAL_ENTRY;
}

async function* plain(bytes: Buffer): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += CHUNK_BYTES) {
    if (at > 0) await setImmediate();
    yield bytes.subarray(at, at + CHUNK_BYTES);
  }
}

async function* inflated(stream: Gunzip | InflateRaw, packed: Buffer): AsyncGenerator<Buffer> {
  let total = 0;
  try {
    stream.end(packed);
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      total += chunk.length;
      checkGrowth(total, packed.length);
      yield chunk;
    }
  } catch (error) {
    if (error instanceof UnreadableReport || (error as NodeJS.ErrnoException).code?.startsWith('Z_') !== true) throw error;
    throw new UnreadableReport(`the compressed file is damaged (${(error as Error).message})`);
  } finally {
    stream.destroy();
  }
}

function checkGrowth(total: number, packed: number): void {
  const { unpackedBytesMax, unpackedFreeBytes, unpackedRatioMax } = REPORT_IN_LIMITS;
  if (total > unpackedBytesMax) throw new UnreadableReport(`the file unpacks to more than ${unpackedBytesMax / 1024 ** 2} MiB`);
  if (total > unpackedFreeBytes && total > packed * unpackedRatioMax) throw new UnreadableReport(`the file unpacks to more than ${unpackedRatioMax} times its size, as no report does`);
}

interface ZipMember {
  readonly data: Buffer;
  /** 0: stored, 8: deflated. */
  readonly method: 0 | 8;
}

interface ZipEntry {
  readonly name: string;
  readonly flags: number;
  readonly method: number;
  readonly packedBytes: number;
  readonly offset: number;
}

/** By the central directory: local headers may lack the sizes. */
function zipMembers(bytes: Buffer): ZipMember[] {
  const entries = zipEntries(bytes).filter(({ name }) => !name.endsWith('/') && !name.startsWith('__MACOSX/'));
  const named = entries.filter(({ name }) => /\.(?:xml|json)$/i.test(name));
  if (entries.length === 0) throw new UnreadableReport('the zip archive is empty');
  return (named.length > 0 ? named : entries.slice(0, 1)).map((entry) => zipMember(bytes, entry));
}

function zipMember(bytes: Buffer, { flags, method, packedBytes, offset }: ZipEntry): ZipMember {
  if ((flags & 1) !== 0) throw new UnreadableReport('the zip archive is encrypted');
  if (method !== 0 && method !== 8) throw new UnreadableReport(`the zip archive is compressed by method ${method}, which is not known here`);
  if (offset + 30 > bytes.length || bytes.readUInt32LE(offset) !== LOCAL_ENTRY) throw damagedZip();
  const start = offset + 30 + bytes.readUInt16LE(offset + 26) + bytes.readUInt16LE(offset + 28);
  if (start + packedBytes > bytes.length) throw damagedZip();
  return { data: bytes.subarray(start, start + packedBytes), method };
}

function zipEntries(bytes: Buffer, most: number = REPORT_IN_LIMITS.zipEntriesMax): ZipEntry[] {
  const end = findEnd(bytes);
  const count = bytes.readUInt16LE(end + 10);
  const entries: ZipEntry[] = [];
  let at = bytes.readUInt32LE(end + 16);
  if (at === 0xffffffff || count === 0xffff) throw new UnreadableReport('the zip archive is a Zip64 one, which no report needs');
  for (let index = 0; index < Math.min(count, most); index += 1) {
    if (at + 46 > bytes.length || bytes.readUInt32LE(at) !== CENTRAL_ENTRY) throw damagedZip();
    const nameLength = bytes.readUInt16LE(at + 28);
    entries.push({
      name: bytes.toString('latin1', at + 46, Math.min(at + 46 + nameLength, bytes.length)),
      flags: bytes.readUInt16LE(at + 8),
      method: bytes.readUInt16LE(at + 10),
      packedBytes: bytes.readUInt32LE(at + 20),
      offset: bytes.readUInt32LE(at + 42),
    });
    at += 46 + nameLength + bytes.readUInt16LE(at + 30) + bytes.readUInt16LE(at + 32);
  }
  return entries;
}

function findEnd(bytes: Buffer): number {
  const first = Math.max(0, bytes.length - EOCD_SEARCH_BYTES);
  for (let at = bytes.length - 22; at >= first; at -= 1) if (bytes.readUInt32LE(at) === EOCD) return at;
  throw damagedZip();
}

function damagedZip(): UnreadableReport {
  return new UnreadableReport('the zip archive is damaged');
}
