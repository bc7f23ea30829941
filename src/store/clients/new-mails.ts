/**
 * Messages on their way into a folder without a delivery (APPEND, import): digest, structure and first words are found
 * here, so that the storage thread only writes; large contents become files before the rows that name them.
 */
import { createHash } from 'node:crypto';
import type { ByteSource } from '../../base/byte-source.ts';
import { Failure } from '../../base/errors.ts';
import { QUEUE_LIMITS } from '../../base/limits.ts';
import type { NewMessage } from '../../contract/mailbox.ts';
import { MailFactsReader } from '../../mail/mail-facts.ts';
import { serializeStructure } from '../../mail/mime-structure.ts';
import { removeBodyFile, writeBodyFile } from '../body-files.ts';
import { exactBytes } from '../call.ts';
import type { SpaceReserve } from '../free-space.ts';
import type { AppendedMail } from '../ops/folder-messages.ts';

export interface NewMailsOptions {
  readonly dataDir: string;
  readonly reserve: SpaceReserve;
}

export class NewMails {
  readonly #dataDir: string;
  readonly #reserve: SpaceReserve;
  readonly #factsReader = new MailFactsReader();

  constructor({ dataDir, reserve }: NewMailsOptions) {
    this.#dataDir = dataDir;
    this.#reserve = reserve;
  }

  /**
   * Hands `commit` what the storage thread is to write. Rejects with Failure `message-empty`, `store-full` (already when the
   * reserve of free disk is touched), or what `commit` rejects with.
   */
  async store<Result>(messages: readonly NewMessage[], commit: (mails: readonly AppendedMail[]) => Promise<Result>): Promise<Result> {
    await this.#reserve.check(messages.reduce((sum, { content }) => sum + content.size, 0));
    const mails: AppendedMail[] = [];
    try {
      for (const message of messages) mails.push(await this.#prepare(message));
      return await commit(mails);
    } catch (error) {
      if (error instanceof Failure && error.code === 'store-full') this.#reserve.noteFull();
      // A temporary one may have been committed after all; the sweep at the next start knows.
      if (error instanceof Failure && !error.temporary) await this.#removeFiles(mails);
      throw error;
    }
  }

  async #prepare({ content, flags, internalDate }: NewMessage): Promise<AppendedMail> {
    if (content.size === 0) throw new Failure('message-empty', 'the message is empty', { temporary: false });
    const digest = await digestOf(content);
    const { structure, details } = await this.#factsReader.read(content);
    const large = content.size > QUEUE_LIMITS.inlineContentBytesMax;
    const stored = large ? { file: await writeBodyFile(this.#dataDir, digest, content) } : { bytes: exactBytes(await content.read()) };
    return { body: { digest, sizeBytes: content.size, ...stored }, structure: serializeStructure(structure), details, flags, internalDate };
  }

  async #removeFiles(mails: readonly AppendedMail[]): Promise<void> {
    for (const { body } of mails) if (body.file !== undefined) await removeBodyFile(this.#dataDir, body.file);
  }
}

async function digestOf(content: ByteSource): Promise<string> {
  const hash = createHash('sha256');
  if (content.inMemory) return hash.update(content.inMemory).digest('hex');
  for await (const chunk of content.chunks()) hash.update(chunk);
  return hash.digest('hex');
}
