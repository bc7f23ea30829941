/**
 * Runs a verb where it belongs: in the server, when one answers on the control socket, else here, with the store opened
 * for the moment of the call.
 */
import { request } from 'node:http';
import { Failure } from '../../base/errors.ts';
import type { Config } from '../../config/config.ts';
import { type AnyVerb, runVerb, type VerbError } from '../../manage/local-call.ts';
import type { ManageContext } from '../../manage/verb.ts';
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
  const verbs = await ports.loadVerbs();
  if (!verbs.some((verb) => verb.name === name)) {
    throw new Failure('not-running', `nothing is running with ${config.file || config.dataDir}; "${name}" needs a running ${name.startsWith('lab.') ? 'lab (posthorn lab)' : 'server (posthorn serve)'}`);
  }
  const opened = await openOrAsk(config, name, args, ports);
  if (opened.kind === 'answered') return opened.result;
  const { context } = opened;
  try {
    const outcome = await runVerb(verbs, context, name, args);
    if (outcome.kind === 'done') return outcome.result;
    throw toFailure(outcome.error);
  } finally {
    await context.close();
  }
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
      const outcome = await runVerb(await ports.loadVerbs(), context, name, args);
      if (outcome.kind === 'done') return outcome.result;
      throw toFailure(outcome.error);
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
  const body = Buffer.from(JSON.stringify(args ?? {}));
  const reply = await exchange(path, name, body);
  if (reply === undefined) return { kind: 'not-running' };
  let parsed: { result?: unknown; error?: VerbError };
  try {
    parsed = JSON.parse(reply) as { result?: unknown; error?: VerbError };
  } catch (cause) {
    throw new Failure('control-socket', `${path} answered something that is not JSON; is another program listening there?`, { cause });
  }
  if (parsed.error) throw toFailure(parsed.error);
  return { kind: 'answered', result: parsed.result };
}

function toFailure({ code, message }: VerbError): Failure {
  return new Failure(code, message, { temporary: code === 'internal' });
}

/** Undefined when nobody listens there. */
function exchange(socketPath: string, name: string, body: Buffer): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    const outgoing = request(
      {
        socketPath,
        path: `/verb/${name}`,
        method: 'POST',
        headers: { host: 'control', 'content-type': 'application/json', 'content-length': body.length },
        timeout: CONTROL_LIMITS.answerTimeoutMs,
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () => resolve(Buffer.concat(chunks).toString('utf8')));
        response.on('error', reject);
      },
    );
    outgoing.on('timeout', () => {
      outgoing.destroy(new Failure('timeout', `the server did not answer "${name}" within ${CONTROL_LIMITS.answerTimeoutMs / 1000} s`));
    });
    outgoing.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT' || error.code === 'ECONNREFUSED' || error.code === 'ENOTDIR') return resolve(undefined);
      if (error.code === 'EACCES') {
        return reject(new Failure('forbidden', `you may not use ${socketPath}; run this as the user that runs the server, or with sudo`, { temporary: false }));
      }
      reject(error instanceof Failure ? error : new Failure('control-socket', `the server broke off while answering "${name}": ${error.message}`, { cause: error }));
    });
    outgoing.end(body);
  });
}
