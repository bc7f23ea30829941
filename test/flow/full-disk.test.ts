/**
 * A disk that is really full, to the last byte: a small tmpfs holds the data directory and the log, and a file fills it.
 * New mail is answered 452, what is queued is delivered and settled all the same, and when the space is back mail is taken
 * again. Needs to be root, to mount.
 */
import assert from 'node:assert/strict';
import { spawnSync, type ChildProcess } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, mkdtempSync, openSync, rmSync, statfsSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { openStore } from '../../src/store/store.ts';
import { eventually } from '../harness/lab-process.ts';
import { startRecordingSink, type RecordingSink } from '../harness/recording-sink.ts';
import { administer, endServe, freePort, startServe, writeRelayConfig } from '../harness/serve-process.ts';
import { sendMessage } from '../harness/smtp-dialogue.ts';

const DISK_MIB = 112;
const LARGE_BYTES = 600_000;
const ARRIVAL_TIMEOUT_MS = 30_000;

interface SmallDisk {
  readonly path: string;
  freeBytes(): number;
  /** To the last byte. */
  fill(): void;
  empty(): void;
}

/** Undefined when mounting is not allowed here. */
function mountSmallDisk(context: TestContext): SmallDisk | undefined {
  const path = mkdtempSync(join(tmpdir(), 'posthorn-disk-'));
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK_MIB}m`, 'tmpfs', path]).status === 0;
  context.after(() => {
    if (mounted) spawnSync('umount', ['-l', path]);
    rmSync(path, { recursive: true, force: true });
  });
  if (!mounted) return undefined;
  const filler = join(path, 'filler');
  const freeBytes = (): number => {
    const { bavail, bsize } = statfsSync(path);
    return bavail * bsize;
  };
  const fill = (): void => {
    const file = openSync(filler, 'a');
    const block = Buffer.alloc(64 * 1024, 1);
    try {
      for (;;) writeSync(file, block, 0, Math.max(1, Math.min(block.length, freeBytes())));
    } catch (error) {
      assert.equal((error as NodeJS.ErrnoException).code, 'ENOSPC');
    } finally {
      closeSync(file);
    }
  };
  return { path, freeBytes, fill, empty: () => rmSync(filler) };
}

interface Site {
  readonly config: string;
  readonly dataDir: string;
  readonly port: number;
  readonly sink: RecordingSink;
  /** The last reply that a message got; also remembers what was acknowledged. */
  send(subject: string, sizeBytes?: number, to?: string): Promise<string>;
  readonly acknowledged: string[];
}

async function prepareSite(context: TestContext, disk: SmallDisk): Promise<Site> {
  const sink = await startRecordingSink({ taking: false });
  context.after(() => sink.close());
  const port = await freePort();
  const dataDir = join(disk.path, 'data');
  mkdirSync(dataDir, { mode: 0o711 });
  const config = join(disk.path, 'posthorn.toml');
  writeRelayConfig({ file: config, dataDir, port, nextHopPort: sink.port });
  const acknowledged: string[] = [];
  const send = async (subject: string, sizeBytes = 2000, to = 'b@sink.example'): Promise<string> => {
    const text = `${'x'.repeat(76)}\r\n`.repeat(Math.ceil(sizeBytes / 78));
    const content = `From: a@serve.example\r\nSubject: ${subject}\r\n\r\n${text}`;
    const reply = await sendMessage({ host: '127.0.0.1', port }, { from: 'a@serve.example', to: [to], content });
    if (reply.startsWith('250')) acknowledged.push(subject);
    return reply;
  };
  return { config, dataDir, port, sink, send, acknowledged };
}

async function queueSome(site: Site, prefix: string, count: number): Promise<void> {
  for (let at = 0; at < count; at += 1) {
    const reply = await site.send(`${prefix}-${at}`, at % 10 === 0 ? LARGE_BYTES : 2000);
    assert.match(reply, /^250 /);
  }
}

/** A server that has just been started has no reserve yet. */
function untilReserved({ dataDir }: Site): Promise<boolean> {
  return eventually('the reserve is there', async () => existsSync(join(dataDir, 'reserve')));
}

async function untilSettled({ config }: Site): Promise<void> {
  await eventually('nothing waits', async () => {
    const { stdout } = await administer(config, ['queue', 'list', '--json']);
    return !/"id"/.test(stdout);
  });
}

async function assertExactlyOnce(site: Site): Promise<void> {
  await site.sink.has(site.acknowledged, ARRIVAL_TIMEOUT_MS);
  const wrong = [...site.sink.subjects].filter(([subject, count]) => count !== 1 || !site.acknowledged.includes(subject));
  assert.deepEqual(wrong, [], 'each acknowledged message exactly once, no other');
}

async function assertBooksBalance(dataDir: string): Promise<void> {
  const store = await openStore(dataDir);
  try {
    assert.deepEqual(await store.call('integrity.problems', undefined), []);
  } finally {
    await store.close();
  }
}

/** Whatever is tried meanwhile is acknowledged or 452, nothing else. */
async function untilRefused(site: Site, sizeBytes: number): Promise<void> {
  let tries = 0;
  await eventually('new mail is refused', async () => {
    const reply = await site.send(`full-${sizeBytes}-${tries++}`, sizeBytes);
    assert.match(reply, /^(250 |452[ -]4\.3\.1)/);
    return reply.startsWith('452');
  });
}

async function untilTaken(site: Site, subject: string): Promise<void> {
  await eventually('mail is taken again', async () => {
    const reply = await site.send(subject);
    assert.match(reply, /^(250 |452[ -]4\.3\.1)/);
    return reply.startsWith('250');
  });
}

const alive = (child: ChildProcess): boolean => child.exitCode === null && child.signalCode === null;

test('a full disk: 452 for new mail, what is queued is delivered and settled, and space that comes back is used', { timeout: 120_000 }, async (t) => {
  const disk = mountSmallDisk(t);
  if (!disk) return t.skip('mounting a tmpfs is not allowed here');
  const site = await prepareSite(t, disk);
  const child = await startServe(site.config, site.port);
  t.after(() => child.kill('SIGKILL'));
  await queueSome(site, 'before', 40);
  await untilReserved(site);

  // The server may give some room back meanwhile.
  await eventually('the disk is full', async () => {
    disk.fill();
    return disk.freeBytes() < 4096;
  });
  await untilRefused(site, 2000);
  await untilRefused(site, LARGE_BYTES);
  assert.ok(alive(child));

  site.sink.taking = true;
  await site.sink.has(site.acknowledged, ARRIVAL_TIMEOUT_MS);
  await untilSettled(site);
  await untilRefused(site, 2000);

  disk.empty();
  await untilTaken(site, 'after');
  await assertExactlyOnce(site);
  await untilSettled(site);
  assert.deepEqual(await endServe(child, 'SIGTERM'), [0, null]);
  await assertBooksBalance(site.dataDir);
});

test('a server that was killed on a full disk starts there although its reserve is gone too, and loses nothing', { timeout: 120_000 }, async (t) => {
  const disk = mountSmallDisk(t);
  if (!disk) return t.skip('mounting a tmpfs is not allowed here');
  const site = await prepareSite(t, disk);
  const first = await startServe(site.config, site.port);
  t.after(() => first.kill('SIGKILL'));
  await queueSome(site, 'killed', 20);
  await untilReserved(site);
  disk.fill();
  await untilRefused(site, 2000);
  // Whoever fills the disk also takes what was given up.
  disk.fill();
  await endServe(first, 'SIGKILL');
  disk.fill();

  const second = await startServe(site.config, site.port);
  t.after(() => second.kill('SIGKILL'));
  await untilRefused(site, 2000);
  site.sink.taking = true;
  disk.empty();
  await untilTaken(site, 'after');
  await assertExactlyOnce(site);
  await untilSettled(site);
  assert.deepEqual(await endServe(second, 'SIGTERM'), [0, null]);
  await assertBooksBalance(site.dataDir);
});
