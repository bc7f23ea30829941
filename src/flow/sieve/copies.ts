/** Copies for the mailbox: as the message came, as a script has changed it, and notices that we write. */
import { createHash } from 'node:crypto';
import { BufferSource, type ByteSource } from '../../base/byte-source.ts';
import type { FilterRequest } from '../../contract/local-filter.ts';
import type { MailboxDeposit } from '../../contract/queue.ts';
import { readMailFacts } from '../../mail/mail-facts.ts';
import { serializeStructure } from '../../mail/mime-structure.ts';
import type { MessageEdition } from '../../sieve/action.ts';
import { editedMessage } from '../../sieve/script.ts';

export interface CopyPlace {
  readonly folder: string;
  readonly flags: readonly string[];
}

/** `seen`: trace fields and content, as the script saw them. `received`: its header. */
export async function copyFor(request: FilterRequest, seen: ByteSource, received: Buffer, edition: MessageEdition | undefined, { folder, flags }: CopyPlace, now: number): Promise<MailboxDeposit> {
  if (!edition) return request.deposit(folder, flags);
  const original = received.subarray(request.prefix.length);
  const added = edition.header.length - original.length;
  // Fields put on top are trace fields of this copy: the body is shared with the other copies.
  if (edition.body === undefined && added >= 0 && edition.header.subarray(added).equals(original)) {
    const prefix = edition.header.subarray(0, added);
    const { structure, details } = await readMailFacts(editedMessage(seen, edition));
    const { message, account, content } = request;
    return { account, folder, flags, contentDigest: message.contentDigest, prefix: Buffer.from(prefix), internalDate: now, sizeBytes: prefix.length + content.size, structure: serializeStructure(structure), details };
  }
  const edited = editedMessage(seen, edition);
  return ownCopy(request.account, edited.inMemory ?? (await edited.read()), { folder, flags }, now);
}

/** Bytes of their own. */
export async function ownCopy(account: string, bytes: Buffer, { folder, flags }: CopyPlace, now: number): Promise<MailboxDeposit> {
  const content = new BufferSource(bytes);
  const { structure, details } = await readMailFacts(content);
  return {
    account, folder, flags, content, contentDigest: createHash('sha256').update(bytes).digest('hex'), prefix: Buffer.alloc(0), internalDate: now,
    sizeBytes: bytes.length, structure: serializeStructure(structure), details,
  };
}
