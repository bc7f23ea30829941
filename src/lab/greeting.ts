/** Dials a mail port as a stranger does, and reads its first line. */
import type { Connector } from '../net/connector.ts';

const CONNECT_MS = 5000;
const CHARS_MAX = 512;

/** Undefined: no connection, or it ended before a line came. */
export async function greetingOf(connector: Connector, { address, port }: { readonly address: string; readonly port: number }): Promise<string | undefined> {
  const socket = await connector.connect({ address, port, timeoutMs: CONNECT_MS }).catch(() => undefined);
  if (!socket) return undefined;
  socket.setTimeout(CONNECT_MS, () => socket.destroy());
  let text = '';
  try {
    for await (const chunk of socket) {
      text += String(chunk);
      if (text.includes('\n') || text.length > CHARS_MAX) break;
    }
  } catch {
    return undefined;
  } finally {
    socket.destroy();
  }
  return text.includes('\n') ? text.slice(0, text.indexOf('\n')).trimEnd() : undefined;
}
