/** UIDONLY (RFC 9586 §3): a client that has enabled it neither sends nor is sent sequence numbers. */
import { ImapSyntaxError } from '../../wire/imap/scanner.ts';
import type { EnabledExtensions } from './command.ts';

/** Throws for a command that names messages by sequence number. */
export function refuseSequences(enabled: EnabledExtensions): void {
  if (enabled.uidOnly) throw new ImapSyntaxError('UIDONLY is enabled: name messages by UID', 'UIDREQUIRED');
}
