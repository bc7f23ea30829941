/**
 * Runs a verb where it belongs: in the server, when one answers on the control socket, else here, with the store opened
 * for the moment of the call.
 */
import { request, type IncomingMessage } from 'node:http';
import { Failure } from '../../base/errors.ts';
import type { Config } from '../../config/config.ts';
import { type AnyVerb, runVerb, type VerbError, type VerbOutcome } from '../../manage/local-call.ts';
import type { JsonPieces, ManageContext } from '../../manage/verb.ts';
import { CONTROL_LIMITS, controlSocketPath } from './protocol.ts';

/** A context for one command; `close` gives the store back. */
export type OpenContext = (config: Config) => Promise<ManageContext & { close(): Promise<void> }>;

export interface CallPorts {
  readonly openContext: OpenContext;
  /** Verbs that may run without a server; loaded only when none answers. */
  loadVerbs(): Promise<readonly AnyVerb[]>;
}

/** The result of the verb; rejects with a Failure whose code and text are the verb's. */
export async function callVerb(config: Config, name: string, args: unknown, ports: CallPorts): Promise<unknown> {
  const remote = await callServer(controlSocketPath(config), name, args);
  if (remote.kind === 'answered') return remote.result;
  const verbs = await verbsFor(config, name, ports);
  const opened = await openOrAsk(config, name, args, ports);
  if (opened.kind === 'answered') return opened.result;
  try {
    return resultOf(await runVerb(verbs, opened.context, name, args));
  } finally {
    await opened.context.close();
  }
}

/** The elements of a result that is made in pieces (manage/verb.ts JsonPieces), as they come; who stops is sent no more. Rejects as callVerb. */
export async function* callVerbPieces(config: Config, name: string, args: unknown, ports: CallPorts): AsyncGenerator<unknown> {
  const remote = await ask(controlSocketPath(config), name, args);
  if (remote) return yield* elementsOf(remote, name);
  const verbs = await verbsFor(config, name, ports);
  const opened = await openOrAsk(config, name, args, ports);
  if (opened.kind === 'answered') return yield* opened.result as readonly unknown[];
  try {
    for await (const parts of (resultOf(await runVerb(verbs, opened.context, name, args)) as JsonPieces).pieces) {
      yield JSON.parse(parts.map((part) => (typeof part === 'string' ? part : Buffer.from(part).toString('utf8'))).join(''));
    }
  } finally {
    await opened.context.close();
  }
}

/** Rejects when only a running server could do it. */
async function verbsFor(config: Config, name: string, ports: CallPorts): Promise<readonly AnyVerb[]> {
  const verbs = await ports.loadVerbs();
  if (verbs.some((verb) => verb.name === name)) return verbs;
  throw new Failure('not-running', `nothing is running with ${config.file || config.dataDir}; "${name}" needs a running ${name.startsWith('lab.') ? 'lab (posthorn lab)' : 'server (posthorn serve)'}`);
}

function resultOf(outcome: VerbOutcome): unknown {
  if (outcome.kind === 'done') return outcome.result;
  throw toFailure(outcome.error);
}

/**
 * Many verbs one after the other: the store, once opened because no server runs, stays open until the end. When a server
 * answered and is gone, it is being restarted: the store is not opened then, which would keep it from starting.
 */
export interface VerbSession {
  /** As callVerb. */
  call(name: string, args: unknown): Promise<unknown>;
  close(): Promise<void>;
}

export function openVerbSession(config: Config, ports: CallPorts): VerbSession {
  let context: Awaited<ReturnType<OpenContext>> | undefined;
  let served = false;
  const keeping: CallPorts = {
    loadVerbs: () => ports.loadVerbs(),
    openContext: async (wanted) => {
      if (served) throw new Failure('server-gone', 'the server that answered until now is gone: start it, and run the same command again to go on');
      context ??= await ports.openContext(wanted);
      return { ...context, close: async () => {} };
    },
  };
  return {
    call: async (name, args) => {
      if (!context) {
        const result = await callVerb(config, name, args, keeping);
        served = context === undefined;
        return result;
      }
      return resultOf(await runVerb(await ports.loadVerbs(), context, name, args));
    },
    close: async () => {
      await context?.close();
      context = undefined;
    },
  };
}

type Opened = Extract<ServerAnswer, { kind: 'answered' }> | { readonly kind: 'opened'; readonly context: Awaited<ReturnType<OpenContext>> };

