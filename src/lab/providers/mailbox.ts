/**
 * What a simulated provider has accepted: facts in memory and as lines of `<dir>/<provider>/index.jsonl` (a later line
 * of the same id counts), messages exactly as received in `<id>.eml`. One entry per message, however many recipients it
 * had at the provider. A lab that is started again in its folder finds its mail again.
 */
import { appendFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

export interface InboxMessage {
  readonly id: string;
  readonly mailFrom: string;
  readonly rcptTo: readonly string[];
  readonly headerFrom: string;
  readonly subject: string;
  readonly messageId: string;
  readonly folder: 'inbox' | 'spam';
  /** Why it is in that folder, in the words of the placement model. */
  readonly placement: readonly string[];
  readonly spf: string;
  readonly dkim: string;
  readonly dmarc: string;
  readonly arc: string;
  /** Protocol version and cipher, or false. */
  readonly tls: string | false;
  readonly clientIp: string;
  readonly helo: string;
  /** ISO 8601, UTC, on the lab's clock. */
  readonly receivedAt: string;
  /** d= of the signatures that passed. */
  readonly dkimDomains: readonly string[];
  readonly complained?: boolean;
}

const MESSAGES_MAX = 100_000;

export class ProviderMailbox {
  readonly #folder: string;
  readonly #messages = new Map<string, InboxMessage>();

  constructor(dir: string, provider: string) {
    this.#folder = join(dir, provider);
  }

  /** Reads what an earlier lab left in the folder; a line that is cut off is skipped. */
  async open(): Promise<void> {
    await mkdir(this.#folder, { recursive: true });
    const index = await readFile(this.#index, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return '';
      throw error;
    });
    for (const line of index.split('\n')) {
      const message = parseLine(line);
      if (message) this.#keep(message);
    }
  }

  async store(message: InboxMessage, content: Buffer): Promise<void> {
    await writeFile(this.#path(message.id), content);
    await this.#note(message);
  }

  /** Oldest first; `address` limits to its messages, compared without regard to case. */
  list(address?: string): readonly InboxMessage[] {
    const wanted = address?.toLowerCase();
    return [...this.#messages.values()].filter((message) => wanted === undefined || message.rcptTo.some((each) => each.toLowerCase() === wanted));
  }

  get(id: string): InboxMessage | undefined {
    return this.#messages.get(id);
  }

  /** Undefined for an id that this provider has not given. */
  async raw(id: string): Promise<Buffer | undefined> {
    return this.#messages.has(id) ? readFile(this.#path(id)) : undefined;
  }

  async markComplained(id: string): Promise<void> {
    const message = this.#messages.get(id);
    if (message) await this.#note({ ...message, complained: true });
  }

  async #note(message: InboxMessage): Promise<void> {
    this.#keep(message);
    await appendFile(this.#index, `${JSON.stringify(message)}\n`);
  }

  #keep(message: InboxMessage): void {
    if (this.#messages.size >= MESSAGES_MAX && !this.#messages.has(message.id)) {
      const oldest = this.#messages.keys().next();
      if (!oldest.done) this.#messages.delete(oldest.value);
    }
    this.#messages.set(message.id, message);
  }

  get #index(): string {
    return join(this.#folder, 'index.jsonl');
  }

  #path(id: string): string {
    return join(this.#folder, `${id}.eml`);
  }
}

function parseLine(line: string): InboxMessage | undefined {
  if (line === '') return undefined;
  try {
    return JSON.parse(line) as InboxMessage;
  } catch {
    return undefined;
  }
}
