/** What does not change about messages (contract/mailbox.ts, MailReader) over the storage thread. */
import { BufferSource, concatenate, FileSource } from '../../base/byte-source.ts';
import type { ByteSource } from '../../base/byte-source.ts';
import { MAILBOX_LIMITS } from '../../base/access-limits.ts';
import type { MailFacts, MailPiece, MailPieceOrder, MailReader } from '../../contract/mailbox.ts';
import { bodyPath } from '../body-path.ts';
import { asBuffer } from '../call.ts';
import type { StoreCall } from '../call.ts';
import type { StoredContents, StoredHeaders } from '../ops/mails.ts';

export function createMailReader(call: StoreCall, dataDir: string): MailReader {
  return {
    facts: (mailIds) => facts(call, mailIds),
    content: async (mailId) => (await contents(call, dataDir, [[mailId, 0, Infinity]]))[0]?.bytes,
    contents: async (mailIds) => (await contents(call, dataDir, Array.from(mailIds, (id) => [id, 0, Infinity] as const))).map((piece) => piece?.bytes),
    pieces: (wanted) => contents(call, dataDir, wanted),
    headers: (mailIds) => headers(call, dataDir, mailIds),
  };
}

/** Ids in one question; the storage thread answers as many as fit. */
const PIECE = MAILBOX_LIMITS.factsPerReadMax;

async function facts(call: StoreCall, mailIds: ArrayLike<number>): Promise<readonly MailFacts[]> {
  const found = new Map<number, MailFacts>();
  const ids = Array.from(mailIds);
  for (let at = 0; at < ids.length; ) {
    const piece = await call('mails.facts', { ids: ids.slice(at, at + PIECE) });
    for (const one of piece.facts) found.set(one.mailId, one);
    at += piece.read;
  }
  return ids.flatMap((id) => found.get(id) ?? []);
}

/** JSON, in which the numbers cross to SQL, has no infinity. */
const WHOLE = 2 ** 52;

async function contents(call: StoreCall, dataDir: string, wanted: readonly MailPieceOrder[]): Promise<readonly (MailPiece | undefined)[]> {
  const found = new Map<number, MailPiece>();
  const starts = new Map(wanted.map(([id, start]) => [id, start]));
  for (let at = 0; at < wanted.length; ) {
    const piece = await call('mails.contents', { wanted: wanted.slice(at, at + PIECE).map(([id, start, end]) => [id, start, Math.min(end, WHOLE)] as const) });
    const bytes = asBuffer(piece.bytes);
    for (const [id, start, end] of piece.found) found.set(id, { start: starts.get(id) as number, bytes: new BufferSource(bytes.subarray(start, end)) });
    for (const one of piece.files) found.set(one.id, { start: 0, bytes: fileSource(one, dataDir) });
    at += piece.read;
  }
  return wanted.map(([id]) => found.get(id));
}

function fileSource({ prefix, file, sizeBytes }: StoredContents['files'][number], dataDir: string): ByteSource {
  const content = new FileSource(bodyPath(dataDir, file), sizeBytes);
  return prefix.length === 0 ? content : concatenate([new BufferSource(asBuffer(prefix)), content]);
}

async function headers(call: StoreCall, dataDir: string, mailIds: ArrayLike<number>): Promise<readonly (Buffer | undefined)[]> {
  const found = new Map<number, Buffer>();
  const ids = Array.from(mailIds);
  for (let at = 0; at < ids.length; ) {
    const piece = await call('mails.headers', { ids: ids.slice(at, at + PIECE) });
    const bytes = asBuffer(piece.bytes);
    for (const [id, start, end] of piece.found) found.set(id, bytes.subarray(start, end));
    for (const one of piece.files) found.set(one.id, await headerOfFile(one, dataDir));
    at += piece.read;
  }
  return ids.map((id) => found.get(id));
}

async function headerOfFile({ prefix, file, sizeBytes, length }: StoredHeaders['files'][number], dataDir: string): Promise<Buffer> {
  const start = await new FileSource(bodyPath(dataDir, file), sizeBytes).read(0, length);
  return prefix.length === 0 ? start : Buffer.concat([prefix, start]);
}
