/**
 * The connection to another IMAP server, made anew when it broke, after waits that grow; a password that was right once
 * and a mailbox that was open are taken up again.
 */
import { setTimeout as wait } from 'node:timers/promises';
import { Failure } from '../base/errors.ts';
import { TRANSFER_LIMITS } from '../base/transfer-limits.ts';
import { ImapClient, type ImapClientOptions, type ImapTarget } from '../net/imap-client.ts';
import type { ClientTls } from '../net/tls.ts';
import type { SaslCredentials } from '../wire/sasl/client.ts';

export interface ImapLineOptions {
  readonly target: ImapTarget;
  readonly credentials: SaslCredentials;
  readonly tls: ClientTls;
  /** Told before each wait; for the progress that people see. */
  readonly onTrouble?: (text: string) => void;
}

export interface ImapWork {
  /** In a row without progress. Default TRANSFER_LIMITS.imapReconnectsMax. */
  readonly reconnects?: number;
  /** Changes when something was achieved: then the count begins anew. */
  readonly progress?: () => number;
}

const LIMITS = {
  connectMs: TRANSFER_LIMITS.imapConnectMs,
  replyMs: TRANSFER_LIMITS.imapReplyMs,
  lineBytesMax: TRANSFER_LIMITS.imapLineBytesMax,
  literalBytesMax: TRANSFER_LIMITS.messageBytesMax + TRANSFER_LIMITS.imapLineBytesMax,
  responsesMax: TRANSFER_LIMITS.imapUnaskedMax,
};

/** The server is there and understood us: the connection stays good. */
const ANSWERS = new Set(['imap-refused', 'imap-changed']);

export class ImapLine {
  readonly #options: ImapClientOptions;
  readonly #onTrouble: (text: string) => void;
  #client: ImapClient | undefined;
  /** Mailbox that is open on it, as it is written in commands. */
  #open: string | undefined;

  constructor({ target, credentials, tls, onTrouble }: ImapLineOptions) {
    this.#options = { target, credentials, tls, limits: LIMITS };
    this.#onTrouble = onTrouble ?? (() => {});
  }

  /** Again after a temporary failure. `work` must be able to begin anew. */
  async use<T>(work: (client: ImapClient) => Promise<T>, { reconnects = TRANSFER_LIMITS.imapReconnectsMax, progress = () => 0 }: ImapWork = {}): Promise<T> {
    let reached = progress();
    for (let tries = 1; ; tries += 1) {
      try {
        this.#client ??= await ImapClient.open(this.#options);
        return await work(this.#client);
      } catch (error) {
        if (!(error instanceof Failure) || !ANSWERS.has(error.code)) this.#drop();
        if (progress() !== reached) tries = 1;
        reached = progress();
        if (!(error instanceof Failure) || !error.temporary || tries > reconnects) throw error;
        const waitMs = TRANSFER_LIMITS.imapReconnectWaitMs * 2 ** (tries - 1);
        this.#onTrouble(`${error.message}; trying again in ${waitMs / 1000} s`);
        await wait(waitMs);
      }
    }
  }

  /** Opened read-only. `exists` undefined: the server did not say. */
  async examine(client: ImapClient, name: string): Promise<{ readonly validity: number; readonly exists: number | undefined }> {
    this.#open = undefined;
    const { untagged } = await client.command(`EXAMINE ${name}`);
    this.#open = name;
    let validity = 0;
    let exists: number | undefined;
    for (const values of untagged) {
      if (String(values[1]).toUpperCase() === 'EXISTS') exists = Number(values[0]);
      const [, told] = /\[UIDVALIDITY (\d{1,10})\]/i.exec(values.filter((value) => typeof value === 'string').join(' ')) ?? [];
      if (told !== undefined) validity = Number(told);
    }
    return { validity, exists };
  }

  isOpen(name: string): boolean {
    return this.#client !== undefined && this.#open === name;
  }

  close(): void {
    this.#client?.logOut();
    this.#client = undefined;
    this.#open = undefined;
  }

  #drop(): void {
    this.#client?.close();
    this.#client = undefined;
    this.#open = undefined;
  }
}
