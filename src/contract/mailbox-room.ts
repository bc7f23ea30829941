/** Is there room in a mailbox? Asked at RCPT, while the sender can still be told, and before a delivery. */

/** `bytes`: of the message that is to come, 0 when unknown. Rejects when the store does not answer; answers from memory where no limit is set. */
export type MailboxRoom = (account: string, bytes: number) => Promise<'room' | 'full'>;
