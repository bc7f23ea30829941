/**
 * What a peer that holds deliveries up, an administrator and a crash can do together: the server ends in time and forgets
 * nothing, and an order that was given while a delivery was under way is carried out, crash or not.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { openStore } from '../../src/store/store.ts';
import { eventually } from '../harness/lab-process.ts';
import { startPeer, type Peer } from '../harness/scripted-peer.ts';
import { administer, endServe, freePort, startServe, writeRelayConfig } from '../harness/serve-process.ts';
import { SmtpDialogue } from '../harness/smtp-dialogue.ts';

const ALICE = 'alice@local.example';

interface Site {
  readonly config: string;
  readonly dataDir: string;
  readonly port: number;
  /** The next hop of everything; while `holding` it says nothing to MAIL. */
  readonly peer: Peer;
  holding: boolean;
  start(): Promise<void>;
  end(signal: 'SIGTERM' | 'SIGKILL'): Promise<readonly [number | null, string | null]>;
  submit(subject: string): Promise<void>;
  /** Ids of what waits by subject of the recipient's local part, with the state. */
  waiting(): Promise<Map<string, { readonly id: string; readonly state: string }>>;
  order(...args: string[]): Promise<void>;
}

async function open(t: TestContext): Promise<Site> {
  const dir = mkdtempSync(join(tmpdir(), 'posthorn-restart-'));
  const [config, dataDir, port] = [join(dir, 'posthorn.toml'), join(dir, 'data'), await freePort()];
  let server: Awaited<ReturnType<typeof startServe>> | undefined;
  const peer = await startPeer({ offers: ['8BITMIME'], script: ({ command }) => (site.holding && command.startsWith('MAIL') ? '' : undefined) });
  const site: Site = {
    config, dataDir, port, peer, holding: true,
    start: async () => void (server = await startServe(config, port)),
    end: async (signal) => {
      const ended = await endServe(server as NonNullable<typeof server>, signal);
      server = undefined;
      return ended;
    },
    submit: async (name) => {
      const dialogue = await SmtpDialogue.open('127.0.0.1', port);
      await dialogue.reply();
      for (const line of ['EHLO x.example', `MAIL FROM:<${ALICE}>`, `RCPT TO:<${name}@sink.example>`, 'DATA']) await dialogue.say(line);
      assert.match(await dialogue.say(`From: ${ALICE}\r\nSubject: ${name}\r\n\r\nhello\r\n.`), /^250/);
      dialogue.close();
    },
    waiting: async () => {
      const { stdout } = await administer(config, ['queue', 'list', '--json']);
      const { entries } = JSON.parse(stdout) as { entries: { id: string; recipients: { address: string; state: string }[] }[] };
      return new Map(entries.flatMap(({ id, recipients }) => recipients.map(({ address, state }) => [address.split('@')[0] as string, { id, state }])));
    },
    order: async (...args) => {
      const { status, stderr } = await administer(config, ['queue', ...args]);
      assert.equal(status, 0, stderr);
    },
  };
  t.after(async () => {
    server?.kill('SIGKILL');
    await peer.close();
    rmSync(dir, { recursive: true, force: true });
  });
  writeRelayConfig({ file: config, dataDir, port, nextHopPort: peer.port, more: 'shutdown-timeout = "1s"\n' });
  assert.equal((await administer(config, ['account', 'add', ALICE, '--create-domain'])).status, 0);
  await site.start();
  return site;
}

const held = ({ peer }: Site): number => peer.sessions.filter(({ commands }) => commands.at(-1)?.startsWith('MAIL')).length;
const arrived = ({ peer }: Site): string[] => peer.messages.map(({ rcpts }) => /<(.*?)@/.exec(rcpts[0] ?? '')?.[1] ?? '').sort();

/** Subjects of the reports in the mailbox; the server must be stopped. */
async function returned({ dataDir }: Site): Promise<string[]> {
  const store = await openStore(dataDir);
  try {
    const messages = await store.mailboxes.list({ account: ALICE, folder: 'INBOX', from: 0, limit: 100 });
    const texts = await Promise.all(messages.map(async ({ uid }) => (await (await store.mailboxes.read({ account: ALICE, folder: 'INBOX', uid }))?.bytes.read())?.toString('latin1') ?? ''));
    return texts.map((text) => [...text.matchAll(/^Subject: (.*?)\r?$/gm)].at(-1)?.[1] ?? '').sort();
  } finally {
    await store.close();
  }
}

test('SIGTERM while a peer holds a delivery up: the server ends, and the message waits for the next start', async (t) => {
  const site = await open(t);
  await site.submit('stuck');
  await eventually('the delivery is held up', async () => held(site) === 1);
  assert.deepEqual(await site.end('SIGTERM'), [0, null]);
  assert.equal((await site.waiting()).get('stuck')?.state, 'queued');
  site.holding = false;
  await site.start();
  await eventually('it arrives', async () => arrived(site).includes('stuck'));
  assert.deepEqual(await site.end('SIGTERM'), [0, null]);
  assert.equal((await site.waiting()).size, 0);
});

const ORDERS = ['hold', 'bounce', 'delete', 'reroute'] as const;

for (const end of ['a crash', 'the peer hanging up'] as const) {
  test(`orders given while the deliveries are under way are carried out after ${end}`, async (t) => {
    const site = await open(t);
    const other = await startPeer();
    t.after(() => other.close());
    for (const name of [...ORDERS, 'none']) await site.submit(name);
    await eventually('all deliveries are held up', async () => held(site) === ORDERS.length + 1);
    const waiting = await site.waiting();
    for (const order of ORDERS) {
      const id = waiting.get(order)?.id ?? assert.fail(`${order} does not wait`);
      await site.order(order, id, ...(order === 'reroute' ? ['--to', `relay:127.0.0.1:${other.port}`] : []));
    }
    site.holding = false;
    if (end === 'a crash') {
      await site.end('SIGKILL');
      await site.start();
    } else {
      for (const session of site.peer.sessions) session.drop();
    }
    await eventually('the others have met their fate', async () => [...(await site.waiting()).keys()].join() === 'hold');
    assert.deepEqual(await site.end('SIGTERM'), [0, null]);
    assert.equal((await site.waiting()).get('hold')?.state, 'held');
    assert.deepEqual(arrived(site), ['none']);
    assert.deepEqual(other.messages.map(({ rcpts }) => rcpts.length), [1]);
    assert.deepEqual(await returned(site), ['bounce']);
  });
}
