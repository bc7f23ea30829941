/** What one SMTP transaction carries: an envelope and a content. */
import type { ByteSource } from '../base/byte-source.ts';
import type { Envelope, EnvelopeRecipient } from '../contract/message.ts';

/** Everything here must fit what the server offers (`body` may stay 8bitmime); see SmtpConnection.capabilities. */
export interface SmtpTransaction extends Pick<Envelope, 'sender' | 'body' | 'smtpUtf8' | 'requireTls' | 'returnContent' | 'envelopeId'> {
  readonly recipients: readonly EnvelopeRecipient[];
  readonly content: ByteSource;
}