/** A data directory that somebody holds without answering belongs to a server that is starting or stopping: waits for it. */
async function openOrAsk(config: Config, name: string, args: unknown, { openContext }: CallPorts): Promise<Opened> {
  for (let waitedMs = 0; ; waitedMs += CONTROL_LIMITS.startingLookMs) {
    try {
      return { kind: 'opened', context: await openContext(config) };
    } catch (error) {
      if (!(error instanceof Failure) || error.code !== 'data-dir-in-use' || waitedMs >= CONTROL_LIMITS.startingWaitMs) throw error;
    }
    const answer = await callServer(controlSocketPath(config), name, args);
    if (answer.kind === 'answered') return answer;
    await new Promise((resolve) => setTimeout(resolve, CONTROL_LIMITS.startingLookMs));
  }
}

export type ServerAnswer = { readonly kind: 'answered'; readonly result: unknown } | { readonly kind: 'not-running' };

/** Rejects with a Failure when the server answers with an error, or does not answer in time. */
export async function callServer(path: string, name: string, args: unknown): Promise<ServerAnswer> {
  const reply = await ask(path, name, args);
  if (reply === undefined) return { kind: 'not-running' };
  const chunks: Buffer[] = [];
  for await (const chunk of bytesOf(reply, name)) chunks.push(chunk);
  return { kind: 'answered', result: readAnswer(path, Buffer.concat(chunks)) };
}

/** Throws the Failure that the server answered with. */
function readAnswer(path: string, reply: Buffer): unknown {
  let parsed: { result?: unknown; error?: VerbError };
  try {
    parsed = JSON.parse(reply.toString('utf8')) as { result?: unknown; error?: VerbError };
  } catch (cause) {
    throw new Failure('control-socket', `${path} answered something that is not JSON; is another program listening there?`, { cause });
  }
  if (parsed.error) throw toFailure(parsed.error);
  return parsed.result;
}

const LINE_END = 0x0a;

/** See protocol.ts: the lines of a result that is made in pieces. */
async function* elementsOf(reply: IncomingMessage, name: string): AsyncGenerator<unknown> {
  let open: Buffer[] = [];
  let lines = 0;
  for await (const chunk of bytesOf(reply, name)) {
    let from = 0;
    for (let end = chunk.indexOf(LINE_END); end >= 0; end = chunk.indexOf(LINE_END, from)) {
      open.push(chunk.subarray(from, end));
      from = end + 1;
      const line = Buffer.concat(open).toString('utf8');
      open = [];
      if (lines++ > 0) yield JSON.parse(line.endsWith(',') ? line.slice(0, -1) : line);
    }
    open.push(chunk.subarray(from));
  }
  // What has no line end is the end of the result, or an error.
  if (lines === 0) readAnswer(name, Buffer.concat(open));
}

async function* bytesOf(reply: IncomingMessage, name: string): AsyncGenerator<Buffer> {
  try {
    yield* reply as AsyncIterable<Buffer>;
  } catch (error) {
    throw brokenOff(name, error);
  }
}

function brokenOff(name: string, cause: unknown): Failure {
  return cause instanceof Failure ? cause : new Failure('control-socket', `the server broke off while answering "${name}": ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
}

function toFailure({ code, message }: VerbError): Failure {
  return new Failure(code, message, { temporary: code === 'internal' });
}

/** The answer that begins; undefined when nobody listens there. */
function ask(socketPath: string, name: string, args: unknown): Promise<IncomingMessage | undefined> {
  const body = Buffer.from(JSON.stringify(args ?? {}));
  return new Promise((resolve, reject) => {
    const outgoing = request(
      {
        socketPath,
        path: `/verb/${name}`,
        method: 'POST',
        headers: { host: 'control', 'content-type': 'application/json', 'content-length': body.length },
        timeout: CONTROL_LIMITS.answerTimeoutMs,
      },
      resolve,
    );
    outgoing.on('timeout', () => {
      outgoing.destroy(new Failure('timeout', `the server did not answer "${name}" within ${CONTROL_LIMITS.answerTimeoutMs / 1000} s`));
    });
    outgoing.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT' || error.code === 'ECONNREFUSED' || error.code === 'ENOTDIR') return resolve(undefined);
      if (error.code === 'EACCES') {
        return reject(new Failure('forbidden', `you may not use ${socketPath}; run this as the user that runs the server, or with sudo`, { temporary: false }));
      }
      reject(brokenOff(name, error));
    });
    outgoing.end(body);
  });
}
