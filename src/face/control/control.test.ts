import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, statSync, writeFileSync, mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { z } from 'zod';
import { SystemClock } from '../../base/clock.ts';
import { Failure } from '../../base/errors.ts';
import { silentLog } from '../../base/log.ts';
import { parseConfig } from '../../config/load.ts';
import { defineVerb, JsonPieces, type ManageContext } from '../../manage/verb.ts';
import { callServer, callVerb, callVerbPieces } from './client.ts';
import { controlSocketPath } from './protocol.ts';
import { createControlServer } from './server.ts';

const echo = defineVerb({
  name: 'test.echo',
  summary: 'Gives back what it got.',
  args: z.strictObject({ text: z.string() }),
  run: async (_context, { text }) => ({ text }),
});
const refuse = defineVerb({
  name: 'test.refuse',
  summary: 'Refuses.',
  args: z.strictObject({}),
  run: async (): Promise<never> => {
    throw new Failure('no-such-account', 'there is no account bob@example.org', { temporary: false });
  },
});
const broken = defineVerb({
  name: 'test.broken',
  summary: 'Has a bug.',
  args: z.strictObject({}),
  run: async (): Promise<never> => {
    throw new TypeError('private detail');
  },
});
const verbs = [echo, refuse, broken];
const loadVerbs = async () => verbs;

const neverOpen = async (): Promise<never> => assert.fail('the store was opened beside a running server');

function world() {
  const folder = mkdtempSync(join(tmpdir(), 'posthorn-control-'));
  const config = parseConfig(`hostname = "mail.example.org"\ndata-dir = "${folder}"`, join(folder, 'p.toml'));
  // No verb of this test touches the store.
  const context = { config, log: silentLog, clock: new SystemClock() } as unknown as ManageContext;
  return { config, context, path: controlSocketPath(config) };
}

test('a verb runs in the server, on a socket that only its owner can use', async () => {
  const { config, context, path } = world();
  mkdirSync(join(config.dataDir, 'run'));
  writeFileSync(path, 'left over');
  const server = await createControlServer({ path, verbs, context, log: silentLog });
  try {
    assert.equal(statSync(path).mode & 0o777, 0o600);
    assert.deepEqual(await callVerb(config, 'test.echo', { text: 'hällo' }, { openContext: neverOpen, loadVerbs }), { text: 'hällo' });
    await assert.rejects(callServer(path, 'test.refuse', {}), { code: 'no-such-account', message: 'there is no account bob@example.org' });
    await assert.rejects(callServer(path, 'test.echo', { text: 1 }), { code: 'bad-arguments', message: 'text must be a string' });
    await assert.rejects(callServer(path, 'test.none', {}), { code: 'unknown-verb' });
    const bug = await callServer(path, 'test.broken', {}).catch((error: unknown) => error);
    assert.ok(bug instanceof Failure && bug.code === 'internal' && !bug.message.includes('private'));
  } finally {
    await server.close();
  }
  assert.equal(existsSync(path), false);
});

test('without a server the verb runs here, and the store is given back also when it fails', async () => {
  const { config, context } = world();
  let open = 0;
  const openContext = async () => {
    open += 1;
    return Object.assign(Object.create(context) as ManageContext, { close: async () => void (open -= 1) });
  };
  assert.deepEqual(await callVerb(config, 'test.echo', { text: 'x' }, { openContext, loadVerbs }), { text: 'x' });
  await assert.rejects(callVerb(config, 'test.refuse', {}, { openContext, loadVerbs }), { code: 'no-such-account' });
  assert.equal(open, 0);
  await assert.rejects(callVerb(config, 'lab.inbox', {}, { openContext, loadVerbs }), { code: 'not-running', message: /posthorn lab/ });
});

test('a command given while the server is starting waits for it instead of saying "stop it first"', async () => {
  const { config, context, path } = world();
  mkdirSync(join(config.dataDir, 'run'));
  let looks = 0;
  let server: Awaited<ReturnType<typeof createControlServer>> | undefined;
  const openContext = async (): Promise<never> => {
    looks += 1;
    // The second look finds the server up.
    if (looks === 2) server = await createControlServer({ path, verbs, context, log: silentLog });
    throw new Failure('data-dir-in-use', 'held by a server that is starting', { temporary: false });
  };
  try {
    assert.deepEqual(await callVerb(config, 'test.echo', { text: 'at last' }, { openContext, loadVerbs }), { text: 'at last' });
    assert.equal(looks, 2);
  } finally {
    await server?.close();
  }
});

test('a result made in pieces comes piece by piece, and no more is made than is read', async () => {
  const { config, context, path } = world();
  let made = 0;
  const count = defineVerb({
    name: 'test.count',
    summary: 'Counts.',
    args: z.strictObject({ to: z.number() }),
    run: async (_context, { to }) => new JsonPieces((async function* () {
      for (made = 0; made < to; made++) yield ['{"n":', Buffer.from(String(made)), ',"line":"a\\nb"}'];
    })()),
  });
  const ports = { openContext: neverOpen, loadVerbs: async () => [count] };
  const server = await createControlServer({ path, verbs: [count, refuse], context, log: silentLog });
  try {
    for (const to of [0, 1, 3]) {
      const whole = Array.from({ length: to }, (_, n) => ({ n, line: 'a\nb' }));
      assert.deepEqual(await allOf(callVerbPieces(config, 'test.count', { to }, ports)), whole);
      // Who reads it whole has one document.
      assert.deepEqual(await callVerb(config, 'test.count', { to }, ports), whole);
    }
    for await (const piece of callVerbPieces(config, 'test.count', { to: 10_000_000 }, ports)) if ((piece as { n: number }).n === 5) break;
    assert.ok(made < 10_000_000);
    await assert.rejects(allOf(callVerbPieces(config, 'test.refuse', {}, ports)), { code: 'no-such-account' });
    await assert.rejects(allOf(callVerbPieces(config, 'test.count', {}, ports)), { code: 'bad-arguments' });
  } finally {
    await server.close();
  }
  let closed = 0;
  const openContext = async () => ({ ...context, close: async () => void (closed += 1) });
  for await (const piece of callVerbPieces(config, 'test.count', { to: 3 }, { ...ports, openContext })) if ((piece as { n: number }).n === 1) break;
  assert.equal(closed, 1);
});

async function allOf(pieces: AsyncIterable<unknown>): Promise<unknown[]> {
  const all: unknown[] = [];
  for await (const piece of pieces) all.push(piece);
  return all;
}
