/**
 * bench imap: what mail programs do all day, Posthorn against Debian's Dovecot (Maildir, default indexes) in the same
 * run: same messages through the same commands, the operations in turn, ratio first (above 1: Posthorn is faster).
 *
 * Options: --messages N (default 20000) --rounds N (5, after one that does not count) --sessions N in IDLE (500) --settle SECONDS after the load (30) --dir D (a new folder in /tmp)
 *          --only dovecot|posthorn --port-base N (the first of four ports, 24143)
 */
import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { missingImapTools, startDovecot, startPosthorn, type ImapContestant } from './contestants.ts';
import { measureIdle, median, type IdleFigures } from './idle.ts';
import { fillLarge, JUST_LOADED, LARGE, logIn, operations } from './load.ts';

/** Below those that Linux gives to outgoing connections. */
const PORT_BASE = '24143';

interface Figures {
  readonly fillMs: number;
  /** Milliseconds, median of the rounds; or what went wrong. */
  readonly operations: ReadonlyMap<string, number | string>;
  readonly idle: IdleFigures | string;
}

export async function runImapBench(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      messages: { type: 'string', default: '20000' },
      rounds: { type: 'string', default: '5' },
      sessions: { type: 'string', default: '500' },
      settle: { type: 'string', default: '30' },
      dir: { type: 'string' },
      only: { type: 'string' },
      'port-base': { type: 'string', default: PORT_BASE },
    },
  });
  const lacks = missingImapTools();
  if (lacks.length > 0) {
    console.error(`bench imap cannot run here; it lacks: ${lacks.join(', ')}`);
    return 2;
  }
  const shape = { messages: Number(values.messages), rounds: Number(values.rounds), sessions: Number(values.sessions), settleMs: Number(values.settle) * 1000 };
  const portBase = Number(values['port-base']);
  const dir = mkdtempSync(join(values.dir ?? tmpdir(), 'posthorn-bench-imap-'));
  chmodSync(dir, 0o755);
  console.log(`${shape.messages} messages, ${shape.rounds} rounds, in ${dir}\n`);
  const results = new Map<string, Figures>();
  try {
    for (const [at, [name, start]] of ([['dovecot', startDovecot], ['posthorn', startPosthorn]] as const).entries()) {
      if (values.only !== undefined && values.only !== name) continue;
      const folder = join(dir, name);
      mkdirSync(folder);
      const server = await start(folder, portBase + 2 * at, portBase + 2 * at + 1);
      try {
        results.set(name, await measure(server, shape));
      } finally {
        await server.stop();
      }
    }
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
  print(results);
  return [...results.values()].every((figures) => typeof figures.idle !== 'string' && [...figures.operations.values()].every((value) => typeof value === 'number')) ? 0 : 1;
}

interface Shape {
  readonly messages: number;
  readonly rounds: number;
  readonly sessions: number;
  readonly settleMs: number;
}

async function measure(server: ImapContestant, shape: Shape): Promise<Figures> {
  // Before anything else: memory that other work took and gave back would hide what sessions take.
  const fresh = await measureIdle(server, shape.sessions, 'INBOX');
  const fillMs = await fillLarge(server, shape.messages);
  const large = await logIn(server);
  await large.command(`SELECT ${LARGE}`);
  const found = new Map<string, number | string>();
  for (const operation of JUST_LOADED) found.set(operation.name, await operation.run(server, large).catch((error: unknown) => String(error)));
  // A mailbox is mostly at rest; both servers get the same time for what they do behind.
  await new Promise((resolve) => setTimeout(resolve, shape.settleMs));
  for (const operation of operations(shape.messages)) {
    const times: number[] = [];
    try {
      // A server runs for months: the first time, when code is cold, says little of either.
      await operation.run(server, large);
      for (let round = 0; round < shape.rounds; round += 1) times.push(await operation.run(server, large));
      found.set(operation.name, median(times));
    } catch (error) {
      found.set(operation.name, error instanceof Error ? error.message : String(error));
    }
  }
  large.close();
  const idle = await measureIdle(server, shape.sessions).then((figures) => ({ ...figures, kilobytesPerSession: fresh.kilobytesPerSession }), (error: unknown) => String(error));
  return { fillMs, operations: found, idle };
}

function print(results: ReadonlyMap<string, Figures>): void {
  const [dovecot, posthorn] = [results.get('dovecot'), results.get('posthorn')];
  console.log('ratio   Dovecot ms  Posthorn ms  operation');
  const line = (name: string, theirs: number | string | undefined, ours: number | string | undefined): void => {
    const ratio = typeof theirs === 'number' && typeof ours === 'number' ? `${(theirs / ours).toFixed(2)}×` : '';
    const shown = (value: number | string | undefined): string => (typeof value === 'number' ? value.toFixed(1) : value === undefined ? '' : 'failed');
    console.log(`${ratio.padEnd(8)}${shown(theirs).padStart(10)}  ${shown(ours).padStart(11)}  ${name}`);
    for (const value of [theirs, ours]) if (typeof value === 'string') console.log(`        ${value}`);
  };
  line('MULTIAPPEND of all messages', dovecot?.fillMs, posthorn?.fillMs);
  const names = new Set([...(dovecot?.operations.keys() ?? []), ...(posthorn?.operations.keys() ?? [])]);
  for (const name of names) line(name, dovecot?.operations.get(name), posthorn?.operations.get(name));
  const of = (figures: Figures | undefined, key: keyof IdleFigures): number | string | undefined => (figures === undefined ? undefined : typeof figures.idle === 'string' ? figures.idle : figures.idle[key]);
  line('IDLE: first session hears of an APPEND', of(dovecot, 'firstMs'), of(posthorn, 'firstMs'));
  line('IDLE: the last one hears of it', of(dovecot, 'lastMs'), of(posthorn, 'lastMs'));
  line('IDLE: delivery by LMTP is told', of(dovecot, 'deliveryMs'), of(posthorn, 'deliveryMs'));
  line('kilobytes of memory an idle session', of(dovecot, 'kilobytesPerSession'), of(posthorn, 'kilobytesPerSession'));
}
