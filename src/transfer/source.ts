/**
 * Mail that comes from elsewhere, in one shape, whatever it was kept in: a tree of folders, each with messages that are
 * read one after the other, so that a source of any size needs the memory of one message.
 */

export interface SourceFolder {
  /** As it is called there, UTF-8, levels separated by `/`; INBOX for the incoming one. */
  readonly name: string;
  readonly subscribed: boolean;
  /** Of the source's own numbering, where it has one that clients may have seen. */
  readonly uidValidity?: number;
  /** How many messages, where the source knows without reading them. */
  readonly messages?: number;
}

export interface SourceMessage {
  /** Names the message within its folder for good, so that a second run knows it. At most TRANSFER_LIMITS.keyBytesMax bytes. */
  readonly key: string;
  readonly flags: readonly string[];
  /** Milliseconds since 1970. */
  readonly internalDate: number;
  /** Bytes, as far as the source tells before the message is read. */
  readonly sizeBytes: number;
  readonly uid?: number;
  /** The whole message with CRLF line ends. Rejects with a Failure when this one cannot be read; the others still can. */
  read(): Promise<Buffer>;
}

export interface MailSource {
  /** Names the source for good: a second import of the same one goes on where the first ended. */
  readonly id: string;
  folders(): Promise<readonly SourceFolder[]>;
  /** In the order they came in there. `wanted` is asked first with bounded lists of keys: a source may spare itself the others. */
  messages(folder: SourceFolder, wanted: (keys: readonly string[]) => Promise<ReadonlySet<string>>): AsyncIterable<SourceMessage>;
  close(): Promise<void>;
}
