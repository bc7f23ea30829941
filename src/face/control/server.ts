/**
 * The control socket of a running server: lets the command line run verbs inside it.
 *
 * Policy: a leftover socket of a server that died is replaced (the lock on the data directory has already shown that
 * nobody else runs); the socket is created with mode 0600. Closing lets running verbs finish.
 */
import { chmod, mkdir, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { dirname } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Failure } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import { runVerb, type VerbOutcome, type VerbSource } from '../../manage/local-call.ts';
import { JsonPieces, type ManageContext } from '../../manage/verb.ts';
import { CONTROL_LIMITS } from './protocol.ts';

export interface ControlServerOptions {
  /** The socket, usually controlSocketPath(config). */
  readonly path: string;
  readonly verbs: VerbSource;
  readonly context: ManageContext;
  readonly log: Log;
}

export interface ControlServer {
  readonly path: string;
  /** Resolves when running verbs have ended and the socket file is gone. */
  close(): Promise<void>;
}

/** Resolves when the socket accepts connections. Rejects with Failure `control-socket` when it cannot be made. */
export async function createControlServer(options: ControlServerOptions): Promise<ControlServer> {
  const { path } = options;
  if (Buffer.byteLength(path) > CONTROL_LIMITS.socketPathBytesMax) {
    throw new Failure('control-socket', `the path of the control socket is too long for the system: ${path}; choose a shorter data-dir`, {
      temporary: false,
    });
  }
  await mkdir(dirname(path), { recursive: true, mode: 0o755 });
  await rm(path, { force: true });
  const server = createServer((request, response) => {
    answer(options, request, response).catch((error: unknown) => {
      options.log.error('control.failed', { error: String(error) });
      response.destroy();
    });
  });
  server.maxConnections = CONTROL_LIMITS.connectionsMax;
  server.requestTimeout = CONTROL_LIMITS.requestTimeoutMs;
  server.headersTimeout = CONTROL_LIMITS.requestTimeoutMs;
  await listen(server, path);
  await chmod(path, 0o600);
  return { path, close: () => close(server, path) };
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause) => {
      reject(new Failure('control-socket', `cannot make the control socket ${path}: ${cause.message}`, { cause }));
    });
    // Node binds a socket path before listen() returns: nobody else can connect for a moment either.
    const before = process.umask(0o177);
    try {
      server.listen(path, () => resolve());
    } finally {
      process.umask(before);
    }
  });
}

async function close(server: Server, path: string): Promise<void> {
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
    server.closeIdleConnections();
  });
  await rm(path, { force: true });
}

async function answer(options: ControlServerOptions, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const match = /^\/verb\/([a-z0-9.-]{1,100})$/.exec(request.url ?? '');
  if (request.method !== 'POST' || !match) {
    return send(response, 404, failed('unknown-verb', 'ask with POST /verb/<name>'));
  }
  const body = await readBody(request);
  if (body === undefined) return send(response, 413, failed('too-large', 'the arguments are too large'));
  let args: unknown;
  try {
    args = body.length > 0 ? JSON.parse(body.toString('utf8')) : {};
  } catch {
    return send(response, 400, failed('bad-arguments', 'the arguments are not JSON'));
  }
  const name = match[1] as string;
  const outcome = await runVerb(options.verbs, options.context, name, args);
  options.log.debug('control.verb', { verb: name, outcome: outcome.kind === 'done' ? 'done' : outcome.error.code });
  if (outcome.kind === 'done' && outcome.result instanceof JsonPieces) return sendPieces(response, outcome.result);
  send(response, statusOf(outcome), outcome);
}

/** Made as fast as they are read; whoever leaves before the end is no trouble. */
async function sendPieces(response: ServerResponse, { pieces }: JsonPieces): Promise<void> {
  async function* lines(): AsyncGenerator<string | Uint8Array> {
    let behind = '{"result":[\n';
    for await (const parts of pieces) {
      yield behind;
      yield* parts;
      behind = ',\n';
    }
    yield behind === ',\n' ? '\n]}' : `${behind}]}`;
  }
  response.writeHead(200, { 'content-type': 'application/json', connection: 'close' });
  try {
    await pipeline(Readable.from(lines()), response);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_STREAM_PREMATURE_CLOSE') throw error;
  }
}

function failed(code: string, message: string): VerbOutcome {
  return { kind: 'error', error: { code, message } };
}

function statusOf(outcome: VerbOutcome): number {
  if (outcome.kind === 'done') return 200;
  const statuses: Readonly<Record<string, number>> = { 'unknown-verb': 404, 'bad-arguments': 400, internal: 500 };
  return statuses[outcome.error.code] ?? 409;
}

/** Undefined when it is too large; the connection is then closed after the reply. */
async function readBody(request: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > CONTROL_LIMITS.bodyBytesMax) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function send(response: ServerResponse, status: number, outcome: VerbOutcome): void {
  const body = JSON.stringify(outcome.kind === 'done' ? { result: outcome.result } : { error: outcome.error });
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body), connection: 'close' });
  response.end(body);
}
