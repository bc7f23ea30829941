/**
 * The control socket's words: HTTP with JSON over a unix socket, `POST /verb/<name>` with the arguments as body.
 *
 * Reply: 200 `{"result": …}`, or `{"error": {"code", "message"}}` with 400 (arguments), 404 (no such verb), 409 (the verb
 * refused), 413 (body too large) or 500 (a bug). A result made in pieces (manage/verb.ts JsonPieces) has `{"result":[` in
 * the first line and `]}` in the last, and between them each element on a line of its own, with a comma behind all but the
 * last. Only the owner of the server can connect: the socket has mode 0600, and that is the whole authorization.
 */
import { join } from 'node:path';
import type { Config } from '../../config/config.ts';

export const CONTROL_LIMITS = {
  /** A message in base64 inside JSON must fit. */
  bodyBytesMax: 256 * 1024 * 1024,
  connectionsMax: 64,
  /** Headers and body of a request. */
  requestTimeoutMs: 60_000,
  /** How long a command waits for the answer of a verb. */
  answerTimeoutMs: 300_000,
  /** How long a command waits for a server that is starting or stopping, and how often it looks. */
  startingWaitMs: 10_000,
  startingLookMs: 100,
  /** sun_path of Linux, without the closing zero. */
  socketPathBytesMax: 107,
} as const;

export function controlSocketPath(config: Pick<Config, 'dataDir'>): string {
  return join(config.dataDir, 'run', 'control.sock');
}
