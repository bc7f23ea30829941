/** Two servers whose aliases lead to each other, as processes of their own: one report, and no storm. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { eventually } from '../harness/lab-process.ts';
import { administer, endServe, freePort, startServe, writeRelayConfig } from '../harness/serve-process.ts';
import { sendMessage } from '../harness/smtp-dialogue.ts';

const folder = mkdtempSync(join(tmpdir(), 'posthorn-loop-'));
const ending: (() => Promise<unknown>)[] = [];
after(async () => {
  for (const end of ending) await end();
  rmSync(folder, { recursive: true, force: true });
});

/** A server that sends what is not its own to the other one. */
async function serve(name: string, port: number, nextHopPort: number): Promise<string> {
  const home = join(folder, name);
  mkdirSync(home);
  const file = join(home, 'posthorn.toml');
  writeRelayConfig({ file, dataDir: join(home, 'data'), port, nextHopPort });
  const child = await startServe(file, port);
  ending.push(() => endServe(child, 'SIGTERM'));
  return file;
}

test('a message that two aliases send to each other ends with one report to its sender', async () => {
  const [portA, portB] = [await freePort(), await freePort()];
  const a = await serve('a', portA, portB);
  const b = await serve('b', portB, portA);
  await administer(a, ['domain', 'add', 'a.test']);
  await administer(a, ['alias', 'add', 'round@a.test', 'round@b.test']);
  await administer(b, ['domain', 'add', 'b.test']);
  await administer(b, ['domain', 'add', 'c.test']);
  await administer(b, ['account', 'add', 'user@c.test']);
  await administer(b, ['alias', 'add', 'round@b.test', 'round@a.test']);
  const sent = await sendMessage({ host: '127.0.0.1', port: portA }, { from: 'user@c.test', to: ['round@a.test'], content: 'From: user@c.test\r\nSubject: round\r\n\r\nHello.\r\n' });
  assert.match(sent, /^250/);

  const stored = async (): Promise<readonly unknown[]> => {
    const { stdout, stderr } = await administer(b, ['mail', 'list', '--account', 'user@c.test', '--json']);
    assert.equal(stderr, '');
    return (JSON.parse(stdout) as { messages: { subject: string }[] }).messages.filter(({ subject }) => subject.includes('could not be delivered'));
  };
  await eventually('the report', async () => (await stored()).length > 0);
  for (const config of [a, b]) {
    await eventually('nothing of it is left', async () => {
      const { stdout, stderr } = await administer(config, ['queue', 'list', '--json']);
      assert.equal(stderr, '');
      return (JSON.parse(stdout) as { entries: unknown[] }).entries.length === 0;
    });
  }
  assert.equal((await stored()).length, 1);
});
