/** Which accounts have a POP3 session: one at a time (RFC 1939 §4). Mail goes on arriving, and IMAP sessions go on. */
export class MaildropLocks {
  readonly #locked = new Set<string>();

  /** Undefined when another session has it; else what frees it, once. */
  take(account: string): (() => void) | undefined {
    if (this.#locked.has(account)) return undefined;
    this.#locked.add(account);
    let held = true;
    return () => {
      if (held) this.#locked.delete(account);
      held = false;
    };
  }
}
