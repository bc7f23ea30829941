/** A message, or its top, as RETR and TOP send it: stuffed, ended by a dot, as fast as the client reads. RFC 1939 §3. */
import { DotStuffer } from '../../net/dot-stuffing.ts';
import { MessageTop } from '../../wire/pop3/message-top.ts';
import type { ByteSource } from '../../base/byte-source.ts';
import type { ClientConnection } from '../connection/client-connection.ts';

/** False when the client is gone. Rejects, the connection being of no use any more, when the message cannot be read to its end. */
export async function sendMessage(connection: ClientConnection, content: ByteSource, bodyLines?: number): Promise<boolean> {
  const stuffer = new DotStuffer();
  const top = bodyLines === undefined ? undefined : new MessageTop(bodyLines);
  try {
    for await (const chunk of content.chunks()) {
      for (const piece of stuffer.push(top ? chunk.subarray(0, top.take(chunk)) : chunk)) connection.write(piece);
      if (!(await connection.drained())) return false;
      if (top?.isComplete) break;
    }
  } catch (error) {
    // Whatever is said now would be taken for a part of the message.
    connection.destroy();
    throw error;
  }
  connection.write(stuffer.end());
  return true;
}
